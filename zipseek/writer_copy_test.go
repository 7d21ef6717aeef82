package zipseek

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCopy copies archives of many makes, member by member, and appends copies.
func TestCopy(t *testing.T) {
	for name, old := range oldArchives(t) {
		src, err := Open(old.write(t))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "copy.zip")
		w, err := Create(path, Align(512), Compressed(9)) // the level does not matter
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range src.All() {
			if err := w.Copy(t.Context(), m); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := errors.Join(w.Close(), src.Close()); err != nil {
			t.Fatal(err)
		}
		got := mustRead(t, path)
		check(t, got, old.members)
		checkCopied(t, name, got, old.bytes)
	}
}

// checkCopied compares the bytes of all members in two archives, with the index behind them.
func checkCopied(t *testing.T, name string, got, want []byte) {
	t.Helper()
	g, w := unzip(t, got), unzip(t, want)
	for i, f := range g.File {
		a, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.File[i].OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		x, xerr := io.ReadAll(a)
		y, yerr := io.ReadAll(b)
		if err := errors.Join(xerr, yerr); err != nil || !bytes.Equal(x, y) || f.Method != w.File[i].Method || !f.Modified.Equal(w.File[i].Modified) {
			t.Errorf("%s: %s is not copied as it is: %v", name, f.Name, err)
		}
		off, err := f.DataOffset()
		if err != nil || f.Method == uint16(Stored) && off%512 != 0 {
			t.Errorf("%s: %s lies at %d: %v", name, f.Name, off, err)
		}
	}
	if n := bytes.Count(want, []byte("sozip")); bytes.Count(got, []byte("sozip")) != n {
		t.Errorf("%s: %d of %d indexes are copied", name, bytes.Count(got, []byte("sozip")), n)
	}
}

// TestCopyIndex checks the index of a copy, chunk by chunk, under a writer whose chunks are others.
func TestCopyIndex(t *testing.T) {
	data := contents(rand.New(rand.NewPCG(25, 26)), 50_000)["floats"]
	src, err := Open(create(t, []WriterOption{Compressed(0), ChunkSize(5000)}, given{name: "d/x", data: data}))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	path := create(t, nil, given{name: "before", data: []byte("shifts what follows")})
	w, err := Append(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Copy(t.Context(), src.Member(0)), w.Close()); err != nil {
		t.Fatal(err)
	}
	archive := mustRead(t, path)
	checkIndex(t, archive, unzip(t, archive).File[1], "d/.x.sozip.idx", 5000, data)
}

// TestCopyFails checks members that cannot be copied, each of which ends the writer.
func TestCopyFails(t *testing.T) {
	path := create(t, nil, given{name: "a", data: make([]byte, 5<<20)}, given{name: "b"})
	broken := mustRead(t, path)
	broken[0] = 'X'
	other := filepath.Join(t.TempDir(), "broken.zip")
	if err := os.WriteFile(other, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, run := range map[string]func(w *Writer, good, bad *Archive) error{
		"already": func(w *Writer, good, _ *Archive) error {
			return errors.Join(w.Copy(t.Context(), good.Member(1)), w.Copy(t.Context(), good.Member(1)))
		},
		"local header": func(w *Writer, _, bad *Archive) error { return w.Copy(t.Context(), bad.Member(0)) },
		"canceled": func(w *Writer, good, _ *Archive) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return w.Copy(ctx, good.Member(0))
		},
		"closed": func(w *Writer, good, _ *Archive) error {
			return errors.Join(good.Close(), w.Copy(t.Context(), good.Member(0)))
		},
		"alignment 3": func(w *Writer, good, _ *Archive) error { return w.Copy(t.Context(), good.Member(0), Align(3)) },
	} {
		good, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		bad, err := Open(other)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		w, err := Create(filepath.Join(dir, "copy.zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := run(w, good, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Close: %v", want, err)
		}
		nothingLeft(t, dir)
		if err := errors.Join(good.Close(), bad.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A cuttingTarget cuts a file when it is written to for the second time: the first write comes from
// a buffer, and the second from the mapping.
type cuttingTarget struct {
	*memTarget
	cut func()
}

func (c *cuttingTarget) WriteAt(b []byte, off int64) (int, error) {
	if c.writes > 0 {
		c.cut()
	}
	return c.memTarget.WriteAt(b, off)
}

// TestCopyOfCutFile cuts the file under a member that is being copied out of its mapping. The
// writer ends with an error, and what was borrowed has come back: Close of the archive does not
// wait for it.
func TestCopyOfCutFile(t *testing.T) {
	for _, backend := range []string{"mmap", "pread"} {
		path := create(t, nil, given{name: "x", data: bytes.Repeat([]byte("cut me off "), 1<<20)})
		src, err := Open(path, WithBackend(backend))
		if err != nil {
			t.Fatal(err)
		}
		target := &cuttingTarget{newMemTarget(), func() {
			if err := os.Truncate(path, 100); err != nil {
				t.Error(err)
			}
		}}
		w := testWriter(t, target.memTarget)
		w.target, w.out.w = target, target
		if err := w.Copy(t.Context(), src.Member(0)); err == nil {
			t.Errorf("%s: no error", backend)
		}
		if err := w.Abort(); err != nil {
			t.Error(err)
		}
		closed := make(chan error, 1)
		go func() { closed <- src.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: Close waits for a lease that is lost", backend)
		}
	}
}
