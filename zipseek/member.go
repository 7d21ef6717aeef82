package zipseek

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// A Member is one entry of an archive. The fields are what the directory says, and must not be
// changed.
type Member struct {
	Name           string // as text; "/" at the end of a folder's
	Method         Method
	Flags          uint16
	CRC32          uint32 // of the content
	CompressedSize int64  // bytes in the file
	Size           int64  // bytes of content

	archive          *Archive
	headerOffset     int64 // of the local header in the file
	entry            int64 // offset of the directory entry in the file
	dosTime, dosDate uint16
	flaw             flaw
	plain            bool // Name is all that the entry has as its name
	rest             bool // what there is of one that was cut off; see [Archive.Rest]

	content atomic.Pointer[content]
}

// A flaw is why a member whose entry can be read in two ways is not read.
type flaw uint8

const (
	flawNone flaw = iota
	flawZip64
	flawName
)

var flawTexts = [...]string{
	flawZip64: "the entry has two zip64 extra fields",
	flawName:  "its name and its Unicode extra field differ, and both say that they are UTF-8",
}

// content is what is known of a member that has been used.
type content struct {
	locate func() (int64, error)
	open   func() (bytesrc.Source, error)
	check  func() error // for CheckAlways
}

// String names a method as "stored" or "deflated", or by its number.
func (m Method) String() string {
	if s, ok := methodNames[m]; ok {
		return s
	}
	return "method " + strconv.Itoa(int(m))
}

// Archive is the archive that m belongs to.
func (m *Member) Archive() *Archive { return m.archive }

// IsDir reports whether m is a folder, which is an empty member whose name ends in "/".
func (m *Member) IsDir() bool { return len(m.Name) > 0 && m.Name[len(m.Name)-1] == '/' }

// appleDouble is how files begin that hold what macOS knows of another file.
const appleDouble = "\x00\x05\x16\x07"

// IsAppleDouble reports whether m is what macOS adds to an archive for a member: a file ._NAME in
// the format AppleDouble, or anything in the folder __MACOSX that is no other file. It reads four
// bytes of members that are called so, and none of others.
func (m *Member) IsAppleDouble() bool {
	inside := strings.HasPrefix(m.Name, "__MACOSX/")
	if !inside && !strings.HasPrefix(path.Base(m.Name), "._") {
		return false
	}
	if m.IsDir() {
		return inside
	}
	var magic [len(appleDouble)]byte
	if n, err := m.ReadAt(magic[:], 0); n < len(magic) && err != nil {
		return inside
	}
	return string(magic[:]) == appleDouble
}

// Modified is the time stamp, in local time of whoever wrote it, to two seconds. NumPy writes
// 1980-01-01 for all.
func (m *Member) Modified() time.Time {
	d, t := int(m.dosDate), int(m.dosTime)
	return time.Date(1980+d>>9, time.Month(d>>5&15), d&31, t>>11, t>>5&63, t&31*2, 0, time.UTC)
}

// HeaderOffset is where the local header begins in the file.
func (m *Member) HeaderOffset() int64 { return m.headerOffset }

// DataOffset is where the bytes of the member begin in the file, as its local header says. It
// fails if the local header contradicts the directory, or the member does not lie where it says.
func (m *Member) DataOffset() (int64, error) { return m.state().locate() }

// Source returns the content as a source of bytes: in place for a stored member, inflated as
// needed for a deflated one. It belongs to the archive; closing it does nothing.
func (m *Member) Source() (bytesrc.Source, error) {
	c := m.state()
	src, err := c.open()
	if err == nil && m.archive.config.check == CheckAlways {
		err = c.check()
	}
	if err != nil {
		return nil, err
	}
	return src, nil
}

// ReadAt implements [io.ReaderAt] over the content.
func (m *Member) ReadAt(p []byte, off int64) (int, error) {
	src, err := m.Source()
	if err != nil {
		return 0, err
	}
	return src.ReadAt(p, off)
}

