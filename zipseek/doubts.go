package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"
)

// A Doubt is something about an archive that is read here, and that other programs may read
// differently or refuse. Here it is read as Python's zipfile reads it, wherever zipfile reads it.
type Doubt struct {
	Err *FormatError

	// Minor says that no program finds other members or other content for it: programs refuse it,
	// or know a member by another name.
	Minor bool
}

// addDoubt notes a doubt.
type addDoubt func(minor bool, offset int64, field, format string, args ...any)

// maxVersion is the highest version of the specification that zipfile knows.
const maxVersion = 63

// Doubts says what about the end of the archive and its directory as a whole is open to doubt. It
// reads little, and ends at the first error of reading.
func (a *Archive) Doubts() ([]Doubt, error) {
	var out []Doubt
	add := func(minor bool, offset int64, field, format string, args ...any) {
		out = append(out, Doubt{a.doubtful(offset, field, format, args...), minor})
	}
	if a.cut != nil {
		return nil, nil
	}
	e, size := a.end, a.file.Size()
	if e.cut > 0 {
		add(true, e.pos+20, "comment", "is cut off: %d bytes are missing at the end of the file", e.cut)
	}
	if old, ok := readJournal(a.path); ok && old < size {
		size = old // the rest is being appended
	}
	if e.end < size {
		add(true, e.end, "end record", "%d bytes follow the archive", size-e.end)
	}
	if err := a.doubtEnds(size, add); err != nil {
		return nil, err
	}
	if n := int64(len(a.members)); e.count != n && (e.wide || e.count != n&escape16) {
		add(false, e.pos+10, "end record", "states %d members, where the directory has %d", e.count, n)
	}
	if e.wrapped {
		add(true, e.pos, "end record", "offsets and sizes are stated modulo 4 GiB, without zip64 numbers")
	}
	if gap := e.dirEnd - e.start - e.size; gap > 0 {
		add(true, e.start+e.size, "directory", "%d bytes follow the directory, which zipfile refuses", gap)
	} else if e.base != 0 && e.size > 0 && e.offset != e.start && a.signatureAt(e.offset) == directorySignature {
		add(false, e.pos+16, "directory offset", "there is another directory at offset %d than the one that ends at the end record", e.offset)
	}
	if n := len(a.members); n > 0 {
		var lengths [6]byte
		last := a.members[n-1].entry
		if _, err := a.file.ReadAt(lengths[:], last+28); err != nil {
			return nil, err
		}
		end := last + directorySize
		for i := 0; i < len(lengths); i += 2 {
			end += int64(binary.LittleEndian.Uint16(lengths[i:]))
		}
		if end != e.start+e.size {
			add(true, end, "directory", "%d bytes follow the entries, which zipfile refuses", e.start+e.size-end)
		}
	}
	if e.base < 0 {
		add(true, 0, "directory offset", "%d bytes are missing before the start of the file", -e.base)
	} else if first := a.order(); a.signatureAt(0) == localSignature && (len(first) == 0 || first[0].headerOffset != 0) {
		add(false, 0, "local header", "the file begins with a member that the directory does not list")
	}
	return out, a.file.Unmodified()
}

// doubtEnds looks for other records that lead to other directories.
func (a *Archive) doubtEnds(size int64, add addDoubt) error {
	t, err := a.readTail(size)
	if err != nil {
		return err
	}
	for i, at := range t.candidates() {
		pos := t.start + int64(at)
		switch other, err := a.readEnd(t, at); {
		case pos == a.end.pos:
		case i == 0:
			add(true, pos, "end record", "what looks like the last one leads to no directory, and zipfile refuses the archive")
		case t.fit(at) == 0 && !errors.Is(err, errNoDirectory) && (err != nil || other.start != a.end.start || other.size != a.end.size || other.base != a.end.base):
			add(false, pos, "end record", "there is another, whose comment ends with the file, and which leads to another directory")
		}
	}
	if last := bytes.LastIndex(t.b, []byte("PK\x05\x06")); len(t.b)-last < endSize && a.end.end > t.start+int64(last) && len(a.end.comment) > 0 {
		add(true, t.start+int64(last), "comment", "contains the signature of an end record, for which zipfile refuses the archive")
	}
	at := a.end.pos - locatorSize
	if at < 0 || a.signatureAt(at) != locatorSignature {
		return nil
	}
	var locator [locatorSize]byte
	if _, err := a.file.ReadAt(locator[:], at); err != nil {
		return err
	}
	le := binary.LittleEndian
	switch stated := int64(le.Uint64(locator[8:])); {
	case !a.end.wide:
		if le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) > 1 {
			add(true, at, "directory", "ends with what zipfile takes for a zip64 locator, and refuses")
		}
	case stated != a.end.dirEnd && stated != a.end.dirEnd-a.end.base:
		add(true, at+8, "zip64 locator", "the zip64 end record is not at offset %d, but at %d", stated, a.end.dirEnd)
	case a.end.dirEnd != at-end64Size:
		add(true, a.end.dirEnd, "zip64 end record", "has extensible data, which zipfile refuses")
	}
	return nil
}

func (a *Archive) doubtful(offset int64, field, format string, args ...any) *FormatError {
	return &FormatError{Path: a.path, Offset: offset, Field: field, Err: badf(format, args...)}
}

