package lazy

import (
	"errors"
	"fmt"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// FormatError is what opening a file that is not a readable array returns; it
// names the path, the member, the offset and the field. See [mmapnpy.FormatError].
type FormatError = mmapnpy.FormatError

// FaultError says that bytes of a file could not be read although the header
// promised them: the file was truncated or replaced while open, or its disk or
// network failed.
//
// It is a pointer to this that errors.As finds:
//
//	type FaultError struct {
//		Path   string // of the file
//		Offset int64  // of the first byte known to be unreadable
//		Err    error  // why; io.ErrUnexpectedEOF if the file was cut
//	}
type FaultError = bytesrc.FaultError

// FileError is an error about a file. Errors about the content of one are a [FormatError] or a
// [FaultError], those of the system an [fs.PathError], and all others that name a file are this.
//
// It is a pointer to this that errors.As finds:
//
//	type FileError struct {
//		Path string // of the file or folder, with ":KEY" behind it for a member of an archive
//		More int    // files that the error is about as well
//		Err  error
//	}
type FileError = fileerr.Error

var (
	// ErrClosed is returned for any use of an array after Close. It is [fs.ErrClosed].
	ErrClosed = bytesrc.ErrClosed

	// ErrChanged says that a file is not any more what was opened: it was written to, or another
	// one is under its path.
	ErrChanged = bytesrc.ErrChanged

	// ErrIndex is returned for an index, slice or axis that does not fit the
	// array: out of range, too many, zero step, repeated axis.
	ErrIndex = errors.New("bad index")

	// ErrDType is returned when an operation is not defined for the array's
	// dtype, such as the mean of strings.
	ErrDType = errors.New("operation not defined for this dtype")

	// ErrShape is returned for shapes that do not fit each other, or no array.
	ErrShape = errors.New("bad shape")

	// ErrEmpty is returned for a minimum or maximum over no elements, which has
	// no identity (as NumPy's ValueError).
	ErrEmpty = errors.New("zero-size reduction has no identity")
)

// Guard runs fn, which may touch borrowed elements: those of a [Block], or what [Array.Elements]
// yields. Memory that turns out to be unreadable (the file was cut, its disk or network failed)
// becomes a *[FaultError] instead of a crash, and so does a loop over blocks or elements that ended
// by a panic with one.
//
// [Each], [Run] and the bodies of loops are guarded already. Guard is for code on other goroutines,
// which are not: those that a body starts, and whoever pulls blocks by [iter.Pull].
func Guard(fn func() error) error { return bytesrc.Guard(fn) }

// errorf is [fmt.Errorf] about the files of an array.
func (a *Array) errorf(format string, args ...any) error {
	return a.errorIn(fmt.Errorf(format, args...))
}

// errorIn is an error about the files of an array.
func (a *Array) errorIn(err error) error {
	if len(a.files) == 0 {
		return fmt.Errorf("%s: %w", a.Name(), err)
	}
	return &FileError{Path: a.files[0].src.Name(), More: len(a.files) - 1, Err: err}
}
