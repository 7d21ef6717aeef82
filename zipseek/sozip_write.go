package zipseek

import (
	"encoding/binary"
	"fmt"
)

// sozipLen is the length of the index of a member of size bytes, which is not 0.
func sozipLen(size int64, chunk int) int64 {
	return sozipHeaderSize + (size-1)/int64(chunk)*sozipOffsetSize
}

// checkSOZip returns an error if a member of size bytes in chunks would need an index that is too
// long for the fields of its header, which have 32 bits.
func checkSOZip(size int64, chunk int) error {
	if sozipLen(size, chunk) >= escape32 {
		return fmt.Errorf("%d bytes are too many chunks of %d; a larger ChunkSize is needed", size, chunk)
	}
	return nil
}

// appendSOZip encodes the index of a member. Offsets are those of all chunks but the first.
func appendSOZip(b []byte, chunk, size, packed int64, offsets []int64) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, sozipVersion)
	b = le.AppendUint32(b, 0) // bytes to skip
	b = le.AppendUint32(b, uint32(chunk))
	b = le.AppendUint32(b, sozipOffsetSize)
	b = le.AppendUint64(b, uint64(size))
	b = le.AppendUint64(b, uint64(packed))
	for _, off := range offsets {
		b = le.AppendUint64(b, uint64(off))
	}
	return b
}
