package lazy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// huge is an array of 2^52 bytes that takes 8, since all elements are the same.
func huge(t *testing.T, opts ...Option) *Array {
	t.Helper()
	a, err := FromBuffer(mmapnpy.Buffer{
		Data: make([]byte, 8), DType: mmapnpy.Float64, Shape: []int64{1 << 20, 1 << 14, 1 << 15}, Strides: []int64{0, 0, 0},
	}, append(opts, NavigationAxes(0, 1))...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestTooLarge asks for what no machine can hold: an error that names both sizes, and not the end
// of the process.
func TestTooLarge(t *testing.T) {
	a := huge(t)
	ctx := t.Context()
	run := func(r Reducer) error {
		_, err := Run(ctx, a, r)
		return err
	}
	wide, err := a.Reshape(1<<34, 1<<15)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := a.With(SignalAxes(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"Load": func() error {
			_, err := a.Load(ctx)
			return err
		},
		"computed": func() error {
			twice, err := Multiply(a, 2)
			if err != nil {
				return err
			}
			_, err = twice.Load(ctx)
			return err
		},
		"sum":       func() error { return run(NewSum(OverAxes())) },
		"argmax":    func() error { return run(NewArgMax(OverAxes(2))) },
		"histogram": func() error { return run(NewHistogram(OverAxes(0), 1<<20, 0, 1)) },
		"Histogram": func() error {
			_, err := Histogram(ctx, a, OverAxes(0, 1), 1<<24)
			return err
		},
		"masks": func() error { return run(NewMasks(Point(3))) },
		"com":   func() error { return run(NewCenterOfMass(CenterOfMass{})) },
		"weights": func() error {
			_, err := Run(ctx, frames, NewMasks(slices.Repeat([]Mask{Point(3, 3)}, 1<<10)...))
			if err != nil && !errors.Is(err, ErrTooLarge) && strings.Contains(err.Error(), "too many weights") {
				err = ErrTooLarge // by the bound of all machines
			}
			return err
		},
		"per frame": func() error {
			return run(NewPerFrame("first", func(f mmapnpy.NDArray[float64]) (float64, error) { return f.At(0), nil }))
		},
		"fold": func() error {
			return run(NewFold("last", OverAxes(2), Fold[float64, float64, float64]{
				Add: func(s *float64, x []float64) { *s = x[0] }, Merge: func(*float64, float64) {}, Finish: func(s float64) float64 { return s }}))
		},
		"parts": func() error {
			p, err := NewParts(wide, false, NewSum(OverAxes(1)))
			if err != nil {
				return err
			}
			return p.Afford()
		},
		"CopyOf": func() error {
			_, err := mmapnpy.CopyOf[float64](mmapnpy.Buffer{
				Data: make([]byte, 8), DType: mmapnpy.Float64, Shape: []int64{1 << 30, 1 << 20}, Strides: []int64{0, 0}})
			return err
		},
	} {
		err := f()
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		} else if text := err.Error(); name != "weights" && (!strings.Contains(text, "iB of memory, and ") || strings.Contains(text, "\n")) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// TestAllowLarge gets past the check, and no further.
func TestAllowLarge(t *testing.T) {
	a := huge(t, AllowLarge())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	want := context.Canceled
	if strconv.IntSize == 32 {
		want = ErrTooLarge // nothing makes an address space larger
	}
	if _, err := Run(ctx, a, NewSum(OverAxes(2))); !errors.Is(err, want) {
		t.Error(err)
	}
	if _, err := mmapnpy.CopyOf[float64](mmapnpy.Buffer{
		Data: make([]byte, 8), DType: mmapnpy.Float64, Shape: []int64{3}, Strides: []int64{0}}, mmapnpy.AllowLarge()); err != nil {
		t.Error(err)
	}
}

// TestRunToFiles compares results that are written as they are found with those that are held.
func TestRunToFiles(t *testing.T) {
	values := make([]int16, 5*60*200)
	for i := range values {
		values[i] = int16(i * i % 1009)
	}
	c, err := FromSlice(values, 5, 60, 200)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Transpose()
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*Array{"C": c, "F": f} {
		for _, over := range []Over{OverAxes(), OverAxes(0), OverAxes(1), OverAxes(2), OverAxes(0, 2), OverAll()} {
			for _, chunks := range []string{"auto", "(2, 17, 90)"} {
				t.Run(fmt.Sprint(name, over.axes, chunks), func(t *testing.T) {
					a, err := a.With(Chunks(chunks), Memory(16<<20))
					if err != nil {
						t.Fatal(err)
					}
					a.config.memory = 1 << 14 // for results of some kilobytes to be too large
					checkFiles(t, a, NewSum(over), NewArgMax(over), NewMean(over), NewHistogram(over, 2, 0, 1009))
				})
			}
		}
	}
}

// checkFiles compares the files of reductions with the results of Run.
func checkFiles(t *testing.T, a *Array, reducers ...Reducer) {
	t.Helper()
	dir := t.TempDir()
	var to []Reduction
	for _, r := range reducers {
		to = append(to, Reduction{r, filepath.Join(dir, r.String()+".npy")})
	}
	headers, err := RunToFiles(t.Context(), a, to...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Run(t.Context(), a, reducers...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range to {
		b, err := Open(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want[i]) {
			t.Errorf("%s: %v, want %v", r.Reducer, got, want[i])
		}
		if h := headers[i]; !slices.Equal(h.Shape, want[i].shape) || !h.DType.Equal(want[i].dtype) || h.FortranOrder != b.FortranOrder() {
			t.Errorf("%s: header %+v", r.Reducer, h)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != len(to) {
		t.Errorf("%d files, %v", len(left), err)
	}
}

// TestRunToFilesFails leaves what was there.
func TestRunToFilesFails(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old.npy"), filepath.Join(dir, "fresh.npy")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := huge(t)
	if _, err := RunToFiles(t.Context(), a, Reduction{NewSum(OverAll()), fresh}, Reduction{NewCenterOfMass(CenterOfMass{}), old}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	b, err := os.ReadFile(old)
	if left, _ := os.ReadDir(dir); err != nil || string(b) != "old" || len(left) != 1 {
		t.Errorf("%q, %d files, %v", b, len(left), err)
	}
}
