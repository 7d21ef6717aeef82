package mmapnpy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSaveNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	b, err := BufferOf([]int32{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 251) + ".npy" // as long as names can be
	if err := os.Symlink("target.npy", "dangling.npy"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"here.npy", long, "dangling.npy", "dangling.npy"} {
		if err := Save(name, b); err != nil {
			t.Error(err)
		} else if f := openTemp(t, name); !slices.Equal(f.Header().Shape, []int64{3}) {
			t.Errorf("%s has shape %v", name, f.Header().Shape)
		}
	}
	if info, err := os.Lstat("dangling.npy"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("a link was replaced: %v, %v", info, err)
	}
	if _, err := os.Stat("target.npy"); err != nil {
		t.Errorf("what a link points to was not written: %v", err)
	}
	for _, name := range []string{"", ".", dir, os.DevNull, "none/x.npy"} {
		if err := Save(name, b); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("Save(%q): %v", name, err)
		}
	}
	if left, err := filepath.Glob(".*.tmp"); err != nil || left != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestSaveWriteProtected checks that a protected file is not replaced by way of its folder.
// Root may write to every file.
func TestSaveWriteProtected(t *testing.T) {
	b, err := BufferOf([]int32{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	path := saveTemp(t, b)
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	err = Save(path, b)
	if root := os.Geteuid() == 0; root != (err == nil) || err != nil && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("saving over a protected file: %v", err)
	}
}
