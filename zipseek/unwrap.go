package zipseek

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
)

// wrap is what numbers of archives without zip64 are counted modulo.
const wrap = 1 << 32

// LengthFrom helps to read archives of more than 4 GiB by writers that know no zip64, and leave of
// each number its last 32 bits. f tells from the beginning of a content how long all of it is, or
// that it cannot. A size is believed to have wrapped if the place of the member has room for 4 GiB
// more, to the byte, and f says so too. Default: sizes are what the directory says. Offsets need no
// help: a local header is where they lead to, or 4 GiB further on.
func LengthFrom(f func(content io.ReaderAt) (int64, bool)) Option {
	return func(c *config) error {
		c.length = f
		return nil
	}
}

// unwrap mends numbers that have lost multiples of 4 GiB, where it is certain. Where zipfile reads
// a member, so that nothing is wrong with its numbers, they stay.
func (a *Archive) unwrap() error {
	if a.file.Size() <= wrap || a.end.wide {
		return nil
	}
	if err := a.unwrapOffsets(); err != nil {
		return err
	}
	for i := range a.members {
		m := &a.members[i]
		if m.headerOffset < 0 || m.CompressedSize >= escape32 {
			continue
		}
		if room := a.limit(m) - m.headerOffset - m.CompressedSize; room < wrap {
			continue
		}
		a.end.narrow = true
		if a.config.length == nil {
			continue
		}
		if err := m.unwrapSize(); err != nil {
			return err
		}
	}
	return nil
}

// unwrapOffsets looks for the local headers of members where the offset of the directory has
// wrapped. Then all offsets seem to count from a multiple of 4 GiB.
func (a *Archive) unwrapOffsets() error {
	base := a.end.base
	if base <= 0 || base%wrap != 0 {
		return nil
	}
	moved := false
	for i := range a.members {
		m := &a.members[i]
		if m.headsAt(m.headerOffset) {
			continue
		}
		var found []int64
		for at := m.headerOffset - base; at < m.headerOffset; at += wrap {
			if m.headsAt(at) {
				found = append(found, at)
			}
		}
		if len(found) == 1 {
			m.headerOffset, moved = found[0], true
		}
	}
	if moved {
		a.end.base, a.end.wrapped = 0, true
	}
	return a.file.Unmodified()
}

// headsAt reports whether a local header of m is at off.
func (m *Member) headsAt(off int64) bool {
	if off < 0 || m.archive.signatureAt(off) != localSignature {
		return false
	}
	stated, err := m.rawName()
	if err != nil {
		return false
	}
	b := make([]byte, localSize+len(stated))
	if _, err := m.archive.file.ReadAt(b, off); err != nil {
		return false
	}
	return int(binary.LittleEndian.Uint16(b[26:])) == len(stated) && bytes.Equal(b[localSize:], stated)
}

// unwrapSize looks at a member behind whose data there seem to be 4 GiB or more that belong to
// nobody.
func (m *Member) unwrapSize() error {
	file := m.archive.file
	var b [localSize]byte
	if _, err := file.ReadAt(b[:], m.headerOffset); err != nil {
		return err
	}
	le := binary.LittleEndian
	if le.Uint32(b[:]) != localSignature {
		return nil
	}
	data := m.headerOffset + localSize + int64(le.Uint16(b[26:])) + int64(le.Uint16(b[28:]))
	descriptors := []int64{0}
	if le.Uint16(b[6:])&flagDescriptor != 0 {
		descriptors = []int64{16, 12, 24, 20}
	}
	for _, n := range descriptors {
		packed := m.archive.limit(m) - data - n
		if packed <= m.CompressedSize || packed%wrap != m.CompressedSize {
			continue
		}
		size, ok := m.lengthOf(data, packed)
		if !ok || size < m.Size || size%wrap != m.Size || m.Method == Stored && size != packed {
			continue
		}
		m.CompressedSize, m.Size, m.archive.end.wrapped = packed, size, true
		return nil
	}
	return nil
}

// lengthOf asks how long a content is whose data lie at off.
func (m *Member) lengthOf(off, packed int64) (int64, bool) {
	data := io.NewSectionReader(m.archive.file, off, packed)
	switch m.Method {
	case Stored:
		return m.archive.config.length(data)
	case Deflate:
		const head = 64 << 10 // more than all but the strangest headers have
		b, err := io.ReadAll(io.LimitReader(flate.NewReader(data), head))
		if err != nil {
			return 0, false
		}
		return m.archive.config.length(bytes.NewReader(b))
	}
	return 0, false
}
