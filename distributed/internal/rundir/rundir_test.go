package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(path, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ReadFile(path, 4); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Error(err)
	}
	if _, err := Open(filepath.Dir(path)); err == nil {
		t.Error("a folder was opened")
	}
	if _, err := Open(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, file fs.FileMode
		ok        bool
	}{{0o700, 0o600, true}, {0o755, 0o644, true}, {0o775, 0o644, false}, {0o757, 0o644, false}, {0o700, 0o664, false}, {0o700, 0o602, false}} {
		if err := errors.Join(os.Chmod(dir, c.dir), os.Chmod(path, c.file)); err != nil {
			t.Fatal(err)
		}
		err := Check(dir, "plan.json", "engine.json")
		if runtime.GOOS == "windows" {
			c.ok = true
		}
		if (err == nil) != c.ok || err != nil && (!errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), dir)) {
			t.Errorf("modes %04o, %04o: %v", c.dir, c.file, err)
		}
	}
}
