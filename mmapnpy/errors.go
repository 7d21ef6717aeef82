package mmapnpy

import (
	"errors"
	"fmt"
	"io"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// A FormatError says what is wrong with a file, and where: path, byte offset, the part of
// the format. Every error about the content of a file is one.
//
// It is a pointer to this that errors.As finds:
//
//	type FormatError struct {
//		Path   string // of the file
//		Member string // key inside an archive, or empty
//		Offset int64  // byte offset in the file (or in the member); negative if none applies
//		Field  string // the part of the format, such as "shape"; may be empty
//		Err    error
//	}
type FormatError = bytesrc.FormatError

var (
	// ErrFormat is matched by every error that says the bytes are not a .npy file, or not
	// one that this package accepts. A file that ends too early matches
	// [io.ErrUnexpectedEOF] as well.
	ErrFormat = errors.New("not a valid .npy file")

	// ErrObject is returned when the elements of an array of Python objects are asked for.
	// Its header can be inspected all the same.
	ErrObject = errors.New("the file holds pickled Python objects, which are never unpickled here: " +
		"load it in Python with allow_pickle=True and save it with a plain dtype")

	// ErrClosed is returned for any use of a file after Close. It is [fs.ErrClosed].
	ErrClosed = bytesrc.ErrClosed

	// ErrChanged says that a file is not any more what was opened: it was written to, or another
	// one is under its path.
	ErrChanged = bytesrc.ErrChanged

	// ErrTooLarge is matched by the errors of copies that would not fit into memory. They name what
	// is needed and what this process could have. [AllowLarge] insists.
	ErrTooLarge = bytesrc.ErrTooLarge
)

// badFormat is the cause inside a FormatError: it prints as its message alone and matches
// ErrFormat.
type badFormat struct {
	msg string
	eof bool
}

func (e *badFormat) Error() string { return e.msg }

func (e *badFormat) Is(target error) bool {
	return target == ErrFormat || (e.eof && target == io.ErrUnexpectedEOF)
}

// located is an error at a position of the header text, before the file's name and the
// text's place in the file are known.
type located struct {
	pos   int // in the text; negative if there is none
	field string
	err   error
}

func (e *located) Error() string { return e.err.Error() }
func (e *located) Unwrap() error { return e.err }

// errorAt makes a located error of an fmt format. It is kept out of line so that the
// parsing loops stay small.
//
//go:noinline
func errorAt(pos int, format string, args ...any) error {
	return &located{pos: pos, err: &badFormat{msg: fmt.Sprintf(format, args...)}}
}

// inField names the part of the header that a located error belongs to.
func inField(field string, err error) error {
	if l, ok := errors.AsType[*located](err); ok && l.field == "" {
		return &located{pos: l.pos, field: field, err: l.err}
	}
	return err
}

// asFormatError turns err into the error that leaves the package. base is the file offset
// of the header text.
func asFormatError(name string, base int64, err error) *FormatError {
	if l, ok := errors.AsType[*located](err); ok {
		off := int64(-1)
		if l.pos >= 0 {
			off = base + int64(l.pos)
		}
		return &FormatError{Path: name, Offset: off, Field: l.field, Err: l.err}
	}
	if bad, ok := errors.AsType[*FormatError](err); ok {
		return bad // of the archive that the file is a member of
	}
	return &FormatError{Path: name, Offset: -1, Err: err}
}
