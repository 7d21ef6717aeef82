package mmapnpy

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"testing"
)

func TestCreateModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.npy")
	f, err := Create(path, Int32, []int64{3, 4}, FortranOrder())
	if err != nil {
		t.Fatal(err)
	}
	b := mustBuffer(t, f)
	binary.NativeEndian.PutUint32(b.element([]int64{1, 2}), 42)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	private := openTemp(t, path, WithMode(CopyOnWrite))
	p := mustBuffer(t, private)
	if v, err := p.Value(1, 2); err != nil || v != int64(42) {
		t.Errorf("element (1, 2) is %v, %v", v, err)
	}
	binary.NativeEndian.PutUint32(p.element([]int64{0, 0}), 7)
	if v, err := p.Value(0, 0); err != nil || v != int64(7) {
		t.Errorf("a private change is not seen: %v, %v", v, err)
	}
	again := mustBuffer(t, openTemp(t, path))
	if v, err := again.Value(0, 0); err != nil || v != int64(0) {
		t.Errorf("a private change reached the file: %v, %v", v, err)
	}
	if _, err := Create(filepath.Join(t.TempDir(), "no", "dir.npy"), Int32, []int64{3}); err == nil {
		t.Error("created a file in a folder that does not exist")
	}
	if _, err := Create(path, Int32, []int64{math.MaxInt64, 4}); err == nil {
		t.Error("created an array whose size overflows")
	}
	if v, err := again.Value(1, 2); err != nil || v != int64(42) {
		t.Errorf("a failed Create changed the file: %v, %v", v, err)
	}
	for _, shape := range [][]int64{{}, {0}, {0, 5}} {
		empty, err := Create(path, Float64, shape)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustBuffer(t, empty).Len(); got != empty.Header().Len() {
			t.Errorf("shape %v has %d elements", shape, got)
		}
		if err := empty.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
