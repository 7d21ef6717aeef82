package bytesrc

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pattern returns n reproducible bytes, none of them zero, so that they differ from
// pages that were never written.
func pattern(n int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + rng.IntN(255))
	}
	return b
}

// tempFile writes n bytes of pattern.
func tempFile(t testing.TB, n int) (path string, data []byte) {
	t.Helper()
	path, data = filepath.Join(t.TempDir(), "data.bin"), pattern(n)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

// open opens path and closes it when the test ends.
func open(t testing.TB, path string, o Options) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A test that failed may have left leases out, which Close waits for.
		closed := make(chan error, 1)
		go func() { closed <- f.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: Close still waits for leases", path)
		}
	})
	return f
}

// borrow borrows, compares with want and leaves the release to the caller.
func borrow(t testing.TB, f *File, off int64, want []byte) Lease {
	t.Helper()
	l, err := f.Borrow(off, len(want))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(l.Bytes(), want) {
		t.Fatalf("%d bytes borrowed at %d are wrong", len(want), off)
	}
	return l
}

func truncate(t testing.TB, path string, size int) {
	t.Helper()
	if err := os.Truncate(path, int64(size)); err != nil {
		t.Fatal(err)
	}
}

var backends = []Backend{BackendMmap, BackendPread, BackendDirect, BackendCopy}
