package mmapnpy

import (
	"bytes"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// bytesPerRun is how much memory f allocates, on average over so many calls after a first one.
func bytesPerRun(runs int, f func()) uint64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that pools give back what they were given
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}

// TestWriteAllocates checks that writing takes memory by the size of the array, not by that of the
// largest piece: programs write many small ones.
func TestWriteAllocates(t *testing.T) {
	small := cBuffer(Float64, make([]byte, 64), 8)
	dir := t.TempDir()
	grown := filepath.Join(dir, "grown.npy")
	if err := Save(grown, small); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func() error{
		"Write":  func() error { return Write(io.Discard, small) },
		"Save":   func() error { return Save(filepath.Join(dir, "small.npy"), small) },
		"Append": func() error { return Append(grown, small) },
	} {
		var err error
		used := bytesPerRun(20, func() { err = write() })
		if err != nil || used > 16<<10 {
			t.Errorf("%s of 64 bytes allocates %d bytes, %v", name, used, err)
		}
	}
}

// TestWriteNothing writes parts of arrays that have no elements, wherever they begin.
func TestWriteNothing(t *testing.T) {
	whole, err := BufferOf([]float64{}, 2, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	second, err := whole.Index(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	beyond := Buffer{Offset: -1 << 40, DType: Int16, Shape: []int64{0, 3}, Strides: []int64{6, 2}}
	for _, b := range []Buffer{whole, second, beyond, second.Transpose(), beyond.Transpose()} {
		path := saveTemp(t, b)
		if got := openTemp(t, path).Header(); !slices.Equal(got.Shape, b.Shape) {
			t.Errorf("shape %v was saved as %v", b.Shape, got.Shape)
		}
		if err := Append(path, b); b.Shape[0] == 0 && err != nil {
			t.Errorf("appending %v: %v", b.Shape, err)
		}
		var out bytes.Buffer
		if err := Write(&out, b); err != nil || out.Len()%64 != 0 {
			t.Errorf("shape %v: %d bytes, %v", b.Shape, out.Len(), err)
		}
		for piece, err := range b.Elements() {
			t.Errorf("shape %v has elements: %d bytes, %v", b.Shape, len(piece), err)
		}
		if err := b.CopyTo(nil); err != nil {
			t.Errorf("shape %v: CopyTo: %v", b.Shape, err)
		}
	}
	v, err := ViewOf[float64](second)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := v.Slice(); len(s) != 0 || !ok {
		t.Errorf("Slice: %v, %v", s, ok)
	}
	for x := range v.All() {
		t.Errorf("All yields %v", x)
	}
	if s, err := CopyOf[float64](second); err != nil || len(s) != 0 {
		t.Errorf("CopyOf: %v, %v", s, err)
	}
}

// TestBufferOfShape tells no shape from an empty one.
func TestBufferOfShape(t *testing.T) {
	scalar, err := BufferOf([]int16{7}, []int64{}...)
	if err != nil || scalar.Shape == nil || len(scalar.Shape) != 0 {
		t.Fatalf("an empty shape gives %#v, %v", scalar.Shape, err)
	}
	if got := openTemp(t, saveTemp(t, scalar)).Header().Shape; got == nil || len(got) != 0 {
		t.Errorf("saved and opened it has the shape %#v", got)
	}
	again, err := BufferOf([]int16{7}, mustBuffer(t, openTemp(t, saveTemp(t, scalar))).Shape...)
	if err != nil || len(again.Shape) != 0 {
		t.Errorf("the shape of a file with one value gives %v, %v", again.Shape, err)
	}
	for _, n := range []int{0, 1, 3} {
		if b, err := BufferOf(make([]int16, n)); err != nil || !slices.Equal(b.Shape, []int64{int64(n)}) {
			t.Errorf("no shape for %d elements gives %v, %v", n, b.Shape, err)
		}
		if b, err := BufferOf(make([]int16, n), nil...); err != nil || len(b.Shape) != 1 {
			t.Errorf("a nil shape for %d elements gives %v, %v", n, b.Shape, err)
		}
		if _, err := BufferOf(make([]int16, n), []int64{}...); (err == nil) != (n == 1) {
			t.Errorf("%d elements of the shape (): %v", n, err)
		}
	}
}

// TestNilOptions checks that an option that was left out changes nothing.
func TestNilOptions(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint8, []byte("abc"), 3))
	if _, err := Recover(path, nil, DryRun()); err != nil {
		t.Error(err)
	}
	if err := openTemp(t, path, nil).Close(); err != nil {
		t.Error(err)
	}
	f, err := Create(filepath.Join(t.TempDir(), "b.npy"), Uint8, []int64{2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
