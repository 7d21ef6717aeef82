package zipseek

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"golang.org/x/sys/unix"
)

// limitFileSize makes writing beyond n bytes of a file fail, as a full disk does.
func limitFileSize(t *testing.T, n uint64) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = n
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoSpace runs out of space in the middle of a member.
func TestNoSpace(t *testing.T) {
	path := create(t, nil, given{name: "old", data: []byte("old")})
	before := mustRead(t, path)
	noise := bytes.Repeat(contents(rand.New(rand.NewPCG(27, 28)), 64<<10)["noise"], 96)
	for name, start := range map[string]func(string, ...WriterOption) (*Writer, error){"Create": Create, "Append": Append} {
		for _, opts := range [][]WriterOption{nil, {Compressed(HuffmanOnly)}} {
			w, err := start(path, opts...)
			if err != nil {
				t.Fatal(err)
			}
			restore := limitFileSize(t, 3<<20)
			added, closed := w.AddBytes(t.Context(), "new", noise), w.Close()
			restore()
			for _, err := range []error{added, closed} {
				if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
					t.Errorf("%s: %v", name, err)
				}
			}
			if !bytes.Equal(mustRead(t, path), before) {
				t.Errorf("%s changed the file", name)
			}
			nothingLeft(t, filepath.Dir(path), "a.zip")
		}
	}
}

// TestWriterFaults adds bytes of a mapped file that is cut meanwhile, which must be an error that
// names it, and not the end of the process.
func TestWriterFaults(t *testing.T) {
	dir := t.TempDir()
	for name, opts := range map[string][]WriterOption{"stored": nil, "deflated": {Compressed(1)}} {
		path := filepath.Join(dir, "data")
		if err := os.WriteFile(path, make([]byte, 8<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := bytesrc.Open(path, bytesrc.Options{Backend: bytesrc.BackendMmap})
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.View(0, 8<<20)
		if err != nil {
			t.Fatal(err)
		}
		w, err := Create(filepath.Join(dir, "a.zip"), opts...)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Add(t.Context(), "a", 8<<20, func(yield func([]byte, error) bool) {
			if yield(b[:1<<20], nil) {
				if err := os.Truncate(path, 3<<20); err != nil {
					t.Error(err)
				}
				yield(b[1<<20:], nil)
			}
		})
		if fault := (*FaultError)(nil); !errors.As(err, &fault) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if closed := w.Close(); !errors.Is(closed, err) {
			t.Errorf("%s: Close: %v", name, closed)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		nothingLeft(t, dir, "data")
	}
}

// TestCreateLikeBefore checks that what is replaced keeps its permissions, and that a new archive
// gets the usual ones.
func TestCreateLikeBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Errorf("the mode is %v: %v", info.Mode(), err)
	}
}
