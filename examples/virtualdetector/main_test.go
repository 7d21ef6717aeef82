package main

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	scan := filepath.Join(dir, "scan.npy")
	b := mmapnpy.Buffer{
		DType:   mmapnpy.Uint16,
		Data:    make([]byte, 2*3*16*16*2),
		Shape:   []int64{2, 3, 16, 16},
		Strides: []int64{3 * 512, 512, 32, 2},
	}
	for frame := range 6 { // a bright pixel in the disk, one in the ring and one outside of both
		for i, at := range []int{8*16 + 8, 8*16 + 12, 0} {
			binary.NativeEndian.PutUint16(b.Data[frame*512+2*at:], uint16(frame*10+i+1))
		}
	}
	if err := mmapnpy.Save(scan, b); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{scan, "8", "8", "2", dir}); err != nil {
		t.Fatal(err)
	}
	f, err := mmapnpy.Open(filepath.Join(dir, "detectors.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := mmapnpy.View[float64](f)
	if err != nil {
		t.Fatal(err)
	}
	if bright, dark := v.At(1, 2, 0), v.At(1, 2, 1); bright != 51 || dark != 52 {
		t.Errorf("bright field %v and dark field %v at (1, 2), want 51 and 52", bright, dark)
	}
	for _, bad := range [][]string{nil, {scan, "8", "x", "2", dir}, {scan, "8", "8", "-2", dir}} {
		if err := run(t.Context(), bad); err == nil {
			t.Errorf("run(%q) succeeded", bad)
		}
	}
}
