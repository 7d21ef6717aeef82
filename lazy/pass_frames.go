package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
)

// frameJob is a job that may want frames that are not cut: tiles that hold the signal
// axes whole.
type frameJob interface{ wholeSignal() bool }

// keepFrames cuts windows and tiles along the navigation axes alone if a job wants that.
// size is the bytes of the largest element.
func (p *pass) keepFrames(size int64) error {
	for _, j := range p.jobs {
		f, ok := j.(frameJob)
		p.frames = p.frames || ok && f.wholeSignal()
	}
	frame := p.a.frameLen()
	if !p.frames || frame == 0 {
		return nil
	}
	p.cut = p.navigationFirst()
	p.tileLen = max(p.tileLen, frame)
	if !slices.Equal(p.cut, p.order) {
		// Frames that lie interleaved are read in runs as long as there are frames in a window.
		p.windowLen = max(p.windowLen, gatherPiece/size)
	}
	p.windowLen = max(p.windowLen, frame)
	need := func() int64 { return p.computed.memory(p.windowLen) + p.tileMemory() }
	budget := p.a.config.budget()
	for p.windowLen > frame && need() > budget {
		p.windowLen = max(p.windowLen/2, frame)
	}
	if need() > budget {
		return p.a.errorf("a whole frame of %s takes %s of memory while a reducer looks at it, the budget is %s",
			chunk.FormatBytes(frame*size), chunk.FormatBytes(need()), chunk.FormatBytes(budget))
	}
	return nil
}

// tileMemory is the memory that copies of a tile take: gathered, and converted.
func (p *pass) tileMemory() int64 {
	return 2 * p.tileLen * max(elemSize(p.a.node), elemSize(p.computed))
}

// navigationFirst is the order of the pass with the navigation axes before the signal axes.
func (p *pass) navigationFirst() []int {
	order := slices.Clone(p.order)
	rank := func(d int) int {
		if p.a.axes[d].Navigate {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(order, func(i, j int) int { return rank(i) - rank(j) })
	return order
}

// frameTasks is the blocks of the plan with their signal axes restored to full length.
// A task takes no more memory for it: it goes through its region window by window.
func (p *pass) frameTasks() tasks {
	grid, shape := p.a.plan.Grid(), p.a.node.shape()
	t := tasks{plan: p.a.plan, n: p.a.plan.NumBlocks(), shape: shape}
	signal, kept, cuts := make([]bool, len(shape)), p.a.Shape(), make([]chunk.AxisSpec, len(shape))
	cut := false
	for d, ax := range p.a.axes {
		signal[d] = !ax.Navigate
		if signal[d] {
			cut = cut || grid.AxisCount(d) > 1
			kept[d] = 1
			cuts[d] = chunk.AxisWhole()
			continue
		}
		if ax.Size > 0 {
			cuts[d] = axisCut(grid, d)
		}
	}
	if !cut || p.a.Len() == 0 {
		return t
	}
	layout := chunk.Layout{Shape: kept, ItemSize: elemSize(p.a.node), Order: p.order}
	plan, err := chunk.NewPlan(layout, nil, chunk.PerAxis(cuts...), chunk.Limits{})
	if err != nil {
		panic("lazy: a part of a valid grid is not valid: " + err.Error())
	}
	return tasks{plan: plan, reduced: signal, shape: shape, n: plan.NumBlocks()}
}

// axisCut is how axis d is cut in a grid: by one size where that says it, since a list has as
// many entries as there are blocks. The axis is not empty.
func axisCut(g chunk.Grid, d int) chunk.AxisSpec {
	n := g.AxisCount(d)
	_, first := g.AxisChunk(d, 0)
	if _, last := g.AxisChunk(d, max(n-2, 0)); last == first && (n-1)*first < g.Shape()[d] && n*first >= g.Shape()[d] {
		return chunk.AxisSize(first)
	}
	return chunk.AxisSizes(slices.Collect(g.Sizes(d))...)
}

// signalShape is the number of elements along each signal axis.
func (a *Array) signalShape() []int64 { return a.shapeOf(false) }

// navigationShape is the number of elements along each navigation axis.
func (a *Array) navigationShape() []int64 { return a.shapeOf(true) }

func (a *Array) shapeOf(navigate bool) []int64 {
	shape := []int64{}
	for _, ax := range a.axes {
		if ax.Navigate == navigate {
			shape = append(shape, ax.Size)
		}
	}
	return shape
}

// frameLen is the number of elements of one frame: what the signal axes span.
func (a *Array) frameLen() int64 { return product(a.signalShape()) }
