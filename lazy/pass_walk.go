package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
)

// A fold works on contiguous runs in two patterns, and every tile of an array is
// a loop over one of them:
//
//	rows   outputs × m elements, row-major: each row folds into one output
//	cols   rows × m elements, row-major: the rows fold column-wise into m outputs
//
// walker finds that loop. It merges neighbouring axes that are both kept or both
// reduced, so that a (4, 256, 128, 128) tile summed over its last two axes is one
// call with 1024 rows of 16384 elements.
type walker struct {
	order     []int
	reduced   []bool
	outStride []int64 // per axis: outputs of the partial to step over; 0 if reduced
	logical   []int64 // per axis: step of the flat C-order index over the reduced axes; 0 if kept
	needIndex bool
	groups    []group
	counter   []int64
	within    []int64 // start of the region that the partial covers
}

// group is a run of neighbouring axes of one kind, as a single loop.
type group struct {
	n       int64
	reduced bool
	out     int64
	logical int64
}

// position is where a call's elements lie: element (i, j) of a rows call, or row
// i of a cols call, has the flat index base + j*step, or base + i*step.
type position struct{ base, step int64 }

func newWalker(order []int, reduced []bool, shape []int64, needIndex bool) *walker {
	n := len(order)
	w := &walker{order: order, reduced: reduced, needIndex: needIndex,
		outStride: make([]int64, n), logical: make([]int64, n), within: make([]int64, n)}
	step := int64(1)
	for d := n - 1; d >= 0; d-- {
		if reduced[d] {
			w.logical[d] = step
			step *= shape[d]
		}
	}
	return w
}

// countStored makes the flat index count the elements over the reduced axes in the order of
// the pass instead of in C order, so that runs of them are runs of indices.
func (w *walker) countStored(shape []int64) {
	step := int64(1)
	for _, d := range slices.Backward(w.order) {
		if w.reduced[d] {
			w.logical[d] = step
			step *= shape[d]
		}
	}
}

// cover sets the region that the partial covers and returns its outputs.
func (w *walker) cover(r chunk.Region) int64 {
	copy(w.within, r.Start)
	step := int64(1)
	for _, d := range slices.Backward(w.order) {
		if w.reduced[d] {
			continue
		}
		w.outStride[d] = step
		step *= r.Shape[d]
	}
	return step
}

// walk folds a tile, whose elements are x in storage order, into p.
func (w *walker) walk(p partial, x []byte, itemsize int64, r chunk.Region) {
	out, index := int64(0), int64(0)
	w.groups = w.groups[:0]
	for _, d := range w.order {
		out += (r.Start[d] - w.within[d]) * w.outStride[d]
		index += r.Start[d] * w.logical[d]
		if n := r.Shape[d]; n != 1 {
			w.push(group{n: n, reduced: w.reduced[d], out: w.outStride[d], logical: w.logical[d]})
		}
	}
	rows, m, cols, depth := w.inner()
	outer := w.groups[:len(w.groups)-depth]
	at := position{base: index, step: w.indexStep(cols, depth)}
	size := rows * m * itemsize
	w.counter = append(w.counter[:0], make([]int64, len(outer))...)
	for {
		if cols {
			p.cols(int(out), x[:size], int(m), at)
		} else {
			p.rows(int(out), x[:size], int(m), at)
		}
		x = x[size:]
		d := len(outer) - 1
		for ; d >= 0; d-- {
			out += outer[d].out
			at.base += outer[d].logical
			if w.counter[d]++; w.counter[d] < outer[d].n {
				break
			}
			out -= outer[d].n * outer[d].out
			at.base -= outer[d].n * outer[d].logical
			w.counter[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// push adds a faster group, merging it with the one before where that is the
// same loop.
func (w *walker) push(g group) {
	if k := len(w.groups) - 1; k >= 0 {
		last := &w.groups[k]
		same := last.reduced == g.reduced
		if same && g.reduced && w.needIndex {
			same = last.logical == g.n*g.logical
		}
		if same && !g.reduced {
			same = last.out == g.n*g.out
		}
		if same {
			last.n *= g.n
			last.out, last.logical = g.out, g.logical
			return
		}
	}
	w.groups = append(w.groups, g)
}

// inner chooses the pattern for the fastest groups and says how many of them it
// takes: two where the next slower one can be its rows, else one.
func (w *walker) inner() (rows, m int64, cols bool, depth int) {
	k := len(w.groups)
	if k == 0 {
		return 1, 1, false, 0
	}
	last := w.groups[k-1]
	if !last.reduced {
		if last.out != 1 {
			return 1, 1, false, 0 // outputs apart from each other: one element at a time
		}
		if k > 1 && w.groups[k-2].reduced {
			return w.groups[k-2].n, last.n, true, 2
		}
		return 1, last.n, true, 1
	}
	if k > 1 && !w.groups[k-2].reduced && w.groups[k-2].out == 1 {
		return w.groups[k-2].n, last.n, false, 2
	}
	return 1, last.n, false, 1
}

// indexStep is the step of the flat index along the pattern's reduced loop.
func (w *walker) indexStep(cols bool, depth int) int64 {
	k := len(w.groups)
	switch {
	case cols && depth == 2:
		return w.groups[k-2].logical
	case !cols && depth > 0:
		return w.groups[k-1].logical
	}
	return 0
}
