package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lazynpy/lazynpy/internal/filekind"
)

// An endRecord is what the end of an archive says about its directory, and what of it does not fit.
type endRecord struct {
	start int64 // of the directory in the file
	size  int64
	// what all offsets in the archive count from; negative where its front was cut off
	base    int64
	end     int64 // of the archive in the file, the comment included
	comment string

	pos    int64 // of the end record
	dirEnd int64 // of the zip64 end record, if there is one, or of the end record
	count  int64 // of entries, as stated; modulo 65,536 without a zip64 record
	offset int64 // of the directory, as stated
	wide   bool  // there is a zip64 record
	cut    int64 // bytes of the comment that are missing

	wrapped bool // numbers had lost multiples of 4 GiB; base is what it should be
	narrow  bool // they seem to have
}

// numbers are what an end record or a zip64 end record says.
type numbers struct {
	disk, dirDisk       uint32
	count, size, offset int64
}

// errNoDirectory marks an end record that leads to no directory. Python's zipfile refuses it, so
// that it is no other reading of the archive to look for another record.
var errNoDirectory = errors.New("no directory")

// load finds the end record of an archive of so many bytes, and reads the directory that it leads
// to.
//
// The record is the one that Python's zipfile takes: the last one in the file, whatever its
// comment. Only if that leads to no directory, so that zipfile refuses the file, are others looked
// at: a comment may contain the signature. [Archive.Doubts] tells if another program could take
// another record.
func (a *Archive) load(size int64) error {
	t, err := a.readTail(size)
	if err != nil {
		return err
	}
	var first error
	for _, at := range t.candidates() {
		e, err := a.readEnd(t, at)
		if err == nil {
			a.end = e
			return a.readDirectory(e)
		}
		if !errors.Is(err, errNoDirectory) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = a.formatError(-1, "end record", a.noEnd(t))
	}
	return first
}

// noEnd is the error of a file without an end record: one that is cut off, or of another kind.
func (a *Archive) noEnd(t tail) error {
	head := make([]byte, min(t.start+int64(len(t.b)), filekind.HeadSize))
	n, err := a.file.ReadAt(head, 0)
	if err != nil && err != io.EOF { //nolint:errorlint // the file's own ReadAt
		return err
	}
	if kind := filekind.Of(head[:n]); kind != "" && !bytes.HasPrefix(head, []byte("PK")) {
		return noDirectory("not a .zip file, but %s", kind)
	}
	return noDirectory("not a .zip file, or cut off: no end record in its last %d bytes", len(t.b))
}

// tail is the end of a file.
type tail struct {
	b     []byte
	start int64 // of b in the file
}

// readTail reads what an end record can be in: a comment has up to 65,535 bytes, and zipfile looks
// at one more.
func (a *Archive) readTail(size int64) (tail, error) {
	t := tail{b: make([]byte, min(size, endSize+maxComment+1))}
	t.start = size - int64(len(t.b))
	if _, err := a.file.ReadAt(t.b, t.start); err != nil && err != io.EOF { //nolint:errorlint // the file's own ReadAt
		return tail{}, err
	}
	return t, nil
}

// fit says how many bytes follow the record at b[at:] and its comment; negative: are missing from
// the comment.
func (t tail) fit(at int) int {
	return len(t.b) - at - endSize - int(binary.LittleEndian.Uint16(t.b[at+20:]))
}

