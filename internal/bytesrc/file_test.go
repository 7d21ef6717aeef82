package bytesrc

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBorrowEveryBackend(t *testing.T) {
	path, data := tempFile(t, 300_001)
	for _, backend := range backends {
		t.Run(string(backend), func(t *testing.T) {
			f := open(t, path, Options{Backend: backend})
			if f.Backend() != backend || f.Size() != int64(len(data)) || f.Name() != path {
				t.Fatalf("opened as %s, %d bytes, %q", f.Backend(), f.Size(), f.Name())
			}
			rng := rand.New(rand.NewPCG(7, 7))
			for range 200 {
				off := rng.IntN(len(data) + 1)
				n := rng.IntN(len(data) - off + 1)
				l := borrow(t, f, int64(off), data[off:off+n])
				if err := l.Verify(); err != nil {
					t.Fatal(err)
				}
				if rng.IntN(2) == 0 {
					l.Keep()
				}
				l.Release()
				if l.Bytes() != nil {
					t.Fatal("bytes left after Release")
				}
				l.Release()
				got := make([]byte, n)
				if m, err := f.ReadAt(got, int64(off)); m != n || (err != nil && !errors.Is(err, io.EOF)) {
					t.Fatalf("ReadAt: %d of %d bytes, %v", m, n, err)
				}
				if !bytes.Equal(got, data[off:off+n]) {
					t.Fatal("ReadAt got other bytes")
				}
			}
		})
	}
}

func TestRangesOutside(t *testing.T) {
	path, _ := tempFile(t, 1000)
	for _, backend := range backends {
		f := open(t, path, Options{Backend: backend})
		for _, r := range []struct{ off, n int64 }{
			{-1, 1}, {0, -1}, {0, 1001}, {1000, 1}, {1001, 0}, {math.MaxInt64, 1}, {1, math.MaxInt32}, {math.MinInt64, 0},
		} {
			if _, err := f.Borrow(r.off, int(r.n)); !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: Borrow(%d, %d): %v", backend, r.off, r.n, err)
			}
			if _, err := f.View(r.off, r.n); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s: View(%d, %d): %v", backend, r.off, r.n, err)
			}
		}
	}
}

func TestEmptyFile(t *testing.T) {
	path, _ := tempFile(t, 0)
	for _, backend := range append([]Backend{BackendAuto}, backends...) {
		f := open(t, path, Options{Backend: backend})
		l, err := f.Borrow(0, 0)
		if err != nil || len(l.Bytes()) != 0 {
			t.Errorf("%s: Borrow(0, 0) = %v, %v", backend, l.Bytes(), err)
		}
		l.Release()
		if f.mapping.Load() != nil {
			t.Errorf("%s: nothing was to be mapped", backend)
		}
		if n, err := f.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%s: ReadAt = %d, %v", backend, n, err)
		}
		if backend == BackendMmap {
			if b, err := f.View(0, 0); err != nil || len(b) != 0 {
				t.Errorf("View(0, 0) = %v, %v", b, err)
			}
		}
	}
	f := open(t, path, Options{Mode: ReadWrite})
	if err := f.Flush(); err != nil {
		t.Error(err)
	}
}

func TestView(t *testing.T) {
	path, data := tempFile(t, 100_000)
	f := open(t, path, Options{Backend: BackendMmap})
	v, err := f.View(77, 90_000)
	if err != nil || !bytes.Equal(v, data[77:90_077]) {
		t.Fatalf("View: %v", err)
	}
	if cap(v) != len(v) {
		t.Errorf("View has capacity %d beyond its %d bytes", cap(v), len(v))
	}
	// Dropping the pages under a view must not change what it shows.
	l := borrow(t, f, 0, data)
	l.Release()
	if !bytes.Equal(v, data[77:90_077]) {
		t.Error("view changed when a window over it was released")
	}
	for _, backend := range []Backend{BackendPread, BackendCopy} {
		f := open(t, path, Options{Backend: backend})
		if _, err := f.View(0, 10); !errors.Is(err, ErrNotMapped) {
			t.Errorf("%s: View: %v", backend, err)
		}
	}
}

