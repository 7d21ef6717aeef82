package zipseek

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// writeFile puts an archive into a file of its own.
func writeFile(t testing.TB, archive []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile.zip")
	if err := os.WriteFile(path, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rawMember is a member as its header says and with these bytes, whatever they are.
type rawMember struct {
	header zip.FileHeader
	data   []byte
}

// rawZip makes an archive of raw members, whose headers get the lengths of their data.
func rawZip(t testing.TB, members ...rawMember) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		m.header.CompressedSize64 = uint64(len(m.data))
		w, err := z.CreateRaw(&m.header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plain is an archive of stored members a and b of 1,000 bytes each, and where their entries and
// local headers begin.
func plain(t testing.TB) (archive []byte, entries, locals [2]int) {
	t.Helper()
	var members []rawMember
	for _, name := range []string{"a", "b"} {
		content := bytes.Repeat([]byte(name), 1000)
		members = append(members, rawMember{zip.FileHeader{Name: name, UncompressedSize64: 1000, CRC32: crcOf(content)}, content})
	}
	archive = rawZip(t, members...)
	for i, at := range findAll(archive, "PK\x01\x02") {
		entries[i] = at
	}
	for i, at := range findAll(archive, "PK\x03\x04") {
		locals[i] = at
	}
	return archive, entries, locals
}

func findAll(b []byte, pattern string) []int {
	var found []int
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(pattern))
		if i < 0 {
			return found
		}
		found = append(found, at+i)
		at += i + 1
	}
}

// TestHostileMember changes one field. Member a must be refused for the reason given, and b, which
// is in order, be read.
func TestHostileMember(t *testing.T) {
	le := binary.LittleEndian
	for _, tt := range []struct {
		name   string
		change func(b []byte, entry, local int)
		kind   error
		text   string
	}{
		{"encrypted", func(b []byte, e, _ int) { b[e+8] |= 1 }, ErrEncrypted, "encrypted"},
		{"encrypted in the local header", func(b []byte, _, l int) { b[l+6] |= 1 }, ErrEncrypted, "encrypted"},
		{"patch", func(b []byte, e, _ int) { b[e+8] |= 1 << 5 }, ErrMethod, "patch"},
		{"strong", func(b []byte, e, _ int) { b[e+8] |= 1 << 6 }, ErrEncrypted, "strongly"},
		{"method", func(b []byte, e, l int) { b[e+10], b[l+8] = 9, 9 }, ErrMethod, "deflate64"},
		{"unknown method", func(b []byte, e, l int) { b[e+10], b[l+8] = 77, 77 }, ErrMethod, "method 77"},
		{"methods differ", func(b []byte, _, l int) { b[l+8] = 8 }, ErrFormat, "method is deflated here and stored"},
		{"names differ", func(b []byte, _, l int) { b[l+30] = 'x' }, ErrFormat, `name is "x" here and "a"`},
		{"local signature", func(b []byte, _, l int) { b[l] = 0 }, ErrFormat, "signature"},
		{"long local name", func(b []byte, _, l int) { le.PutUint16(b[l+26:], 60000) }, ErrFormat, "beyond the file"},
		{"long local extra", func(b []byte, _, l int) { le.PutUint16(b[l+28:], 60000) }, ErrFormat, "beyond the file"},
		{"data into the next member", func(b []byte, e, _ int) { le.PutUint32(b[e+20:], 1010); le.PutUint32(b[e+24:], 1010) }, ErrFormat, "overlap"},
		{"extra into the next member", func(b []byte, _, l int) { le.PutUint16(b[l+28:], 40) }, ErrFormat, "overlap"},
		{"size beyond the file", func(b []byte, e, _ int) { le.PutUint32(b[e+20:], 1<<30); le.PutUint32(b[e+24:], 1<<30) }, ErrFormat, "beyond the file"},
		{"stored sizes differ", func(b []byte, e, _ int) { le.PutUint32(b[e+24:], 999) }, ErrFormat, "said to hold 999"},
		{"header beyond the file", func(b []byte, e, _ int) { le.PutUint32(b[e+42:], 1<<30) }, ErrFormat, "beyond the end"},
		{"header inside a member", func(b []byte, e, _ int) { le.PutUint32(b[e+42:], 500) }, ErrFormat, "signature"},
		{"checksum", func(b []byte, e, _ int) { b[e+16]++ }, ErrChecksum, "is "},
	} {
		archive, entries, locals := plain(t)
		tt.change(archive, entries[0], locals[0])
		path := writeFile(t, archive)
		a := mustOpen(t, path, Checksums(CheckAlways))
		_, err := a.Member(0).Bytes()
		bad, ok := errors.AsType[*FormatError](err)
		if !ok || bad.Path != path || bad.Member != "a" || !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got, err := a.Member(1).Bytes(); err != nil || len(got) != 1000 || got[0] != 'b' {
			t.Errorf("%s: the other member: %v", tt.name, err)
		}
	}
}

// TestHostileDirectory changes what makes the archive as a whole unreadable.
func TestHostileDirectory(t *testing.T) {
	le := binary.LittleEndian
	for _, tt := range []struct {
		name   string
		change func(b []byte, entry, end int) []byte
		text   string
	}{
		{"cut", func(b []byte, _, _ int) []byte { return b[:len(b)-1] }, "end record"},
		{"empty", func([]byte, int, int) []byte { return nil }, "end record"},
		{"not an archive", func(b []byte, _, _ int) []byte { return bytes.Repeat([]byte("x"), len(b)) }, "end record"},
		{"directory size", func(b []byte, _, end int) []byte { le.PutUint32(b[end+12:], 1<<31); return b }, "do not fit"},
		{"split", func(b []byte, _, end int) []byte { b[end+4] = 3; return b }, "split"},
		{"entry signature", func(b []byte, e, _ int) []byte { b[e] = 'x'; return b }, "directory"},
		{"entry too long", func(b []byte, e, _ int) []byte { le.PutUint16(b[e+32:], 60000); return b }, "ends beyond"},
		// as if the front were cut off
		{"directory offset", func(b []byte, _, end int) []byte { b[end+16] += 3; return b }, ""},
		{"no zip64 field", func(b []byte, e, _ int) []byte {
			le.PutUint32(b[e+24:], escape32)
			return append(b[:e+28:e+28], b[e+28:]...)
		}, ""},
	} {
		archive, entries, _ := plain(t)
		end := len(archive) - endSize
		path := writeFile(t, tt.change(archive, entries[0], end))
		a, err := Open(path)
		if tt.text == "" { // a size of 4,294,967,295 bytes is possible, if not true
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if _, err := a.Member(0).Bytes(); err == nil {
				t.Errorf("%s: read", tt.name)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if bad, ok := errors.AsType[*FormatError](err); !ok || bad.Path != path || !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestOverlap makes two entries of one local header, which is how a small file becomes terabytes.
func TestOverlap(t *testing.T) {
	archive, entries, _ := plain(t)
	second := archive[entries[1]:]
	copy(second, archive[entries[0]:entries[0]+directorySize+1])
	a := mustOpen(t, writeFile(t, archive))
	if _, err := a.Member(0).Bytes(); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("the first of two: %v", err)
	}
	m := mustLookup(t, a, "a")
	if m != a.Member(1) {
		t.Error("not the last of duplicates")
	}
	if _, err := m.Bytes(); err != nil {
		t.Errorf("the last of two: %v", err)
	}
}

// TestBomb declares little and inflates to much.
func TestBomb(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, 64<<20/every); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := func(size uint64) string {
		return writeFile(t, rawZip(t, rawMember{zip.FileHeader{Name: "x", Method: zip.Deflate, UncompressedSize64: size}, deflated.Bytes()}))
	}
	m := mustLookup(t, mustOpen(t, raw(1000)), "x")
	if _, err := m.Bytes(); err == nil || !strings.Contains(err.Error(), "goes on after the 1000 bytes") {
		t.Errorf("far too much in 1000 bytes: %v", err)
	}
	// No deflate stream of this length can hold so much; nothing is allocated for it.
	m = mustLookup(t, mustOpen(t, raw(1<<50)), "x")
	if _, err := m.Bytes(); err == nil || !strings.Contains(err.Error(), "cannot be deflated") {
		t.Errorf("a petabyte in 64 KiB: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestChanged overwrites, extends, touches and replaces an archive that is open.
func TestChanged(t *testing.T) {
	contents := map[string][]byte{"x": samples(2 << 20)["rounded"]}
	for name, archive := range map[string][]byte{
		"stored":   mustRead(t, byUs(t, contents)),
		"sozip":    mustRead(t, byUs(t, contents, Compressed(1))),
		"deflated": mustRead(t, byZip(t, contents)),
	} {
		for what, change := range map[string]func(path string) error{
			"overwritten": func(path string) error {
				other := bytes.Repeat([]byte("other "), 1<<20)
				return os.WriteFile(path, other, 0o600)
			},
			"cut":     func(path string) error { return os.Truncate(path, 5000) },
			"emptied": func(path string) error { return os.Truncate(path, 0) },
			"touched": func(path string) error {
				later := time.Now().Add(time.Minute)
				return os.Chtimes(path, later, later)
			},
		} {
			path := writeFile(t, archive)
			a := mustOpen(t, path, Workers(2))
			m := mustLookup(t, a, "x")
			p := make([]byte, 100)
			if _, err := m.ReadAt(p, 1<<20); err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := m.ReadAt(p, 100); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s, %s: ReadAt: %v", name, what, err)
			}
			if _, err := m.Bytes(); !errors.Is(err, ErrChanged) {
				t.Errorf("%s, %s: Bytes: %v", name, what, err)
			}
			src, err := m.Source()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := src.Borrow(0, 1<<20); !errors.Is(err, ErrChanged) {
				t.Errorf("%s, %s: Borrow: %v", name, what, err)
			}
		}
		// Another file under the name: what is open is still what it was, and Changed tells.
		path := writeFile(t, archive)
		a := mustOpen(t, path)
		if err := os.Rename(writeFile(t, archive), path); err != nil {
			t.Fatal(err)
		}
		if got, err := mustLookup(t, a, "x").Bytes(); err != nil || !bytes.Equal(got, contents["x"]) {
			t.Errorf("%s, replaced: %v", name, err)
		}
		if err := a.Changed(); !errors.Is(err, ErrChanged) {
			t.Errorf("%s, replaced: Changed: %v", name, err)
		}
	}
}

// TestZstd reads a zstd member in and out of order.
func TestZstd(t *testing.T) {
	content := samples(12 << 20)["counts"]
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := e.EncodeAll(content, nil)
	good := zip.FileHeader{Name: "good", Method: uint16(Zstd), UncompressedSize64: uint64(len(content)), CRC32: crcOf(content)}
	badSum := good
	badSum.Name, badSum.CRC32 = "bad sum", good.CRC32+1
	archive := rawZip(t, rawMember{good, packed}, rawMember{badSum, packed})
	a := mustOpen(t, writeFile(t, archive), CacheSize(0))
	checkReads(t, mustLookup(t, a, "good"), content, 8)
	if err := mustLookup(t, a, "good").Verify(t.Context()); err != nil {
		t.Error(err)
	}
	bad := mustLookup(t, a, "bad sum")
	if _, err := bad.Bytes(); !errors.Is(err, ErrChecksum) {
		t.Errorf("bad checksum: %v", err)
	}
	p := make([]byte, 10)
	if _, err := bad.ReadAt(p, 5<<20); err != nil || !bytes.Equal(p, content[5<<20:][:10]) {
		t.Errorf("the beginning of a member with a bad checksum: %v", err)
	}
	archive[40000] ^= 0x55
	if _, err := mustLookup(t, mustOpen(t, writeFile(t, archive)), "good").Bytes(); err == nil {
		t.Error("damaged zstd data were read")
	}
}

// TestZstdLies declares sizes that the data do not have. Nothing is allocated for them.
func TestZstdLies(t *testing.T) {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 64<<20) // a few kilobytes
	packed := e.EncodeAll(content, nil)
	for _, size := range []uint64{uint64(len(content)), uint64(len(content)) - 1, uint64(len(content)) + 1, 1 << 40, 1<<62 + 5} {
		archive := rawZip(t, rawMember{zip.FileHeader{Name: "x", Method: uint16(Zstd), UncompressedSize64: size, CRC32: crcOf(content)}, packed})
		x := mustLookup(t, mustOpen(t, writeFile(t, archive)), "x")
		got, err := x.Bytes()
		if size == uint64(len(content)) {
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("the true size: %v", err)
			}
			continue
		}
		if verr := x.Verify(t.Context()); err == nil || verr == nil || !errors.Is(err, ErrFormat) {
			t.Errorf("size %d: %v, %v", size, err, verr)
		}
	}
}

// TestSequentialMemory checks that members that are decoded from their start share what is kept.
func TestSequentialMemory(t *testing.T) {
	content := samples(9 << 20)["labels"]
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := e.EncodeAll(content, nil)
	var members []rawMember
	for i := range 12 {
		members = append(members, rawMember{zip.FileHeader{Name: itoa(int64(i)), Method: uint16(Zstd),
			UncompressedSize64: uint64(len(content)), CRC32: crcOf(content)}, packed})
	}
	a := mustOpen(t, writeFile(t, rawZip(t, members...)), CacheSize(10<<20))
	var g errgroup.Group
	for _, m := range a.All() {
		g.Go(func() error {
			for off := int64(0); off+100 <= m.Size; off += 300_000 {
				p := make([]byte, 100)
				if _, err := m.ReadAt(p, off); err != nil {
					return err
				}
				if !bytes.Equal(p, content[off:off+100]) {
					return errors.New("other bytes")
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if n := len(a.blocks.cached); n > 10 || len(a.blocks.oldest) != n {
		t.Errorf("%d blocks are kept, %d in order", n, len(a.blocks.oldest))
	}
}

// TestPipesBeside puts pipes where files beside an archive may be: nobody waits for who writes to
// them.
func TestPipesBeside(t *testing.T) {
	content := samples(2 << 20)["counts"]
	path := byZip(t, map[string][]byte{"x": content})
	for _, suffix := range []string{IndexSuffix, journalSuffix} {
		makePipe(t, path+suffix)
	}
	if got, err := mustLookup(t, mustOpen(t, path), "x").Bytes(); err != nil || !bytes.Equal(got, content) {
		t.Error(err)
	}
}

// TestStaleCursor puts a cursor aside that an index found which was dropped meanwhile. It must not
// be taken again.
func TestStaleCursor(t *testing.T) {
	path, _ := withSidecar(t)
	m := mustLookup(t, mustOpen(t, path), "rounded")
	src, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	s := src.(*inflated)
	idle := &m.archive.idle
	used := s.index()
	p, _, _, err := used.find(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	c, err := idle.take(s, used, p, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if !s.distrust(used, m.formatError(0, "", ErrChecksum)) {
		t.Fatal("the index is trusted")
	}
	idle.put(c)
	if got := idle.nearest(s, s.index(), 0, m.Size); got != nil {
		t.Errorf("a cursor at %d", got.pos)
	}
	if err := m.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestErrorsAreOneLine reads a member whose name has a line break.
func TestErrorsAreOneLine(t *testing.T) {
	archive, entries, locals := plain(t)
	archive[entries[0]+directorySize], archive[locals[0]+localSize] = '\n', '\n'
	archive[entries[0]+16]++ // the checksum
	a := mustOpen(t, writeFile(t, archive), Checksums(CheckAlways))
	if _, err := a.Member(0).Bytes(); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), `"\n"`) {
		t.Errorf("%v", err)
	}
}

// TestNames checks how names are decoded.
func TestNames(t *testing.T) {
	if n := len(cp437Runes); n != 128 {
		t.Fatalf("%d characters in the upper half of code page 437", n)
	}
	for _, tt := range []struct {
		raw   string
		flags uint16
		want  string
	}{
		{"plain", 0, "plain"},
		{"caf\x82", 0, "café"},
		{"\xe1\xff", 0, "ß\u00a0"},
		{"café", flagUTF8, "café"},
		{"caf\xe9", flagUTF8, "caf\uFFFD"},
		{"a\x00b", 0, "a\x00b"},
		{"", 0, ""},
	} {
		if got := decodeName([]byte(tt.raw), tt.flags); string(got) != tt.want {
			t.Errorf("%q: %q, want %q", tt.raw, got, tt.want)
		}
	}
	m := Member{}
	extra := binary.LittleEndian.AppendUint32([]byte{0x75, 0x70, 10, 0, 1}, crcOf([]byte("x\x82")))
	if got := m.parseName([]byte("x\x82"), append(extra, "xαβ"...)); string(got) != "xαβ" || m.plain {
		t.Errorf("Unicode path: %q", got)
	}
}

// TestManyMembers opens and looks up a hundred thousand members.
func TestManyMembers(t *testing.T) {
	const n = 100_000
	path := filepath.Join(t.TempDir(), "many.zip")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.AddBytes(t.Context(), fmt.Sprintf("array_%06d.npy", i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, path)
	if a.Len() != n {
		t.Fatalf("%d members", a.Len())
	}
	for _, i := range []int{0, 1, 65535, 65536, n - 1} {
		m := mustLookup(t, a, fmt.Sprintf("array_%06d.npy", i))
		if b, err := m.Bytes(); err != nil || len(b) != 1 || b[0] != byte(i) || m != a.Member(i) {
			t.Errorf("member %d: %v, %v", i, b, err)
		}
	}
}
