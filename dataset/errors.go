package dataset

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrState is matched by errors about a [State] that does not belong to the data set: the data,
	// the order or the seed are not those that it was made with.
	ErrState = errors.New("state does not fit")

	// ErrLabel is matched by errors about labels that are no classes.
	ErrLabel = errors.New("no class")

	// ErrMismatch is matched by errors about files, or columns, that do not fit each other.
	ErrMismatch = errors.New("do not fit")

	// ErrMemory is matched by errors about a memory bound that is too small.
	ErrMemory = errors.New("not enough memory")

	// ErrCount says that an epoch did not have the samples that it should have had.
	ErrCount = errors.New("wrong count of samples")
)

// SampleError says which sample could not be read. It prints as one line.
type SampleError struct {
	File   string // path, or what the array is called
	Member string // key in an archive, or empty
	Index  int64  // entry of the array's first axis; -1 if it is about the file
	Sample int64  // number in the data set; -1 if it is about the file
	Err    error
}

func (e *SampleError) Error() string {
	name := e.FilePath()
	text := name
	if e.Index >= 0 {
		text += fmt.Sprintf(": index %d", e.Index)
	}
	// What failed below names the file too.
	why := e.Err.Error()
	for _, prefix := range []string{name + ": ", e.File + ": "} {
		why = strings.TrimPrefix(why, prefix)
	}
	return strings.ReplaceAll(text+": "+why, "\n", " ")
}

// Unwrap is Err.
func (e *SampleError) Unwrap() error { return e.Err }

// FilePath is File, with ":Member" behind it for an array of an archive.
func (e *SampleError) FilePath() string {
	if e.Member == "" {
		return e.File
	}
	return e.File + ":" + e.Member
}

// TransformError is what Config.Transform returned or panicked with.
type TransformError struct {
	Step  int64  // of the batch
	Err   error  // of a panic it begins with "panic: "
	Stack []byte // of a panic, else nil
}

func (e *TransformError) Error() string {
	return fmt.Sprintf("transform of batch %d: %v", e.Step, e.Err)
}

// Unwrap is Err.
func (e *TransformError) Unwrap() error { return e.Err }
