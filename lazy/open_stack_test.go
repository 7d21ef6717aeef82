package lazy

import (
	"archive/zip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// saveFrame writes a frame of int16 that begins with first and counts up, in C or Fortran order.
func saveFrame(t testing.TB, path string, first int, dt mmapnpy.DType, fortran bool, shape ...int64) {
	t.Helper()
	h := mmapnpy.Header{DType: dt, Shape: shape, FortranOrder: fortran}
	head, err := mmapnpy.EncodeHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 2*product(shape))
	strides := h.Strides()
	k := first
	eachIndex(shape, func(idx []int64) {
		at := int64(0)
		for d, i := range idx {
			at += i * strides[d]
		}
		lo, hi := byte(k), byte(k>>8)
		if dt.Equal(dt.WithByteOrder('>')) {
			lo, hi = hi, lo
		}
		raw[at], raw[at+1] = lo, hi
		k++
	})
	if err := os.WriteFile(path, append(head, raw...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func little() mmapnpy.DType { return mmapnpy.Int16.WithByteOrder('<') }

func mustStack(t testing.TB, pattern string, opts ...Option) *Array {
	t.Helper()
	a, err := OpenStack(pattern, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// upTo are n int16 from 0 on.
func upTo(n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(i)
	}
	return out
}

func TestOpenStack(t *testing.T) {
	for _, c := range []struct {
		name           string
		fortran, swaps func(i int) bool
		lazily         bool
	}{
		{name: "C order", lazily: false},
		{name: "Fortran order", fortran: func(int) bool { return true }},
		{name: "both orders", fortran: func(i int) bool { return i%3 == 0 }, lazily: true},
		{name: "both byte orders", swaps: func(i int) bool { return i%4 == 0 }, lazily: true},
	} {
		dir := t.TempDir()
		const n = 130 // more than are kept open
		for i := range n {
			dt := little()
			if c.swaps != nil && c.swaps(i) {
				dt = dt.WithByteOrder('>')
			}
			saveFrame(t, filepath.Join(dir, fmt.Sprintf("img%d.npy", i)), 12*i, dt, c.fortran != nil && c.fortran(i), 3, 4)
		}
		if err := os.WriteFile(filepath.Join(dir, "._img0.npy"), []byte("of macOS"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []string{dir, filepath.Join(dir, "img*.npy")} {
			a := mustStack(t, pattern, Workers(3))
			if !slices.Equal(a.Axes(), []Axis{{n, true}, {3, false}, {4, false}}) {
				t.Fatalf("%s: axes %v", c.name, a.Axes())
			}
			if _, ok := a.node.(*leaf); ok == c.lazily {
				t.Errorf("%s: the stack is a %T", c.name, a.node)
			}
			if got := valuesOf[int16](t, a); !slices.Equal(got, upTo(12*n)) {
				t.Fatalf("%s: other elements", c.name)
			}
			if open := a.files[0].src.(*bytesrc.Joined).Open(); open > bytesrc.JoinedOpen+3 {
				t.Errorf("%d files are open", open)
			}
			part, err := a.Slice("-2:1:-3, ::2, 1")
			if err != nil {
				t.Fatal(err)
			}
			var want []int16
			for i := n - 2; i > 1; i -= 3 {
				want = append(want, int16(12*i+1), int16(12*i+9))
			}
			if got := valuesOf[int16](t, part); !slices.Equal(got, want) {
				t.Errorf("%s: part %v instead of %v", c.name, got, want)
			}
			if a.Name() != pattern || a.Path() != pattern || len(a.files) != 1 {
				t.Errorf("name %q, path %q, %d files", a.Name(), a.Path(), len(a.files))
			}
			if err := a.Save(t.Context(), filepath.Join(dir, "img7.npy")); err == nil || !strings.Contains(err.Error(), "refusing") {
				t.Errorf("saved over a file of the stack: %v", err)
			}
		}
		// Options are about the whole.
		a := mustStack(t, dir, SignalAxes(0), Chunks("(10, -1, -1)"))
		if !slices.Equal(a.Axes(), []Axis{{n, false}, {3, true}, {4, true}}) || a.Plan().NumBlocks() != 13 {
			t.Errorf("%s: %v, %s", c.name, a.Axes(), a)
		}
	}
}

func TestOpenStackOfOne(t *testing.T) {
	dir := t.TempDir()
	saveFrame(t, filepath.Join(dir, "only[1].npy"), 0, little(), false, 2, 2)
	for _, pattern := range []string{dir, filepath.Join(dir, "on*"), filepath.Join(dir, "only[1].npy")} {
		if a := mustStack(t, pattern); !slices.Equal(a.Shape(), []int64{1, 2, 2}) || !slices.Equal(valuesOf[int16](t, a), upTo(4)) {
			t.Errorf("%s: %s", pattern, a)
		}
	}
}

func TestOpenStackOfMembers(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		name := filepath.Join(dir, "frame.npy")
		saveFrame(t, name, 600*i, little(), false, 20, 30)
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.npz", i)))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for key, b := range map[string][]byte{"x": content, "other": content[:128]} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: key + ".npy", Method: []uint16{zip.Deflate, zip.Store}[i%2]})
			if err == nil {
				_, err = w.Write(b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(z.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	a := mustStack(t, filepath.Join(dir, "*.npz")+":x")
	if got := valuesOf[int16](t, a); !slices.Equal(a.Shape(), []int64{5, 20, 30}) || !slices.Equal(got, upTo(3000)) {
		t.Errorf("%s", a)
	}
	if _, err := OpenStack(filepath.Join(dir, "*.npz") + ":y"); !errors.Is(err, ErrNoKey) {
		t.Errorf("another key: %v", err)
	}
}

func TestOpenStackErrors(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if _, err := OpenStack(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: %v", err)
	}
	if _, err := OpenStack(at("*.npy")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no match: %v", err)
	}
	if _, err := OpenStack(at("[")); !errors.Is(err, filepath.ErrBadPattern) {
		t.Errorf("bad pattern: %v", err)
	}
	if _, err := OpenStack("*", Workers(-1)); err == nil {
		t.Error("a bad option was taken")
	}
	for i := range 4 {
		saveFrame(t, at(fmt.Sprintf("a%d.npy", i)), 0, little(), false, 2, 3)
	}
	saveFrame(t, at("a12.npy"), 0, little(), false, 2, 4)
	if _, err := OpenStack(dir); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "a0.npy") || !strings.Contains(err.Error(), "a12.npy") {
		t.Errorf("another shape: %v", err)
	}
	saveFrame(t, at("a12.npy"), 0, mustDType(t, "u2"), false, 2, 3)
	if _, err := OpenStack(dir); !errors.Is(err, ErrDType) || !strings.Contains(err.Error(), "a12.npy") {
		t.Errorf("another dtype: %v", err)
	}
	if err := os.WriteFile(at("a2.npy"), []byte("not an array, but long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *FormatError
	if _, err := OpenStack(dir); !errors.As(err, &bad) || !strings.Contains(bad.Path, "a2.npy") {
		t.Errorf("no array: %v", err)
	}
	if _, err := OpenStack(at("a[01].npy"), NavigationAxes(3)); !errors.Is(err, ErrIndex) {
		t.Errorf("an axis that is not there: %v", err)
	}
}

// TestStackFilesThatChange reads stacks of which files are gone, or other than they were.
func TestStackFilesThatChange(t *testing.T) {
	dir := t.TempDir()
	path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.npy", i)) }
	for i := range 4 {
		saveFrame(t, path(i), 0, little(), false, 2, 3)
	}
	a := mustStack(t, dir)
	if err := os.Remove(path(1)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path(2), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, fs.ErrNotExist, bytesrc.ErrChanged, nil} {
		one, err := a.Index(At(int64(i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = one.Load(t.Context()); !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), path(i)) {
			t.Errorf("file %d: %v", i, err)
		}
		if _, err = Sum(t.Context(), one, OverAll()); !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), path(i)) {
			t.Errorf("sum of file %d: %v", i, err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// infos are the file "info" of a stack as pickle.dump(dict(chunks=((4,), (1, 3, 2)),
// dtype=dtype("<i2"), axis=1), f, protocol) wrote it in CPython 3, for protocols 0 to 5, and one
// with chunks of np.int64, which are not plain.
func infos(t *testing.T) (pickles [][]byte) {
	t.Helper()
	for line := range strings.FieldsSeq(string(must[[]byte](t)(os.ReadFile("../internal/pickle/testdata/dask_info.txt")))) {
		pickles = append(pickles, must[[]byte](t)(hex.DecodeString(line)))
	}
	return pickles
}

// writeNpyStack writes upTo(24) of shape (4, 6) as dask's to_npy_stack does, in chunks along axis
// 1.
func writeNpyStack(t *testing.T, dir string, widths ...int64) {
	t.Helper()
	start := int64(0)
	for i, w := range widths {
		var raw []byte
		for r := range int64(4) {
			for c := range w {
				raw = append(raw, byte(6*r+start+c), 0)
			}
		}
		start += w
		path := writeFile(t, dir, little(), []int64{4, w}, false, raw)
		if err := os.Rename(path, filepath.Join(dir, fmt.Sprintf("%d.npy", i))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenNpyStack(t *testing.T) {
	dir := t.TempDir()
	info := filepath.Join(dir, "info")
	writeNpyStack(t, dir, 1, 3, 2)
	saveFrame(t, filepath.Join(dir, "more.npy"), 0, little(), false, 1) // no part of the stack
	pickles := infos(t)
	for i, content := range append(pickles, nil, []byte("nothing that Python pickles")) {
		// where the pickle says nothing, the axis is found out
		if err := os.WriteFile(info, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, ok, err := readStackInfo(info); err != nil || ok != (i < 6) {
			t.Errorf("info %d was read: %t, %v", i, ok, err)
		}
		a := mustStack(t, dir)
		if got := valuesOf[int16](t, a); !slices.Equal(a.Axes(), []Axis{{4, false}, {6, false}}) || !slices.Equal(got, upTo(24)) {
			t.Errorf("info %d: %v of %v", i, got, a.Axes())
		}
	}
	if err := os.WriteFile(info, pickles[4], 0o600); err != nil {
		t.Fatal(err)
	}
	// The files and info disagree, or a file is missing.
	saveFrame(t, filepath.Join(dir, "2.npy"), 0, little(), false, 4, 5)
	if _, err := OpenStack(dir); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "2.npy") || !strings.Contains(err.Error(), "info") {
		t.Errorf("another chunk: %v", err)
	}
	saveFrame(t, filepath.Join(dir, "3.npy"), 0, little(), false, 4, 5)
	if _, err := OpenStack(dir); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "3 files") {
		t.Errorf("one file more: %v", err)
	}
	saveFrame(t, filepath.Join(dir, "2.npy"), 0, little(), false, 5, 5)
	if _, err := OpenStack(dir); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "2.npy") {
		t.Errorf("another axis too: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "1.npy")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStack(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "1.npy") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestOpenNpyStackAlongTheSlowestAxis(t *testing.T) {
	dir := t.TempDir()
	first := 0
	for i, n := range []int64{2, 0, 5, 1} {
		saveFrame(t, filepath.Join(dir, fmt.Sprintf("%d.npy", i)), first, little(), false, n, 3)
		first += int(3 * n)
	}
	if err := os.WriteFile(filepath.Join(dir, "info"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := mustStack(t, dir)
	if _, ok := a.node.(*leaf); !ok {
		t.Errorf("the stack is a %T", a.node)
	}
	if got := valuesOf[int16](t, a); !slices.Equal(a.Shape(), []int64{8, 3}) || !slices.Equal(got, upTo(24)) {
		t.Errorf("%v of %v", got, a.Shape())
	}
}

// countingSource counts what is read of a source.
type countingSource struct {
	bytesrc.Source
	read []bool // each byte
}

func (c *countingSource) note(off int64, n int) {
	for k := range n {
		c.read[off+int64(k)] = true
	}
}

func (c *countingSource) ReadAt(p []byte, off int64) (int, error) {
	c.note(off, len(p))
	return c.Source.ReadAt(p, off)
}

func (c *countingSource) Borrow(off int64, n int) (bytesrc.Lease, error) {
	c.note(off, n)
	return c.Source.Borrow(off, n)
}

// TestOnlyWhatIsTakenIsRead looks at which bytes are read of frames that are picked.
func TestOnlyWhatIsTakenIsRead(t *testing.T) {
	const frames, frame = 60, 70 << 10
	raw := make([]byte, frames*frame)
	for i := range raw {
		raw[i] = byte(i / frame)
	}
	mask := newResult(mmapnpy.Bool, []int64{6, 10})
	want := map[string][]int64{"take": {5, 2, 2, 3, 4, 59, 30}, "positions": nil, "select": {7, 8, 9, 10, 33}, "none": {}}
	for _, i := range want["select"] {
		mask.data[i] = 1
	}
	for name, list := range want {
		src := &countingSource{bytesrc.NewRAM("counted", raw), make([]bool, len(raw))}
		a, err := newArray(&leaf{view: strided{src: src, dtype: mmapnpy.Uint8, shape: []int64{frames, 70, 1 << 10}, strides: []int64{frame, 1 << 10, 1}}}, config{})
		if err != nil {
			t.Fatal(err)
		}
		var b *Array
		switch name {
		case "take", "none":
			b, err = a.Take(list, 0)
		case "positions":
			positions := make([][]int64, frames)
			for i := range positions {
				positions[i] = []int64{int64(i) * 7 % 64 / 8, int64(i) * 7 % 8}
			}
			if b, err = a.AtPositions(positions, 8, 8); err == nil {
				b, err = b.Slice("2:4, 1:5")
			}
			for i, p := range positions {
				if p[0] >= 2 && p[0] < 4 && p[1] >= 1 && p[1] < 5 {
					list = append(list, int64(i))
				}
			}
		case "select":
			if a, err = a.Reshape(6, 10, 70, 1<<10); err == nil {
				if a, err = a.With(NavigationAxes(0, 1)); err == nil {
					b, err = a.Select(mask)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		total, err := Sum(t.Context(), b, OverAll())
		if err != nil {
			t.Fatal(err)
		}
		sum := uint64(0)
		for _, i := range list {
			sum += uint64(i) * frame
		}
		if got, err := Copy[uint64](total); err != nil || got[0] != sum {
			t.Errorf("%s: the sum is %v instead of %d: %v", name, got, sum, err)
		}
		for i, read := range src.read {
			if wanted := slices.Contains(list, int64(i/frame)); read != wanted {
				t.Errorf("%s: byte %d of frame %d was read: %t", name, i%frame, i/frame, read)
				break
			}
		}
	}
}

func TestStackStopsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		saveFrame(t, filepath.Join(dir, fmt.Sprintf("%d.npy", i)), 0, little(), i == 1, 2, 3)
	}
	a := mustStack(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Load: %v", err)
	}
	if _, err := Sum(ctx, a, OverAll()); !errors.Is(err, context.Canceled) {
		t.Errorf("Sum: %v", err)
	}
}