// Reader returns a reader of the content.
func (m *Member) Reader() *io.SectionReader { return io.NewSectionReader(m, 0, m.Size) }

// View returns n bytes of a stored member in the mapped file, valid until the archive is closed.
// For other members, and other back ends than "mmap", it fails.
func (m *Member) View(off, n int64) ([]byte, error) {
	src, err := m.Source()
	if err != nil {
		return nil, err
	}
	return src.View(off, n)
}

// state is made at the first use.
func (m *Member) state() *content {
	if c := m.content.Load(); c != nil {
		return c
	}
	c := &content{}
	c.locate = sync.OnceValues(m.locate)
	c.open = sync.OnceValues(m.open)
	c.check = sync.OnceValue(m.verifyAll)
	if !m.content.CompareAndSwap(nil, c) {
		return m.content.Load()
	}
	return c
}

// open makes the source for the method.
func (m *Member) open() (bytesrc.Source, error) {
	data, err := m.DataOffset()
	if err != nil {
		return nil, err
	}
	switch {
	case m.Method == Stored:
		return m.archive.file.Section(m.fullName(), data, m.Size), nil
	case m.rest && m.sequentially():
		return newSequential(m, data), nil
	}
	switch m.Method {
	case Deflate:
		return newInflated(m, data), nil
	case BZip2, LZMA, Zstd:
		return newSequential(m, data), nil
	}
	return nil, m.formatError(m.headerOffset, "method", &badZip{msg: m.Method.String() + ": " + ErrMethod.Error(), kind: ErrMethod})
}

// fullName names the member in errors.
func (m *Member) fullName() string { return m.archive.path + ":" + bytesrc.Printable(m.Name) }

// locate reads the local header, compares it with the directory, and returns where the data begin.
//
//	offset size                      offset size
//	0      4    signature            14     4    CRC-32
//	4      2    needed to read       18     4    compressed size
//	6      2    flags                22     4    size
//	8      2    method               26     2    length of the name
//	10     4    time, date           28     2    length of the extra field
//	                                 30          name, extra field
//
// Sizes and CRC are not looked at: writers to streams leave them zero, and Python ignores them.
func (m *Member) locate() (int64, error) {
	a := m.archive
	if err := a.file.Unmodified(); err != nil {
		return 0, err
	}
	switch {
	case m.flaw != flawNone:
		return 0, m.formatError(m.entry, "directory", badf("%s", flawTexts[m.flaw]))
	case m.headerOffset < 0:
		return 0, m.formatError(-1, "local header", badf("lies %d bytes before the start of the file, which seems to be cut off there", -m.headerOffset))
	case m.headerOffset > a.file.Size()-localSize:
		return 0, m.formatError(m.headerOffset, "local header", badf("lies beyond the end of the file"))
	}
	b := make([]byte, min(localSize+int64(len(m.Name))+64, a.file.Size()-m.headerOffset))
	if _, err := a.file.ReadAt(b, m.headerOffset); err != nil {
		return 0, err
	}
	if binary.LittleEndian.Uint32(b) != localSignature {
		return 0, m.formatError(m.headerOffset, "local header", badf("does not begin with its signature"))
	}
	nameLen, extraLen := int64(binary.LittleEndian.Uint16(b[26:])), int64(binary.LittleEndian.Uint16(b[28:]))
	data := m.headerOffset + localSize + nameLen + extraLen
	if err := m.checkLocal(b, int(nameLen)); err != nil {
		return 0, err
	}
	return data, m.checkPlace(data)
}

