package bytesrc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// joinFiles writes files and joins a stretch of each. The bytes that the source has come with it.
func joinFiles(t *testing.T, lengths []int, most int, backend Backend) (*Joined, []byte) {
	t.Helper()
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(1, uint64(len(lengths))))
	var parts []Part
	var all []byte
	for i, n := range lengths {
		off := rng.IntN(200)
		content := make([]byte, off+n+rng.IntN(3))
		for k := range content {
			content[k] = byte(rng.Uint32())
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.bin", i))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, Part{Path: path, Info: info, Off: int64(off), Len: int64(n)})
		all = append(all, content[off:off+n]...)
	}
	open := func(p *Part) (Source, func() error, error) {
		f, err := Open(p.Path, Options{Backend: backend})
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}
	j, err := Join("joined", parts, open, most, backend, "asked for")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j, all
}

func TestJoinedReads(t *testing.T) {
	for _, backend := range []Backend{BackendMmap, BackendPread, BackendCopy} {
		j, want := joinFiles(t, []int{0, 10, 0, 0, 5000, 1, 1100 << 10, 0, 7, 1200 << 10, 0}, 2, backend)
		if j.Size() != int64(len(want)) || j.Name() != "joined" || j.Backend() != backend {
			t.Fatalf("%d bytes of %d, named %q, by %s", j.Size(), len(want), j.Name(), j.Backend())
		}
		rng := rand.New(rand.NewPCG(2, 3))
		for range 100 {
			off := rng.IntN(len(want) + 1)
			n := rng.IntN(len(want) - off + 1)
			if rng.IntN(2) == 0 {
				n = min(n, 6000)
			}
			l, err := j.Borrow(int64(off), n)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(l.Bytes(), want[off:off+n]) {
				t.Fatalf("%s: Borrow(%d, %d) lends other bytes", backend, off, n)
			}
			if err := l.Verify(); err != nil {
				t.Fatal(err)
			}
			l.Release()
			p := make([]byte, n)
			if got, err := j.ReadAt(p, int64(off)); err != nil || got != n || !bytes.Equal(p, want[off:off+n]) {
				t.Fatalf("%s: ReadAt(%d, %d) = %d, %v", backend, off, n, got, err)
			}
			if j.Open() > 3 {
				t.Fatalf("%d files are open", j.Open())
			}
		}
		if n, err := j.ReadAt(make([]byte, 9), j.Size()-4); n != 4 || err != io.EOF { //nolint:errorlint // the contract of io.ReaderAt
			t.Errorf("at the end: %d, %v", n, err)
		}
		if n, err := j.ReadAt(make([]byte, 9), j.Size()+4); n != 0 || err != io.EOF { //nolint:errorlint // likewise
			t.Errorf("behind the end: %d, %v", n, err)
		}
		if _, err := j.ReadAt(nil, -1); err == nil {
			t.Error("ReadAt in front of the beginning")
		}
		if _, err := j.Borrow(j.Size(), 1); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Borrow behind the end: %v", err)
		}
		if _, err := j.View(0, 1); !errors.Is(err, ErrNotMapped) {
			t.Errorf("View: %v", err)
		}
	}
}

func TestJoinedKeepsFewFilesOpen(t *testing.T) {
	lengths := make([]int, 300)
	for i := range lengths {
		lengths[i] = 100
	}
	j, want := joinFiles(t, lengths, 5, BackendPread)
	const readers = 8
	var g sync.WaitGroup
	for w := range readers {
		g.Go(func() {
			rng := rand.New(rand.NewPCG(4, uint64(w)))
			for range 500 {
				off := rng.IntN(len(want) - 250)
				l, err := j.Borrow(int64(off), 250)
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(l.Bytes(), want[off:off+250]) {
					t.Errorf("other bytes at %d", off)
				}
				l.Release()
				if n := j.Open(); n > 5+readers {
					t.Errorf("%d files are open", n)
				}
			}
		})
	}
	g.Wait()
	if err := j.Changed(); err != nil {
		t.Error(err)
	}
}

