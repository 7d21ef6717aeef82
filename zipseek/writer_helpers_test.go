package zipseek

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// A given is a member that a test adds.
type given struct {
	name string
	data []byte
	opts []WriterOption
}

// contents makes bytes of several kinds: what repeats, what does not, and floats whose low bits are
// noise.
func contents(r *rand.Rand, n int) map[string][]byte {
	zeros, noise, floats := make([]byte, n), make([]byte, n), make([]byte, 0, n+8)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for len(floats) < n {
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(math.Round(100*r.NormFloat64())/100)))
	}
	return map[string][]byte{"zeros": zeros, "noise": noise, "floats": floats[:n]}
}

// cut yields b in pieces of random lengths, some of them empty, and spoils each when the next is
// asked for.
func cut(r *rand.Rand, b []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for len(b) > 0 {
			n := r.IntN(min(len(b), 1<<r.IntN(20)) + 1)
			piece := bytes.Clone(b[:n])
			if !yield(piece, nil) {
				return
			}
			clear(piece)
			b = b[n:]
		}
	}
}

// add adds members.
func add(t testing.TB, w *Writer, members ...given) {
	t.Helper()
	for _, m := range members {
		if err := w.AddBytes(t.Context(), m.name, m.data, m.opts...); err != nil {
			t.Fatal(err)
		}
	}
}

// create writes an archive into a new folder and returns its path.
func create(t testing.TB, opts []WriterOption, members ...given) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	w, err := Create(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	add(t, w, members...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustRead returns the bytes of a file.
func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unzip opens an archive with the standard library.
func unzip(t testing.TB, archive []byte) *zip.Reader {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// check compares what the standard library reads, checksums included, with what was given.
func check(t testing.TB, archive []byte, want []given) {
	t.Helper()
	z := unzip(t, archive)
	if len(z.File) != len(want) {
		t.Fatalf("%d members, want %d", len(z.File), len(want))
	}
	for i, f := range z.File {
		if f.Name != want[i].name || f.NonUTF8 {
			t.Errorf("member %d is called %q, want %q", i, f.Name, want[i].name)
		}
		r, err := f.Open()
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want[i].data) {
			t.Errorf("%s: %d bytes, not the %d that were given: %v", f.Name, len(got), len(want[i].data), err)
		}
		checkLocalHeader(t, archive, f)
	}
}

// checkLocalHeader checks that the local header has the true sizes and the checksum.
func checkLocalHeader(t testing.TB, archive []byte, f *zip.File) {
	t.Helper()
	off, err := f.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	if f.Flags&flagDescriptor != 0 {
		return // not written here
	}
	start := bytes.LastIndex(archive[:off], []byte("PK\x03\x04"))
	h := archive[start:]
	le := binary.LittleEndian
	packed, size := uint64(le.Uint32(h[18:])), uint64(le.Uint32(h[22:]))
	if packed == escape32 && size == escape32 {
		extra := h[localSize+len(f.Name):]
		size, packed = le.Uint64(extra[4:]), le.Uint64(extra[12:])
	}
	if le.Uint32(h[14:]) != f.CRC32 || packed != f.CompressedSize64 || size != f.UncompressedSize64 {
		t.Errorf("%s: local header says %d bytes in %d, the directory %d in %d", f.Name, size, packed, f.UncompressedSize64, f.CompressedSize64)
	}
}

// nothingLeft checks that a folder has these files and no more.
func nothingLeft(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 0, len(entries))
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) {
		t.Fatalf("the folder has %q, want %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("the folder has %q, want %q", got, want)
		}
	}
}

// noGoroutines waits until no more goroutines run than before. One that has finished its work may
// need a moment to end; one that has not never ends.
func noGoroutines(t testing.TB, before int) {
	t.Helper()
	for range 10_000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

var errTest = errors.New("stopped by the test")

// A memTarget is a file in memory that does not keep zeros, so that it can be as large as it likes.
// It fails after so many writes, if that is not 0.
type memTarget struct {
	pages  map[int64]*[memPage]byte
	size   int64
	writes int
	fail   int
	cuts   []int64 // where writes began that did not go back
	state  string
}

const memPage = 64 << 10

func newMemTarget() *memTarget { return &memTarget{pages: map[int64]*[memPage]byte{}} }

var zeroPage [memPage]byte

func (m *memTarget) WriteAt(b []byte, off int64) (int, error) {
	if m.writes++; m.writes == m.fail {
		return 0, errTest
	}
	if off >= m.size {
		m.cuts = append(m.cuts, off)
	}
	m.size = max(m.size, off+int64(len(b)))
	for n := len(b); len(b) > 0; {
		in := off % memPage
		part := b[:min(int64(len(b)), memPage-in)]
		page := m.pages[off/memPage]
		if page == nil && !bytes.Equal(part, zeroPage[:len(part)]) {
			page = new([memPage]byte)
			m.pages[off/memPage] = page
		}
		if page != nil {
			copy(page[in:], part)
		}
		b, off = b[len(part):], off+int64(len(part))
		if len(b) == 0 {
			return n, nil
		}
	}
	return 0, nil
}

func (m *memTarget) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) && off < m.size {
		in := off % memPage
		k := int(min(int64(len(b)-n), memPage-in, m.size-off))
		if page := m.pages[off/memPage]; page != nil {
			copy(b[n:n+k], page[in:])
		} else {
			clear(b[n : n+k])
		}
		n, off = n+k, off+int64(k)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memTarget) barrier() error { return nil }
func (m *memTarget) commit() error  { m.state = "committed"; return nil }
func (m *memTarget) abort() error   { m.state = "aborted"; return nil }

// repeat yields b until size bytes have come.
func repeat(b []byte, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for size > 0 {
			n := min(size, int64(len(b)))
			if !yield(b[:n], nil) {
				return
			}
			size -= n
		}
	}
}

// testWriter makes a writer to memory.
func testWriter(t testing.TB, m *memTarget, opts ...WriterOption) *Writer {
	t.Helper()
	c, err := defaultWriterConfig.with("Create", aboutMembers, opts)
	if err != nil {
		t.Fatal(err)
	}
	return newWriter("mem.zip", c, m, 0)
}

// sumZeros is the CRC-32 of n zeros.
func sumZeros(n int64) uint32 {
	var sum uint32
	run := crc32.ChecksumIEEE([]byte{0})
	for k := int64(1); k <= n; k <<= 1 {
		if n&k != 0 {
			sum = crcCombine(sum, run, k)
		}
		run = crcCombine(run, run, k)
	}
	return sum
}

// cancelAfter yields pieces, and cancels when n have been taken.
func cancelAfter(n int, cancel context.CancelFunc, pieces iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for b, err := range pieces {
			if n--; n < 0 {
				cancel()
			}
			if !yield(b, err) {
				return
			}
		}
	}
}
