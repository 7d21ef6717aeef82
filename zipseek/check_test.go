package zipseek_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/zipseek"
)

// TestCheckMember tells of members of one name, and of damaged ones.
func TestCheckMember(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	w, err := zipseek.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("content"), 100)
	if err := w.Add(t.Context(), "x", int64(len(content)), func(yield func([]byte, error) bool) { yield(content, nil) }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check := func() ([]zipseek.Doubt, error, error) {
		z, err := zipseek.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		doubts, err := z.Check()
		if err != nil {
			t.Fatal(err)
		}
		m := z.Member(0)
		more, directory := m.Check(t.Context(), false)
		all, whole := m.Check(t.Context(), true)
		return append(append(doubts, more...), all...), directory, whole
	}
	if doubts, directory, whole := check(); len(doubts) > 0 || directory != nil || whole != nil {
		t.Errorf("of a sound archive: %v, %v, %v", doubts, directory, whole)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("contentcontent"))] = 'C'
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, directory, whole := check(); directory != nil || whole == nil {
		t.Errorf("of a damaged member: %v without its content, %v with it", directory, whole)
	}
}

// TestLocalPath leads nowhere but below a folder.
func TestLocalPath(t *testing.T) {
	for name, want := range map[string]string{"x.npy": "x.npy", "a/b.npy": "a/b.npy", "a//b": "a/b", "./a": "a", "folder/": "folder"} {
		if got, err := zipseek.LocalPath(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", ".", "/etc/passwd", "../x", "a/../../x", `a\b`, "C:/x"} {
		if got, err := zipseek.LocalPath(name); err == nil {
			t.Errorf("%q: %q", name, got)
		}
	}
}