func TestJoinedNoticesChanges(t *testing.T) {
	j, _ := joinFiles(t, []int{100, 100, 100, 100, 100, 100}, 1, BackendPread)
	read := func(part int) error {
		_, err := j.ReadAt(make([]byte, 100), int64(100*part))
		return err
	}
	named := func(part int, err, target error) {
		t.Helper()
		if !errors.Is(err, target) || !strings.Contains(err.Error(), j.Parts()[part].Path) {
			t.Errorf("part %d: %v", part, err)
		}
	}
	path := func(part int) string { return j.Parts()[part].Path }
	content, err := os.ReadFile(path(1))
	if err != nil {
		t.Fatal(err)
	}
	// Removed, shortened, written to, and replaced by a file of the same size and time.
	if err := os.Remove(path(0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path(1), 20); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path(2), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(path(3), path(3)+".old"), os.WriteFile(path(3), make([]byte, j.Parts()[3].Info.Size()), 0o600),
		os.Chtimes(path(3), time.Time{}, j.Parts()[3].Info.ModTime())); err != nil {
		t.Fatal(err)
	}
	named(0, read(0), fs.ErrNotExist)
	named(1, read(1), ErrChanged)
	named(2, read(2), ErrChanged)
	named(3, read(3), ErrChanged)
	if err := read(4); err != nil {
		t.Fatal(err)
	}
	if err := j.Changed(); err != nil {
		t.Fatal(err)
	}
	// One that is changed while it is open is told of, also after it was closed to make room.
	if err := os.Chtimes(path(4), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	named(4, j.Changed(), ErrChanged)
	if err := errors.Join(read(5), read(5)); err != nil {
		t.Fatal(err)
	}
	named(4, j.Changed(), ErrChanged)
	// A file that is put back can be read again.
	if err := errors.Join(os.WriteFile(path(1), content, 0o600), os.Chtimes(path(1), time.Time{}, j.Parts()[1].Info.ModTime())); err != nil {
		t.Fatal(err)
	}
	if err := read(1); err != nil {
		t.Error(err)
	}
}

func TestJoinedCloseWaits(t *testing.T) {
	j, want := joinFiles(t, []int{100, 2 << 20, 2 << 20}, 1, BackendMmap)
	l, err := j.Borrow(100, 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	// Making room does not wait for what is lent.
	if _, err := j.ReadAt(make([]byte, 100), 0); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- j.Close() }()
	for j.Changed() == nil { // until Close has begun
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-closed:
		t.Fatalf("closed while bytes are lent: %v", err)
	default:
	}
	if !bytes.Equal(l.Bytes(), want[100:100+2<<20]) {
		t.Error("other bytes")
	}
	l.Release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := j.Borrow(0, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("Borrow after Close: %v", err)
	}
	if _, err := j.Borrow(100, 2<<20); !errors.Is(err, ErrClosed) {
		t.Errorf("Borrow in place after Close: %v", err)
	}
	if _, err := j.ReadAt(make([]byte, 1), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("ReadAt after Close: %v", err)
	}
	if _, err := j.Stat(); !errors.Is(err, ErrClosed) {
		t.Errorf("Stat after Close: %v", err)
	}
	if j.Open() != 0 {
		t.Errorf("%d files are open", j.Open())
	}
}

func TestJoinRefusesSizes(t *testing.T) {
	for _, parts := range [][]Part{{{Len: -1}}, {{Off: -1}}, {{Len: 1 << 62}, {Len: 1 << 62}}} {
		if _, err := Join("", parts, nil, 0, BackendPread, ""); err == nil {
			t.Errorf("%v was taken", parts)
		}
	}
	j, err := Join("nothing", nil, nil, 0, BackendPread, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Stat(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if n, err := j.ReadAt(make([]byte, 1), 0); n != 0 || err != io.EOF { //nolint:errorlint // the contract of io.ReaderAt
		t.Error(n, err)
	}
}
