package zipseek

import (
	"encoding/binary"
	"hash/crc32"
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
// Each chunk can be inflated alone. Writers recommend chunks of 4 KiB to 100 MB; there are shorter
// ones.
const (
	sozipVersion    = 1
	sozipHeaderSize = 32
	sozipOffsetSize = 8

	// fullFlush is how every chunk but the last ends: with an empty stored block that begins within
	// the byte before, and another.
	fullFlush = "\x00\x00\x00\xff\xff"

	// maxFlush is how many bits there can be between the last symbol of a chunk and the next chunk:
	// the end of its block, and the empty blocks of two flushes.
	maxFlush = 8 * 32

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
	if le.Uint32(h[0:]) != sozipVersion || size < 1 || le.Uint32(h[12:]) != sozipOffsetSize ||
		le.Uint64(h[16:]) != uint64(m.Size) || le.Uint64(h[24:]) != uint64(m.CompressedSize) || m.Size == 0 {
		return nil
	}
	c := &chunks{member: m, data: data, believe: provable, size: size, count: (m.Size-1)/size + 1, offsets: payload + sozipHeaderSize + int64(le.Uint32(h[4:]))}
	n := sozipHeaderSize + int64(le.Uint32(h[4:])) + sozipOffsetSize*(c.count-1)
	if int64(le.Uint32(header[22:])) != n || n > m.archive.limit(m)-payload || !c.ascends(payload, n, le.Uint32(header[14:])) {
		return nil
	}
	if c.count <= sozipMaxSums && m.archive.config.check != CheckNever {
		c.sums, c.seen = make([]uint32, c.count), make([]bool, c.count)
		c.left.Store(c.count)
	}
	return c
}

// ascends reads the whole file of the index once: it has its checksum, and the offsets ascend.
func (c *chunks) ascends(payload, n int64, want uint32) bool {
	const piece = 1 << 16
	b := make([]byte, min(n, piece))
	sum, last := uint32(0), uint64(0)
	for at := payload; at < payload+n; {
		b = b[:min(int64(len(b)), payload+n-at)]
		if at < c.offsets { // so that the table is read from its start
			b = b[:min(int64(len(b)), c.offsets-at)]
		}
		if _, err := c.member.archive.file.ReadAt(b, at); err != nil {
			return false
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
		if at >= c.offsets {
			for t := b; len(t) > 0; t = t[sozipOffsetSize:] {
				off := binary.LittleEndian.Uint64(t)
				if off <= last {
					return false
				}
				last = off
			}
		}
		at += int64(len(b))
		b = b[:cap(b)]
	}
	return sum == want && last < uint64(c.member.CompressedSize)
}
