package unpack_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/unpack"
	"github.com/lazynpy/lazynpy/zipseek"
)

// archive has members of these names, whose contents are their names.
func archive(t *testing.T, names ...string) *zipseek.Archive {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	w, err := zipseek.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := w.Add(t.Context(), name, int64(len(name)), func(yield func([]byte, error) bool) { yield([]byte(name), nil) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zipseek.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

func below(t *testing.T, z *zipseek.Archive, dir string, rules ...atomicfile.Option) ([]unpack.File, error) {
	t.Helper()
	var members []*zipseek.Member
	for _, m := range z.All() {
		members = append(members, m)
	}
	return unpack.Below(t.Context(), dir, members, unpack.Options{Workers: 2, Rules: rules, Write: func(ctx context.Context, w io.Writer, m *zipseek.Member) error {
		for b, err := range m.Content(ctx) {
			if err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	}})
}

// TestBelow writes members in folders, and nothing at all if a name is taken.
func TestBelow(t *testing.T) {
	z, dir := archive(t, "x.npy", "a/b/y.npy", "a/z.npy"), t.TempDir()
	files, err := below(t, z, dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		got, err := os.ReadFile(f.Output)
		if err != nil || f.Err != nil || string(got) != f.Member.Name {
			t.Errorf("%s: %q, %v, %v", f.Member.Name, got, err, f.Err)
		}
	}
	taken := errors.New("is taken")
	again := t.TempDir()
	if err := os.WriteFile(filepath.Join(again, "x.npy"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = below(t, z, again, atomicfile.Replacing(func(*os.File) error { return taken }))
	refusal, ok := errors.AsType[*unpack.Refusal](err)
	if !ok || refusal.Output != filepath.Join(again, "x.npy") || !errors.Is(err, taken) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(again); len(left) != 1 {
		t.Errorf("%v were written", left)
	}
}