func TestModes(t *testing.T) {
	path, data := tempFile(t, 50_000)
	f := open(t, path, Options{Mode: CopyOnWrite})
	l := borrow(t, f, 0, data)
	l.Bytes()[20_000] = 0
	l.Release()
	l, err := f.Borrow(20_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l.Bytes()[0] != 0 {
		t.Error("a private change was dropped with its window")
	}
	l.Release()
	if got, _ := os.ReadFile(path); !bytes.Equal(got, data) {
		t.Error("a private change reached the file")
	}

	f = open(t, path, Options{Mode: ReadWrite})
	l = borrow(t, f, 0, data)
	l.Bytes()[20_000] = 0
	l.Release()
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	data[20_000] = 0
	if got, _ := os.ReadFile(path); !bytes.Equal(got, data) {
		t.Error("a change did not reach the file")
	}
	for m, want := range map[Mode]string{ReadOnly: "r", ReadWrite: "r+", CopyOnWrite: "c"} {
		if m.String() != want {
			t.Errorf("Mode %d is called %q", m, m)
		}
	}
}

func TestBackendChoice(t *testing.T) {
	path, _ := tempFile(t, 10)
	for _, c := range []struct {
		env  string
		o    Options
		want Backend
		err  string
	}{
		{env: "pread", want: BackendPread},
		{env: "copy", want: BackendCopy},
		{env: "mmap", want: BackendMmap},
		{env: "pread", o: Options{Backend: BackendAuto}, want: BackendPread},
		{env: "pread", o: Options{Backend: BackendMmap}, want: BackendMmap},
		{env: "pread", o: Options{Mode: ReadWrite}, want: BackendMmap},
		{env: "floppy", err: `LAZYNPY_BACKEND: unknown back end "floppy"`},
		{o: Options{Backend: "floppy"}, err: `unknown back end "floppy"`},
		{o: Options{Backend: BackendPread, Mode: CopyOnWrite}, err: "mode c needs the mmap back end"},
		{o: Options{Backend: BackendCopy, Mode: ReadWrite}, err: "mode r+ needs the mmap back end"},
	} {
		t.Setenv(BackendEnv, c.env)
		f, err := Open(path, c.o)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("%q, %+v: error %v, want %q", c.env, c.o, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q, %+v: %v", c.env, c.o, err)
			continue
		}
		if f.Backend() != c.want || f.Reason() == "" {
			t.Errorf("%q, %+v: %s (%s), want %s", c.env, c.o, f.Backend(), f.Reason(), c.want)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if b, err := ParseBackend(""); b != BackendAuto || err != nil {
		t.Errorf("ParseBackend(\"\") = %s, %v", b, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "missing"), Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir+": is a directory") {
		t.Errorf("directory: %v", err)
	}
	if _, err := Open(os.DevNull, Options{}); err == nil || !strings.Contains(err.Error(), "is a device") {
		t.Errorf("device: %v", err)
	}
}

func TestCloseWaitsForLeases(t *testing.T) {
	path, data := tempFile(t, 10_000)
	for _, backend := range backends {
		f := open(t, path, Options{Backend: backend})
		l := borrow(t, f, 0, data)
		retained, err := f.Retain()
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 2)
		for range cap(closed) {
			go func() { closed <- f.Close() }()
		}
		for f.leases.n.Load() > 0 {
			time.Sleep(time.Millisecond)
		}
		for range 3 {
			if _, err := f.Borrow(0, 1); !errors.Is(err, ErrClosed) {
				t.Fatalf("%s: Borrow while closing: %v", backend, err)
			}
		}
		if !bytes.Equal(l.Bytes(), data) {
			t.Errorf("%s: bytes changed while a lease was out", backend)
		}
		l.Release()
		select {
		case err := <-closed:
			t.Fatalf("%s: closed while retained (%v)", backend, err)
		case <-time.After(10 * time.Millisecond):
		}
		retained()
		retained()
		for range cap(closed) {
			if err := <-closed; err != nil {
				t.Error(err)
			}
		}
		checkClosed(t, f)
	}
}

func checkClosed(t *testing.T, f *File) {
	t.Helper()
	_, borrowErr := f.Borrow(0, 1)
	_, viewErr := f.View(0, 1)
	_, readErr := f.ReadAt(make([]byte, 1), 0)
	_, retainErr := f.Retain()
	for _, err := range []error{borrowErr, viewErr, readErr, retainErr, f.Flush(), f.Changed()} {
		if !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), f.Name()) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestBorrowCloseRace borrows from many goroutines while another closes.
func TestBorrowCloseRace(t *testing.T) {
	path, data := tempFile(t, 1<<20)
	for round := range 20 {
		f := open(t, path, Options{Backend: backends[round%len(backends)]})
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(round), uint64(w)))
				for {
					off, n := rng.IntN(1<<19), rng.IntN(1<<19)
					l, err := f.Borrow(int64(off), n)
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil || !bytes.Equal(l.Bytes(), data[off:off+n]) {
						t.Errorf("borrowed wrong bytes: %v", err)
						return
					}
					l.Release()
				}
			})
		}
		wg.Go(func() {
			time.Sleep(time.Duration(round) * 200 * time.Microsecond)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	}
}

func TestBorrowDoesNotAllocate(t *testing.T) {
	path, _ := tempFile(t, 1<<20)
	for _, backend := range []Backend{BackendMmap, BackendPread} {
		f := open(t, path, Options{Backend: backend})
		n := testing.AllocsPerRun(100, func() {
			l, err := f.Borrow(4097, 500_000)
			if err != nil {
				t.Fatal(err)
			}
			l.Release()
		})
		// sync.Pool drops a part of what is put into it under the race detector.
		if n >= 1 && !(raceEnabled && backend == BackendPread) {
			t.Errorf("%s: %v allocations for each borrow", backend, n)
		}
	}
}

func TestChanged(t *testing.T) {
	path, _ := tempFile(t, 100)
	f := open(t, path, Options{})
	if err := f.Changed(); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := f.Changed(); err == nil || !strings.Contains(err.Error(), "modified at") {
		t.Errorf("other time: %v", err)
	}
	f = open(t, path, Options{})
	other := path + ".new"
	if err := os.WriteFile(other, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(other, later, later); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if err := f.Changed(); err == nil || !strings.Contains(err.Error(), "replaced by another file") {
		t.Errorf("other file: %v", err)
	}
	f = open(t, path, Options{})
	truncate(t, path, 101)
	if err := f.Changed(); err == nil || !strings.Contains(err.Error(), "101 bytes, were 100") {
		t.Errorf("other length: %v", err)
	}
}

func TestFormatError(t *testing.T) {
	cause := errors.New("negative dimension")
	for _, c := range []struct {
		e    FormatError
		want string
	}{
		{FormatError{Path: "a.npy", Offset: 12, Field: "shape", Err: cause}, "a.npy: offset 12: shape: negative dimension"},
		{FormatError{Path: "a.npz", Member: "x", Offset: -1, Err: cause}, "a.npz:x: negative dimension"},
		{FormatError{Offset: 0, Field: "magic", Err: cause}, "offset 0: magic: negative dimension"},
		{FormatError{Member: "x", Offset: -1, Field: "descr"}, "x: descr"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if c.e.Err != nil && !errors.Is(&c.e, cause) {
			t.Errorf("%v does not wrap its cause", &c.e)
		}
	}
}
