package lazy

import (
	"math"
	"slices"
	"sort"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// concat is nodes of the same dtype one behind the other along an axis. It has at least two
// parts, and none of length zero along the axis; see [newConcat].
type concat struct {
	axis   int
	parts  []node
	starts []int64 // where each part begins along the axis, and where the last one ends
	dims   []int64
	byCost []int
}

// newConcat joins nodes that differ in their length along one axis only. What is no use is left
// out: parts of no length, and the concatenation itself if one part is left.
func newConcat(axis int, nodes []node) node {
	parts := make([]node, 0, len(nodes))
	for _, n := range nodes {
		if c, ok := n.(*concat); ok && c.axis == axis {
			parts = append(parts, c.parts...)
		} else if n.shape()[axis] > 0 {
			parts = append(parts, n)
		}
	}
	switch len(parts) {
	case 0:
		return nodes[0]
	case 1:
		return parts[0]
	}
	c := &concat{axis: axis, parts: parts, starts: make([]int64, len(parts)+1), dims: slices.Clone(parts[0].shape())}
	for i, p := range parts {
		c.starts[i+1] = c.starts[i] + p.shape()[axis]
	}
	c.dims[axis] = c.starts[len(parts)]
	c.byCost = c.cheapest()
	return c
}

// cheapest is the order of the largest part. The axis of the concatenation becomes the slowest
// where windows then are whole parts, or runs of one: where the parts are short along it, or fit in
// a window. In large parts that are cut across their storage order, the other axes go first, so
// that a window has a long run of each part.
func (c *concat) cheapest() []int {
	largest, longest := c.parts[0], int64(0)
	for _, p := range c.parts {
		longest = max(longest, p.shape()[c.axis])
		if p.shape()[c.axis] > largest.shape()[c.axis] {
			largest = p
		}
	}
	order := largest.order()
	if order[0] == c.axis || longest > 1 && nbytes(largest) > windowBytes {
		return order
	}
	slow := make([]int, 0, len(order))
	slow = append(slow, c.axis)
	for _, d := range order {
		if d != c.axis {
			slow = append(slow, d)
		}
	}
	return slow
}

func (c *concat) dtype() mmapnpy.DType { return c.parts[0].dtype() }
func (c *concat) shape() []int64       { return c.dims }
func (c *concat) order() []int         { return c.byCost }
func (c *concat) inputs() []node       { return c.parts }

// memory is what the parts of a window hold, each its share, and a tile of several.
func (c *concat) memory(n int64) int64 {
	n = min(n, product(c.dims))
	sum := int64(0)
	for k, p := range c.parts { // a window over many parts opens all of them
		if int64(k) >= n {
			break
		}
		sum += p.memory(min(n, product(p.shape())))
		if sum > math.MaxInt64/4 {
			break
		}
	}
	return sum + n*elemSize(c)
}

func (c *concat) reader() reader {
	return &concatReader{concat: c, readers: make(map[int]reader), itemsize: c.dtype().ItemSize()}
}

// partAt is the part that has position i of the axis.
func (c *concat) partAt(i int64) int {
	return sort.Search(len(c.parts), func(p int) bool { return c.starts[p+1] > i })
}

// narrow drops the parts that the selection does not touch.
func (c *concat) narrow(sel []selected) node {
	s := sel[c.axis]
	part := slices.Clone(sel)
	if s.count == 0 {
		part[c.axis] = selected{0, 0, 1}
		return narrow(c.parts[0], part)
	}
	var parts []node
	for at := s.first; s.count > 0; {
		p := c.partAt(at)
		last := c.starts[p+1] - 1 // of the part, in the direction of the steps
		if s.step < 0 {
			last = c.starts[p]
		}
		n := min(s.count, (last-at)/s.step+1)
		part[c.axis] = selected{at - c.starts[p], n, s.step}
		if n == 1 {
			part[c.axis].step = 1
		}
		parts = append(parts, narrow(c.parts[p], part))
		s.count -= n
		at += n * s.step
	}
	return newConcat(c.axis, parts)
}

// arrange arranges the parts. The axis is longer than one, so that it is still there.
func (c *concat) arrange(axes []int) node {
	parts := make([]node, len(c.parts))
	for i, p := range c.parts {
		parts[i] = arrange(p, axes)
	}
	return newConcat(slices.Index(axes, c.axis), parts)
}

func (c *concat) field(f mmapnpy.Field) (node, bool) {
	parts := make([]node, len(c.parts))
	for i, p := range c.parts {
		var ok bool
		if parts[i], ok = fieldOf(p, f); !ok {
			return nil, false
		}
	}
	return newConcat(c.axis, parts), true
}

// concatReader reads parts side by side. It has readers of those only that the open window touches.
type concatReader struct {
	*concat
	readers  map[int]reader // of parts
	open0    int            // parts open0 up to open1 are open
	open1    int
	itemsize int64
	buf      []byte
}

func (c *concatReader) open(win chunk.Region) error {
	lo := c.partAt(win.Start[c.axis])
	hi := c.partAt(win.Start[c.axis]+win.Shape[c.axis]-1) + 1
	for p := range c.readers {
		if p < lo || p >= hi {
			delete(c.readers, p)
		}
	}
	for c.open0, c.open1 = lo, lo; c.open1 < hi; c.open1++ {
		rd := c.readers[c.open1]
		if rd == nil {
			rd = c.parts[c.open1].reader()
			c.readers[c.open1] = rd
		}
		if err := rd.open(c.share(win, c.open1)); err != nil {
			_ = c.close() // best effort
			return err
		}
	}
	return nil
}

// share is what a part has of a region.
func (c *concatReader) share(r chunk.Region, part int) chunk.Region {
	in := r.Clone()
	start := max(r.Start[c.axis], c.starts[part])
	stop := min(r.Start[c.axis]+r.Shape[c.axis], c.starts[part+1])
	in.Start[c.axis], in.Shape[c.axis] = start-c.starts[part], stop-start
	return in
}

func (c *concatReader) tile(r chunk.Region, order []int) ([]byte, error) {
	p := c.partAt(r.Start[c.axis])
	stop := r.Start[c.axis] + r.Shape[c.axis]
	if stop <= c.starts[p+1] {
		return c.readers[p].tile(c.share(r, p), order)
	}
	c.buf = grow(c.buf, r.Len()*c.itemsize)
	strides := gaplessStrides(r.Shape, c.itemsize, order)
	steps := inOrder(strides, order)
	for ; p < len(c.parts) && c.starts[p] < stop; p++ {
		share := c.share(r, p)
		b, err := c.readers[p].tile(share, order)
		if err != nil {
			return nil, err
		}
		at := (c.starts[p] + share.Start[c.axis] - r.Start[c.axis]) * strides[c.axis]
		kernel.Scatter(c.buf, int(at), inOrder(share.Shape, order), steps, int(c.itemsize), b)
	}
	return c.buf, nil
}

// close closes all parts that are open, and tells the first error.
func (c *concatReader) close() (err error) {
	for p := c.open0; p < c.open1; p++ {
		if closed := c.readers[p].close(); err == nil {
			err = closed
		}
	}
	c.open1 = c.open0
	return err
}
