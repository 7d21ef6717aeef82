package lazy

import (
	"cmp"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// reshaping is a node in another shape of as many elements, in C order, where that is no view:
// elements are read where they lie, and put in their new order, a window at a time.
//
// The axes fall into groups of as many elements before and after; see [reshapedStrides]. Positions
// in one group say nothing about those in another, so that only the axes that are split and joined
// are taken apart.
type reshaping struct {
	in     node
	dims   []int64
	groups []reshapeGroup
	byCost []int
}

// reshapeGroup is some axes of the input, and the axes that they become. Axes of length one are in
// no group.
type reshapeGroup struct{ old, made []int }

func newReshaping(in node, shape []int64) *reshaping {
	r := &reshaping{in: in, dims: slices.Clone(shape), groups: reshapeGroups(in.shape(), shape)}
	// What varies slowest in the input does so here, so that windows are long runs of it.
	rank := make([]int, len(in.shape()))
	for k, d := range in.order() {
		rank[d] = k
	}
	slowest := func(g reshapeGroup) int {
		return rank[slices.MinFunc(g.old, func(x, y int) int { return cmp.Compare(rank[x], rank[y]) })]
	}
	sorted := slices.Clone(r.groups)
	slices.SortStableFunc(sorted, func(x, y reshapeGroup) int { return cmp.Compare(slowest(x), slowest(y)) })
	for d, n := range shape {
		if n == 1 {
			r.byCost = append(r.byCost, d)
		}
	}
	for _, g := range sorted {
		r.byCost = append(r.byCost, g.made...)
	}
	return r
}

// reshapeGroups pairs the axes of two shapes of as many elements, neither of them empty.
func reshapeGroups(old, shape []int64) []reshapeGroup {
	longer := func(shape []int64) (axes []int) {
		for d, n := range shape {
			if n != 1 {
				axes = append(axes, d)
			}
		}
		return axes
	}
	from, to := longer(old), longer(shape)
	var groups []reshapeGroup
	for len(from) > 0 {
		i, k := 1, 1
		for have, want := old[from[0]], shape[to[0]]; have != want; {
			if have < want {
				have *= old[from[i]]
				i++
			} else {
				want *= shape[to[k]]
				k++
			}
		}
		groups = append(groups, reshapeGroup{from[:i], to[:k]})
		from, to = from[i:], to[k:]
	}
	return groups
}

func (r *reshaping) dtype() mmapnpy.DType { return r.in.dtype() }
func (r *reshaping) shape() []int64       { return r.dims }
func (r *reshaping) order() []int         { return r.byCost }
func (r *reshaping) inputs() []node       { return []node{r.in} }

// memory is the window in its new order, a tile of it, and what is read for it.
func (r *reshaping) memory(n int64) int64 {
	n = min(n, product(r.dims))
	return r.in.memory(n) + n*elemSize(r.in) + tileMemory(n, r.dtype())
}

// reshape begins again with what was reshaped.
func (r *reshaping) reshape(shape []int64) (node, bool) { return reshape(r.in, shape) }

func (r *reshaping) field(f mmapnpy.Field) (node, bool) {
	in, ok := fieldOf(r.in, f)
	if !ok {
		return nil, false
	}
	n, _ := reshape(in, slices.Concat(r.dims, in.shape()[len(r.in.shape()):]))
	return n, true
}

// narrow selects in the input along axes that stay what they are.
func (r *reshaping) narrow(sel []selected) node {
	in, shape, rest := fullSelection(r.in.shape()), slices.Clone(r.dims), slices.Clone(sel)
	for _, g := range r.groups {
		if len(g.old) == 1 && len(g.made) == 1 {
			d := g.made[0]
			in[g.old[0]], shape[d], rest[d] = sel[d], sel[d].count, selected{0, sel[d].count, 1}
		}
	}
	if product(shape) == 0 {
		for d, s := range sel {
			shape[d] = s.count
		}
		return emptyLeaf(r, shape)
	}
	n, _ := reshape(narrow(r.in, in), shape)
	if allFull(rest, shape) {
		return n
	}
	if _, same := n.(*reshaping); !same {
		return narrow(n, rest)
	}
	return &selection{n, rest}
}

func (r *reshaping) reader() reader {
	return &reshapingReader{node: r, in: r.in.reader(), itemsize: r.in.dtype().ItemSize(), parts: make([][]reshapePart, len(r.groups))}
}

// reshapingReader puts a whole window in order when it is opened.
type reshapingReader struct {
	node     *reshaping
	in       reader
	itemsize int64
	win      chunk.Region
	elements []byte // of the window, in C order
	parts    [][]reshapePart
	buf      []byte
}

// reshapePart is a box of the axes of a group in the input, whose elements, in C order, follow each
// other in the window: along the axes that the group becomes, they are those from position at on.
type reshapePart struct {
	box chunk.Region
	at  int64
}

func (r *reshapingReader) open(win chunk.Region) error {
	r.win = win.Clone()
	r.elements = grow(r.elements, win.Len()*r.itemsize)
	// elements of the window from one position in a group to the next
	steps := make([]int64, len(r.node.groups))
	step := int64(1)
	for k := len(steps) - 1; k >= 0; k-- {
		g := r.node.groups[k]
		r.parts[k] = groupParts(r.parts[k][:0], r.node, g, win)
		steps[k] = step
		for _, d := range g.made {
			step *= win.Shape[d]
		}
	}
	pick, counts := make([]int64, len(steps)), make([]int64, len(steps))
	for k := range counts {
		counts[k] = int64(len(r.parts[k]))
	}
	box := chunk.Region{Start: make([]int64, len(r.node.in.shape())), Shape: slices.Repeat([]int64{1}, len(r.node.in.shape()))}
	for {
		at := int64(0)
		for k, g := range r.node.groups {
			part := r.parts[k][pick[k]]
			at += part.at * steps[k]
			for i, d := range g.old {
				box.Start[d], box.Shape[d] = part.box.Start[i], part.box.Shape[i]
			}
		}
		if err := r.read(box, at, steps); err != nil {
			return err
		}
		if chunk.NextIndex(pick, counts) < 0 {
			return nil
		}
	}
}

// groupParts appends the boxes of the input that a window has of a group. The axes that the group
// becomes may lie anywhere among those of the window.
func groupParts(parts []reshapePart, n *reshaping, g reshapeGroup, win chunk.Region) []reshapePart {
	old, layout := make([]int64, len(g.old)), chunk.Layout{ItemSize: 1}
	for i, d := range g.old {
		old[i] = n.in.shape()[d]
	}
	var part chunk.Region
	for _, d := range g.made {
		layout.Shape = append(layout.Shape, n.dims[d])
		part.Start, part.Shape = append(part.Start, win.Start[d]), append(part.Shape, win.Shape[d])
	}
	whole, corder, at := chunk.Whole(old), chunk.COrder(len(old)), int64(0)
	for run := range layout.Runs(part) {
		_ = eachBox(whole, corder, run.Offset, run.Offset+run.Len, func(box chunk.Region) error {
			parts = append(parts, reshapePart{box.Clone(), at})
			at += box.Len()
			return nil
		})
	}
	return parts
}

// read reads a box of the input, whose first element is number at of the window, and puts its
// elements where they belong.
func (r *reshapingReader) read(box chunk.Region, at int64, steps []int64) error {
	corder := chunk.COrder(len(box.Shape))
	counts, strides := make([]int64, len(steps)), make([]int64, len(steps))
	for k, s := range steps {
		strides[k] = s * r.itemsize
	}
	return eachTile(r.in, box, corder, max(tileBytes/elemSize(r.node), 1), func(tile chunk.Region, b []byte) error {
		// A tile is some whole rows or a part of one, so that in every group its elements follow
		// each other.
		to := at
		for k, g := range r.node.groups {
			first := int64(0)
			counts[k] = 1
			for _, d := range g.old {
				first = first*box.Shape[d] + tile.Start[d] - box.Start[d]
				counts[k] *= tile.Shape[d]
			}
			to += first * steps[k]
		}
		kernel.Scatter(r.elements, int(to*r.itemsize), counts, strides, int(r.itemsize), b)
		return nil
	})
}

func (r *reshapingReader) close() error { return nil }

func (r *reshapingReader) tile(t chunk.Region, order []int) ([]byte, error) {
	return partOf(&r.buf, r.elements, r.win, t, r.itemsize, order), nil
}
