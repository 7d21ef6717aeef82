package zipseek

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
)

// maxScanned bounds the members that are found by their local headers.
const maxScanned = 1 << 20

// Partial opens an archive whose end is missing, as a full disk or an interrupted copy leaves it,
// by the local headers of its members: those that lie whole in the file can be read, and the
// beginning of the next ([Archive.Rest]). [Archive.Cut] says what is missing. Where a local header
// does not say how long the data are, a deflated member is inflated to find its end, and a stored
// one searched for its data descriptor. So is an archive whose directory is damaged. It changes
// nothing about one that has its directory. Default: such archives are refused.
func Partial() Option {
	return func(c *config) error {
		c.partial = true
		return nil
	}
}

// LocalHeaders opens an archive as [Partial] does, whatever its directory says: members of which
// the directory is wrong can be read so, and others, which were removed from it, can appear.
// Default: by the directory.
func LocalHeaders() Option {
	return func(c *config) error {
		c.local = true
		return nil
	}
}

// Cut is nil for an archive that was read by its directory. For one that was opened by its local
// headers (see [Partial]) it is an error that matches [io.ErrUnexpectedEOF] and says where they
// end, and why.
func (a *Archive) Cut() error { return a.cut }

// behindAll is why members end where the directory begins.
const behindAll = "it is cut off in its directory, behind all members"

// scan finds the members by their local headers, from the start of the file on, until one is not
// whole. What was wrong with the directory is told; nil if nobody has looked at it.
func (a *Archive) scan(size int64, damage error) error {
	a.members = nil // that were found before the damage
	if a.signatureAt(0) != localSignature {
		return a.formatError(0, "local header", badf("the file does not begin with a member"))
	}
	at, why := int64(0), ""
	for why == "" {
		if len(a.members) == maxScanned {
			why = fmt.Sprintf("more than %d members are not looked for", maxScanned)
			break
		}
		n := len(a.members)
		a.members = append(a.members, Member{archive: a, headerOffset: at, entry: -1})
		next, cut, err := a.members[n].scanLocal(size)
		if err == nil && cut != "" {
			err = a.scanRest(at, size)
		}
		if err != nil {
			return err
		}
		if hidden := n > 0 && a.members[n].Name == sozipName(a.members[n-1].Name); hidden || cut != "" {
			a.members = a.members[:n]
		}
		at, why = max(at, next), cut
	}
	a.end = endRecord{start: at, end: at, pos: at, dirEnd: at}
	if !errors.Is(damage, errNoDirectory) && why == behindAll {
		why = "all members lie before it"
	}
	a.cut = a.formatError(at, "end record", &badZip{eof: true, msg: reading(damage) + why})
	return a.file.Unmodified()
}

// Rest is the member that an archive was cut off in, as far as it goes, if it was opened by its
// local headers and there is anything of its content; nil otherwise, or if a member of this name is
// whole. It is not among [Archive.All]. Its Size is what there is, which it can be read to, and
// nothing says whether that is right: whoever reads all and asks for its checksum ([Member.Verify],
// [Member.Content], [CheckAlways]) gets an error that matches [io.ErrUnexpectedEOF]. Content that
// is compressed is decoded from its start.
func (a *Archive) Rest() *Member { return a.rest }

// scanRest looks at the member whose local header is at off, and which is not whole.
func (a *Archive) scanRest(off, size int64) error {
	m := &Member{archive: a, headerOffset: off, entry: -1, rest: true}
	data, ok, err := m.readLocal(size)
	if err != nil || !ok || data >= size || m.checkFlags(m.Flags) != nil {
		return err
	}
	declared, n := m.CompressedSize, len(a.members)-1
	if m.IsDir() || n > 0 && m.Name == sozipName(a.members[n-1].Name) {
		return nil
	}
	for i := range a.members[:n] {
		if a.members[i].Name == m.Name {
			return nil
		}
	}
	if m.CompressedSize = size - data; declared > 0 && declared < m.CompressedSize {
		return nil // it ends in the file, and what follows is damaged
	}
	switch {
	case m.Method == Stored:
		m.Size = m.CompressedSize
	case m.sequentially():
		if m.Size, err = m.decodable(data); err != nil {
			return err
		}
	default:
		m.Size = 0
	}
	if m.Size > 0 {
		a.rest = m
	}
	return nil
}

// sequentially reports whether a member can be decoded from its start on.
func (m *Member) sequentially() bool {
	return m.Method == Deflate || m.Method == BZip2 || m.Method == LZMA || m.Method == Zstd
}

// decodable is how many bytes come of data that are cut off; 0 if they end in any other way.
func (m *Member) decodable(data int64) (int64, error) {
	m.Size = math.MaxInt64
	s := newSequential(m, data)
	d, err := s.begin()
	if err != nil {
		return 0, nil //nolint:nilerr // not even its beginning is there
	}
	defer s.end(d)
	n, err := io.Copy(io.Discard, d.r)
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		return 0, fault
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil
	}
	return n, nil
}

// reading says why an archive is read by its local headers.
func reading(damage error) string {
	bad, ok := errors.AsType[*FormatError](damage)
	switch {
	case damage == nil || !ok:
		return "the directory is not used; "
	case errors.Is(damage, errNoDirectory):
		return "the archive has no directory; "
	}
	told := *bad
	told.Path = ""
	return "the directory is damaged (" + told.Error() + "); "
}

