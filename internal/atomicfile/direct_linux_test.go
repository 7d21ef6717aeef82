//go:build linux && !purego

package atomicfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestDirectWritesAreNotCached looks for what was written in the page cache, where the filesystem
// of temporary files can be written past it.
func TestDirectWritesAreNotCached(t *testing.T) {
	const size = 4 << 20
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := NewDirect(f)
	defer d.Close()
	b := bytes.Repeat([]byte("past"), size/4)
	if _, err := d.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(m) }()
	if got := resident(t, m); d.Past() && got > 0 || !d.Past() && got == 0 {
		t.Errorf("%d pages are cached, past the cache: %v", got, d.Past())
	}
	if !bytes.Equal(m, b) {
		t.Error("the file is not what was written")
	}
}

// resident is how many pages of a mapping are in memory.
func resident(t *testing.T, m []byte) (n int) {
	t.Helper()
	in := make([]byte, len(m)/os.Getpagesize())
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&in[0]))); errno != 0 {
		t.Fatal(errno)
	}
	for _, b := range in {
		n += int(b & 1)
	}
	return n
}

// TestDirectWritesThatFail has direct writes fail. A filesystem that cannot do them is no error;
// a full disk is.
func TestDirectWritesThatFail(t *testing.T) {
	b := bytes.Repeat([]byte("x"), 1<<20)
	for path, want := range map[string]error{
		"/proc/self/oom_score_adj": nil, // EINVAL: it takes numbers
		"/dev/full":                unix.ENOSPC,
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		bad, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		d := &Direct{cached: f, direct: bad}
		for k := range 2 {
			n, err := d.WriteAt(b, int64(k*len(b)))
			if !errors.Is(err, want) || want == nil && n != len(b) || d.Past() == (want == nil) {
				t.Errorf("%s: %d bytes, %v, past the cache: %v", path, n, err, d.Past())
			}
		}
		if info, err := f.Stat(); err != nil || want == nil && info.Size() != 2<<20 || want != nil && info.Size() != 0 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
		if err := errors.Join(d.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	}
}
