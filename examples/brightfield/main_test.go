package main

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	scan, image := filepath.Join(dir, "scan.npy"), filepath.Join(dir, "image.npy")
	b := mmapnpy.Buffer{
		DType:   mmapnpy.Uint16,
		Data:    make([]byte, 3*4*8*8*2),
		Shape:   []int64{3, 4, 8, 8},
		Strides: []int64{4 * 8 * 8 * 2, 8 * 8 * 2, 8 * 2, 2},
	}
	for frame := range 12 { // one bright pixel a frame
		binary.NativeEndian.PutUint16(b.Data[frame*128+90:], uint16(frame))
	}
	if err := mmapnpy.Save(scan, b); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), scan, image); err != nil {
		t.Fatal(err)
	}
	f, err := mmapnpy.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums, err := mmapnpy.View[uint64](f)
	if err != nil {
		t.Fatal(err)
	}
	if got := sums.At(2, 3); got != 11 {
		t.Errorf("sum at (2, 3) = %d, want 11", got)
	}
}
