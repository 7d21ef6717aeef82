package zipseek

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestNilOptions leaves options out by nil, as code that chooses them does.
func TestNilOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	for name, open := range map[string]func() (*Writer, error){
		"Create": func() (*Writer, error) { return Create(path, nil) },
		"Append": func() (*Writer, error) { return Append(path, nil, OrCreate()) },
	} {
		w, err := open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := errors.Join(w.AddBytes(t.Context(), name, []byte("text"), nil, Compressed(1)), w.Close()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := Recover(path, nil); err != nil {
		t.Error(err)
	}
	if mustOpen(t, path, nil).Len() == 0 {
		t.Error("no members")
	}
}
