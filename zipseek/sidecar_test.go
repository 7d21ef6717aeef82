package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// withSidecar writes an archive of two members without an index, and its index file.
func withSidecar(t testing.TB) (path string, contents map[string][]byte) {
	t.Helper()
	all := samples(3 << 20)
	contents = map[string][]byte{"rounded": all["rounded"], "labels": all["labels"], "small": all["counts"][:1000]}
	path = byZip(t, contents)
	a := mustOpen(t, path, Span(minSpan))
	file, size, err := a.WriteIndex(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path + IndexSuffix)
	if err != nil || file != path+IndexSuffix || info.Size() != size || size == 0 {
		t.Fatalf("index file %s of %d bytes: %v", file, size, err)
	}
	return path, contents
}

// checkOrigins reads everything, and checks which index the first read of each large member used.
func checkOrigins(t *testing.T, path string, contents map[string][]byte, want string) {
	t.Helper()
	a := mustOpen(t, path, Workers(2))
	for _, name := range []string{"rounded", "labels"} {
		m := mustLookup(t, a, name)
		if got := origin(t, m); got != want {
			t.Errorf("%s: index is %s, want %s", name, got, want)
		}
		checkReads(t, m, contents[name], 4)
		if err := m.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestSidecar(t *testing.T) {
	path, contents := withSidecar(t)
	checkOrigins(t, path, contents, "sidecar")
	m := mustLookup(t, mustOpen(t, path, WithoutSidecar()), "rounded")
	if got := origin(t, m); got != "checkpoints" {
		t.Errorf("WithoutSidecar: index is %s", got)
	}
	// Written again, it is the same.
	before, err := os.ReadFile(path + IndexSuffix)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := mustOpen(t, path, Span(minSpan)).WriteIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path + IndexSuffix)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the index file changed when it was written again (%v)", err)
	}
}

// TestSidecarStale checks that an index file of another state of the archive is not used.
func TestSidecarStale(t *testing.T) {
	path, contents := withSidecar(t)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	checkOrigins(t, path, contents, "checkpoints")
}

// TestSidecarDamaged changes bytes of the index file, and cuts it. Whatever becomes of it, what is
// read is right.
func TestSidecarDamaged(t *testing.T) {
	path, contents := withSidecar(t)
	good, err := os.ReadFile(path + IndexSuffix)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := 0; i < 40; i += 2*every - 1 { // odd, so that all kinds have their turn
		bad := bytes.Clone(good)
		if i%4 == 0 {
			bad = bad[:r.IntN(len(bad))]
		} else {
			bad[r.IntN(len(bad))] ^= byte(1 + r.IntN(255))
		}
		if err := os.WriteFile(path+IndexSuffix, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		a := mustOpen(t, path)
		for name, content := range contents {
			p := make([]byte, 500)
			off := r.IntN(len(content) - len(p))
			if _, err := mustLookup(t, a, name).ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, content[off:off+len(p)]) {
				t.Fatalf("damaged index file %d: %s: %v", i, name, err)
			}
		}
	}
}

// TestSidecarLies writes index files whose checksums are right and whose points are not. Reads are
// right all the same, because a span that does not have its checksum makes the index be dropped.
func TestSidecarLies(t *testing.T) {
	path, contents := withSidecar(t)
	good, err := os.ReadFile(path + IndexSuffix)
	if err != nil {
		t.Fatal(err)
	}
	lies := map[string]func(c *checkpoints){
		"bit":      func(c *checkpoints) { c.points[3].bit++ },
		"output":   func(c *checkpoints) { c.points[3].out++ },
		"checksum": func(c *checkpoints) { c.points[3].sum++ },
		"window":   func(c *checkpoints) { c.points[3].window = packWindow(make([]byte, 32<<10)) },
		"windows":  func(c *checkpoints) { c.points[3].window, c.points[4].window = c.points[4].window, c.points[3].window },
		"no room":  func(c *checkpoints) { c.points[3].window = []byte{0xff, 0xff, 1, 2, 3} },
	}
	// sums do not make that of the member: CheckSidecar tells
	inSums := map[string]bool{"output": true, "checksum": true}
	// A read finds what is wrong with the places it uses, if they are in the index for all: some
	// lies show in the sums.
	for name, lie := range lies {
		if err := os.WriteFile(path+IndexSuffix, good, 0o600); err != nil {
			t.Fatal(err)
		}
		a := mustOpen(t, path)
		s := sourceOf(t, a, "rounded")
		c, err := s.index().(*saved).read()
		if err != nil {
			t.Fatal(err)
		}
		lie(c)
		s.idx = c
		rewriteSidecar(t, a, s)
		b := mustOpen(t, path)
		m := mustLookup(t, b, "rounded")
		if got := origin(t, m); got != "sidecar" {
			t.Errorf("%s: index is %s", name, got)
		}
		// A part of a span, which has no sum of its own.
		p := make([]byte, 100)
		at := c.points[3].out + 1
		if _, err := m.ReadAt(p, at); err != nil || !bytes.Equal(p, contents["rounded"][at:][:len(p)]) {
			t.Errorf("%s: %v", name, err)
		}
		if got := origin(t, m); got != "checkpoints" {
			t.Errorf("%s: index is still %s", name, got)
		}
		if err := m.CheckIndex(t.Context()); err == nil && !inSums[name] {
			t.Errorf("%s: CheckIndex has nothing to say", name)
		}
		checkReads(t, m, contents["rounded"], 3)
	}
}

