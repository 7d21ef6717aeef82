package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// selected is count elements of an axis, from first on, every step-th; step may be
// negative and is 1 where count is at most one.
type selected struct{ first, count, step int64 }

// full reports whether s is the whole of an axis of n elements.
func (s selected) full(n int64) bool { return s.first == 0 && s.count == n && s.step == 1 }

// allFull reports whether a selection takes everything.
func allFull(sel []selected, shape []int64) bool {
	for d, s := range sel {
		if !s.full(shape[d]) {
			return false
		}
	}
	return true
}

// narrower is a node that pushes a selection down to its inputs, so that what was not
// selected is never read.
type narrower interface{ narrow(sel []selected) node }

// narrow selects a part of a node, one span for each axis.
func narrow(n node, sel []selected) node {
	if allFull(sel, n.shape()) {
		return n
	}
	switch n := n.(type) {
	case *leaf:
		return n.narrow(sel)
	case narrower:
		return n.narrow(sel)
	}
	return &selection{n, slices.Clone(sel)}
}

// arranger is a node that pushes an arrangement of axes down to its inputs.
type arranger interface{ arrange(axes []int) node }

// arrange permutes, drops and inserts axes: axis d of the result is axis axes[d] of n, or
// one of length one where axes[d] is negative. Axes of n that are not named are dropped;
// they have length one.
func arrange(n node, axes []int) node {
	if identical(axes, len(n.shape())) {
		return n
	}
	switch n := n.(type) {
	case *leaf:
		return n.arrange(axes)
	case arranger:
		return n.arrange(axes)
	}
	return newArrangement(n, axes)
}

// identical reports whether axes names n axes in their order.
func identical(axes []int, n int) bool {
	return len(axes) == n && slices.IsSorted(axes) && (n == 0 || axes[0] == 0 && axes[n-1] == n-1)
}

func (c *cast) narrow(sel []selected) node      { return &cast{narrow(c.in, sel), c.to} }
func (c *cast) arrange(axes []int) node         { return &cast{arrange(c.in, axes), c.to} }
func (v *selection) narrow(sel []selected) node { return narrow(v.in, compose(v.sel, sel)) }

// compose is the selection that takes outer of what inner takes.
func compose(inner, outer []selected) []selected {
	out := make([]selected, len(outer))
	for d, s := range outer {
		in := inner[d]
		out[d] = selected{first: in.first + s.first*in.step, count: s.count, step: s.step * in.step}
		if s.count <= 1 {
			out[d].step = 1
		}
	}
	return out
}

// selection is a part of a node that cannot push the selection down.
type selection struct {
	in  node
	sel []selected
}

func (v *selection) dtype() mmapnpy.DType { return v.in.dtype() }
func (v *selection) order() []int         { return v.in.order() }
func (v *selection) inputs() []node       { return []node{v.in} }
func (v *selection) memory(n int64) int64 { return v.in.memory(n) + tileMemory(n, v.dtype()) }

func (v *selection) shape() []int64 {
	shape := make([]int64, len(v.sel))
	for d, s := range v.sel {
		shape[d] = s.count
	}
	return shape
}

func (v *selection) reader() reader {
	stepped := slices.ContainsFunc(v.sel, func(s selected) bool { return s.step != 1 })
	return &selectionReader{reader: v.in.reader(), sel: v.sel, itemsize: v.in.dtype().ItemSize(), stepped: stepped}
}

// selectionReader moves regions to where they lie in the input. Every element along an axis
// that is taken with steps is read by itself, so that what lies between is not computed.
type selectionReader struct {
	reader
	sel      []selected
	itemsize int64
	stepped  bool
	buf      []byte
}

// moved is the region of the input that begins with r's first element and, along axes without
// steps, is as long as r.
func (v *selectionReader) moved(r chunk.Region) chunk.Region {
	in := r.Clone()
	for d, s := range v.sel {
		in.Start[d] = s.first + r.Start[d]*s.step
		if s.step != 1 {
			in.Shape[d] = 1
		}
	}
	return in
}

func (v *selectionReader) open(win chunk.Region) error {
	if v.stepped {
		return nil
	}
	return v.reader.open(v.moved(win))
}

func (v *selectionReader) close() error {
	if v.stepped {
		return nil
	}
	return v.reader.close()
}

