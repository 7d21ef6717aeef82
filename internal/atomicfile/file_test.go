package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// says fills a file with text.
func says(text string) func(*os.File) error {
	return func(f *os.File) error {
		_, err := io.WriteString(f, text)
		return err
	}
}

// noneLeft checks that no temporary file is in the current folder.
func noneLeft(t *testing.T) {
	t.Helper()
	if left, err := filepath.Glob(".*.tmp"); err != nil || left != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestWriteNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	long := strings.Repeat("x", 251) + ".npy" // as long as names can be
	if err := os.Symlink("target.npy", "dangling.npy"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"here.npy", long, "dangling.npy", "dangling.npy", filepath.Join(dir, "there.npy")} {
		if err := Write(name, says("x")); err != nil {
			t.Error(err)
		} else if got, err := os.ReadFile(name); err != nil || string(got) != "x" {
			t.Errorf("%s holds %q: %v", name, got, err)
		}
	}
	if info, err := os.Lstat("dangling.npy"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("a link was replaced: %v, %v", info, err)
	}
	if _, err := os.Stat("target.npy"); err != nil {
		t.Errorf("what a link points to was not written: %v", err)
	}
	for _, name := range []string{"", ".", dir, os.DevNull, "none/x.npy"} {
		if err := Write(name, says("x")); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("Write(%q): %v", name, err)
		}
	}
	noneLeft(t)
}

// TestWriteProtected checks that a protected file is not replaced by way of its folder, by root
// neither, and that what is replaced keeps its permissions.
func TestWriteProtected(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, mode := range []fs.FileMode{0o600, 0o444} {
		if err := errors.Join(os.RemoveAll("a"), os.WriteFile("a", []byte("old"), 0o600), os.Chmod("a", mode)); err != nil {
			t.Fatal(err)
		}
		err := Write("a", says("new"))
		if denied := mode == 0o444; denied != (err != nil) || err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%v: writing over it: %v", mode, err)
		}
		if info, err := os.Stat("a"); err != nil || info.Mode() != mode {
			t.Errorf("%v has become %v: %v", mode, info.Mode(), err)
		}
	}
	noneLeft(t)
}

func TestFileEnds(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := says("1")(f.File); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there before Commit: %v", err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a second Commit: %v", err)
	}
	if f, err = Create("a"); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	f.Abort()
	if _, err := f.Write([]byte("2")); !errors.Is(err, fs.ErrClosed) || f.Named(err).Error() != "write a: file already closed" {
		t.Errorf("writing after Abort: %v", f.Named(err))
	}
	if got, err := os.ReadFile("a"); err != nil || string(got) != "1" {
		t.Errorf("the file holds %q: %v", got, err)
	}
	noneLeft(t)
}

// TestFolderNotSynced has the disk fail when the folder is brought to it: the file is in its place,
// and the error is told. That a system cannot do it is no error.
func TestFolderNotSynced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not synced there")
	}
	defer func() { syncHandle = (*os.File).Sync }()
	for err, told := range map[error]bool{syscall.EIO: true, syscall.ENOSPC: true, syscall.EINVAL: false, syscall.ENOTSUP: false} {
		t.Chdir(t.TempDir())
		syncHandle = func(*os.File) error { return err }
		got := Write("a", says("1"))
		if errors.Is(got, err) != told || (got == nil) == told {
			t.Errorf("%v: Write: %v", err, got)
		}
		if got := MkdirAll("b/c", 0o777); errors.Is(got, err) != told {
			t.Errorf("%v: MkdirAll: %v", err, got)
		}
		if got := SyncDir("a"); errors.Is(got, err) != told {
			t.Errorf("%v: SyncDir: %v", err, got)
		}
		holds(t, "a", "1")
		noneLeft(t)
	}
}

// TestWriteFails checks that nothing changes, and that the error is that of the writer.
func TestWriteFails(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Write("a", says("1")); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("reason")
	if err := Write("a", func(f *os.File) error { return errors.Join(says("2")(f), reason) }); !errors.Is(err, reason) {
		t.Errorf("Write: %v", err)
	}
	// A file that is closed too early cannot be brought to disk.
	if err := Write("a", func(f *os.File) error { return f.Close() }); !errors.Is(err, fs.ErrClosed) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("Write: %v", err)
	}
	if got, err := os.ReadFile("a"); err != nil || string(got) != "1" {
		t.Errorf("the file holds %q: %v", got, err)
	}
	noneLeft(t)
}
