package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// take is the slabs of a node that a table names: entry k of the table says which one lies at
// position k, counted in C order along the axes of in that are indexed together. A slab may be
// named more than once, or be missing (-1); a missing one is zeros. The table's entries run along
// axes of their own, which lie anywhere among those of the slab.
//
// Selecting, permuting and splitting change the numbers of the axes; the table itself is shared,
// and never changed. Without a table, entry k is k: that is how axes are split and joined where the
// elements cannot be seen so in storage.
type take struct {
	in      node
	over    []int   // axes of in that are indexed, in order
	lengths []int64 // their lengths
	table   []int64 // nil: entry k is k
	base    int64   // the entry at the first position
	axes    []takeAxis
	dims    []int64
	byCost  []int
}

// missing is the entry of a position that has no slab.
const missing = -1

// takeAxis is an axis of the result.
type takeAxis struct {
	from   int   // the axis of the slab that it is, or negative for an axis of the table
	n      int64 // length
	stride int64 // entries from one position to the next, along an axis of the table
}

// newTake makes the node after any of its numbers have changed. What the table does not jump about
// in is a plain selection, which costs nothing.
func newTake(t take) node {
	t.dims = make([]int64, len(t.axes))
	for d, ax := range t.axes {
		t.dims[d] = ax.n
	}
	if n := t.plain(); n != nil {
		return n
	}
	t.byCost = t.cheapest()
	return &t
}

// takeAlong is the node whose axis is replaced by the entries of a table.
func takeAlong(in node, axis int, table []int64) node {
	t := take{in: in, over: []int{axis}, lengths: []int64{in.shape()[axis]}, table: table}
	for d, n := range in.shape() {
		t.axes = append(t.axes, takeAxis{from: d, n: n})
	}
	t.axes[axis] = takeAxis{from: -1, n: int64(len(table)), stride: 1}
	return newTake(t)
}

// plain is the selection that the entries are if one axis is indexed, at most one axis of the table
// is longer than one, and the entries are equally spaced along it; else nil.
func (t *take) plain() node {
	if len(t.over) != 1 {
		return nil
	}
	from, long := make([]int, len(t.axes)), -1
	for d, ax := range t.axes {
		from[d] = ax.from
		if ax.from >= 0 {
			continue
		}
		if ax.n == 0 || ax.n > 1 && long >= 0 {
			return nil
		}
		if ax.n > 1 {
			long, from[d] = d, t.over[0]
		}
	}
	s := selected{first: t.entry(t.base), count: 1, step: 1}
	if long >= 0 {
		ax := t.axes[long]
		s.count, s.step = ax.n, t.entry(t.base+ax.stride)-s.first
		for k := range ax.n {
			if e := t.entry(t.base + k*ax.stride); e == missing || e != s.first+k*s.step {
				return nil
			}
		}
	}
	if s.first == missing || s.step == 0 {
		return nil
	}
	sel := fullSelection(t.in.shape())
	sel[t.over[0]] = s
	return arrange(narrow(t.in, sel), from)
}

// fullSelection selects everything.
func fullSelection(shape []int64) []selected {
	sel := make([]selected, len(shape))
	for d, n := range shape {
		sel[d] = selected{0, n, 1}
	}
	return sel
}

// entry is the slab at a place of the table.
func (t *take) entry(at int64) int64 {
	if t.table == nil {
		return at
	}
	return t.table[at]
}

// cheapest has the table's axes where the axis that they index lies in storage, the one of the
// largest steps first, and the slab's own in their order.
func (t *take) cheapest() []int {
	var order, entries []int
	for d, ax := range t.axes {
		if ax.from < 0 {
			entries = append(entries, d)
		}
	}
	slices.SortStableFunc(entries, func(a, b int) int {
		return int(min(max(abs(t.axes[b].stride)-abs(t.axes[a].stride), -1), 1))
	})
	for _, from := range t.in.order() {
		if from == t.over[0] {
			order = append(order, entries...)
		}
		for d, ax := range t.axes {
			if ax.from == from {
				order = append(order, d)
			}
		}
	}
	return order
}

func abs(n int64) int64 { return max(n, -n) }

func (t *take) dtype() mmapnpy.DType { return t.in.dtype() }
func (t *take) shape() []int64       { return t.dims }
func (t *take) order() []int         { return t.byCost }
func (t *take) inputs() []node       { return []node{t.in} }

// memory is a batch of slabs, the tile that they are put into, and the list of them.
func (t *take) memory(n int64) int64 {
	slab := int64(1)
	for _, ax := range t.axes {
		if ax.from >= 0 {
			slab *= max(ax.n, 1)
		}
	}
	n = min(n, product(t.dims))
	return t.in.memory(n) + n*elemSize(t.in) + (n/slab+1)*wantBytes
}

// narrow takes fewer entries, of a part of the slabs.
func (t *take) narrow(sel []selected) node {
	out := *t
	out.axes = slices.Clone(t.axes)
	in := fullSelection(t.in.shape())
	for d, s := range sel {
		ax := &out.axes[d]
		if ax.n = s.count; ax.from >= 0 {
			in[ax.from] = s
			continue
		}
		if s.count > 0 {
			out.base += s.first * ax.stride
		}
		ax.stride *= s.step
	}
	out.in = narrow(t.in, in)
	return newTake(out)
}

// arrange permutes the axes. One that is dropped has length one: an entry of the table stays at its
// place, and an axis of the slab is not named any more.
func (t *take) arrange(axes []int) node {
	out := *t
	out.axes = make([]takeAxis, len(axes))
	for d, from := range axes {
		out.axes[d] = takeAxis{from: -1, n: 1}
		if from >= 0 {
			out.axes[d] = t.axes[from]
		}
	}
	return newTake(out)
}

func (t *take) field(f mmapnpy.Field) (node, bool) {
	in, ok := fieldOf(t.in, f)
	if !ok {
		return nil, false
	}
	out := *t
	out.in, out.axes = in, slices.Clone(t.axes)
	for d := len(t.in.shape()); d < len(in.shape()); d++ {
		out.axes = append(out.axes, takeAxis{from: d, n: in.shape()[d]})
	}
	return newTake(out), true
}

func (t *take) reader() reader {
	r := &takeReader{take: t, reader: t.in.reader(), itemsize: t.in.dtype().ItemSize()}
	for d, ax := range t.axes {
		if ax.from < 0 {
			r.entries = append(r.entries, d)
		}
	}
	return r
}

// slab is the region of in that n slabs from entry on have of r, along their own axes. They lie in
// one row of the last indexed axis.
func (t *take) slab(r chunk.Region, entry, n int64) chunk.Region {
	in := chunk.Region{Start: make([]int64, len(t.in.shape())), Shape: make([]int64, len(t.in.shape()))}
	for d := range in.Shape {
		in.Shape[d] = 1
	}
	for d, ax := range t.axes {
		if ax.from >= 0 {
			in.Start[ax.from], in.Shape[ax.from] = r.Start[d], r.Shape[d]
		}
	}
	for k, d := range slices.Backward(t.over) {
		in.Start[d] = entry % t.lengths[k]
		entry /= t.lengths[k]
	}
	in.Shape[t.over[len(t.over)-1]] = n
	return in
}
