package lazy

import (
	"errors"
	"fmt"
	"io/fs"

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

// Errors of opening, and of files that are open.
var (
	// ErrClosed is returned for any use of an array after Close. It is [fs.ErrClosed].
	ErrClosed = bytesrc.ErrClosed

	// ErrChanged says that a file is not any more what was opened: it was written to, or another
	// one is under its path.
	ErrChanged = bytesrc.ErrChanged

	// ErrNoKey is returned when an archive has no array of the name that was asked for, or more
	// than one and none was named. It matches [fs.ErrNotExist].
	ErrNoKey error = noKey{}
)

// Errors of expressions, before anything is read but headers.
var (
	// ErrIndex is returned for an index, slice or axis that does not fit the
	// array: out of range, too many, zero step, repeated axis.
	ErrIndex = errors.New("bad index")

	// ErrShape is returned for shapes that do not fit each other, or no array.
	ErrShape = errors.New("bad shape")

	// ErrDType is returned when an operation is not defined for the array's
	// dtype, such as the mean of strings.
	ErrDType = errors.New("operation not defined for this dtype")

	// ErrEmpty is returned for a minimum or maximum over no elements, which has
	// no identity (as NumPy's ValueError).
	ErrEmpty = errors.New("zero-size reduction has no identity")
)

// Errors of reading elements and making results.
var (
	// ErrTooLarge is matched by the errors of what would not fit into memory: loading an array, or
	// the result of a reduction. They name what it needs and what this process could have, by the
	// machine's available memory, its cgroup's and its own limits. Without them the runtime would
	// end the process, which no recover catches. [AllowLarge] insists; [RunToFiles] writes results
	// of any size.
	ErrTooLarge = bytesrc.ErrTooLarge

	// ErrNegativePower is returned when integers are read that were to be raised to negative
	// powers.
	ErrNegativePower = errors.New("integers to negative integer powers are not allowed")

	// ErrRange is matched by the error of [Histogram] where the smallest or the largest element is
	// infinite or NaN.
	ErrRange = errors.New("autodetected range is not finite")
)

// noKey is a sentinel that matches another one.
type noKey struct{}

func (noKey) Error() string        { return "no such array in the archive" }
func (noKey) Is(target error) bool { return target == fs.ErrNotExist }

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
