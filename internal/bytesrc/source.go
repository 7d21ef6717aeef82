package bytesrc

import (
	"io"
	"io/fs"
)

// A Source is a run of bytes of known length that can be borrowed piece by piece.
// [*File] is one, [*Section] a part of one, and a compressed member of an archive another.
// All methods are safe for concurrent use.
type Source interface {
	// ReaderAt always copies, and never touches mapped pages.
	io.ReaderAt

	// Name is the path, for errors, with ":member" behind it for a part of an archive.
	Name() string

	// Size is the length in bytes when the source was opened.
	Size() int64

	// Backend says how Borrow gets its bytes, and Reason in a few words why so.
	Backend() Backend
	Reason() string

	// Borrow lends the n bytes at off until the lease is released. They may be
	// written to only if the source was opened in a writable [Mode].
	Borrow(off int64, n int) (Lease, error)

	// View returns the n bytes at off without copying, valid until Close. They are
	// not read ahead: touching them may stall, and may fault (see [Guard]). Back
	// ends that copy return [ErrNotMapped].
	View(off, n int64) ([]byte, error)

	// Retain holds Close back until release is called (more than once is fine), for
	// those who keep a View.
	Retain() (release func(), err error)

	// Changed returns an error that matches [ErrChanged] if the file behind the source
	// no longer is what was opened.
	Changed() error

	// Stat describes the file behind the source as it is now.
	Stat() (fs.FileInfo, error)

	// Close refuses new leases, waits for those that are out, and frees the
	// resources. Closing twice is fine.
	Close() error
}

var (
	_ Source = (*File)(nil)
	_ Source = (*Section)(nil)
	_ Source = (*RAM)(nil)
)
