package zipseek

import (
	"errors"
	"fmt"
	"io"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// A FormatError says what is wrong with an archive, and where. Every error about the content of a
// file is one.
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

// A FaultError says that bytes of the file could not be read although they were there when it was
// opened.
//
// It is a pointer to this that errors.As finds:
//
//	type FaultError struct {
//		Path   string // of the file
//		Offset int64  // of the first byte known to be unreadable
//		Err    error  // why; io.ErrUnexpectedEOF if the file was cut
//	}
type FaultError = bytesrc.FaultError

var (
	// ErrFormat is matched by every error that says the bytes are not a .zip file, or contradict
	// themselves. Data that end too early match [io.ErrUnexpectedEOF] as well.
	ErrFormat = errors.New("not a valid .zip file")

	// ErrChecksum says that the bytes of a member are not those that were archived.
	ErrChecksum = errors.New("checksum mismatch")

	// ErrMethod says that a member is compressed in a way that is not read here.
	ErrMethod = errors.New("compression method not supported")

	// ErrEncrypted says that a member is encrypted.
	ErrEncrypted = errors.New("encrypted")

	// ErrChanged says that the file is not any more what was opened.
	ErrChanged = bytesrc.ErrChanged

	// ErrLocked says that somebody else was writing to the archive for as long as was waited; see
	// [WaitFor].
	ErrLocked = filelock.ErrLocked

	// ErrReplaced says that another file took the place of an archive while members were added to
	// it, which are not in the new one.
	ErrReplaced = filelock.ErrReplaced

	// ErrClosed is returned for any use of an archive or its members after Close. It is
	// [fs.ErrClosed].
	ErrClosed = bytesrc.ErrClosed

	// ErrTooLarge is matched by the error of a content that does not fit into memory.
	ErrTooLarge = bytesrc.ErrTooLarge
)

// badZip is the cause inside a FormatError: it prints as its message alone and matches ErrFormat
// or the sentinel that it carries.
type badZip struct {
	msg  string
	kind error // ErrFormat unless set
	also error // is matched too
	eof  bool
}

func (e *badZip) Error() string { return e.msg }

func (e *badZip) Is(target error) bool {
	if e.eof && target == io.ErrUnexpectedEOF {
		return true
	}
	if e.also != nil && target == e.also {
		return true
	}
	if e.kind != nil {
		return target == e.kind
	}
	return target == ErrFormat
}

// badf makes the cause of a FormatError. It is kept out of line so that parsing loops stay small.
//
//go:noinline
func badf(format string, args ...any) error { return &badZip{msg: fmt.Sprintf(format, args...)} }

// formatError is an error about the file as a whole.
func (a *Archive) formatError(offset int64, field string, err error) error {
	return &FormatError{Path: a.path, Offset: offset, Field: field, Err: err}
}

// formatError is an error about a member; offset is in the file.
func (m *Member) formatError(offset int64, field string, err error) error {
	return &FormatError{Path: m.archive.path, Member: m.Name, Offset: offset, Field: field, Err: err}
}
