package zipseek

import (
	"context"
	"errors"
	"hash/crc32"
	"iter"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// contentPiece is how much of a member is borrowed at once on the way from its start to its end:
// enough for several goroutines to inflate parts of it.
const contentPiece = 8 << 20

// Content yields the content from its start to its end in pieces, each valid until the next is
// asked for, and compares the checksum with that of the directory: if they differ, the last thing
// it yields is an error that matches [ErrChecksum]. It leaves nothing behind: an index that is
// there is used, and one that is made on the way is not kept.
func (m *Member) Content(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		sum := uint32(0)
		err := m.eachPiece(ctx, func(b []byte) error {
			// What cannot be read faults here, and not in the hands of the caller.
			err := bytesrc.Guard(func() error {
				sum = crc32.Update(sum, crc32.IEEETable, b)
				return nil
			})
			if err == nil && !yield(b, nil) {
				return errEnough
			}
			return err
		})
		if err == nil {
			err = m.compareSum(sum)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// errEnough says that the caller wants no more.
var errEnough = errors.New("enough")

// eachPiece gives the whole content to use, in order.
func (m *Member) eachPiece(ctx context.Context, use func([]byte) error) error {
	src, err := m.Source()
	if err != nil {
		return err
	}
	if s, ok := src.(*inflated); ok {
		if m.Size == 0 {
			return s.checkEmpty()
		}
		if s.index().known() < m.Size { // an index of our own, that goes when it is done
			own := inflatedBy(m, s.data, newCheckpoints(m, m.archive.config.span))
			defer m.archive.idle.forget(own)
			src = own
		}
	}
	for off := int64(0); off < m.Size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(contentPiece, m.Size-off)
		if err := bytesrc.With(src, off, int(n), use); err != nil {
			return err
		}
		off += n
	}
	return m.archive.file.Unmodified()
}
