package lazy

import "github.com/lazynpy/lazynpy/chunk"

// eachBox calls f with regions that together are the elements lo up to hi of a region, counted in
// the given order, slowest axis first, and come in that order. A run of elements in the middle of
// rows is the end of one row, a box of whole rows, and the beginning of another, for each axis. The
// region is reused.
func eachBox(in chunk.Region, order []int, lo, hi int64, f func(box chunk.Region) error) error {
	b := boxes{in: in, order: order, box: in.Clone(), f: f}
	return b.cut(0, in.Len(), lo, hi)
}

// boxes walks down the axes.
type boxes struct {
	in    chunk.Region
	order []int
	box   chunk.Region
	f     func(chunk.Region) error
}

// cut handles the elements lo to hi of the n ones that the axes from order[k] on have.
func (b *boxes) cut(k int, n, lo, hi int64) error {
	if lo >= hi {
		return nil
	}
	if lo == 0 && hi == n {
		return b.f(b.box)
	}
	d := b.order[k]
	row := n / b.in.Shape[d] // elements of one step along the axis
	defer func() { b.box.Start[d], b.box.Shape[d] = b.in.Start[d], b.in.Shape[d] }()
	set := func(first, count int64) { b.box.Start[d], b.box.Shape[d] = b.in.Start[d]+first, count }
	first, last := lo/row, hi/row
	if first == last { // all of it inside one step
		set(first, 1)
		return b.cut(k+1, row, lo-first*row, hi-first*row)
	}
	if part := lo - first*row; part > 0 {
		set(first, 1)
		if err := b.cut(k+1, row, part, row); err != nil {
			return err
		}
		first++
	}
	if first < last {
		set(first, last-first)
		if err := b.f(b.box); err != nil {
			return err
		}
	}
	set(last, 1)
	return b.cut(k+1, row, 0, hi-last*row)
}
