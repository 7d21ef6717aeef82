package bytesrc

import "io"

// A Source is a run of bytes of known length that can be borrowed piece by piece.
// [*File] is one; a member of an archive is another. All methods are safe for
// concurrent use.
type Source interface {
	// ReaderAt always copies, and never touches mapped pages.
	io.ReaderAt

	// Name is the path, for errors.
	Name() string

	// Size is the length in bytes when the source was opened.
	Size() int64

	// Backend says how Borrow gets its bytes.
	Backend() Backend

	// Borrow lends the n bytes at off until the lease is released. They may be
	// written to only if the source was opened in a writable [Mode].
	Borrow(off int64, n int) (Lease, error)

	// View returns the n bytes at off without copying, valid until Close. They are
	// not read ahead: touching them may stall, and may fault (see [Guard]). Back
	// ends that copy return [ErrNotMapped].
	View(off, n int64) ([]byte, error)

	// Close refuses new leases, waits for those that are out, and frees the
	// resources. Closing twice is fine.
	Close() error
}

var _ Source = (*File)(nil)