// checkLocal compares what both headers say.
func (m *Member) checkLocal(b []byte, nameLen int) error {
	flags, method := binary.LittleEndian.Uint16(b[6:]), Method(binary.LittleEndian.Uint16(b[8:]))
	if err := m.checkFlags(flags); err != nil {
		return err
	}
	if method != m.Method {
		return m.formatError(m.headerOffset+8, "local header", badf("method is %v here and %v in the directory", method, m.Method))
	}
	if (m.Flags|flags)&flagMasked != 0 {
		return nil // the name is hidden
	}
	raw := make([]byte, nameLen)
	if n := copy(raw, b[localSize:]); n < nameLen {
		if _, err := m.archive.file.ReadAt(raw[n:], m.headerOffset+localSize+int64(n)); err != nil {
			return m.formatError(m.headerOffset+26, "local header", badf("name of %d bytes ends beyond the file", nameLen))
		}
	}
	// Each header says by its own flag how its name is encoded: a name may have changed from code
	// page 437 to UTF-8 when Python wrote the directory again.
	name := decodeName(raw, flags)
	if m.plain && bytes.Equal(name, []byte(m.Name)) {
		return nil
	}
	stated, err := m.rawName()
	if err != nil {
		return err
	}
	if text := decodeName(stated, m.Flags); !bytes.Equal(raw, stated) && !bytes.Equal(name, text) {
		return m.formatError(m.headerOffset+localSize, "local header", badf("name is %.100q here and %.100q in the directory", name, text))
	}
	return nil
}

// rawName is the name in the directory entry as it lies there.
func (m *Member) rawName() ([]byte, error) {
	at, name := m.entry+28, m.entry+directorySize
	if m.entry < 0 { // found by its local header
		at, name = m.headerOffset+26, m.headerOffset+localSize
	}
	var n [2]byte
	if _, err := m.archive.file.ReadAt(n[:], at); err != nil {
		return nil, err
	}
	raw := make([]byte, binary.LittleEndian.Uint16(n[:]))
	_, err := m.archive.file.ReadAt(raw, name)
	return raw, err
}

// checkFlags refuses what would be read as content and is not.
func (m *Member) checkFlags(local uint16) error {
	switch flags := m.Flags | local; {
	case flags&flagStrong != 0:
		return m.formatError(m.headerOffset+6, "flags", &badZip{msg: "strongly encrypted, which is not supported", kind: ErrEncrypted})
	case flags&flagEncrypted != 0:
		return m.formatError(m.headerOffset+6, "flags", &badZip{msg: "encrypted, which is not supported", kind: ErrEncrypted})
	case flags&flagPatch != 0:
		return m.formatError(m.headerOffset+6, "flags", &badZip{msg: "patch data, which is not supported", kind: ErrMethod})
	}
	return nil
}

// checkPlace makes sure that the data lie inside the file and are nobody else's.
func (m *Member) checkPlace(data int64) error {
	a := m.archive
	switch limit := a.limit(m); {
	case m.CompressedSize > a.file.Size()-data:
		return m.formatError(data, "compressed size", &badZip{eof: true,
			msg: "data of " + strconv.FormatInt(m.CompressedSize, 10) + " bytes end beyond the file"})
	case data+m.CompressedSize > limit:
		return m.formatError(data, "compressed size", badf("data of %d bytes overlap what begins at offset %d (possible zip bomb)", m.CompressedSize, limit))
	case m.Method == Stored && m.CompressedSize != m.Size:
		return m.formatError(data, "size", badf("stored data of %d bytes are said to hold %d", m.CompressedSize, m.Size))
	case m.Method == Deflate && m.Size/maxRatio > m.CompressedSize:
		return m.formatError(data, "size", badf("%d bytes cannot be deflated to %d", m.Size, m.CompressedSize))
	}
	return nil
}

// maxRatio is more than deflate can achieve: 258 bytes in two bits.
const maxRatio = 1032

// Bytes reads the whole content into memory. A content that does not fit is an error that matches
// [ErrTooLarge]; [Member.Source] reads it in pieces.
func (m *Member) Bytes() ([]byte, error) {
	src, err := m.Source()
	if err != nil {
		return nil, err
	}
	b, err := bytesrc.Allocate(m.Size, false)
	if err != nil {
		if s, ok := src.(*sequential); ok { // whose size may be anything
			if lie := s.verify(context.Background()); lie != nil {
				return nil, lie
			}
		}
		return nil, m.formatError(-1, "size", err)
	}
	_, err = src.ReadAt(b, 0)
	return b, err
}
