package zipseek

import (
	"path/filepath"
	"testing"
)

// TestMisuse gives writers nothing to write, and nothing to write to.
func TestMisuse(t *testing.T) {
	if _, err := NewWriter(nil, "x.zip"); err == nil {
		t.Error("a writer to nothing")
	}
	w, err := Create(filepath.Join(t.TempDir(), "x.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(t.Context(), "empty", 0, nil); err != nil {
		t.Errorf("no pieces of an empty member: %v", err)
	}
	if err := w.Add(t.Context(), "x", 1, nil); err == nil {
		t.Error("no pieces of one byte")
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
}
