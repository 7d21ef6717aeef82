package bytesrc

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDirectEdges borrows and reads every kind of range around blocks, pieces and the end of files
// that end inside a block, at one, and behind none.
func TestDirectEdges(t *testing.T) {
	for _, size := range []int{1, 511, 4095, 4096, 4097, directPiece + 8192, 2*directPiece + 12345} {
		path, data := tempFile(t, size)
		f := open(t, path, Options{Backend: BackendDirect})
		if f.Backend() != BackendDirect {
			t.Fatalf("the temporary folder has no direct reads (%s)", f.Reason())
		}
		rng := rand.New(rand.NewPCG(3, uint64(size)))
		edges := []int{0, 1, 511, 512, 4095, 4096, 4097, directPiece - 1, directPiece, directPiece + 1, size - 1, size}
		for range 8 {
			edges = append(edges, rng.IntN(size+1))
		}
		for _, off := range edges {
			for _, end := range edges {
				if off > end || end > size || (end-off > 100_000 && rng.IntN(16) > 0) {
					continue
				}
				l := borrow(t, f, int64(off), data[off:end])
				if len(l.Bytes()) != cap(l.Bytes()) {
					t.Fatal("the lease can be appended to")
				}
				l.Release()
			}
		}
		got := make([]byte, size)
		if n, err := f.ReadAt(got, 0); n != size || err != nil || !bytes.Equal(got, data) {
			t.Errorf("ReadAt of %d bytes: %d, %v", size, n, err)
		}
		got = make([]byte, size+directRead)
		if n, err := f.ReadAt(got, 0); n != size || !errors.Is(err, io.EOF) || !bytes.Equal(got[:n], data) {
			t.Errorf("ReadAt beyond %d bytes: %d, %v", size, n, err)
		}
		if n, err := f.ReadAt(got, int64(size)+5); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("ReadAt behind the end: %d, %v", n, err)
		}
	}
}

// TestDirectSameFile opens a file that has another name by the time of its direct reads.
func TestDirectSameFile(t *testing.T) {
	path, data := tempFile(t, 10_000)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	direct, _, err := openDirect(f)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	if info, err := direct.Stat(); err != nil || info.Size() != int64(len(data)) {
		t.Errorf("opened %v, %v", info, err)
	}
}

// TestDirectRefused has reads refused that were promised: by a request that is not aligned, which
// any filesystem may do to one that is.
func TestDirectRefused(t *testing.T) {
	path, data := tempFile(t, 100_000)
	f := open(t, path, Options{Backend: BackendDirect})
	f.align = 1
	l := borrow(t, f, 77, data[77:90_000])
	l.Release()
	if f.Backend() != BackendPread || !strings.Contains(f.Reason(), "direct read refused: invalid argument") {
		t.Errorf("back end is %s (%s)", f.Backend(), f.Reason())
	}
	l = borrow(t, f, 1, data[1:])
	l.Release()
}

// TestDirectUnavailable opens a file on a filesystem without direct I/O, if the test may mount one,
// and else in the kernel's own, whose files promise a length of 0.
func TestDirectUnavailable(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("ramfs", dir, "ramfs", 0, ""); err == nil {
		defer func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
		path, data := filepath.Join(dir, "data.bin"), pattern(10_000)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f := open(t, path, Options{Backend: BackendDirect})
		l := borrow(t, f, 5, data[5:])
		l.Release()
		if f.Backend() != BackendPread || !strings.Contains(f.Reason(), "asked for: direct, but open with O_DIRECT: invalid argument") {
			t.Errorf("back end is %s (%s)", f.Backend(), f.Reason())
		}
		f = &File{name: path, os: f.os, size: int64(len(data))}
		if f.openDirectly(choice{BackendDirect, "large", true}); f.Backend() != BackendMmap || !strings.HasPrefix(f.Reason(), "large, but not for direct reads: ") {
			t.Errorf("chosen here: %s (%s)", f.Backend(), f.Reason())
		}
		return
	}
	f := open(t, "/proc/self/status", Options{Backend: BackendDirect})
	if f.Backend() != BackendPread || !strings.HasPrefix(f.Reason(), "asked for: direct, but ") {
		t.Errorf("back end is %s (%s)", f.Backend(), f.Reason())
	}
}

// TestDirectReadError reads a descriptor that does not read.
func TestDirectReadError(t *testing.T) {
	path, _ := tempFile(t, 100_000)
	f := open(t, path, Options{Backend: BackendDirect})
	fd, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	f.directFD = fd
	_, err = f.Borrow(5000, 20_000)
	var fault *FaultError
	if !errors.As(err, &fault) || fault.Offset != 5000 || fault.Path != path || !errors.Is(err, unix.EISDIR) {
		t.Errorf("Borrow: %v", err)
	}
	if _, err := f.ReadAt(make([]byte, directRead), 0); !errors.As(err, &fault) || fault.Offset != 0 {
		t.Errorf("ReadAt: %v", err)
	}
}
