package lazy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// smallDisk makes a folder in which a file of some MiB does not fit: a file system of 1 MiB where
// the test may mount one, and else a limit on the size of files. It returns the errors that tell of
// it.
func smallDisk(t *testing.T) (dir string, full []error) {
	t.Helper()
	dir = t.TempDir()
	if unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m") == nil {
		t.Cleanup(func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		return dir, []error{unix.ENOSPC}
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = 1 << 20
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
	})
	return dir, []error{unix.EFBIG}
}

func TestSaveDiskFull(t *testing.T) {
	big, small := counted(t, mmapnpy.Float64, 700, 800), counted(t, mmapnpy.Float64, 300)
	dir, full := smallDisk(t)
	path := filepath.Join(dir, "out.npy")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{"C", "F"} {
		for _, durable := range []bool{true, false} {
			read := int64(0)
			a := mustWith(t, big, Progress(func(done, _ int64) { read = done }))
			err := a.Save(t.Context(), path, Order(order), Sync(durable))
			if !errors.Is(err, full[0]) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
				t.Errorf("order %s: %v", order, err)
			}
			if read > 0 {
				t.Errorf("order %s: %d bytes were read first", order, read)
			}
			intact(t, "a full disk", path)
		}
	}
	if err := SaveArchive(t.Context(), path, []Entry{{"x", big}}); !errors.Is(err, full[0]) {
		t.Errorf("SaveArchive: %v", err)
	}
	intact(t, "a full disk", path)
	if err := small.Save(t.Context(), path); err != nil {
		t.Errorf("what fits: %v", err)
	}
}

// TestSaveReadFault cuts the source off while it is being saved.
func TestSaveReadFault(t *testing.T) {
	for _, backend := range []string{"mmap", "pread"} {
		for _, how := range []string{"C", "F", "cast"} {
			dir := t.TempDir()
			src := filepath.Join(t.TempDir(), "src.npy")
			if err := mmapnpy.Save(src, counted(t, mmapnpy.Float64, 1500, 2000).node.(*leaf).buffer()); err != nil {
				t.Fatal(err)
			}
			cut := false
			a := mustOpen(t, src, Backend(backend), Memory(minMemory), Workers(2), Progress(func(int64, int64) {
				if !cut {
					cut = true
					if err := os.Truncate(src, 10<<20+17); err != nil {
						t.Error(err)
					}
				}
			}))
			path := filepath.Join(dir, "out.npy")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			order := "C"
			if how == "F" {
				order = how
			}
			if how == "cast" {
				var err error
				if a, err = a.AsType(mmapnpy.Float32); err != nil {
					t.Fatal(err)
				}
			}
			err := a.Save(t.Context(), path, Order(order))
			if fault, ok := errors.AsType[*FaultError](err); (!ok || fault.Path != src) && !errors.Is(err, bytesrc.ErrChanged) {
				t.Errorf("%s, %s: %v", backend, how, err)
			}
			intact(t, "a fault", path)
		}
	}
}

// TestSaveFolderGone removes the folder while a file is written to it.
func TestSaveFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	a := mustWith(t, counted(t, mmapnpy.Float64, 1500, 1000), Progress(func(int64, int64) {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}))
	if err := a.Save(t.Context(), filepath.Join(dir, "out.npy")); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("Save: %v", err)
	}
}

// TestSaveLeavesCache checks that a file that is too large for the page cache is written whole
// behind the place where it leaves it.
func TestSaveLeavesCache(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tg := &target{f: f, size: 1 << 30, early: true, forget: true}
	b := []byte("some bytes")
	for off := int64(0); off < 1<<30; off += 64 << 20 {
		if err := errors.Join(tg.put(b, off), tg.wrote(off, 64<<20)); err != nil {
			t.Fatal(err)
		}
	}
	for off := int64(0); off < 1<<30; off += 64 << 20 {
		got := make([]byte, len(b))
		if _, err := f.ReadAt(got, off); err != nil || string(got) != string(b) {
			t.Errorf("at %d: %q, %v", off, got, err)
		}
	}
}
