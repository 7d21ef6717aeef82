package zipseek

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"
)

// flushes is noise, which is stored as it is, and in which a chunk seems to end everywhere.
func flushes(n int) []byte {
	r := rand.New(rand.NewPCG(31, 32))
	b := make([]byte, 0, n+16)
	for len(b) < n {
		for range 1000 {
			b = append(b, byte(r.Uint32()))
		}
		b = append(b, fullFlush...)
	}
	return b[:n]
}

// lyingSozip writes an archive whose index says of chunks from to to-1 that they begin where the
// ones behind them do: each offset is the start of a chunk, they ascend, and the checksum of the
// index is right.
func lyingSozip(t *testing.T, content []byte, chunk int, from, to int64) string {
	t.Helper()
	path := byUs(t, map[string][]byte{"x": content}, Compressed(6), ChunkSize(chunk))
	b := mustRead(t, path)
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m := mustLookup(t, a, "x")
	data, err := m.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	index := findChunks(m, data)
	table := b[index.offsets:][:sozipOffsetSize*(index.count-1)]
	le := binary.LittleEndian
	for i := from; i < to; i++ {
		// in the last one, some byte behind something like a flush
		off := int64(le.Uint64(table[8*i-8:])) + 5000
		if i < to-1 {
			off = int64(le.Uint64(table[8*i:]))
		} else {
			off += int64(bytes.Index(b[data+off:], []byte(fullFlush)) + len(fullFlush))
		}
		le.PutUint64(table[8*i-8:], uint64(off))
	}
	payload := b[index.offsets-sozipHeaderSize : index.offsets+sozipOffsetSize*(index.count-1)]
	le.PutUint32(b[index.offsets-sozipHeaderSize-int64(len(sozipName("x")))-localSize+14:], crcOf(payload))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSozipOtherChunks reads parts of members by indexes that name other chunks. What is read is
// the content, and CheckIndex tells.
func TestSozipOtherChunks(t *testing.T) {
	const chunk = 32 << 10
	content := flushes(20*chunk + 100)
	lies := [][2]int64{{1, 20}, {1, 2}, {3, 7}, {10, 12}, {18, 20}, {2, 19}}
	for i := 0; i < len(lies); i += every {
		lie := lies[i]
		for _, check := range []Check{CheckOnce, CheckAlways} {
			for _, workers := range []int{1, 3} {
				path := lyingSozip(t, content, chunk, lie[0], lie[1])
				for at := lie[0]; at < lie[1]; at++ {
					a, err := Open(path, Workers(workers), Checksums(check))
					if err != nil {
						t.Fatal(err)
					}
					m := mustLookup(t, a, "x")
					p := make([]byte, 100)
					if _, err := m.ReadAt(p, at*chunk+77); err != nil || !bytes.Equal(p, content[at*chunk+77:][:len(p)]) {
						t.Errorf("lie %v, chunk %d: other bytes than those of the member: %v", lie, at, err)
					}
					if err := a.Close(); err != nil {
						t.Fatal(err)
					}
				}
				m := mustLookup(t, mustOpen(t, path, Workers(workers)), "x")
				checkReads(t, m, content, 41)
				if err := m.Verify(t.Context()); err != nil {
					t.Errorf("lie %v: the content is whole, but %v", lie, err)
				}
				if err := m.CheckIndex(t.Context()); err == nil {
					t.Errorf("lie %v: CheckIndex has nothing to say", lie)
				}
			}
		}
	}
}

// TestSozipProof reads one chunk in the middle: what is inflated to prove its place is between it
// and one end, once.
func TestSozipProof(t *testing.T) {
	const chunk = 32 << 10
	content := flushes(64 * chunk)
	m := mustLookup(t, mustOpen(t, byUs(t, map[string][]byte{"x": content}, Compressed(6), ChunkSize(chunk)), Workers(2)), "x")
	src, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	links := func() int64 {
		c := src.(*inflated).index().(*chunks)
		return c.count - c.missing(0, c.count)
	}
	p := make([]byte, 100)
	for _, step := range []struct{ at, links int64 }{{5, 6}, {3, 6}, {60, 10}, {20, 25}, {21, 25}, {19, 25}, {63, 25}} {
		if _, err := m.ReadAt(p, step.at*chunk+10); err != nil || !bytes.Equal(p, content[step.at*chunk+10:][:100]) {
			t.Fatalf("chunk %d: %v", step.at, err)
		}
		if n := links(); n != step.links {
			t.Errorf("after chunk %d: %d chunks were inflated whole, want %d", step.at, n, step.links)
		}
	}
}

// TestCheckIndex compares indexes that are right, of every make, with the content.
func TestCheckIndex(t *testing.T) {
	indexed, contents := withSidecar(t)
	for name, path := range map[string]string{
		"none": byZip(t, contents), "sozip": byUs(t, contents, Compressed(6)), "stored": byUs(t, contents), "sidecar": indexed,
	} {
		for _, m := range mustOpen(t, path, Workers(2)).All() {
			if err := m.CheckIndex(t.Context()); err != nil {
				t.Errorf("%s: %s: %v", name, m.Name, err)
			}
		}
	}
}

// TestSidecarSections takes what an index file has of a member into memory when a place in it is
// asked for, and not more of them than the archive may keep.
func TestSidecarSections(t *testing.T) {
	path, contents := withSidecar(t)
	a := mustOpen(t, path)
	index := func(name string) *saved {
		src, err := mustLookup(t, a, name).Source()
		if err != nil {
			t.Fatal(err)
		}
		src.(*inflated).Granule()
		return src.(*inflated).index().(*saved)
	}
	read := func(name string, at int64) {
		t.Helper()
		p := make([]byte, 1000)
		if _, err := mustLookup(t, a, name).ReadAt(p, at); err != nil || !bytes.Equal(p, contents[name][at:][:len(p)]) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	read("rounded", 0)
	if index("rounded").loaded.Load() != nil {
		t.Error("the first bytes of a member need its index")
	}
	read("rounded", 2<<20)
	if n := index("rounded").loaded.Load(); n == nil || a.saved.bytes != n.bytes() {
		t.Errorf("sections take %d bytes", a.saved.bytes)
	}
	a.saved.bytes += sharedWindows // as if there were many
	read("labels", 2<<20)
	if index("rounded").loaded.Load() != nil || index("labels").loaded.Load() == nil {
		t.Error("the section that was read first is still in memory")
	}
	a.saved.bytes -= sharedWindows
	read("rounded", 1<<20)
	if n := index("rounded").bytes() + index("labels").bytes(); a.saved.bytes != n {
		t.Errorf("sections take %d bytes, want %d", a.saved.bytes, n)
	}
}

func (s *saved) bytes() int64 { return s.loaded.Load().bytes() }

// TestSidecarOverlaps names one section for two members, which would take memory for both.
func TestSidecarOverlaps(t *testing.T) {
	path, contents := withSidecar(t)
	b := mustRead(t, path+IndexSuffix)
	le := binary.LittleEndian
	copy(b[sidecarHead+sidecarEntry+32:][:16], b[sidecarHead+32:]) // offset and length
	end := sidecarHead + 2*sidecarEntry
	le.PutUint32(b[end:], crcOf(b[:end]))
	if err := os.WriteFile(path+IndexSuffix, b, 0o600); err != nil {
		t.Fatal(err)
	}
	checkOrigins(t, path, contents, "checkpoints")
	if err := mustOpen(t, path).CheckSidecar(); err == nil {
		t.Error("CheckSidecar has nothing to say")
	}
}
