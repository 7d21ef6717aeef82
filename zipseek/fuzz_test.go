package zipseek

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzArchive opens anything as an archive and reads all members, in one piece and in parts: nothing
// panics, errors are of the kinds that the package promises, and what is read twice is the same.
func FuzzArchive(f *testing.F) {
	files, err := filepath.Glob("../testdata/torture/zip_*.npz")
	if err != nil || len(files) == 0 {
		f.Fatalf("no torture files: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 10_000 {
			f.Add(b)
		}
	}
	small := map[string][]byte{"dir/x": bytes.Repeat([]byte("lazy"), 5000), "y": []byte("array")}
	for _, path := range []string{byUs(f, small, Compressed(6), ChunkSize(4<<10)), byUs(f, small, Align(4096)), byZip(f, small)} {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	path := filepath.Join(f.TempDir(), "fuzz.zip")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path, Workers(1))
		if err != nil {
			checkKind(t, err)
			return
		}
		defer a.Close()
		for _, m := range a.All() {
			if m.Size <= 1<<20 {
				readTwice(t, m)
			}
		}
	})
}

// readTwice reads a member whole and in parts.
func readTwice(t *testing.T, m *Member) {
	whole, err := m.Bytes()
	if err != nil {
		checkKind(t, err)
		return
	}
	parts := make([]byte, len(whole))
	for off := 0; off < len(parts); off += 1000 {
		p := parts[off:min(off+1000, len(parts))]
		if _, err := m.ReadAt(p, int64(off)); err != nil {
			t.Fatalf("%s: read whole, but not at %d: %v", m.Name, off, err)
		}
	}
	if !bytes.Equal(whole, parts) {
		t.Fatalf("%s: read in parts it is another", m.Name)
	}
	if err := m.Verify(t.Context()); err != nil {
		checkKind(t, err)
	}
}

func checkKind(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*FormatError](err); !ok || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrChecksum) &&
		!errors.Is(err, ErrMethod) && !errors.Is(err, ErrEncrypted) {
		t.Fatalf("%T %v", err, err)
	}
	if errors.Is(err, io.EOF) {
		t.Fatalf("plain EOF: %v", err)
	}
}

// FuzzSection decodes anything as a section of an index file.
func FuzzSection(f *testing.F) {
	content := samples(300_000)["rounded"]
	path := byZip(f, map[string][]byte{"x": content})
	m := mustLookup(f, mustOpen(f, path, Span(minSpan)), "x")
	src, err := m.Source()
	if err != nil {
		f.Fatal(err)
	}
	if err := m.Verify(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.Add(src.(*inflated).index().(*checkpoints).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c := newCheckpoints(m, minSpan)
		if err := c.decode(b); err != nil {
			return
		}
		again := newCheckpoints(m, minSpan)
		if err := again.decode(c.encode()); err != nil || len(again.points) != len(c.points) {
			t.Fatalf("decoded, encoded, and not decoded again: %v", err)
		}
	})
}
