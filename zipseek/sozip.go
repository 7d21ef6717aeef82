package zipseek

import (
	"encoding/binary"
	"path"
)

// A SOZip index (Seek-Optimized ZIP, specification 0.5.0) is a stored file that follows a
// member's data at once, with a local header but without an entry in the directory:
//
//	┌────────────────────────────────────────────┐
//	│ local header, method 0                     │
//	│ name  dir/.base.sozip.idx                  │
//	├────────────────────────────────────────────┤
//	│ version <4 byte>  1                        │
//	│ bytes to skip <4 byte>                     │
//	│ chunk size <4 byte>                        │
//	│ offset size <4 byte>  8                    │
//	│ size <8 byte>                              │
//	│ compressed size <8 byte>                   │
//	├────────────────────────────────────────────┤
//	│ skipped                                    │
//	├────────────────────────────────────────────┤
//	│ offsets of chunks 1, 2, … <8 byte each>    │
//	└────────────────────────────────────────────┘
//
// Each chunk can be inflated alone. Writers recommend chunks of 4 KiB to 100 MB.
const (
	sozipVersion    = 1
	sozipHeaderSize = 32
	sozipOffsetSize = 8

	// sozipMaxSums is for how many chunks checksums are kept while a member is read.
	sozipMaxSums = 1 << 20
)

// sozipName is the name of the index of a member.
func sozipName(name string) string {
	dir, base := path.Split(name)
	return dir + "." + base + ".sozip.idx"
}

// findChunks looks for an index behind the data of a member. Anything that does not fit means
// that there is none: it is a hint, and what is there may be another member.
func findChunks(m *Member, data int64) *chunks {
	le := binary.LittleEndian
	want := sozipName(m.Name)
	at := data + m.CompressedSize
	header := make([]byte, localSize+len(want))
	if m.archive.limit(m)-at < int64(len(header))+sozipHeaderSize {
		return nil
	}
	if _, err := m.archive.file.ReadAt(header, at); err != nil {
		return nil
	}
	if le.Uint32(header) != localSignature || Method(le.Uint16(header[8:])) != Stored || le.Uint16(header[6:])&flagEncrypted != 0 ||
		int(le.Uint16(header[26:])) != len(want) || string(header[localSize:]) != want {
		return nil
	}
	payload := at + int64(len(header)) + int64(le.Uint16(header[28:]))
	var h [sozipHeaderSize]byte
	if _, err := m.archive.file.ReadAt(h[:], payload); err != nil {
		return nil
	}
	size := int64(le.Uint32(h[8:]))
	if le.Uint32(h[0:]) != sozipVersion || size == 0 || le.Uint32(h[12:]) != sozipOffsetSize ||
		le.Uint64(h[16:]) != uint64(m.Size) || le.Uint64(h[24:]) != uint64(m.CompressedSize) || m.Size == 0 {
		return nil
	}
	c := &chunks{member: m, size: size, count: (m.Size-1)/size + 1, offsets: payload + sozipHeaderSize + int64(le.Uint32(h[4:]))}
	if c.offsets+sozipOffsetSize*(c.count-1) > m.archive.limit(m) {
		return nil
	}
	if c.count <= sozipMaxSums && m.archive.config.check != CheckNever {
		c.sums, c.seen = make([]uint32, c.count), make([]bool, c.count)
		c.left.Store(c.count)
	}
	return c
}