// candidates are where end records may begin: first the one that zipfile takes, then those whose
// comments reach to the end of the file, then those behind which something lies, the last ones
// first.
func (t tail) candidates() []int {
	var found, exact, loose []int
	for end := len(t.b); ; {
		at := bytes.LastIndex(t.b[:end], []byte("PK\x05\x06"))
		if at < 0 {
			break
		}
		if end = at + 3; len(t.b)-at >= endSize {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return nil
	}
	first := found[0]
	if last := len(t.b) - endSize; slices.Contains(found, last) && t.fit(last) == 0 {
		first = last // what looks like a later one is a number in it
	}
	for _, at := range found {
		switch n := t.fit(at); {
		case at == first:
		case n == 0:
			exact = append(exact, at)
		case n > 0:
			loose = append(loose, at)
		}
	}
	return slices.Concat([]int{first}, exact, loose)
}

// readEnd reads the end record at t.b[at:], and makes sure that it leads to something that begins
// as a directory, at one place and no other.
func (a *Archive) readEnd(t tail, at int) (endRecord, error) {
	le := binary.LittleEndian
	r := t.b[at:]
	pos := t.start + int64(at)
	n := numbers{
		disk: uint32(le.Uint16(r[4:])), dirDisk: uint32(le.Uint16(r[6:])), count: int64(le.Uint16(r[10:])),
		size: int64(le.Uint32(r[12:])), offset: int64(le.Uint32(r[16:])),
	}
	e := endRecord{pos: pos, dirEnd: pos, cut: max(0, -int64(t.fit(at)))}
	comment := r[endSize:][:int64(le.Uint16(r[20:]))-e.cut]
	e.comment, e.end = string(comment), pos+endSize+int64(len(comment))
	wide, where, err := a.readEnd64(pos, n)
	if err != nil {
		return e, err
	}
	if wide != nil {
		n, e.dirEnd, e.wide = *wide, where, true
	}
	e.size, e.offset, e.count = n.size, n.offset, n.count
	if n.size < 0 || n.size > e.dirEnd {
		return e, a.formatError(pos+12, "directory size", noDirectory("%d bytes of directory do not fit before offset %d", n.size, e.dirEnd))
	}
	// The directory ends where the end record begins, whatever was put before the archive or cut
	// off there. Where something was put between the two, the offset counts from the start of the
	// file.
	e.start, e.base = e.dirEnd-n.size, e.dirEnd-n.size-n.offset
	switch between := n.offset >= 0 && n.offset < e.start && n.size > 0; {
	case n.offset < 0, n.size > 0 && a.signatureAt(e.start) != directorySignature && !(between && a.signatureAt(n.offset) == directorySignature):
		return e, a.formatError(pos+16, "directory offset", noDirectory("there is no directory at offset %d", n.offset))
	case n.size > 0 && a.signatureAt(e.start) != directorySignature:
		e.start, e.base = n.offset, 0
	}
	if n.disk != n.dirDisk || n.disk != 0 && n.disk != escape16 && n.disk != escape32 {
		return e, a.formatError(pos+4, "end record", badf("one of several disks of a split archive"))
	}
	return e, nil
}

func noDirectory(format string, args ...any) error {
	return &badZip{msg: fmt.Sprintf(format, args...), also: errNoDirectory}
}

// readEnd64 finds the zip64 end record that belongs to the end record at pos with the numbers n. It
// is nil where there is none: what looks like its locator may be the end of a name or a comment.
// Zipfile takes the record that lies before the locator at once, others the one that the locator
// states, and some none unless a number in the end record says so: they must all see the same.
func (a *Archive) readEnd64(pos int64, n numbers) (*numbers, int64, error) {
	le := binary.LittleEndian
	at := pos - locatorSize
	if at < 0 || a.signatureAt(at) != locatorSignature {
		return nil, 0, nil
	}
	var locator [locatorSize]byte
	if _, err := a.file.ReadAt(locator[:], at); err != nil {
		return nil, 0, err
	}
	near, stated := at-end64Size, int64(le.Uint64(locator[8:]))
	isNear := near >= 0 && a.signatureAt(near) == end64Signature
	isStated := stated >= 0 && stated < near && a.signatureAt(stated) == end64Signature
	where := near
	switch {
	case isNear && isStated:
		return nil, 0, a.formatError(at+8, "zip64 locator", badf("there are two zip64 end records, at offsets %d and %d", stated, near))
	case isStated && a.signatureAt(pos-n.size) == directorySignature:
		return nil, 0, a.formatError(pos+12, "directory size", badf("leads to another directory than the zip64 end record at offset %d", stated))
	case isStated:
		where = stated
	case !isNear:
		if n.size > pos {
			return nil, 0, a.formatError(at, "zip64 locator", noDirectory("there is no zip64 end record at offset %d", stated))
		}
		return nil, 0, nil
	}
	var r [end64Size]byte
	if _, err := a.file.ReadAt(r[:], where); err != nil {
		return nil, 0, err
	}
	wide := numbers{
		disk: le.Uint32(r[16:]), dirDisk: le.Uint32(r[20:]), count: int64(le.Uint64(r[32:])),
		size: int64(le.Uint64(r[40:])), offset: int64(le.Uint64(r[48:])),
	}
	switch {
	case isStated && int64(le.Uint64(r[4:])) != at-stated-12:
		return nil, 0, a.formatError(stated+4, "zip64 end record", badf("does not end where its locator begins"))
	case le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) > 1:
		return nil, 0, a.formatError(at+4, "zip64 locator", badf("one of several disks of a split archive"))
	case n.size != escape32 && n.size != wide.size&escape32:
		return nil, 0, a.formatError(pos+12, "directory size", badf("is %d here and %d in the zip64 end record", n.size, wide.size))
	case n.offset != escape32 && n.offset != wide.offset&escape32:
		return nil, 0, a.formatError(pos+16, "directory offset", badf("is %d here and %d in the zip64 end record", n.offset, wide.offset))
	}
	return &wide, where, nil
}
