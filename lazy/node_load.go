package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// window is the stored bytes of a region, in place or gathered. Element idx of
// the region (counted from its start) is at first + Σ idx[d]*strides[d].
type window struct {
	data    []byte
	first   int64
	strides []int64
	lease   bytesrc.Lease
}

func (w *window) release() { w.lease.Release() }

// loader brings regions of a view into memory. It belongs to one goroutine and
// reuses its buffers: what it returns is valid until its next call.
type loader struct {
	view     *strided
	order    []int // axes, slowest first
	compact  []int64
	gathered []byte
	small    []byte
	tile     []byte
	permuted struct{ shape, strides []int64 }
}

func newLoader(v *strided) *loader {
	n := len(v.shape)
	l := &loader{view: v, order: v.order(), compact: make([]int64, n)}
	l.permuted.shape, l.permuted.strides = make([]int64, n), make([]int64, n)
	return l
}

// load borrows the bytes of r where they lie if they lie densely, and otherwise
// gathers them into a buffer in storage order. r must not be empty.
func (l *loader) load(r chunk.Region) (window, error) {
	v := l.view
	if v.dtype.ItemSize() == 0 {
		return window{strides: compactStrides(l.compact, r.Shape, 0, l.order)}, nil
	}
	lo, hi, first := v.byteRange(r)
	if v.dense(r, hi-lo) {
		lease, err := v.src.Borrow(lo, int(hi-lo))
		if err != nil {
			return window{}, err
		}
		return window{data: lease.Bytes(), first: first, strides: v.strides, lease: lease}, nil
	}
	l.gathered = grow(l.gathered, r.Len()*v.dtype.ItemSize())
	if err := l.gather(l.gathered, r); err != nil {
		return window{}, err
	}
	return window{data: l.gathered, strides: compactStrides(l.compact, r.Shape, v.dtype.ItemSize(), l.order)}, nil
}

// dense reports whether a region that spans so many bytes is best read through.
func (v *strided) dense(r chunk.Region, span int64) bool {
	return span <= sparseness*r.Len()*v.dtype.ItemSize()
}

// gather copies the elements of r to dst in storage order. It halves the region
// along its slowest axis until the parts lie densely or are small.
func (l *loader) gather(dst []byte, r chunk.Region) error {
	v := l.view
	lo, hi, first := v.byteRange(r)
	switch {
	case hi-lo <= directRead && contiguous(r.Shape, v.strides, v.dtype.ItemSize(), l.order):
		return readFull(v.src, dst, lo)
	case hi-lo <= smallRead:
		l.small = grow(l.small, hi-lo)
		if err := readFull(v.src, l.small, lo); err != nil {
			return err
		}
		l.copyTo(dst, l.small, first, r.Shape, v.strides, l.order)
		return nil
	case v.dense(r, hi-lo):
		return bytesrc.WithGuard(v.src, lo, int(hi-lo), func(b []byte) error {
			l.copyTo(dst, b, first, r.Shape, v.strides, l.order)
			return nil
		})
	}
	d := l.slowest(r.Shape)
	half := r.Shape[d] / 2
	left := chunk.Region{Start: r.Start, Shape: slices.Clone(r.Shape)}
	left.Shape[d] = half
	right := chunk.Region{Start: slices.Clone(r.Start), Shape: slices.Clone(r.Shape)}
	right.Start[d] += half
	right.Shape[d] -= half
	cut := left.Len() * v.dtype.ItemSize()
	if err := l.gather(dst[:cut], left); err != nil {
		return err
	}
	return l.gather(dst[cut:], right)
}

// slowest is the slowest axis that can still be cut. A region whose span is
// larger than an element has one.
func (l *loader) slowest(shape []int64) int {
	for _, d := range l.order {
		if shape[d] > 1 {
			return d
		}
	}
	panic("lazy: a single element spans more than itself")
}

// copyTo writes strided elements of src to dst, axes in the given order.
func (l *loader) copyTo(dst, src []byte, first int64, shape, strides []int64, order []int) {
	for i, d := range order {
		l.permuted.shape[i], l.permuted.strides[i] = shape[d], strides[d]
	}
	kernel.Gather(dst, src, int(first), l.permuted.shape, l.permuted.strides, int(l.view.dtype.ItemSize()))
}

// elements returns the elements of a sub-region of a loaded window as one
// contiguous slice, its axes running in the given order, slowest first: in place
// where they lie so, else copied.
func (l *loader) elements(w *window, within, r chunk.Region, order []int) []byte {
	itemsize := l.view.dtype.ItemSize()
	first := w.first
	for d, s := range w.strides {
		first += (r.Start[d] - within.Start[d]) * s
	}
	n := r.Len() * itemsize
	if contiguous(r.Shape, w.strides, itemsize, order) {
		return w.data[first : first+n : first+n]
	}
	l.tile = grow(l.tile, n)
	l.copyTo(l.tile, w.data, first, r.Shape, w.strides, order)
	return l.tile
}

// compactStrides writes into dst the strides of gapless elements in storage
// order.
func compactStrides(dst, shape []int64, itemsize int64, order []int) []int64 {
	step := itemsize
	for _, d := range slices.Backward(order) {
		dst[d] = step
		step *= shape[d]
	}
	return dst
}

// grow returns a slice of n bytes, reusing b's memory where it suffices.
func grow(b []byte, n int64) []byte {
	if int64(cap(b)) >= n {
		return b[:n]
	}
	return make([]byte, n)
}
