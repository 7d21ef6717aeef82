package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	scan := filepath.Join(dir, "scan.npy")
	b, err := mmapnpy.BufferOf(make([]uint16, 6*8*4*4), 6, 8, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := mmapnpy.Save(scan, b); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out, scan, filepath.Join(dir, "image.npy")); err != nil {
		t.Fatal(err)
	}
	want := "(4, 4|) uint64\ny: 4 positions from 0 to 1.5 nm\nx: 4 positions from 1 to 2.5 nm\n"
	if out.String() != want {
		t.Errorf("printed:\n%swanted:\n%s", out.String(), want)
	}
}
