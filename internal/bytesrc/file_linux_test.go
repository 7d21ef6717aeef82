package bytesrc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpenPipeAndSocket(t *testing.T) {
	dir := t.TempDir()
	fifo, socket := filepath.Join(dir, "fifo"), filepath.Join(dir, "s")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{fifo: "is a named pipe (FIFO)", socket: "is a socket"} {
		// A blocking open of the pipe would never return.
		for _, mode := range []Mode{ReadOnly, ReadWrite} {
			if _, err := Open(path, Options{Mode: mode}); err == nil || !strings.Contains(err.Error(), path+": "+want) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// TestPermissionDenied works for root as well: a thread whose filesystem user is nobody
// has no privileges over files.
func TestPermissionDenied(t *testing.T) {
	path, _ := tempFile(t, 10)
	if err := os.Chmod(path, 0o200); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if os.Getuid() == 0 {
			if err := unix.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		_, err := Open(path, Options{})
		done <- err
	}()
	if err := <-done; !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
		t.Errorf("unreadable file: %v", err)
	}
}

// TestReadOnlyFilesystem mounts one if the test may, and otherwise takes the permission
// to write away, which is as close as one gets.
func TestReadOnlyFilesystem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data.bin")
	want := error(unix.EROFS)
	mounted := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m") == nil
	if mounted {
		defer func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
	}
	data := pattern(10_000)
	if err := os.WriteFile(path, data, 0o400); err != nil {
		t.Fatal(err)
	}
	if mounted {
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	} else {
		want = fs.ErrPermission
	}
	for _, mode := range []Mode{ReadOnly, CopyOnWrite} {
		f := open(t, path, Options{Mode: mode})
		l := borrow(t, f, 0, data)
		l.Release()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(path, Options{Mode: ReadWrite}); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
		t.Errorf("opening for writing: %v", err)
	}
}

// TestNoLeaks opens, maps and closes many files and counts what is left.
func TestNoLeaks(t *testing.T) {
	path, data := tempFile(t, 3*pageSize)
	count := func() (fds, maps int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), bytes.Count(b, []byte(path))
	}
	fds0, _ := count()
	for _, backend := range backends {
		for range 1000 {
			f, err := Open(path, Options{Backend: backend})
			if err != nil {
				t.Fatal(err)
			}
			l := borrow(t, f, 0, data)
			l.Release()
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if fds, maps := count(); fds > fds0 || maps > quarantineLen {
			t.Errorf("%s: %d descriptors were %d, %d mappings of the file are left", backend, fds, fds0, maps)
		}
	}
	for i := range 100 { // what fails must not leak either
		if _, err := Open(path, Options{Backend: "none"}); err == nil {
			t.Fatal(i)
		}
	}
	if fds, maps := count(); fds > fds0 || maps > quarantineLen {
		t.Errorf("%d descriptors were %d, %d mappings of the file are left", fds, fds0, maps)
	}
}

// residentBytes returns what is in memory of the mappings of path in this process. RssFile of
// /proc/self/status would count the pages of the test binary as well, which come and go.
func residentBytes(t testing.TB, path string) (n int64) {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	ours := false
	for line := range strings.Lines(string(smaps)) {
		fields := strings.Fields(line)
		switch {
		case !strings.HasSuffix(fields[0], ":"): // the first line of a mapping
			ours = strings.HasSuffix(strings.TrimSpace(line), path)
		case ours && fields[0] == "Rss:":
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			n += kb << 10
		}
	}
	return n
}

// TestSweepStaysSmall sweeps 1 GiB without blocks on disk, in windows that share pages
// with their neighbours, and watches the resident set.
func TestSweepStaysSmall(t *testing.T) {
	const size, window, workers = 1 << 30, 1<<20 + 1000, 4
	path, _ := tempFile(t, 0)
	truncate(t, path, size)
	f := open(t, path, Options{Backend: BackendMmap})
	var peak, next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				off := (next.Add(1) - 1) * window
				if off >= size {
					return
				}
				l, err := f.Borrow(off, int(min(window, size-off)))
				if err != nil {
					t.Error(err)
					return
				}
				b := l.Bytes()
				for i := 0; i < len(b); i += pageSize {
					if b[i] != 0 {
						t.Error("hole is not zero")
					}
				}
				if n := off / window; n%16 == 0 {
					peak.Store(max(peak.Load(), residentBytes(t, path)))
				}
				l.Release()
			}
		})
	}
	wg.Wait()
	// The cache may hold and map pages in pieces of 2 MiB, of which a window touches two.
	if got, most := peak.Load(), int64(workers*2*(2<<20)); got > most || got < window {
		t.Errorf("%d KiB were resident during the sweep, want %d to %d", got>>10, window>>10, most>>10)
	}
	if left, most := residentBytes(t, path), int64(size/100); left > most {
		t.Errorf("%d KiB are left resident after the sweep, want at most %d", left>>10, most>>10)
	}
}

// TestWillNotMap opens a file that is larger than the address space.
func TestWillNotMap(t *testing.T) {
	fd, err := unix.MemfdCreate("huge", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	data := pattern(5000)
	if _, err := unix.Pwrite(fd, data, 1<<40); err != nil {
		t.Fatal(err)
	}
	if err := unix.Ftruncate(fd, 1<<60); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	f := open(t, path, Options{})
	l := borrow(t, f, 1<<40, data)
	l.Release()
	if f.Backend() != BackendPread || f.Reason() == "" {
		t.Errorf("back end is %s (%s)", f.Backend(), f.Reason())
	}
	if _, err := f.View(0, 10); !errors.Is(err, ErrNotMapped) {
		t.Errorf("View: %v", err)
	}
	f, err = Open(path, Options{Backend: BackendMmap})
	if err == nil {
		_, err = f.Borrow(0, 10)
		defer f.Close()
	}
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("mapped all the same: %v", err)
	}
}

// TestWarm checks that a cached window is seen as such, and one that is not makes the next
// ones be populated.
func TestWarm(t *testing.T) {
	path, data := tempFile(t, 4<<20)
	f := open(t, path, Options{Backend: BackendMmap})
	cached := resident(f.fd, 0, len(data))
	if resident(f.fd, int64(len(data)), 1) {
		t.Error("a byte beyond the end is resident")
	}
	if f.warm(0, len(data)) != cached {
		t.Errorf("a cached file is not warm")
	}
	f.cold.Store(2)
	got := []bool{f.warm(0, 1), f.warm(0, 1), f.warm(0, 1)}
	if want := []bool{false, false, cached}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("warm after a miss: %v, want %v", got, want)
	}
	if f.warm(int64(len(data))-1, 2); f.cold.Load() != afterMiss {
		t.Error("a miss was not noted")
	}
}

// TestTouchAhead is the way of kernels before 5.14.
func TestTouchAhead(t *testing.T) {
	path, data := tempFile(t, 5*pageSize+1)
	f := open(t, path, Options{Backend: BackendMmap})
	l := borrow(t, f, 0, data)
	defer l.Release()
	drop(l.Bytes())
	if _, err := touchAhead(l.Bytes()); err != nil || !bytes.Equal(l.Bytes(), data) {
		t.Errorf("touching: %v", err)
	}
	truncate(t, path, 0)
	if bad, err := touchAhead(l.Bytes()); err == nil || bad != 0 {
		t.Errorf("touching an empty file stopped at %d: %v", bad, err)
	}
}
