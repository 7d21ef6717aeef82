package chunk

import (
	"iter"

	"github.com/lazynpy/lazynpy/internal/arith"
)

// Split yields sub-regions that together are r, each of at most maxLen elements
// (but at least one), in the given storage order (axes from slowest to fastest;
// nil means C order). Slower axes are cut first, so that each piece is as
// contiguous as it can be, and into pieces of near-equal size.
//
// The yielded region is reused: what it holds is valid until the next one.
// [Region.Clone] keeps it. Split panics if order is not a permutation of r's axes.
func (r Region) Split(order []int, maxLen int64) iter.Seq[Region] {
	if order == nil {
		order = COrder(len(r.Shape))
	}
	if err := checkOrder(order, len(r.Shape)); err != nil {
		panic(err)
	}
	if r.Empty() {
		return func(func(Region) bool) {}
	}
	g := Grid{axes: splitAxes(r.Shape, order, maxLen), outer: 1}
	for d := range g.axes {
		g.outer *= g.axes[d].count
	}
	return func(yield func(Region) bool) {
		piece := makeRegion(len(r.Shape))
		for i := range g.outer {
			g.region(order, i, &piece)
			for d := range piece.Start {
				piece.Start[d] += r.Start[d]
			}
			if !yield(piece) {
				return
			}
		}
	}
}

// splitAxes keeps axes whole from the fastest on as long as the piece stays
// within maxLen elements, cuts the next one, and takes the slower ones one by one.
func splitAxes(shape []int64, order []int, maxLen int64) []axis {
	axes := newAxes(len(shape))
	room := max(maxLen, 1) // how many times the piece so far fits
	for j := len(order) - 1; j >= 0; j-- {
		d := order[j]
		parts := arith.CeilDiv(shape[d], room)
		axes[d].setBalanced(shape[d], parts)
		if parts > 1 {
			room = 1
		} else {
			room /= shape[d]
		}
	}
	return axes
}