// Doubts says what about a member is open to doubt. It reads the directory entry, the local header
// and what follows the data. A member that is refused has no doubts but its error, which is that of
// [Member.DataOffset].
func (m *Member) Doubts() ([]Doubt, error) {
	data, err := m.DataOffset()
	if err != nil || m.entry < 0 {
		return nil, err
	}
	var out []Doubt
	add := func(minor bool, offset int64, field, format string, args ...any) {
		e := m.archive.doubtful(offset, field, format, args...)
		e.Member = m.Name
		out = append(out, Doubt{e, minor})
	}
	le := binary.LittleEndian
	entry := make([]byte, directorySize)
	if _, err := m.archive.file.ReadAt(entry, m.entry); err != nil {
		return nil, err
	}
	more := make([]byte, int(le.Uint16(entry[28:]))+int(le.Uint16(entry[30:])))
	if _, err := m.archive.file.ReadAt(more, m.entry+directorySize); err != nil {
		return nil, err
	}
	raw, extra := more[:le.Uint16(entry[28:])], more[le.Uint16(entry[28:]):]
	if entry[6] > maxVersion {
		add(true, m.entry+6, "directory", "needs version %d.%d of the format, for which zipfile refuses the archive", entry[6]/10, entry[6]%10)
	}
	if !wellFormed(extra) {
		add(true, m.entry+30, "directory", "an extra field ends beyond the others, for which zipfile refuses the archive")
	}
	if disk := le.Uint16(entry[34:]); disk != 0 && disk != escape16 {
		add(true, m.entry+34, "directory", "is said to be on disk %d", disk)
	}
	if m.headerOffset >= m.archive.end.start {
		add(true, m.headerOffset, "local header", "lies behind the directory, which zipfile refuses since Python 3.13")
	}
	m.doubtName(raw, extra, add)
	return out, m.doubtLocal(data, raw, add)
}

// doubtName looks at how the name is written in the directory.
func (m *Member) doubtName(raw, extra []byte, add addDoubt) {
	at := m.entry + directorySize
	text := decodeName(raw, m.Flags)
	switch {
	case m.Flags&flagUTF8 != 0 && !utf8.Valid(raw):
		add(true, at, "name", "is not UTF-8, for which zipfile refuses the archive")
	case m.Name != string(cutNUL(text)):
		add(true, at, "name", "is %.100q without the Unicode extra field, which Python before 3.12 does not read", text)
	case bytes.IndexByte(raw, 0) >= 0:
		add(true, at, "name", "goes on after a NUL: %.100q", text)
	}
	for id, field := range extraFields(extra) {
		if id == extraUnicode && len(field) > 5 && field[0] == 1 && !utf8.Valid(field[5:]) {
			add(true, at, "name", "has a Unicode extra field that is not UTF-8, for which zipfile refuses the archive since Python 3.12")
		}
	}
	if strings.Contains(m.Name, `\`) {
		add(true, at, "name", `contains a "\", which is a "/" on Windows`)
	}
}

// doubtLocal compares what the local header and what follows the data say with the directory.
// Programs that read archives as streams go by them.
func (m *Member) doubtLocal(data int64, name []byte, add addDoubt) error {
	le := binary.LittleEndian
	b := make([]byte, data-m.headerOffset)
	if _, err := m.archive.file.ReadAt(b, m.headerOffset); err != nil {
		return err
	}
	flags, local := le.Uint16(b[6:]), b[localSize:][:le.Uint16(b[26:])]
	if flags&flagMasked != 0 {
		return nil
	}
	if (flags^m.Flags)&flagUTF8 != 0 && !bytes.Equal(decodeName(local, flags), decodeName(name, m.Flags)) {
		add(true, m.headerOffset+6, "flags", "say by the local header and by the directory that the name has another encoding, which zipfile refuses")
	}
	sum, packed, size := le.Uint32(b[14:]), int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	for id, field := range extraFields(b[localSize+len(local):]) {
		for _, n := range []*int64{&size, &packed} {
			if id == extraZip64 && *n == escape32 && len(field) >= 8 {
				*n, field = int64(le.Uint64(field)), field[8:]
			}
		}
	}
	same := sum == m.CRC32 && packed == m.CompressedSize && size == m.Size
	if flags&flagDescriptor == 0 {
		if !same {
			add(false, m.headerOffset+14, "local header", "sizes or checksum are not those of the directory")
		}
		return nil
	}
	if !same && (sum != 0 || packed != 0 || size != 0) && !(packed == escape32 && size == escape32) {
		add(false, m.headerOffset+14, "local header", "sizes or checksum are not those of the directory")
	}
	if !m.describedAt(data + m.CompressedSize) {
		add(false, data+m.CompressedSize, "data descriptor", "is not there, or not with the sizes and the checksum of the directory")
	}
	return nil
}

// describedAt reports whether there is a data descriptor at off that says what the directory says,
// in one of its four forms.
func (m *Member) describedAt(off int64) bool {
	b := make([]byte, min(24, max(m.archive.file.Size()-off, 0)))
	if _, err := m.archive.file.ReadAt(b, off); err != nil {
		return false
	}
	le := binary.LittleEndian
	for _, signed := range []bool{true, false} {
		var want []byte
		if signed {
			want = append(want, "PK\x07\x08"...)
		}
		want = le.AppendUint32(want, m.CRC32)
		short := le.AppendUint32(le.AppendUint32(want[:len(want):len(want)], uint32(m.CompressedSize)), uint32(m.Size))
		long := le.AppendUint64(le.AppendUint64(want[:len(want):len(want)], uint64(m.CompressedSize)), uint64(m.Size))
		if bytes.HasPrefix(b, short) || bytes.HasPrefix(b, long) {
			return true
		}
	}
	return false
}

// wellFormed reports whether extra fields fill their area, as far as zipfile looks at it.
func wellFormed(extra []byte) bool {
	for len(extra) >= 4 {
		n := 4 + int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra) {
			return false
		}
		extra = extra[n:]
	}
	return true
}
