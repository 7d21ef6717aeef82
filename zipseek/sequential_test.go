package zipseek

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// byZstd writes an archive of one zstd member that is said to have so many bytes.
func byZstd(t *testing.T, content []byte, size int64) string {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := zip.FileHeader{Name: "x", Method: uint16(Zstd), UncompressedSize64: uint64(size), CRC32: crcOf(content)}
	return writeFile(t, rawZip(t, rawMember{h, e.EncodeAll(content, nil)}))
}

// TestSequentialDecodes counts the bytes that are decoded: opening decodes nothing, who reads the
// first bytes little more than those, and who reads in order, in one place or in two, each byte
// once.
func TestSequentialDecodes(t *testing.T) {
	content := make([]byte, 40<<20) // a few kilobytes
	copy(content[33<<20:], "not only zeros")
	m := mustLookup(t, mustOpen(t, byZstd(t, content, int64(len(content))), CacheSize(0)), "x")
	decoded := &m.archive.blocks.decoded
	if _, err := m.Source(); err != nil || decoded.Load() != 0 {
		t.Errorf("opening decodes %d bytes, %v", decoded.Load(), err)
	}
	read := func(off, n int64) {
		t.Helper()
		p := make([]byte, n)
		if _, err := m.ReadAt(p, off); err != nil || !bytes.Equal(p, content[off:off+n]) {
			t.Fatalf("%d bytes at %d: %v", n, off, err)
		}
	}
	read(0, 128)
	read(128, 1000)
	if n := decoded.Load(); n != seqStep {
		t.Errorf("the first bytes take %d to be decoded", n)
	}
	for off := int64(0); off < m.Size; off += 1 << 20 {
		read(off, 1<<20)
	}
	if n := decoded.Load(); n != m.Size {
		t.Errorf("reading in order decodes %d of %d bytes", n, m.Size)
	}
	for off := int64(0); off < m.Size/2; off += 300_000 {
		read(off, 300_000)
		read(off+m.Size/2-300_000, 300_000)
	}
	if n := decoded.Load(); n > 5*m.Size/2 {
		t.Errorf("reading in two places decodes %d of %d bytes", n-m.Size, m.Size)
	}
	before := decoded.Load()
	for _, err := range m.Content(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := decoded.Load() - before; n > 2*m.Size {
		t.Errorf("reading twice decodes %d of %d bytes", n, m.Size)
	}
}

// TestSequentialKeeps reads a member backwards, with and without room for what is decoded: it is
// decoded once if there is, and no file is left or can be seen.
func TestSequentialKeeps(t *testing.T) {
	content := samples(12 << 20)["rounded"]
	path := byZstd(t, content, int64(len(content)))
	for _, room := range []string{"all", "some", "none"} {
		dir := filepath.Join(t.TempDir(), "scratch")
		if room != "none" {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("TMPDIR", dir)
		a := mustOpen(t, path, CacheSize(0))
		m := mustLookup(t, a, "x")
		src, err := m.Source()
		if err != nil {
			t.Fatal(err)
		}
		s := src.(*sequential)
		s.OutOfOrder()
		p := make([]byte, 1<<20)
		for off := m.Size - int64(len(p)); off >= 0; off -= int64(len(p)) {
			if _, err := m.ReadAt(p, off); err != nil || !bytes.Equal(p, content[off:off+int64(len(p))]) {
				t.Fatalf("%s, at %d: %v", room, off, err)
			}
			if room == "some" {
				// as when the disk was full then
				s.kept.size, s.kept.full = min(s.kept.size, m.Size/8), true
			}
		}
		if n := s.Decoded(); (room == "all") != (n == m.Size) {
			t.Errorf("%s: %d bytes are decoded of %d", room, n, m.Size)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 && runtime.GOOS != "windows" {
			t.Errorf("%s: %v in the folder for temporary files", room, left)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: %v is left", room, left)
		}
		if _, err := m.ReadAt(p, 0); !errors.Is(err, bytesrc.ErrClosed) {
			t.Errorf("%s: read after Close: %v", room, err)
		}
	}
}

// TestSequentialLies reads the beginning of a member that is said to be much longer than it is, and
// then all.
func TestSequentialLies(t *testing.T) {
	content := make([]byte, 1<<20)
	m := mustLookup(t, mustOpen(t, byZstd(t, content, 1<<50)), "x")
	p := make([]byte, 1000)
	if _, err := m.ReadAt(p, 5000); err != nil {
		t.Error(err)
	}
	if err := m.Verify(t.Context()); !errors.Is(err, ErrFormat) {
		t.Errorf("Verify: %v", err)
	}
	if _, err := m.Bytes(); !errors.Is(err, ErrFormat) {
		t.Errorf("Bytes: %v", err)
	}
}

// TestContext ends the decoding of members that need all that lies before the place.
func TestContext(t *testing.T) {
	content := samples(1 << 20)["rounded"]
	for name, path := range map[string]string{
		"zstd": byZstd(t, content, int64(len(content))), "deflate": byZip(t, map[string][]byte{"x": content}),
		"sozip":  byUs(t, map[string][]byte{"x": content}, Compressed(6)),
		"stored": byUs(t, map[string][]byte{"x": content}),
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		m := mustLookup(t, mustOpen(t, path, Context(ctx)), "x")
		p := make([]byte, 100)
		if _, err := m.ReadAt(p, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel(errTest)
		if _, err := m.ReadAt(p, m.Size-100); errors.Is(err, errTest) != (name != "stored") {
			t.Errorf("%s: %v after the context has ended", name, err)
		}
		if err := m.Verify(t.Context()); !errors.Is(err, errTest) {
			t.Errorf("%s: Verify: %v after the context has ended", name, err)
		}
		m = mustLookup(t, mustOpen(t, path, Context(ctx), Checksums(CheckAlways)), "x")
		if _, err := m.ReadAt(p, 0); !errors.Is(err, errTest) {
			t.Errorf("%s: CheckAlways: %v after the context has ended", name, err)
		}
	}
}
