package bytesrc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// BackendMemory is how a [RAM] lends its bytes. It cannot be asked for.
const BackendMemory Backend = "memory"

// RAM is bytes in memory as a [Source]. They belong to the garbage collector, so that there is
// nothing to close, and nothing to fault.
type RAM struct {
	name string
	data []byte
}

// NewRAM shows data as a source called name in errors. They must not change while they are read.
func NewRAM(name string, data []byte) *RAM { return &RAM{name, data} }

// Name returns the name given to [NewRAM].
func (r *RAM) Name() string { return r.name }

// Size returns the length in bytes.
func (r *RAM) Size() int64 { return int64(len(r.data)) }

// Backend returns [BackendMemory].
func (r *RAM) Backend() Backend { return BackendMemory }

// Reason says why.
func (r *RAM) Reason() string { return "in memory" }

// Changed returns nil.
func (r *RAM) Changed() error { return nil }

// Stat returns an error: there is no file.
func (r *RAM) Stat() (fs.FileInfo, error) {
	return nil, &fs.PathError{Op: "stat", Path: r.name, Err: errors.New("in memory, not in a file")}
}

// Retain does nothing.
func (r *RAM) Retain() (release func(), err error) { return func() {}, nil }

// Close does nothing.
func (r *RAM) Close() error { return nil }

// ReadAt implements [io.ReaderAt].
func (r *RAM) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, r.rangeError(off, int64(len(p)))
	}
	if off >= r.Size() {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(p, r.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Borrow lends the n bytes at off where they are.
func (r *RAM) Borrow(off int64, n int) (Lease, error) {
	b, err := r.View(off, int64(n))
	return Lease{data: b}, err
}

// View returns the n bytes at off.
func (r *RAM) View(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || n > r.Size()-off {
		return nil, r.rangeError(off, n)
	}
	return r.data[off : off+n : off+n], nil
}

func (r *RAM) rangeError(off, n int64) error {
	return &fs.PathError{Op: "read", Path: r.name,
		Err: fmt.Errorf("%d bytes at offset %d lie outside the %d bytes: %w", n, off, len(r.data), fs.ErrInvalid)}
}
