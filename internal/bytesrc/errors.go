package bytesrc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

var (
	// ErrClosed is returned by every use of a [File] after Close has begun, and is
	// what a [FaultError] wraps when closed pages were touched (debug builds).
	ErrClosed = fs.ErrClosed

	// ErrNotMapped is returned by View on a back end that copies.
	ErrNotMapped = errors.New("back end does not map files")

	// ErrChanged says that a file is not any more what was opened: it was written to, or
	// another one is under its path.
	ErrChanged = errors.New("changed while open")

	// errPage is the cause of a fault on a page that the file still has.
	errPage = errors.New("page unreadable (file truncated, or I/O error)")

	// errReadOnly is the cause of a fault on a page that reads well.
	errReadOnly = errors.New("write to a read-only mapping")
)

// A FaultError says that bytes which the file had when it was opened cannot be read
// any more. If the file was cut, Err wraps [io.ErrUnexpectedEOF].
type FaultError struct {
	Path   string
	Offset int64 // of the first byte known to be unreadable
	Err    error
}

func (e *FaultError) Error() string {
	return e.Path + ": offset " + strconv.FormatInt(e.Offset, 10) + ": " + e.Err.Error()
}

func (e *FaultError) Unwrap() error { return e.Err }

// FilePath is Path.
func (e *FaultError) FilePath() string { return e.Path }

// truncated is the fault of a file that now ends at size, seen while reading at off.
func truncated(path string, off, size int64) *FaultError {
	return &FaultError{
		Path:   path,
		Offset: max(off, size),
		Err:    fmt.Errorf("file truncated to %d bytes while open: %w", size, io.ErrUnexpectedEOF),
	}
}

// A FormatError says what is wrong with the bytes of a file, and where. It prints as
// one line, "path:member: offset N: field: message", without the parts that are
// empty.
type FormatError struct {
	Path   string // of the file
	Member string // key inside an archive, or empty
	Offset int64  // byte offset in the file (or in the member); negative if none applies
	Field  string // the part of the format, such as "shape"; may be empty
	Err    error
}

func (e *FormatError) Error() string {
	parts := make([]string, 0, 4)
	switch member := Printable(e.Member); {
	case e.Path != "" && member != "":
		parts = append(parts, e.Path+":"+member)
	case e.Path != "" || member != "":
		parts = append(parts, e.Path+member)
	}
	if e.Offset >= 0 {
		parts = append(parts, "offset "+strconv.FormatInt(e.Offset, 10))
	}
	if e.Field != "" {
		parts = append(parts, e.Field)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

func (e *FormatError) Unwrap() error { return e.Err }

// FilePath is Path, with ":Member" behind it for a member of an archive.
func (e *FormatError) FilePath() string {
	if e.Path == "" || e.Member == "" {
		return e.Path
	}
	return e.Path + ":" + e.Member
}

// Printable is a name out of a file as it can stand in a line: quoted, with escapes, if it has line
// breaks or other characters that are not to be seen.
func Printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