func (v *selectionReader) tile(r chunk.Region, order []int) ([]byte, error) {
	if !v.stepped {
		return v.reader.tile(v.moved(r), order)
	}
	v.buf = grow(v.buf, r.Len()*v.itemsize)
	strides := gaplessStrides(r.Shape, v.itemsize, order)
	part := v.moved(r)
	counts := make([]int64, len(v.sel))
	at := int64(0)
	for {
		if err := v.put(part, at, strides, order); err != nil {
			return nil, err
		}
		d := len(v.sel) - 1
		for ; d >= 0; d-- {
			s := v.sel[d]
			if s.step == 1 {
				continue
			}
			part.Start[d] += s.step
			at += strides[d]
			if counts[d]++; counts[d] < r.Shape[d] {
				break
			}
			part.Start[d] -= r.Shape[d] * s.step
			at -= r.Shape[d] * strides[d]
			counts[d] = 0
		}
		if d < 0 {
			return v.buf, nil
		}
	}
}

// put reads a part of the input and writes it to its place in the tile, from byte at on.
func (v *selectionReader) put(part chunk.Region, at int64, strides []int64, order []int) error {
	return within(v.reader, part, func() error {
		b, err := v.reader.tile(part, order)
		if err != nil {
			return err
		}
		shape, steps := inOrder(part.Shape, order), inOrder(strides, order)
		kernel.Scatter(v.buf, int(at), shape, steps, int(v.itemsize), b)
		return nil
	})
}

// inOrder lists what belongs to the axes in the given order.
func inOrder(of []int64, order []int) []int64 {
	out := make([]int64, len(order))
	for i, d := range order {
		out[i] = of[d]
	}
	return out
}

// arrangement is a node with its axes permuted, dropped and inserted.
type arrangement struct {
	in     node
	axes   []int // of the input, for each axis; negative for an inserted one
	dims   []int64
	byCost []int
}

func newArrangement(in node, axes []int) *arrangement {
	a := &arrangement{in: in, axes: slices.Clone(axes), dims: make([]int64, len(axes))}
	at := make(map[int]int) // where an axis of the input went
	for d, from := range axes {
		a.dims[d] = 1
		if from >= 0 {
			a.dims[d] = in.shape()[from]
			at[from] = d
		} else {
			a.byCost = append(a.byCost, d)
		}
	}
	for _, from := range in.order() {
		if d, ok := at[from]; ok {
			a.byCost = append(a.byCost, d)
		}
	}
	return a
}

func (a *arrangement) dtype() mmapnpy.DType { return a.in.dtype() }
func (a *arrangement) shape() []int64       { return a.dims }
func (a *arrangement) order() []int         { return a.byCost }
func (a *arrangement) inputs() []node       { return []node{a.in} }
func (a *arrangement) memory(n int64) int64 { return a.in.memory(n) }
func (a *arrangement) reader() reader {
	return &arrangementReader{reader: a.in.reader(), axes: a.axes, ndim: len(a.in.shape())}
}

func (a *arrangement) narrow(sel []selected) node {
	in := make([]selected, len(a.in.shape()))
	for d, n := range a.in.shape() {
		in[d] = selected{0, n, 1}
	}
	shape := make([]int64, len(sel))
	for d, from := range a.axes {
		shape[d] = sel[d].count
		if from >= 0 {
			in[from] = sel[d]
		}
	}
	out := newArrangement(narrow(a.in, in), a.axes)
	out.dims = shape // an inserted axis may have become empty
	return out
}

func (a *arrangement) arrange(axes []int) node {
	if slices.Contains(a.dims, 0) {
		return newArrangement(a, axes) // it may be an inserted axis that is empty
	}
	in := make([]int, len(axes))
	for d, from := range axes {
		in[d] = -1
		if from >= 0 {
			in[d] = a.axes[from]
		}
	}
	return arrange(a.in, in)
}

// arrangementReader names the axes as the input does.
type arrangementReader struct {
	reader
	axes []int
	ndim int
}

// moved is the input's region for r.
func (a *arrangementReader) moved(r chunk.Region) chunk.Region {
	in := chunk.Region{Start: make([]int64, a.ndim), Shape: make([]int64, a.ndim)}
	for d := range in.Shape {
		in.Shape[d] = 1
	}
	for d, from := range a.axes {
		if from >= 0 {
			in.Start[from], in.Shape[from] = r.Start[d], r.Shape[d]
		}
	}
	return in
}

func (a *arrangementReader) open(win chunk.Region) error { return a.reader.open(a.moved(win)) }

func (a *arrangementReader) tile(r chunk.Region, order []int) ([]byte, error) {
	in := make([]int, 0, a.ndim)
	for _, d := range order {
		if from := a.axes[d]; from >= 0 {
			in = append(in, from)
		}
	}
	for from := range a.ndim { // dropped axes, of length one, go anywhere
		if !slices.Contains(in, from) {
			in = append(in, from)
		}
	}
	return a.reader.tile(a.moved(r), in)
}