// scanLocal takes what is known of a member from its local header, and returns where the next one
// begins, or why this one is not whole.
func (m *Member) scanLocal(size int64) (next int64, cut string, err error) {
	data, there, err := m.readLocal(size)
	switch {
	case err != nil:
		return 0, "", err
	case there:
	case m.archive.signatureAt(m.headerOffset) == directorySignature && m.headerOffset <= size-localSize:
		return 0, behindAll, nil
	case m.archive.signatureAt(m.headerOffset) != localSignature && m.headerOffset <= size-localSize:
		return 0, "what follows is no member", nil
	default:
		return 0, "the next member is cut off", nil
	}
	if m.Flags&flagDescriptor != 0 && m.Size == 0 && m.CompressedSize == 0 {
		next, err = m.findDescriptor(data, size)
		if err == nil && next == 0 {
			cut = fmt.Sprintf("%.100q is cut off", m.Name)
		}
		return next, cut, err
	}
	switch next = data + m.CompressedSize; {
	case m.Size < 0 || m.CompressedSize < 0 || m.CompressedSize > size-data:
		return 0, fmt.Sprintf("%.100q is cut off after %d bytes", m.Name, size-data), nil
	case m.Flags&flagDescriptor != 0:
		if next = m.behindDescriptor(next); next == 0 {
			return 0, fmt.Sprintf("%.100q is cut off", m.Name), nil
		}
	case m.Size == 0 && !m.archive.goesOnAt(next):
		// a header that was to be filled in later
		return 0, fmt.Sprintf("%.100q was never finished", m.Name), nil
	}
	return next, "", nil
}

// readLocal takes over what a local header says of a member, and returns where its data begin;
// false if it is none, or is not whole.
func (m *Member) readLocal(size int64) (data int64, ok bool, err error) {
	le := binary.LittleEndian
	file, at := m.archive.file, m.headerOffset
	if at > size-localSize {
		return 0, false, nil
	}
	b := make([]byte, localSize)
	if _, err := file.ReadAt(b, at); err != nil || le.Uint32(b) != localSignature {
		return 0, false, err
	}
	m.Flags, m.Method = le.Uint16(b[6:]), Method(le.Uint16(b[8:]))
	m.dosTime, m.dosDate, m.CRC32 = le.Uint16(b[10:]), le.Uint16(b[12:]), le.Uint32(b[14:])
	m.CompressedSize, m.Size = int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	nameLen := int(le.Uint16(b[26:]))
	data = at + localSize + int64(nameLen) + int64(le.Uint16(b[28:]))
	if data > size {
		return 0, false, nil
	}
	more := make([]byte, data-at-localSize)
	if _, err := file.ReadAt(more, at+localSize); err != nil && len(more) > 0 {
		return 0, false, err
	}
	extra := more[nameLen:]
	m.Name = string(m.parseName(more[:nameLen], extra))
	for id, field := range extraFields(extra) {
		for _, n := range []*int64{&m.Size, &m.CompressedSize} {
			if id == extraZip64 && *n == escape32 && len(field) >= 8 {
				*n, field = int64(le.Uint64(field)), field[8:]
			}
		}
	}
	return data, true, nil
}

// findDescriptor finds the end of data whose length is told behind them, and takes over what is
// told. It returns 0 if there is no end.
func (m *Member) findDescriptor(data, size int64) (next int64, err error) {
	in := &counted{r: bufio.NewReaderSize(io.NewSectionReader(m.archive.file, data, size-data), 256<<10)}
	switch m.Method {
	case Deflate:
		sum := crc32.NewIEEE()
		n, err := io.Copy(sum, flate.NewReader(in))
		if err != nil {
			return 0, cutOff(err)
		}
		m.CRC32, m.Size, m.CompressedSize = sum.Sum32(), n, in.n
		return m.behindDescriptor(data + in.n), nil
	case Stored:
		return m.findStored(in, data)
	}
	return 0, nil
}

// behindDescriptor is where the member ends whose data end at off, or 0 if no data descriptor of it
// is there.
func (m *Member) behindDescriptor(off int64) int64 {
	if !m.describedAt(off) {
		return 0
	}
	for _, n := range []int64{16, 24, 12, 20} {
		if m.archive.goesOnAt(off + n) {
			return off + n
		}
	}
	return 0
}

// goesOnAt reports whether a member or the directory begins at off, as far as the file goes.
func (a *Archive) goesOnAt(off int64) bool {
	n := min(a.file.Size()-off, 4)
	if n < 0 {
		return false
	}
	b := make([]byte, n)
	if _, err := a.file.ReadAt(b, off); err != nil && n > 0 {
		return false
	}
	return string(b) == "PK\x03\x04"[:n] || string(b) == "PK\x01\x02"[:n]
}

// findStored reads stored data up to a data descriptor that fits them. The next member, or the
// directory, must follow it.
func (m *Member) findStored(in *counted, data int64) (int64, error) {
	sum, last := crc32.NewIEEE(), uint32(0)
	var piece []byte
	for {
		c, err := in.ReadByte()
		if err != nil {
			return 0, cutOff(err)
		}
		piece = append(piece, c)
		last = last>>8 | uint32(c)<<24
		if last == descriptorSignature && in.n >= 4 {
			_, _ = sum.Write(piece[:len(piece)-4])
			m.CRC32, m.Size, m.CompressedSize = sum.Sum32(), in.n-4, in.n-4
			if next := m.behindDescriptor(data + m.Size); next != 0 {
				return next, nil
			}
			piece = append(piece[:0], piece[len(piece)-4:]...)
		} else if len(piece) >= 64<<10 {
			n := len(piece) - 3
			_, _ = sum.Write(piece[:n])
			piece = append(piece[:0], piece[n:]...)
		}
	}
}

// cutOff is nil for an error that says that data end or are none, and the error of reading them
// otherwise.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return nil
	}
	return err
}

// counted counts the bytes that were taken from a reader.
type counted struct {
	r *bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
