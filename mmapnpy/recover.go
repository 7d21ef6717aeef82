package mmapnpy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// A Recovery says how the header and the length of a file disagreed, and what [Recover] made
// of it.
type Recovery struct {
	Shape   []int64 // as the header had it
	Now     []int64 // as it is after recovery
	Cut     int64   // bytes removed from the end that are not a whole item
	Changed bool    // header and length disagreed
}

// String is a line such as "shape (10, 3) -> (7, 3), 5 bytes cut off".
func (r Recovery) String() string {
	if !r.Changed {
		return fmt.Sprintf("shape %s, nothing to recover", appendShape(nil, r.Shape))
	}
	return fmt.Sprintf("shape %s -> %s, %d bytes cut off", appendShape(nil, r.Shape), appendShape(nil, r.Now), r.Cut)
}

// DryRun makes [Recover] report what it would do without doing it.
func DryRun() Option {
	return func(c *config) error {
		c.about, c.dryRun = aboutMending, true
		return nil
	}
}

// Recover mends a file whose header and length disagree, as an interrupted writer leaves it:
// it keeps every whole item along the axis that grows (see [Append]), removes what is left of an
// incomplete one, and corrects the header. A file that is all right is left alone.
//
// It cannot tell lost data from data that were never part of the array. Where the bytes
// behind the array begin another .npy file, as after several np.save calls on one handle, it
// refuses. Like [Append] it waits for its turn: see [WaitFor]. Options are that one, [DryRun], and
// those of [ReadHeader].
func Recover(path string, opts ...Option) (r Recovery, err error) {
	c, err := newConfig("Recover", aboutHeaders|aboutTurns|aboutMending, opts)
	if err != nil {
		return r, err
	}
	f, err := openToMend(path, c)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	c.allowShort = true
	h, size, err := readForUpdate(f, c)
	if err != nil {
		return r, err
	}
	r.Shape, r.Now = h.Shape, h.Shape
	if end := h.DataOffset + h.NBytes(); size == end {
		return r, nil
	} else if err := refuseSecond(f, end); err != nil {
		return r, err
	}
	mended, cut, err := h.mend(size)
	if err != nil {
		return r, err
	}
	r.Now, r.Cut, r.Changed = mended.Shape, cut, true
	if c.dryRun {
		return r, nil
	}
	head, err := refit(mended)
	if err != nil {
		return r, fileerr.New(path, err)
	}
	// The header first: if this is interrupted, it never promises more than there is.
	if err := rehead(f, head); err != nil {
		return r, err
	}
	return r, errors.Join(f.Truncate(size-cut), f.Sync())
}

// openToMend opens a file that nobody else appends to now. To look at one needs no turn.
func openToMend(path string, c config) (*os.File, error) {
	if c.dryRun {
		return os.Open(path)
	}
	lock, err := filelock.Open(path, c.wait)
	if err != nil {
		return nil, err
	}
	return lock.File, nil
}

// mend returns the header that fits a file of this size, and the bytes at its end that are
// not a whole item.
func (h Header) mend(size int64) (mended Header, cut int64, err error) {
	item := int64(0)
	axis, err := h.growthAxis()
	if err == nil {
		one := h
		one.Shape = slices.Clone(h.Shape)
		one.Shape[axis] = 1
		item = one.NBytes()
	}
	if item == 0 { // nothing can be counted: either all is there, or the only element is not
		if extra := size - h.DataOffset - h.NBytes(); extra > 0 {
			return h, extra, nil
		}
		return h, 0, h.shortData(h.NBytes(), size)
	}
	mended = h
	mended.Shape = slices.Clone(h.Shape)
	mended.Shape[axis] = (size - h.DataOffset) / item
	return mended, (size - h.DataOffset) % item, nil
}

// refuseSecond returns an error if another array begins at offset end.
func refuseSecond(f *os.File, end int64) error {
	start := make([]byte, len(magic))
	if n, _ := f.ReadAt(start, end); n == len(start) && bytes.Equal(start, []byte(magic)) {
		return &FormatError{Path: f.Name(), Offset: end, Field: "data", Err: errors.New("another .npy file begins behind the array")}
	}
	return nil
}
