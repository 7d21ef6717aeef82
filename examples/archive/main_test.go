package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, filepath.Join(t.TempDir(), "train.npz")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "SOZip index") || !strings.HasSuffix(got, "sum of image 5000: 12000\n") {
		t.Errorf("printed:\n%s", got)
	}
}
