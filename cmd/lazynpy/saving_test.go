package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// TestSavingDocument runs the commands of docs/saving.md, in their order, on a small scan.
func TestSavingDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "saving.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	values := make([]float64, 20*30*16*24)
	for i := range values {
		values[i] = float64(i)
	}
	scan, err := lazy.FromSlice(values, 20, 30, 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	if err := scan.Save(t.Context(), "scan.npy"); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(text)) {
		if command, found := strings.CutPrefix(line, "$ lazynpy "); found {
			ok(t, strings.Fields(command)...)
			ran++
		}
	}
	if ran < 6 {
		t.Errorf("%d commands were found", ran)
	}
	for path, want := range map[string]string{"small.npy": "float32", "fortran.npy": "float64", "fortran32.npy": "float32", "big.npy": ">f8"} {
		a, err := lazy.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.DType().String(); got != want || a.FortranOrder() != strings.HasPrefix(path, "fortran") {
			t.Errorf("%s is %s", path, a)
		}
		if sum, err := lazy.Sum(t.Context(), a, lazy.OverAll()); err != nil || sum.Float64() == 0 {
			t.Errorf("%s sums up to %v, %v", path, sum, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
