package lazy

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// BinSum adds up groups of factors[d] neighbours along each axis d, as HyperSpy's rebin does: a
// (256, 256, 128, 128) scan binned by 2, 2, 4, 4 is one of (128, 128, 32, 32). The dtype is that of
// a sum ([NewSum]). Every axis must be a multiple of its factor; crop it first ([Array.Slice]). A
// group may have up to 1 Mi elements; [Sum] adds up more.
func (a *Array) BinSum(factors ...int64) (*Array, error) { return a.bin(factors, false) }

// BinMean is [Array.BinSum] for the mean of each group, with the dtype of [NewMean].
func (a *Array) BinMean(factors ...int64) (*Array, error) { return a.bin(factors, true) }

func (a *Array) bin(factors []int64, mean bool) (*Array, error) {
	shape := a.Shape()
	if len(factors) != len(shape) {
		return nil, fmt.Errorf("%w: %d factors for %d axes", ErrShape, len(factors), len(shape))
	}
	axes := slices.Clone(a.axes)
	group := int64(1)
	for d, f := range factors {
		if f < 1 || f > maxGroup || shape[d]%f != 0 {
			return nil, fmt.Errorf("%w: axis %d of length %d is no multiple of %d", ErrShape, d, shape[d], f)
		}
		if group *= f; group > maxGroup {
			return nil, fmt.Errorf("%w: groups of more than %d elements", ErrShape, maxGroup)
		}
		shape[d] /= f
		axes[d].Size = shape[d]
	}
	fold, err := newSumFold(a.DType(), group, mean)
	if err != nil {
		return nil, err
	}
	n := &bins{in: computable(a.node), factors: slices.Clone(factors), group: group, dims: shape, fold: fold}
	n.to = fold.result([]int64{0}).dtype
	return a.derive(n, axes)
}

// bins is a sum or mean of groups of neighbours.
type bins struct {
	in      node
	factors []int64
	group   int64
	dims    []int64
	fold    fold
	to      mmapnpy.DType
}

func (n *bins) dtype() mmapnpy.DType { return n.to }
func (n *bins) shape() []int64       { return n.dims }
func (n *bins) order() []int         { return n.in.order() }
func (n *bins) inputs() []node       { return []node{n.in} }
func (n *bins) memory(int64) int64   { return n.in.memory(n.groups()*n.group) + tileBytes }

// groups is how many groups are read at a time.
func (n *bins) groups() int64 { return max(windowBytes/4/(n.group*elemSize(n.in)), 1) }

func (n *bins) reader() reader {
	return &binsReader{node: n, in: n.in.reader(), part: n.fold.partial()}
}

// binsReader folds groups when a tile is asked for.
type binsReader struct {
	node *bins
	in   reader
	part partial
	buf  []byte
}

func (b *binsReader) open(chunk.Region) error { return nil }
func (b *binsReader) close() error            { return nil }

func (b *binsReader) tile(r chunk.Region, order []int) ([]byte, error) {
	b.buf = b.buf[:0]
	for piece := range r.Split(order, b.node.groups()) {
		if err := b.fold(piece, order); err != nil {
			return nil, err
		}
	}
	return b.buf, nil
}

// fold appends the results of a region, in the given order of axes. Every axis is taken apart into
// the groups and what is in a group.
func (b *binsReader) fold(r chunk.Region, order []int) error {
	n := b.node
	ndim := len(r.Shape)
	from := r.Clone()
	apart := chunk.Region{Start: make([]int64, 2*ndim), Shape: make([]int64, 2*ndim)}
	reduced := make([]bool, 2*ndim)
	axes := make([]int, 0, 2*ndim)
	for d, f := range n.factors {
		from.Start[d], from.Shape[d] = r.Start[d]*f, r.Shape[d]*f
		apart.Shape[2*d], apart.Shape[2*d+1] = r.Shape[d], f
		reduced[2*d+1] = true
	}
	for _, d := range order {
		axes = append(axes, 2*d, 2*d+1)
	}
	w := newWalker(axes, reduced, apart.Shape, n.fold.needsIndex())
	outputs := w.cover(apart)
	b.part.reset(int(outputs))
	return within(b.in, from, func() error {
		x, err := b.in.tile(from, order)
		if err != nil {
			return err
		}
		w.walk(b.part, x, n.in.dtype().ItemSize(), apart)
		out := n.fold.result([]int64{outputs})
		b.part.finish(out, 0, 1, 0, int(outputs))
		b.buf = append(b.buf, out.data...)
		return nil
	})
}
