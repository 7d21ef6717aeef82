package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestAdopt puts a file that is there in the place of another, by the rules of all files.
func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	path, part, link := filepath.Join(dir, "a.npy"), filepath.Join(dir, "a.npy.part"), filepath.Join(dir, "link.npy")
	write := func(name, text string, mode fs.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name, text string, mode fs.FileMode) {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil || string(b) != text {
			t.Fatalf("%s: %q, %v", name, b, err)
		}
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want mode %04o", name, info, err, mode)
		}
	}
	write(part, "new", 0o644)
	f, err := Adopt(path, part)
	if err != nil {
		t.Fatal(err)
	}
	f.Abort()
	check(part, "new", 0o644) // not ours to remove
	if f, err = Adopt(path, part); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	check(path, "new", 0o644)

	write(path, "old", 0o640)
	write(part, "new", 0o600)
	if err := os.Symlink(path, link); err != nil {
		t.Logf("without a symbolic link: %v", err) // Windows wants a privilege for it
		link = path
	}
	if f, err = Adopt(link, part); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	check(path, "new", 0o640)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 2 {
		t.Errorf("left %v, %v", left, err)
	}

	if _, err := Adopt(path, part); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	if _, err := Adopt(path, filepath.Join(t.TempDir(), "b.part")); err == nil {
		t.Error("from another folder")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	write(part, "new", 0o600)
	if _, err := Adopt(path, part, Inputs(info)); !errors.Is(err, ErrInput) {
		t.Errorf("over an input: %v", err)
	}
	check(part, "new", 0o600)
}
