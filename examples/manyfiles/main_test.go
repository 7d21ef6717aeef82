package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		frame := make([]uint16, 4*5)
		frame[i] = uint16(100 - (i-10)*(i-10)) // the brightest is frame 10
		b, err := mmapnpy.BufferOf(frame, 4, 5)
		if err == nil {
			err = mmapnpy.Save(filepath.Join(dir, fmt.Sprintf("frame%d.npy", i)), b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	image, brightest := filepath.Join(dir, "image"), filepath.Join(dir, "brightest")
	if err := run(t.Context(), filepath.Join(dir, "frame*.npy"), "3x4", image, brightest); err != nil {
		t.Fatal(err)
	}
	f, err := mmapnpy.Open(brightest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := mmapnpy.View[uint16](f)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Shape(), []int64{4, 5}) || v.At(2, 0) != 100 {
		t.Errorf("the brightest frame is of shape %v and has %d", v.Shape(), v.At(2, 0))
	}
	if err := run(t.Context(), filepath.Join(dir, "frame*.npy"), "3x5", image, brightest); err == nil {
		t.Error("a scan of other positions was taken")
	}
}
