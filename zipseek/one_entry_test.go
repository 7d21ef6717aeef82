package zipseek

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/klauspost/compress/flate"
)

// TestSozipOneEntry changes one offset of a SOZip index, whose checksum is right then, to the
// starts of other chunks, to what looks like one within stored data, and to its neighbours, far
// from both ends. What is read before, in and behind the chunk is the content.
func TestSozipOneEntry(t *testing.T) {
	const chunk = 32 << 10
	content := flushes(12 * chunk)
	// a whole chunk of zeros, to be found at the end of another, where both lead to the next
	var fake bytes.Buffer
	fake.WriteString(fullFlush)
	w, err := flate.NewWriter(&fake, 9)
	if err == nil {
		_, err = w.Write(make([]byte, chunk))
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(content[7*chunk-fake.Len():], fake.Bytes())
	path := byUs(t, map[string][]byte{"x": content}, Compressed(6), ChunkSize(chunk))
	good := mustRead(t, path)
	m := mustLookup(t, mustOpen(t, path), "x")
	data, err := m.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	index := findChunks(m, data)
	le := binary.LittleEndian
	start := func(i int64) int64 {
		if i == 0 {
			return 0
		}
		return int64(le.Uint64(good[index.offsets+8*(i-1):]))
	}
	for i := int64(1); i < index.count; i += every {
		before, behind := start(i-1), m.CompressedSize
		if i+1 < index.count {
			behind = start(i + 1)
		}
		inside := func(from int64) int64 { // behind a flush that is part of the content
			return from + int64(bytes.Index(good[data+from:], []byte(fullFlush))+len(fullFlush))
		}
		faked := int64(bytes.LastIndex(good[data:][:behind], fake.Bytes()) + len(fullFlush))
		for _, to := range []int64{faked, before + 1, inside(before + 100), start(i) - 1, start(i) + 1, inside(start(i) + 100), behind - 1} {
			if to == start(i) || to <= before || to >= behind {
				continue
			}
			bad := bytes.Clone(good)
			le.PutUint64(bad[index.offsets+8*(i-1):], uint64(to))
			payload := bad[index.offsets-sozipHeaderSize : index.offsets+sozipOffsetSize*(index.count-1)]
			le.PutUint32(bad[index.offsets-sozipHeaderSize-int64(len(sozipName("x")))-localSize+14:], crcOf(payload))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			for at := max(i-1, 0); at <= min(i+1, index.count-1); at++ {
				x := mustLookup(t, mustOpen(t, path, Workers(1)), "x")
				s := sourceOf(t, x.archive, "x")
				used, ok := s.index().(*chunks)
				if !ok {
					t.Fatal("the index is not used")
				}
				used.believe = 0
				p := make([]byte, 100)
				if _, err := x.ReadAt(p, at*chunk+7); err != nil || !bytes.Equal(p, content[at*chunk+7:][:100]) {
					t.Errorf("chunk %d said to be at %d: chunk %d: %v", i, to, at, err)
				}
				if at != i {
					continue
				}
				if _, still := s.index().(*chunks); still {
					t.Errorf("chunk %d said to be at %d: the index is still used", i, to)
				}
				if err := x.CheckIndex(t.Context()); err == nil {
					t.Errorf("chunk %d said to be at %d: CheckIndex has nothing to say", i, to)
				}
			}
		}
	}
}

// TestSidecarOneEntry changes one place of an index file: its window, what the window makes of the
// span, so that the span has its sum, and another sum, so that all make that of the member. What is
// read before, in and behind the place is the content.
func TestSidecarOneEntry(t *testing.T) {
	path, contents := withSidecar(t)
	content := contents["rounded"]
	good := mustRead(t, path+IndexSuffix)
	a := mustOpen(t, path)
	s, c := sourceOf(t, a, "rounded"), &checkpoints{}
	read := func() {
		var err error
		if c, err = a.savedIndex(s.m).read(); err != nil {
			t.Fatal(err)
		}
	}
	read()
	count := len(c.points)
	for i := 1; i < count-1; i += every {
		for _, kind := range []string{"window", "sum", "bit"} {
			if err := os.WriteFile(path+IndexSuffix, good, 0o600); err != nil {
				t.Fatal(err)
			}
			read()
			p := &c.points[i]
			switch kind {
			case "window":
				p.window = packWindow(bytes.Repeat([]byte{1}, 32<<10))
			case "sum":
				p.sum ^= 1
			default:
				p.bit = c.points[i-1].bit + 1
			}
			if kind == "window" {
				var at cursor
				if err := at.start(s, nil, *p); err != nil {
					t.Fatal(err)
				}
				if err := at.skip(c.points[i+1].out); err != nil {
					t.Fatal(err)
				}
				p.sum, at.sum = at.sum, p.sum^at.sum
				c.points[count-1].sum ^= crcCombine(at.sum, 0, int64(len(content))-c.points[i+1].out)
			}
			s.idx = c
			rewriteSidecar(t, a, s)
			for at := i - 1; at <= i+1; at++ {
				b := mustOpen(t, path)
				m := mustLookup(t, b, "rounded")
				off := c.points[at].out + 1
				got := make([]byte, 32<<10)
				if _, err := m.ReadAt(got, off); err != nil || !bytes.Equal(got, content[off:][:len(got)]) {
					t.Errorf("%s of place %d: other bytes at place %d: %v", kind, i, at, err)
				}
			}
			b := mustOpen(t, path)
			if err := mustLookup(t, b, "rounded").CheckIndex(t.Context()); err == nil && b.CheckSidecar() == nil {
				t.Errorf("%s of place %d: neither CheckIndex nor CheckSidecar has anything to say", kind, i)
			}
		}
	}
}

// sourceOf is a deflated member.
func sourceOf(t *testing.T, a *Archive, name string) *inflated {
	t.Helper()
	src, err := mustLookup(t, a, name).Source()
	if err != nil {
		t.Fatal(err)
	}
	return src.(*inflated)
}

// rewriteSidecar replaces the index file of an archive by one with the index that s has now.
func rewriteSidecar(t *testing.T, a *Archive, s *inflated) {
	t.Helper()
	f, err := os.OpenFile(a.path+IndexSuffix, os.O_RDWR|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := a.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writeSidecar(f, []*inflated{s}, info.Size(), info.ModTime().UnixNano()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
