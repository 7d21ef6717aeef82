package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.npz")
	image, err1 := lazy.FromSlice(make([]uint8, 5*4*4*3), 5, 4, 4, 3)
	depth, err2 := lazy.FromSlice(make([]uint16, 5*4*4), 5, 4, 4, 1)
	label, err3 := lazy.FromSlice([]int64{0, 9, 1, 8, 2}, 5)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	entries := lazy.Entries(map[string]*lazy.Array{"image": image, "depth": depth, "label": label})
	if err := lazy.SaveArchive(t.Context(), path, entries); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out, path); err != nil {
		t.Fatal(err)
	}
	const want = "batch 0: x [4 4 4 4] float32, y [4 10] float32, 4 real samples\n" +
		"batch 1: x [4 4 4 4] float32, y [4 10] float32, 1 real samples\n"
	if out.String() != want {
		t.Errorf("printed:\n%s", &out)
	}
}
