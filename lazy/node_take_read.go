package lazy

import (
	"cmp"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// takeReader reads slabs. Where the entries of a window follow each other, as those of a large slab
// or of a run of them do, it is read as one region and its tiles are passed on; else the slabs of
// each tile are read in the order in which they are stored.
type takeReader struct {
	*take
	reader
	itemsize int64
	entries  []int // axes of the table

	direct bool         // the window is one region of in
	win    chunk.Region // the open one
	first  int64        // its first slab
	// the axis of the table along which slabs follow each other; negative if there is one only
	long int

	wants []want
	buf   []byte
}

// want is a slab that belongs into a tile, from byte at on.
type want struct{ slab, at int64 }

// wantBytes is the size of a want.
const wantBytes = 16

func (t *takeReader) open(win chunk.Region) error {
	t.win = win
	if t.direct = t.follows(win); !t.direct {
		return nil
	}
	n := int64(1)
	if t.long >= 0 {
		n = win.Shape[t.long]
	}
	return t.reader.open(t.slab(win, t.first, n))
}

func (t *takeReader) close() error {
	if !t.direct {
		return nil
	}
	return t.reader.close()
}

// place is where the entry of a region's first position is.
func (t *takeReader) place(r chunk.Region) int64 {
	at := t.base
	for _, d := range t.entries {
		at += r.Start[d] * t.axes[d].stride
	}
	return at
}

// follows finds out whether the entries of a region are one row of slabs that follow each other
// along one axis.
func (t *takeReader) follows(r chunk.Region) bool {
	t.long = -1
	for _, d := range t.entries {
		switch {
		case r.Shape[d] == 1:
		case t.long >= 0:
			return false
		default:
			t.long = d
		}
	}
	at := t.place(r)
	if t.first = t.entry(at); t.first == missing {
		return false
	}
	if t.long < 0 {
		return true
	}
	n, stride := r.Shape[t.long], t.axes[t.long].stride
	if row := t.lengths[len(t.lengths)-1]; n > row-t.first%row {
		return false
	}
	for k := range n {
		if t.entry(at+k*stride) != t.first+k {
			return false
		}
	}
	return true
}

func (t *takeReader) tile(r chunk.Region, order []int) ([]byte, error) {
	if t.direct {
		return t.directTile(r, order)
	}
	t.buf = grow(t.buf, r.Len()*t.itemsize)
	strides := gaplessStrides(r.Shape, t.itemsize, order)
	if !t.collect(r, strides) {
		clear(t.buf)
	}
	if !slices.IsSortedFunc(t.wants, bySlab) {
		slices.SortFunc(t.wants, bySlab)
	}
	own := t.ownOrder(order)
	for rest := t.wants; len(rest) > 0; {
		n := t.batch(rest, r)
		if err := t.read(r, rest[:n], strides, own); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return t.buf, nil
}

func bySlab(a, b want) int { return cmp.Compare(a.slab, b.slab) }

// directTile passes on a part of the open region.
func (t *takeReader) directTile(r chunk.Region, order []int) ([]byte, error) {
	entry, n, row := t.first, int64(1), t.over[len(t.over)-1]
	if t.long >= 0 {
		entry += r.Start[t.long] - t.win.Start[t.long]
		n = r.Shape[t.long]
	}
	in := make([]int, 0, len(t.in.shape()))
	for _, d := range order {
		if from := t.axes[d].from; from >= 0 {
			in = append(in, from)
		} else if d == t.long {
			in = append(in, row)
		}
	}
	return t.reader.tile(t.slab(r, entry, n), t.complete(in))
}

// complete appends the axes of in that are not named; they have length one.
func (t *takeReader) complete(in []int) []int {
	for d := range t.in.shape() {
		if !slices.Contains(in, d) {
			in = append(in, d)
		}
	}
	return in
}

// ownOrder is an order of in's axes: slab after slab, each in the order that is asked of the
// result.
func (t *takeReader) ownOrder(order []int) []int {
	in := make([]int, 0, len(t.in.shape()))
	in = append(in, t.over[len(t.over)-1])
	for _, d := range order {
		if from := t.axes[d].from; from >= 0 {
			in = append(in, from)
		}
	}
	return t.complete(in)
}

// collect lists the slabs that a tile wants. It is false if some are missing.
func (t *takeReader) collect(r chunk.Region, strides []int64) (all bool) {
	t.wants = t.wants[:0]
	all = true
	index := make([]int64, len(t.entries))
	place, at := t.place(r), int64(0)
	for {
		if e := t.entry(place); e == missing {
			all = false
		} else {
			t.wants = append(t.wants, want{e, at})
		}
		k := len(t.entries) - 1
		for ; k >= 0; k-- {
			d := t.entries[k]
			place += t.axes[d].stride
			at += strides[d]
			if index[k]++; index[k] < r.Shape[d] {
				break
			}
			place -= r.Shape[d] * t.axes[d].stride
			at -= r.Shape[d] * strides[d]
			index[k] = 0
		}
		if k < 0 {
			return all
		}
	}
}

// batch is how many of the slabs are read as one region: those that lie in one row, with little
// between them. The region is not larger than the tile, which is what the budget was told of.
func (t *takeReader) batch(wants []want, r chunk.Region) int {
	row := t.lengths[len(t.lengths)-1]
	size := int64(1) // elements of a slab
	for d, ax := range t.axes {
		if ax.from >= 0 {
			size *= r.Shape[d]
		}
	}
	first := wants[0].slab
	most := max(r.Len()/size, 1)
	gap := 1 + bridge/max(size*t.itemsize, 1)
	for n := 1; n < len(wants); n++ {
		s := wants[n].slab
		if s-wants[n-1].slab > gap || s-first >= most || s/row != first/row {
			return n
		}
	}
	return len(wants)
}

// read reads a batch and puts each slab where it belongs; those that follow each other there too at
// once.
func (t *takeReader) read(r chunk.Region, wants []want, strides []int64, order []int) error {
	first := wants[0].slab
	region := t.slab(r, first, wants[len(wants)-1].slab-first+1)
	shape, steps := inOrder(region.Shape, order), make([]int64, len(order))
	size := t.itemsize
	for i, from := range order[1:] {
		for d, ax := range t.axes {
			if ax.from == from {
				steps[i+1] = strides[d]
			}
		}
		size *= shape[i+1]
	}
	return within(t.reader, region, func() error {
		b, err := t.reader.tile(region, order)
		if err != nil {
			return err
		}
		for rest := wants; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].slab == rest[0].slab+int64(n) && rest[n].at-rest[n-1].at == rest[1].at-rest[0].at {
				n++
			}
			steps[0] = 0
			if n > 1 {
				steps[0] = rest[1].at - rest[0].at
			}
			shape[0] = int64(n)
			kernel.Scatter(t.buf, int(rest[0].at), shape, steps, int(t.itemsize), b[(rest[0].slab-first)*size:])
			rest = rest[n:]
		}
		return nil
	})
}
