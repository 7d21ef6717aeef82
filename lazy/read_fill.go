package lazy

import (
	"errors"
	"io"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// filler brings regions of an array into memory, gapless in one order.
type filler struct {
	a      *Array
	order  []int
	window int64 // elements that a reader opens at once
	tile   int64
}

// newFiller opens windows as they are cheapest: where elements are not read in the order in which
// they are wanted, larger ones, so that what is read is longer.
func newFiller(a *Array, order []int) *filler {
	size := elemSize(a.node)
	f := &filler{a: a, order: order, tile: max(tileBytes/size, 1)}
	bytes := int64(windowBytes)
	turned := !sameOrder(a.node.shape(), a.node.order(), order)
	if turned {
		bytes = max(bytes, min(gatherPiece, a.config.budget()/4))
	}
	f.window = max(bytes/size, 1)
	for f.window > 1 && a.node.memory(f.window) > a.config.budget()/2 {
		f.window = (f.window + 1) / 2
	}
	if turned && f.window < product(a.node.shape()) {
		a.outOfOrder()
	}
	return f
}

// pieceLen is how many elements to fill at once where memory for n pieces is held beside the
// windows: as many as are read at once if that is possible.
func (f *filler) pieceLen(n int64) int64 {
	return max(min(f.window, f.a.config.budget()/2/n/elemSize(f.a.node)), 1)
}

// memory is the most bytes that a worker holds beside what it fills.
func (f *filler) memory() int64 { return f.a.node.memory(f.window) + f.tile*elemSize(f.a.node) }

// fillWorker belongs to one goroutine.
type fillWorker struct {
	*filler
	reader reader
}

func (f *filler) worker() *fillWorker { return &fillWorker{f, f.a.node.reader()} }

// fill writes the elements of r to dst: straight from the file where they lie there in the
// order in which they are wanted.
func (w *fillWorker) fill(dst []byte, r chunk.Region) error {
	if l, ok := w.reader.(*leafReader); ok && l.loader.view.dtype.ItemSize() > 0 {
		v := l.loader.view
		if contiguous(r.Shape, v.strides, v.dtype.ItemSize(), w.order) {
			lo, _, first := v.byteRange(r)
			return readFull(v.src, dst, lo+first)
		}
		if sameOrder(r.Shape, w.order, l.loader.order) {
			return l.loader.gather(dst, r)
		}
	}
	for win := range r.Split(w.order, w.window) {
		err := eachTile(w.reader, win, w.order, w.tile, func(_ chunk.Region, b []byte) error {
			dst = dst[copy(dst, b):]
			return nil
		})
		if err != nil {
			return w.a.located(err, win)
		}
	}
	return nil
}

// readFull fills p from offset off. A short read is a [FaultError]: the header
// had promised the bytes.
func readFull(src bytesrc.Source, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &FaultError{Path: src.Name(), Offset: off + int64(n), Err: err}
}
