package main

import (
	"context"
	"os"
	"strings"
	"testing"
)

// TestOtherFiles checks that a file that has only the name of an array is called what it is.
func TestOtherFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct{ content, want string }{
		"lfs.npy":    {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 205207893\n", "a pointer of Git LFS"},
		"lfs.npz":    {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 205207893\n", "a pointer of Git LFS"},
		"x.npy":      {"\x1f\x8b\x08\x00", "compressed with gzip"},
		"pickle.npy": {"\x80\x04\x95\x0a\x00\x00\x00", "a Python pickle"},
		"html.npz":   {"<!DOCTYPE html><html>404</html>", "an HTML page"},
		"zeros.npy":  {strings.Repeat("\x00", 4096), "filled with zeros"},
		"raw.npy":    {"\x01\x00\x80\x3f", "not a .npy file\n"},
	} {
		if err := os.WriteFile(name, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr strings.Builder
		code := run(context.Background(), []string{"info", name}, strings.NewReader(""), &stdout, &stderr)
		if code != exitFailure || !strings.Contains(stderr.String(), name) || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("info %s: exit %d, %q, not %q", name, code, stderr.String(), c.want)
		}
	}
}
