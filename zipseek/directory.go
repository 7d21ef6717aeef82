package zipseek

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// maxDirectory bounds what is read of a directory: some 20 million members. Its size was compared
// with that of the file, but a sparse file can be as large as it likes.
const maxDirectory = 2 << 30

// signatureAt is the four bytes at off, or 0 if there are none.
func (a *Archive) signatureAt(off int64) uint32 {
	var b [4]byte
	if _, err := a.file.ReadAt(b[:], off); err != nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b[:])
}

// readDirectory reads the members. The number of entries that the end record states is not
// looked at: it wraps at 65,536, and Python ignores it too.
func (a *Archive) readDirectory(e endRecord) error {
	if e.size > maxDirectory || int64(int(e.size)) != e.size {
		return a.formatError(e.start, "directory", badf("%d bytes of directory are more than the %d that are read", e.size, int64(maxDirectory)))
	}
	if e.size == 0 {
		return nil
	}
	return bytesrc.WithGuard(a.file, e.start, int(e.size), func(b []byte) error { return a.parseDirectory(b, e) })
}

// parseDirectory parses the entries. Their number is bounded by the length of the directory, at
// 46 bytes each, which is in memory already.
func (a *Archive) parseDirectory(dir []byte, e endRecord) error {
	members := make([]Member, countEntries(dir))
	names := make([]byte, 0, len(dir)/2)
	ends := make([]int, len(members)) // of each name in names
	at := 0
	for i := range members {
		n := entryLen(dir[at:])
		m := &members[i]
		m.archive, m.entry = a, e.start+int64(at)
		name, err := m.parse(dir[at:at+n], e)
		if err != nil {
			return a.formatError(e.start+int64(at), "directory", badf("entry %d (%.100q): %v", i, name, err))
		}
		names = append(names, name...)
		ends[i] = len(names)
		at += n
	}
	switch rest := dir[at:]; {
	case len(rest) == 0 || len(members) > 0 && signature(rest) == digitalSignature:
	case signature(rest) != directorySignature:
		return a.formatError(e.start+int64(at), "directory", badf("entry %d does not begin with its signature", len(members)))
	default:
		return a.formatError(e.start+int64(at), "directory", badf("entry %d ends beyond the directory", len(members)))
	}
	// One string holds all names, so that a hundred thousand members are not as many
	// allocations.
	all, start := string(names), 0
	for i := range members {
		members[i].Name = all[start:ends[i]]
		start = ends[i]
	}
	a.members = members
	return nil
}

// countEntries is how many whole entries a directory begins with.
func countEntries(dir []byte) int {
	count := 0
	for signature(dir) == directorySignature {
		n := entryLen(dir)
		if n == 0 {
			break
		}
		dir = dir[n:]
		count++
	}
	return count
}

// signature is the first four bytes, or 0 if there are fewer.
func signature(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// entryLen is the length of the directory entry at the start of b, or 0 if b is too short.
func entryLen(b []byte) int {
	if len(b) < directorySize {
		return 0
	}
	n := directorySize + int(binary.LittleEndian.Uint16(b[28:])) + int(binary.LittleEndian.Uint16(b[30:])) + int(binary.LittleEndian.Uint16(b[32:]))
	if n > len(b) {
		return 0
	}
	return n
}

// parse takes over a whole directory entry and returns the name, decoded.
//
//	offset size                      offset size
//	0      4    signature            24     4    size
//	4      2    made by              28     2    length of the name
//	6      2    needed to read       30     2    length of the extra field
//	8      2    flags                32     2    length of the comment
//	10     2    method               34     2    disk
//	12     2    time                 36     2    internal attributes
//	14     2    date                 38     4    external attributes
//	16     4    CRC-32               42     4    offset of the local header
//	20     4    compressed size      46          name, extra field, comment
func (m *Member) parse(b []byte, e endRecord) (name []byte, err error) {
	le := binary.LittleEndian
	m.Flags, m.Method = le.Uint16(b[8:]), Method(le.Uint16(b[10:]))
	m.dosTime, m.dosDate = le.Uint16(b[12:]), le.Uint16(b[14:])
	m.CRC32 = le.Uint32(b[16:])
	m.CompressedSize, m.Size = int64(le.Uint32(b[20:])), int64(le.Uint32(b[24:]))
	m.headerOffset = int64(le.Uint32(b[42:]))
	raw := b[directorySize:][:le.Uint16(b[28:])]
	extra := b[directorySize+len(raw):][:le.Uint16(b[30:])]
	wide := []*int64{&m.Size, &m.CompressedSize, &m.headerOffset}
	name = m.parseName(raw, extra)
	for id, field := range extraFields(extra) {
		if id != extraZip64 {
			continue
		}
		if wide == nil {
			m.flaw = flawZip64
			break
		}
		for _, n := range wide { // only those that did not fit, in this order
			if *n != escape32 {
				continue
			}
			if len(field) < 8 {
				return name, badf("zip64 extra field is too short")
			}
			*n, field = int64(le.Uint64(field)), field[8:]
		}
		wide = nil
	}
	if m.Size < 0 || m.CompressedSize < 0 || m.headerOffset < 0 || e.base > 0 && m.headerOffset > math.MaxInt64-e.base {
		return name, badf("zip64 number is out of range")
	}
	m.headerOffset += e.base // less than 0 where the front of the archive was cut off
	return name, nil
}

// parseName decodes a name: the last Unicode extra field that belongs to it has it, as in Python
// since 3.12, or else it is UTF-8 if the flag says so, and code page 437 if not. As in Python, a
// NUL ends it.
func (m *Member) parseName(raw, extra []byte) []byte {
	text := decodeName(raw, m.Flags)
	name := cutNUL(text)
	m.plain = len(name) == len(text) && (m.Flags&flagUTF8 == 0 || utf8.Valid(raw))
	for id, field := range extraFields(extra) {
		// Info-ZIP's Unicode path: version 1, CRC-32 of the name in the entry, name.
		if id != extraUnicode || len(field) <= 5 || field[0] != 1 || binary.LittleEndian.Uint32(field[1:]) != crc32.ChecksumIEEE(raw) || !utf8.Valid(field[5:]) {
			continue
		}
		if name = cutNUL(field[5:]); !bytes.Equal(name, text) {
			m.plain = false
			if m.Flags&flagUTF8 != 0 { // by one rule the one name counts, by another the other
				m.flaw = flawName
			}
		}
	}
	return name
}

// cutNUL is what lies before the first NUL.
func cutNUL(name []byte) []byte {
	if i := bytes.IndexByte(name, 0); i >= 0 {
		return name[:i]
	}
	return name
}

// decodeName is a whole name as text. Bytes that are no UTF-8 become U+FFFD.
func decodeName(raw []byte, flags uint16) []byte {
	ascii := true
	for _, c := range raw {
		ascii = ascii && c < utf8.RuneSelf
	}
	switch {
	case ascii:
		return raw
	case flags&flagUTF8 == 0:
		return []byte(fromCP437(raw))
	case utf8.Valid(raw):
		return raw
	}
	return []byte(strings.ToValidUTF8(string(raw), "\uFFFD"))
}

// extraFields yields the fields of an extra area until it ends or makes no sense, as aligning tools
// fill it with plain zeros.
func extraFields(b []byte) func(yield func(id uint16, field []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
			if n > len(b)-4 || !yield(id, b[4:4+n]) {
				return
			}
			b = b[4+n:]
		}
	}
}