// TestSozipLies changes a SOZip index.
func TestSozipLies(t *testing.T) {
	content := samples(2 << 20)["rounded"]
	path := byUs(t, map[string][]byte{"x": content}, Compressed(6))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := mustLookup(t, mustOpen(t, path), "x")
	data, err := m.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	index := findChunks(m, data)
	if index == nil || index.count != 8 {
		t.Fatalf("index %+v", index)
	}
	header := index.offsets - sozipHeaderSize - int64(len(sozipName("x"))) - localSize
	payload := good[index.offsets-sozipHeaderSize : index.offsets+sozipOffsetSize*(index.count-1)]
	for i := 0; i < 2*56; i += 2*every - 1 { // odd, so that half of the checksums are right
		bad := bytes.Clone(good)
		at := index.offsets + int64(i/2)
		bad[at] ^= 0x11
		if i%2 == 1 { // with a checksum that is right
			changed := bad[index.offsets-sozipHeaderSize:][:len(payload)]
			binary.LittleEndian.PutUint32(bad[header+14:], crcOf(changed))
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		x := mustLookup(t, mustOpen(t, path), "x")
		p := make([]byte, 1000)
		off := int64(i/16+1)*index.size + 5 // in the chunk of the offset that was changed
		if _, err := x.ReadAt(p, off); err != nil || !bytes.Equal(p, content[off:][:len(p)]) {
			t.Errorf("byte %d of the index: part: %v", i/2, err)
		}
		got, err := x.Bytes()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("byte %d of the index: %v", i/2, err)
		}
	}
}

// TestSozipShifted makes an index whose checksum is right and whose offsets are ends of chunks, of
// half the size that it says. Whoever reads over the end of one finds out.
func TestSozipShifted(t *testing.T) {
	content := samples(2 << 20)["rounded"]
	path := byUs(t, map[string][]byte{"x": content}, Compressed(6), ChunkSize(64<<10))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := mustLookup(t, mustOpen(t, path), "x")
	data, err := m.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	index := findChunks(m, data)
	le := binary.LittleEndian
	payload := b[index.offsets-sozipHeaderSize:][:sozipHeaderSize+sozipOffsetSize*(index.count/2-1)]
	le.PutUint32(payload[8:], 128<<10)
	header := b[index.offsets-sozipHeaderSize-int64(len(sozipName("x")))-localSize:]
	le.PutUint32(header[14:], crcOf(payload))
	le.PutUint32(header[18:], uint32(len(payload)))
	le.PutUint32(header[22:], uint32(len(payload)))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2} {
		m := mustLookup(t, mustOpen(t, path, Workers(workers)), "x")
		if got := origin(t, m); got != "sozip" {
			t.Fatalf("index is %s", got)
		}
		got, err := m.Bytes()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d workers: %d bytes, %v", workers, len(got), err)
		}
	}
}

// TestNoIndexNeeded writes no index file where there is nothing to index.
func TestNoIndexNeeded(t *testing.T) {
	contents := map[string][]byte{"x": samples(2 << 20)["counts"]}
	for _, path := range []string{byUs(t, contents), byUs(t, contents, Compressed(1))} {
		if _, size, err := mustOpen(t, path).WriteIndex(t.Context()); err != nil || size != 0 {
			t.Errorf("%d bytes, %v", size, err)
		}
		if _, err := os.Stat(path + IndexSuffix); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("an index file: %v", err)
		}
	}
}
