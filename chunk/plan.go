package chunk

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Plan is how one array is cut into blocks, and in which order they are read:
// blocks are numbered from 0 in storage order, that is, with the block index
// along the slowest storage axis as the most significant digit.
//
// An array with an axis of length 0 has no blocks; a 0-d array has exactly one.
type Plan struct {
	layout     Layout // Order is never nil
	navigation []int  // ascending
	grid       Grid
}

// NewPlan plans an array of the given layout.
//
// navigation names the navigation axes, in any order: those that tell one
// measurement from the next. All others are signal axes. Without navigation axes,
// or without signal axes, the distinction is void.
//
// The single word "auto" (the zero [Spec]) is planned by the storage order.
//
//   - Signal axes stay whole if a signal fits in [Limits.MaxBlock].
//   - Blocks then grow along navigation axes, from the fastest in storage: those
//     that fit are taken whole, the first that does not is cut into near-equal
//     parts, and slower ones are taken index by index. Where signal axes are
//     faster than navigation axes, as is usual, every block is one contiguous run.
//   - Blocks hold at most MaxBlock bytes, and are cut smaller for there to be
//     [Limits.MinBlocks] of them, as long as they hold [Limits.MinBlock] bytes.
//   - A signal larger than MaxBlock is cut along its slowest axis, then the next.
//     Navigation axes that are faster in storage than the signal then contribute
//     up to a page, lest each block have to touch every page of the file.
//   - Where blocks are cut they are multiples of [Limits.Granule], if the axes allow it.
//   - Without the distinction all axes are treated alike: blocks are slabs of the
//     slowest axis, each one contiguous run.
//
// Every other spec goes through [Normalize]; sizes it leaves open are then chosen
// for blocks of MaxBlock bytes, unless the spec names a byte size.
//
// Fortran order needs no special case: it is Layout.Order reversed.
func NewPlan(l Layout, navigation []int, s Spec, lim Limits) (*Plan, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	if err := checkAxes("navigation", navigation, len(l.Shape)); err != nil {
		return nil, err
	}
	lim, err := lim.resolve()
	if err != nil {
		return nil, err
	}
	p := &Plan{layout: l.clone(), navigation: slices.Clone(navigation)}
	slices.Sort(p.navigation)
	p.grid, err = p.cut(s, lim)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) cut(s Spec, lim Limits) (Grid, error) {
	if s.IsAuto() {
		return newGrid(p.auto(lim))
	}
	o := NormalizeOptions{ItemSize: p.layout.ItemSize, Limit: lim.MaxBlock}
	if s.namesBytes() {
		o.Limit = 0
	}
	return Normalize(s, p.layout.Shape, o)
}

// clone copies l and spells its order out.
func (l Layout) clone() Layout {
	l.Shape = slices.Clone(l.Shape)
	if l.Order == nil {
		l.Order = COrder(len(l.Shape))
	} else {
		l.Order = slices.Clone(l.Order)
	}
	return l
}

// Layout is the layout planned for, with its order spelled out.
func (p *Plan) Layout() Layout { return p.layout.clone() }

// Grid is how each axis is cut.
func (p *Plan) Grid() Grid { return p.grid }

// Navigation is the navigation axes, ascending.
func (p *Plan) Navigation() []int { return slices.Clone(p.navigation) }

// Signal is the axes that are not navigation axes, ascending.
func (p *Plan) Signal() []int {
	signal := make([]int, 0, len(p.layout.Shape)-len(p.navigation))
	for d := range p.layout.Shape {
		if !slices.Contains(p.navigation, d) {
			signal = append(signal, d)
		}
	}
	return signal
}

// NumBlocks is the number of blocks.
func (p *Plan) NumBlocks() int64 { return p.grid.NumBlocks() }

// BlockShape is the shape of the largest block. No block is longer along any
// axis.
func (p *Plan) BlockShape() []int64 { return p.grid.BlockShape() }

// BlockBytes is the size of the largest block in bytes.
func (p *Plan) BlockBytes() int64 {
	n := p.layout.ItemSize
	for d := range p.grid.axes {
		n *= p.grid.axes[d].largest()
	}
	return n
}

// BlockRuns is how many byte runs the largest block has in the file, and how long
// each of them is: the price of reading it. It is 1 and BlockBytes for blocks
// that are contiguous, and 0, 0 if there is nothing to read.
func (p *Plan) BlockRuns() (runs, bytes int64) {
	r := Whole(p.BlockShape())
	if r.Empty() || p.layout.ItemSize == 0 {
		return 0, 0
	}
	w := p.layout.walk(r, 0)
	return w.count(), w.span
}

// Region is what block i holds. It panics unless 0 <= i < NumBlocks().
func (p *Plan) Region(i int64) Region {
	var r Region
	p.RegionInto(i, &r)
	return r
}

// RegionInto is Region without an allocation: it reuses r's slices where they
// are large enough.
func (p *Plan) RegionInto(i int64, r *Region) {
	p.checkBlock(i)
	r.resize(len(p.layout.Shape))
	p.grid.region(p.layout.Order, i, r)
}

// Index is the position of block i in the grid, one number per axis. It panics
// unless 0 <= i < NumBlocks().
func (p *Plan) Index(i int64) []int64 {
	p.checkBlock(i)
	index := make([]int64, len(p.layout.Shape))
	for _, d := range slices.Backward(p.layout.Order) {
		n := p.grid.axes[d].count
		i, index[d] = i/n, i%n
	}
	return index
}

// BlockOf is the number of the block that holds the element at index, or -1 if
// there is no such element.
func (p *Plan) BlockOf(index []int64) int64 {
	if len(index) != len(p.layout.Shape) {
		return -1
	}
	block := int64(0)
	for _, d := range p.layout.Order {
		k := p.grid.AxisFind(d, index[d])
		if k < 0 {
			return -1
		}
		block = block*p.grid.axes[d].count + k
	}
	return block
}

// All yields every block's number and region, in storage order. Each region is
// the caller's to keep.
func (p *Plan) All() iter.Seq2[int64, Region] {
	return func(yield func(int64, Region) bool) {
		for i := range p.NumBlocks() {
			if !yield(i, p.Region(i)) {
				return
			}
		}
	}
}

// String says what the plan amounts to: "64 blocks of (4, 256, 128, 128), 32 MiB",
// or "of up to" where the blocks' shapes differ.
func (p *Plan) String() string {
	n := p.NumBlocks()
	if n == 0 {
		return "0 blocks"
	}
	var b strings.Builder
	b.WriteString(strconv.FormatInt(n, 10))
	b.WriteString(" block")
	if n > 1 {
		b.WriteByte('s')
	}
	b.WriteString(" of ")
	if !p.grid.Uniform() {
		b.WriteString("up to ")
	}
	writeTuple(&b, p.BlockShape())
	b.WriteString(", ")
	b.WriteString(FormatBytes(p.BlockBytes()))
	return b.String()
}

func (p *Plan) checkBlock(i int64) {
	if i < 0 || i >= p.NumBlocks() {
		panic(fmt.Sprintf("chunk: block %d of %d", i, p.NumBlocks()))
	}
}
