package lazy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// growing makes a file of rows that hold their own numbers.
func growing(t testing.TB, path string, rows int64, fortran bool) {
	t.Helper()
	if err := mmapnpy.Save(path, numbered(t, 0, rows, fortran)); err != nil {
		t.Fatal(err)
	}
}

// numbered is rows of 3, from row from to row to. In Fortran order they are columns.
func numbered(t testing.TB, from, to int64, fortran bool) mmapnpy.Buffer {
	t.Helper()
	var values []int64
	for i := from; i < to; i++ {
		values = append(values, i, i, i)
	}
	b, err := mmapnpy.BufferOf(values, to-from, 3)
	if err != nil {
		t.Fatal(err)
	}
	if fortran {
		return b.Transpose()
	}
	return b
}

var farFuture = time.Now().Add(time.Hour)

// total is the sum of what numbered gives.
func total(rows int64) float64 { return float64(3 * rows * (rows - 1) / 2) }

// TestReadsOnWhileGrowing appends to a file under arrays that were opened before, of every kind and
// back end.
func TestReadsOnWhileGrowing(t *testing.T) {
	for _, backend := range []string{"mmap", "pread", "direct", "copy"} {
		for _, fortran := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/fortran=%v", backend, fortran), func(t *testing.T) {
				dir := t.TempDir()
				path, other := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
				growing(t, path, 4000, fortran)
				growing(t, other, 4000, fortran)
				a := must[*Array](t)(Open(path, Backend(backend)))
				defer a.Close()
				stack := must[*Array](t)(OpenStack(filepath.Join(dir, "*.npy"), Backend(backend)))
				defer stack.Close()
				raw := must[*Array](t)(OpenRaw(path, Raw{DType: mmapnpy.Int64, Offset: 128}, Backend(backend)))
				defer raw.Close()
				for step := range int64(3) {
					more := numbered(t, 4000+step, 4001+step, fortran)
					if err := mmapnpy.Append(path, more); err != nil {
						t.Fatal(err)
					}
					for name, a := range map[string]*Array{"file": a, "raw": raw, "stack": must[*Array](t)(stack.Index(At(0)))} {
						if got, err := Sum(t.Context(), a, OverAll()); err != nil || got.Float64() != total(4000) {
							t.Errorf("sum of %s after %d rows: %v, %v", name, step+1, got, err)
						}
						if got, err := a.Load(t.Context()); err != nil || got.Len() != 12000 {
							t.Errorf("%s after %d rows: %v, %v", name, step+1, got, err)
						}
					}
				}
				now := must[*Array](t)(a.Refresh())
				defer now.Close()
				if got, err := Sum(t.Context(), now, OverAll()); err != nil || got.Float64() != total(4003) {
					t.Errorf("sum after Refresh: %v, %v", got, err)
				}
			})
		}
	}
}

