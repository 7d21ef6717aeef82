package lazy

import (
	"errors"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// FormatError is what opening a file that is not a readable array returns; it
// names the path, the offset and the field. See [mmapnpy.FormatError].
type FormatError = mmapnpy.FormatError

// FaultError says that bytes of a file could not be read although the header
// promised them: the file was truncated or replaced while open, or its disk or
// network failed.
type FaultError = bytesrc.FaultError

var (
	// ErrClosed is returned for any use of an array after Close.
	ErrClosed = bytesrc.ErrClosed

	// ErrIndex is returned for an index, slice or axis that does not fit the
	// array: out of range, too many, zero step, repeated axis.
	ErrIndex = errors.New("lazy: bad index")

	// ErrDType is returned when an operation is not defined for the array's
	// dtype, such as the mean of strings.
	ErrDType = errors.New("lazy: operation not defined for this dtype")

	// ErrShape is returned for shapes that do not fit each other, or no array.
	ErrShape = errors.New("lazy: bad shape")

	// ErrEmpty is returned for a minimum or maximum over no elements, which has
	// no identity (as NumPy's ValueError).
	ErrEmpty = errors.New("lazy: zero-size reduction has no identity")
)

// userError is an error of a function that a user gave, or what it panicked with.
type userError struct{ err error }

func (e *userError) Error() string { return e.err.Error() }
func (e *userError) Unwrap() error { return e.err }

// callUser runs a user's function. A fault in mapped elements is a [FaultError]; an error
// or panic of the function's own is marked as such, so that the block it was for can be named.
func callUser(f func() error) error {
	err := guardUser(f)
	if err == nil {
		return nil
	}
	if fault, ok := errors.AsType[*FaultError](err); ok {
		return fault
	}
	return &userError{err}
}
