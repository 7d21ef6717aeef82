package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// TestRun stops after three batches, and goes on.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for i, n := range []int64{5, 6} {
		x1, err1 := lazy.FromSlice(make([]float32, 2*n), n, 2)
		x2, err2 := lazy.FromSlice(make([]uint8, 3*n), n, 3)
		y, err3 := lazy.FromSlice(make([]int64, n), n)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		entries := lazy.Entries(map[string]*lazy.Array{"x1": x1, "x2": x2, "y": y})
		if err := lazy.SaveArchive(t.Context(), filepath.Join(dir, fmt.Sprintf("%d.npz", i)), entries); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, most := range []int{3, 0} {
		var out strings.Builder
		if err := run(t.Context(), &out, filepath.Join(dir, "*.npz"), filepath.Join(dir, "state.json"), most); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Split(strings.TrimSpace(out.String()), "\n")...)
	}
	if len(got) != 6 || !strings.HasPrefix(got[3], "epoch 1, batch 3: x1 [4 2], x2 [4 3], y [") {
		t.Errorf("printed:\n%s", strings.Join(got, "\n"))
	}
}