// TestRewrittenIsNoGrowth writes files anew, cuts and touches them.
func TestRewrittenIsNoGrowth(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"more of others": func(path string) error { // in place, as np.save does
			other := filepath.Join(filepath.Dir(path), "other.npy")
			if err := mmapnpy.Save(other, numbered(t, 7, 5000, false)); err != nil {
				return err
			}
			return copyInto(path, other)
		},
		"another shape": func(path string) error {
			other := filepath.Join(filepath.Dir(path), "other.npy")
			b := numbered(t, 0, 5000, false)
			b.Shape, b.Strides = []int64{2500, 6}, []int64{48, 8}
			if err := mmapnpy.Save(other, b); err != nil {
				return err
			}
			return copyInto(path, other)
		},
		"cut": func(path string) error { return os.Truncate(path, 5000) },
		"one element": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{1}, 50000)
			return errors.Join(err, f.Close(), os.Chtimes(path, farFuture, farFuture))
		},
		"replaced": func(path string) error {
			other := filepath.Join(filepath.Dir(path), "other.npy")
			return errors.Join(mmapnpy.Save(other, numbered(t, 7, 5000, false)), os.Rename(other, path))
		},
	} {
		path := filepath.Join(t.TempDir(), "a.npy")
		growing(t, path, 4000, false)
		a := must[*Array](t)(Open(path))
		if err := mmapnpy.Append(path, numbered(t, 4000, 4001, false)); err != nil {
			t.Fatal(err)
		}
		if _, err := Sum(t.Context(), a, OverAll()); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Sum(t.Context(), a, OverAll()); !errors.Is(err, bytesrc.ErrChanged) && !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := a.Refresh(); err == nil && name != "one element" {
			t.Errorf("%s: refreshed to %v", name, now)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// copyInto writes the bytes of a file over those of another.
func copyInto(path, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// TestRefresh keeps options and axes, and refuses what is not a file.
func TestRefresh(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	growing(t, path, 10, false)
	a := must[*Array](t)(Open(path, Chunks("(4,3)"), NavigationAxes(0)))
	defer a.Close()
	same := must[*Array](t)(a.Refresh())
	if !slices.Equal(same.Shape(), a.Shape()) || same.Close() != nil {
		t.Errorf("a file that did not grow is %v now", same)
	}
	if err := mmapnpy.Append(path, numbered(t, 10, 12, false)); err != nil {
		t.Fatal(err)
	}
	now := must[*Array](t)(a.Refresh())
	defer now.Close()
	if !slices.Equal(now.Shape(), []int64{12, 3}) || !now.Axes()[0].Navigate || now.Axes()[1].Navigate || now.Plan().NumBlocks() != 3 {
		t.Errorf("refreshed: %v, %v", now, now.Axes())
	}
	for _, a := range []*Array{
		must[*Array](t)(a.Slice("1:")), must[*Array](t)(a.AsType(mmapnpy.Float32)), must[*Array](t)(FromSlice([]int8{1})),
		must[*Array](t)(OpenRaw(path, Raw{DType: mmapnpy.Uint8})),
	} {
		if _, err := a.Refresh(); !errors.Is(err, ErrShape) {
			t.Errorf("Refresh of %v: %v", a, err)
		}
	}
}

// appender is the environment variable with the path that the test binary is to append rows to.
const appender = "LAZYNPY_TEST_APPENDER"

// TestAppenderProcess is the process that [TestOpenWhileAppending] starts, and does nothing
// otherwise.
func TestAppenderProcess(t *testing.T) {
	path := os.Getenv(appender)
	if path == "" {
		return
	}
	for i := int64(10); ; i++ { // until it is killed
		if err := mmapnpy.Append(path, numbered(t, i, i+1, false)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenWhileAppending opens and reads a file that another process appends to.
func TestOpenWhileAppending(t *testing.T) {
	opens := 2000
	if os.Getenv("LAZYNPY_LONG") != "" {
		opens = 100_000
	}
	path := filepath.Join(t.TempDir(), "a.npy")
	growing(t, path, 10, false)
	cmd := exec.Command(os.Args[0], "-test.run=^TestAppenderProcess$")
	cmd.Env = append(os.Environ(), appender+"="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // may have ended, which the end of the test tells
		_ = cmd.Wait()
	}()
	rows, first := int64(0), must[*Array](t)(Open(path))
	defer first.Close()
	// On a busy machine the other process may begin late.
	for i := 0; i < opens || rows == 10 && i < 100*opens; i++ {
		a, err := Open(path)
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		n := a.Shape()[0]
		if n < rows {
			t.Fatalf("open %d: %d rows, were %d", i, n, rows)
		}
		rows = n
		if i%20 == 0 {
			if got, err := Sum(t.Context(), a, OverAll()); err != nil || got.Float64() != total(n) {
				t.Fatalf("open %d: sum of %d rows: %v, %v", i, n, got, err)
			}
			if got, err := Sum(t.Context(), first, OverAll()); err != nil || got.Float64() != total(first.Shape()[0]) {
				t.Fatalf("open %d: the first one: %v, %v", i, got, err)
			}
		}
		f, err := mmapnpy.Open(path)
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if rows == 10 {
		t.Error("nothing was appended meanwhile")
	}
}
