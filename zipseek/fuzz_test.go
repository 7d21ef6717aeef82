package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzArchive opens anything as an archive and reads all members, in one piece and in parts:
// nothing panics, errors are of the kinds that the package promises, and what is read twice is the
// same.
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

func checkKind(t testing.TB, err error) {
	t.Helper()
	if _, ok := errors.AsType[*FormatError](err); !ok || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrChecksum) &&
		!errors.Is(err, ErrMethod) && !errors.Is(err, ErrEncrypted) {
		t.Fatalf("%T %v", err, err)
	}
	if errors.Is(err, io.EOF) {
		t.Fatalf("plain EOF: %v", err)
	}
}

// FuzzIndexFile puts anything beside an archive as its index file: what is read through it is what
// is read without, or an error. Fix says that the checksums, and what ties the file to the archive
// and its members, are made right.
func FuzzIndexFile(f *testing.F) {
	const span = minSpan
	content := samples(3 * span)["rounded"]
	path := byZip(f, map[string][]byte{"x": content, "y": content[:2*span]})
	if _, _, err := mustOpen(f, path, Span(span)).WriteIndex(f.Context()); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path + IndexSuffix)
	if err != nil {
		f.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Add(b, false)
	f.Add(b[:sidecarHead+2*sidecarEntry+4], true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix {
			b = fixSidecar(b, info)
		}
		if err := os.WriteFile(path+IndexSuffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path, Workers(1), Span(span))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		for _, m := range a.All() {
			p := make([]byte, 3000)
			for off := m.Size - 3000; off >= 0; off -= 9001 {
				if _, err := m.ReadAt(p, off); err != nil {
					checkKind(t, err)
				} else if !bytes.Equal(p, content[off:off+3000]) {
					t.Fatalf("%s: other bytes at %d", m.Name, off)
				}
			}
		}
	})
}

// fixSidecar makes an index file one of this archive, and its table that of its sections, as far as
// there are any.
func fixSidecar(b []byte, archive os.FileInfo) []byte {
	b = bytes.Clone(b)
	le := binary.LittleEndian
	if len(b) < sidecarHead+4 {
		return b
	}
	copy(b, sidecarMagic)
	le.PutUint32(b[8:], sidecarVersion)
	le.PutUint64(b[16:], uint64(archive.Size()))
	le.PutUint64(b[24:], uint64(archive.ModTime().UnixNano()))
	n := min(int(le.Uint32(b[12:])), (len(b)-sidecarHead-4)/sidecarEntry)
	le.PutUint32(b[12:], uint32(n))
	end := sidecarHead + n*sidecarEntry
	for row := b[sidecarHead:end]; len(row) > 0; row = row[sidecarEntry:] {
		offset, length := le.Uint64(row[32:]), le.Uint64(row[40:])
		if offset <= uint64(len(b)) && length <= uint64(len(b))-offset {
			le.PutUint32(row[28:], crc32.ChecksumIEEE(b[offset:offset+length]))
		}
	}
	le.PutUint32(b[end:], crc32.ChecksumIEEE(b[:end]))
	return b
}
