package lazy

import (
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// BroadcastTo repeats the elements along axes of length one, and along axes put in
// front, as np.broadcast_to does. Axes in front are signal axes. Nothing is copied.
func (a *Array) BroadcastTo(shape ...int64) (*Array, error) {
	both, err := broadcast(a.node.shape(), shape)
	if err == nil && !slices.Equal(both, shape) {
		err = fmt.Errorf("%w: %s cannot be repeated to %s", ErrShape, shapeString(a.node.shape()), shapeString(shape))
	}
	if err == nil {
		err = checkGeometry(shape, a.DType().ItemSize())
	}
	if err != nil {
		return nil, err
	}
	axes := make([]Axis, len(shape))
	front := len(shape) - a.NDim()
	for d, n := range shape {
		axes[d].Size = n
		if d >= front {
			axes[d].Navigate = a.axes[d-front].Navigate
		}
	}
	return a.derive(spreadTo(a.node, slices.Clone(shape)), axes)
}

// checkGeometry returns an error if an array cannot have this shape.
func checkGeometry(shape []int64, itemsize int64) error {
	if len(shape) > maxDims {
		return fmt.Errorf("%w: %d axes, more than %d", ErrShape, len(shape), maxDims)
	}
	total := max(itemsize, 1)
	for d, n := range shape {
		if n < 0 {
			return fmt.Errorf("%w: axis %d has the length %d", ErrShape, d, n)
		}
		if n > 0 && total > math.MaxInt64/n {
			return fmt.Errorf("%w: %s elements of %d bytes exceed 64 bits", ErrShape, shapeString(shape), itemsize)
		}
		total *= max(n, 1)
	}
	return nil
}

// broadcast is the shape of an operation on two arrays, by NumPy's rules: shapes are
// aligned at their ends, and an axis of length one is repeated to the other's length.
func broadcast(x, y []int64) ([]int64, error) {
	if len(x) < len(y) {
		x, y = y, x
	}
	out := slices.Clone(x)
	for d, n := range y {
		at := &out[len(x)-len(y)+d]
		switch {
		case *at == n || n == 1:
		case *at == 1:
			*at = n
		default:
			return nil, fmt.Errorf("%w: operands of %s and %s cannot be broadcast together", ErrShape, shapeString(x), shapeString(y))
		}
	}
	return out, nil
}

// spreadTo repeats a node to a shape that it broadcasts to.
func spreadTo(n node, shape []int64) node {
	if slices.Equal(n.shape(), shape) {
		return n
	}
	if l, ok := n.(*leaf); ok {
		return l.spread(shape)
	}
	return &spreading{n, shape}
}

// spreading is a node repeated along some axes.
type spreading struct {
	in   node
	dims []int64
}

func (s *spreading) dtype() mmapnpy.DType { return s.in.dtype() }
func (s *spreading) shape() []int64       { return s.dims }
func (s *spreading) inputs() []node       { return []node{s.in} }
func (s *spreading) memory(n int64) int64 {
	return s.in.memory(min(n, product(s.in.shape()))) + tileMemory(n, s.dtype())
}

// order has the repeated axes in front: what is read is read once for all of them.
func (s *spreading) order() []int {
	var front, back []int
	ahead := len(s.dims) - len(s.in.shape())
	for d := range ahead {
		front = append(front, d)
	}
	for _, d := range s.in.order() {
		if s.in.shape()[d] == s.dims[ahead+d] {
			back = append(back, ahead+d)
		} else {
			front = append(front, ahead+d)
		}
	}
	return append(front, back...)
}

func (s *spreading) narrow(sel []selected) node {
	ahead := len(s.dims) - len(s.in.shape())
	in := make([]selected, len(s.in.shape()))
	shape := make([]int64, len(sel))
	for d, t := range sel {
		shape[d] = t.count
		if d < ahead {
			continue
		}
		n := s.in.shape()[d-ahead]
		in[d-ahead] = selected{0, n, 1}
		if n == s.dims[d] {
			in[d-ahead] = t
		}
	}
	return &spreading{narrow(s.in, in), shape}
}

func (s *spreading) reader() reader {
	return &spreadingReader{reader: s.in.reader(), node: s, itemsize: s.in.dtype().ItemSize()}
}

// spreadingReader repeats tiles.
type spreadingReader struct {
	reader
	node     *spreading
	itemsize int64
	buf      []byte
}

// moved is what is repeated to become r.
func (s *spreadingReader) moved(r chunk.Region) chunk.Region {
	ahead := len(s.node.dims) - len(s.node.in.shape())
	in := chunk.Region{Start: slices.Clone(r.Start[ahead:]), Shape: slices.Clone(r.Shape[ahead:])}
	for d, n := range s.node.in.shape() {
		if n != s.node.dims[ahead+d] {
			in.Start[d], in.Shape[d] = 0, 1
		}
	}
	return in
}

func (s *spreadingReader) open(win chunk.Region) error { return s.reader.open(s.moved(win)) }

func (s *spreadingReader) tile(r chunk.Region, order []int) ([]byte, error) {
	ahead := len(s.node.dims) - len(s.node.in.shape())
	in := s.moved(r)
	inner := make([]int, 0, len(in.Shape))
	for _, d := range order {
		if d >= ahead {
			inner = append(inner, d-ahead)
		}
	}
	b, err := s.reader.tile(in, inner)
	if err != nil || in.Len() == r.Len() {
		return b, err
	}
	strides := make([]int64, len(r.Shape))
	copy(strides[ahead:], gaplessStrides(in.Shape, s.itemsize, inner))
	for d := range strides {
		if d >= ahead && in.Shape[d-ahead] != r.Shape[d] {
			strides[d] = 0
		}
	}
	s.buf = grow(s.buf, r.Len()*s.itemsize)
	kernel.Gather(s.buf, b, 0, inOrder(r.Shape, order), inOrder(strides, order), int(s.itemsize))
	return s.buf, nil
}
