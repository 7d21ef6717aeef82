package lazy

import (
	"iter"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
)

// tallFold is a fold for which, where outputs lie along the fastest axis, taking up and putting
// down the accumulators of an output takes about as long as many elements do.
type tallFold interface{ tall() }

func (f *moments) tall()  {}
func (f *intSum) tall()   {}
func (f *floatSum) tall() {}

// tiling is how windows are cut for some of the jobs.
type tiling struct {
	jobs []int
	tall []bool // the axes that the jobs reduce, if tiles are to have many rows along these; or nil
}

// chooseTilings cuts windows in the order of the elements, and once more for folds that want tall
// tiles where elements are at hand, so that it does not matter that both have them. How a job's
// tiles are cut depends on the array and that job only, so that its bits do.
func (p *pass) chooseTilings() {
	p.tilings = nil
	for k, j := range p.jobs {
		var tall []bool
		if f, ok := j.(*foldJob); ok && atHand(p.computed) {
			if _, ok := f.fold.(tallFold); ok {
				tall = f.reduced
			}
		}
		i := slices.IndexFunc(p.tilings, func(t tiling) bool { return slices.Equal(t.tall, tall) })
		if i < 0 {
			i, p.tilings = len(p.tilings), append(p.tilings, tiling{tall: tall})
		}
		p.tilings[i].jobs = append(p.tilings[i].jobs, k)
	}
}

// atHand reports whether tiles of a window are taken from its elements as they are stored, or by
// arithmetic, which is as cheap.
func atHand(n node) bool {
	switch n := n.(type) {
	case *leaf:
		return true
	case *cast:
		return atHand(n.in)
	case *elementwise:
		return n.light && !slices.ContainsFunc(n.in, func(in node) bool { return !single(in) && !atHand(in) })
	}
	return false
}

// tiles yields the tiles of a window. Every output's elements come in the order of the pass.
func (p *pass) tiles(win chunk.Region, t tiling) iter.Seq[chunk.Region] {
	if t.tall == nil {
		return win.Split(p.cut, p.tileLen)
	}
	kept, cols := t.innermost(p.order, win, len(p.order), false)
	first, rows := t.innermost(p.order, win, kept, true)
	if rows < 2 || cols < 2 || cols*min(rows, tallRows) <= p.tileLen {
		return win.Split(p.cut, p.tileLen)
	}
	columnsFirst := slices.Concat(p.order[:first], p.order[kept:], p.order[first:kept])
	return func(yield func(chunk.Region) bool) {
		for band := range win.Split(p.order, cols*tallRows) {
			for tile := range band.Split(columnsFirst, p.tileLen) {
				if !yield(tile) {
					return
				}
			}
		}
	}
}

// innermost is the run of axes of one kind, reduced or kept, that ends before order[end]: where it
// begins, and how many elements of the window it has.
func (t tiling) innermost(order []int, win chunk.Region, end int, reduced bool) (begin int, n int64) {
	n = 1
	for begin = end; begin > 0; begin-- {
		d := order[begin-1]
		if t.tall[d] != reduced && win.Shape[d] > 1 {
			break
		}
		n *= win.Shape[d]
	}
	return begin, n
}
