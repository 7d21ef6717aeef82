package lazy

import (
	"math/bits"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// InFileOrder is the same array for [NewParts] to write: its elements come in the order in which
// they lie in the written file. Where they are read in another order, as of a transposed array, a
// pass has them in memory a window at a time, read in one order and taken out in the other, so that
// blocks are those of the output: each byte of the input is read once, and blocks that follow each
// other lie one behind the other in the output.
//
// Such windows take a quarter of the budget per worker. Chunks of "auto" are then cut for long runs
// on both sides, of at most maxBlock bytes if it is not 0. An array that is read in the order of
// the file is given as it is, and so is one out of a stream that can only be decoded from its
// start.
func (a *Array) InFileOrder(maxBlock int64) (*Array, error) {
	shape := a.node.shape()
	order, _ := a.fileOrder('K')
	if sameOrder(shape, a.node.order(), order) || slices.Contains(shape, 0) || a.inOrder() {
		return a, nil
	}
	out := *a
	out.node = &staged{from: a, axes: order}
	c := a.config
	if c.spec.IsAuto() {
		room := c.stageBytes()
		if maxBlock > 0 {
			room = min(room, maxBlock)
		}
		size := elemSize(a.node)
		extents := blockExtents(shape, a.node.order(), order, size, max(room/size, 1))
		alignSlabs(extents, shape, order, size)
		c.spec = chunk.Sizes(extents...)
	}
	return out.replan(c)
}

// alignSlabs shortens blocks along the slowest axis of a file until few slabs of them have whole
// pages: with a power of two of rows, as many rows do as would if each was a slab.
func alignSlabs(extents, shape []int64, order []int, itemsize int64) {
	row := product(shape) * itemsize
	for _, d := range order {
		if shape[d] == 1 {
			continue
		}
		row /= shape[d]
		rows := filePage / arith.GCD(row, filePage) // that have whole pages
		if n := extents[d]; n >= rows {
			extents[d] = n / rows * rows
		} else if n < shape[d] {
			extents[d] = 1 << (bits.Len64(uint64(n)) - 1)
		}
		return
	}
}

// stageBytes is the memory of a window that is read in one order and taken out in another. It
// follows the budget that decides results, since checksums of what is written are by windows.
func (c *config) stageBytes() int64 { return max(windowBytes, c.chosenMemory()/4) }

// staged is the elements of an array as if it was cheapest to read them in another order.
type staged struct {
	from *Array
	axes []int // slowest first
}

func (n *staged) dtype() mmapnpy.DType { return n.from.node.dtype() }
func (n *staged) shape() []int64       { return n.from.node.shape() }
func (n *staged) order() []int         { return n.axes }
func (n *staged) inputs() []node       { return []node{n.from.node} }

func (n *staged) reader() reader {
	f := newFiller(n.from, n.from.node.order())
	return &stagedReader{fill: f.worker(), size: n.dtype().ItemSize()}
}

func (n *staged) memory(count int64) int64 {
	return count*n.dtype().ItemSize() + newFiller(n.from, n.from.node.order()).memory() + tileMemory(count, n.dtype())
}

// stagedReader holds a whole window.
type stagedReader struct {
	fill    *fillWorker
	size    int64
	win     chunk.Region
	strides []int64
	buf     []byte
	out     []byte
}

// open reads the window in parts of what is cheapest to read at once.
func (r *stagedReader) open(win chunk.Region) error {
	r.win, r.strides = win, gaplessStrides(win.Shape, r.size, r.fill.order)
	r.buf = grow(r.buf, win.Len()*r.size)
	rest := r.buf
	for part := range win.Split(r.fill.order, r.fill.window) {
		n := part.Len() * r.size
		if err := r.fill.fill(rest[:n:n], part); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (r *stagedReader) tile(t chunk.Region, order []int) ([]byte, error) {
	first := int64(0)
	for d, s := range r.strides {
		first += (t.Start[d] - r.win.Start[d]) * s
	}
	r.out = grow(r.out, t.Len()*r.size)
	kernel.Gather(r.out, r.buf, int(first), inOrder(t.Shape, order), inOrder(r.strides, order), int(r.size))
	return r.out, nil
}

// close does nothing: what was read is a copy, and was looked at when it was made.
func (r *stagedReader) close() error { return nil }
