package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for day := range 3 {
		signal := make([]float64, 30)
		for i := range signal {
			signal[i] = float64(30*day + i)
		}
		a, err := lazy.FromSlice(signal)
		if err != nil {
			t.Fatal(err)
		}
		entries := lazy.Entries(map[string]*lazy.Array{"signal": a})
		if err := lazy.SaveArchive(t.Context(), filepath.Join(dir, fmt.Sprintf("day%d.npz", day)), entries); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := run(t.Context(), &out, filepath.Join(dir, "day*.npz")); err != nil {
		t.Fatal(err)
	}
	const want = "batch 0: x [8 10], y [10 15 20 25 30 35 40 45]\n" +
		"batch 1: x [8 10], y [50 55 60 65 70 75 80 85]\n"
	if out.String() != want {
		t.Errorf("printed:\n%s", &out)
	}
}
