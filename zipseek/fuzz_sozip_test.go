package zipseek

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// FuzzSozipIndex puts any offsets into the SOZip index of a member in whose data chunks seem to end
// everywhere, with a checksum that is right: what is read through it is the content.
func FuzzSozipIndex(f *testing.F) {
	const chunk = 32 << 10
	content := flushes(8*chunk + 10)
	path := byUs(f, map[string][]byte{"x": content}, Compressed(6), ChunkSize(chunk))
	good := mustRead(f, path)
	a, err := Open(path)
	if err != nil {
		f.Fatal(err)
	}
	m, _ := a.Lookup("x")
	data, err := m.DataOffset()
	if err != nil {
		f.Fatal(err)
	}
	index := findChunks(m, data)
	if err := a.Close(); err != nil {
		f.Fatal(err)
	}
	table := good[index.offsets:][:sozipOffsetSize*(index.count-1)]
	f.Add(bytes.Clone(table), uint16(3))
	f.Add(append(bytes.Clone(table[8:]), table[:8]...), uint16(1))
	f.Fuzz(func(t *testing.T, offsets []byte, at uint16) {
		b := bytes.Clone(good)
		copy(b[index.offsets:][:len(table)], offsets)
		payload := b[index.offsets-sozipHeaderSize : index.offsets+int64(len(table))]
		header := index.offsets - sozipHeaderSize - int64(len(sozipName("x"))) - localSize
		binary.LittleEndian.PutUint32(b[header+14:], crcOf(payload))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		x := mustLookup(t, mustOpen(t, path, Workers(1)), "x")
		p := make([]byte, 100)
		for off := int64(at) % chunk; off+100 <= x.Size; off += chunk {
			if _, err := x.ReadAt(p, off); err != nil || !bytes.Equal(p, content[off:][:100]) {
				t.Fatalf("other bytes at %d: %v", off, err)
			}
		}
	})
}
