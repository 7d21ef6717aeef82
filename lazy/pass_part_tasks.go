package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
)

// partTasks is the tasks of a pass in parts that writes nothing. They are the blocks of the plan,
// or where those have too large accumulators for a job, blocks of the same size that are cut across
// its outputs. Their numbers go through all that share outputs before the next.
func (p *pass) partTasks(t tasks, widest *foldJob, partial int64) tasks {
	if p.a.Len() == 0 || len(t.shape) == 0 {
		return t
	}
	cuts, most := make([]chunk.AxisSpec, len(t.shape)), widest
	if widest == nil {
		if most = p.mostShared(&t); most == nil {
			return t
		}
		for d := range cuts {
			cuts[d] = axisCut(t.plan.Grid(), d)
		}
	} else if !p.acrossOutputs(cuts, widest, partial) {
		return t
	}
	layout := t.plan.Layout()
	layout.Order = slices.Clone(p.order)
	slices.SortStableFunc(layout.Order, func(d, e int) int { return rankOf(most.reduced[d]) - rankOf(most.reduced[e]) })
	plan, err := chunk.NewPlan(layout, nil, chunk.PerAxis(cuts...), chunk.Limits{})
	if err != nil {
		return t // not reached: a valid layout is valid in another order
	}
	return tasks{plan: plan, shape: t.shape, n: plan.NumBlocks()}
}

func rankOf(reduced bool) int {
	if reduced {
		return 1
	}
	return 0
}

// mostShared is the job with the largest accumulators of those whose outputs several tasks share.
func (p *pass) mostShared(t *tasks) (most *foldJob) {
	size := int64(-1)
	for _, j := range p.jobs {
		f, ok := j.(*foldJob)
		if !ok || t.single(f.reduced) {
			continue
		}
		if n := f.stateBytes(t.largest()); n > size {
			most, size = f, n
		}
	}
	return most
}

// acrossOutputs cuts the kept axes of a job for accumulators of half of what may be, so that what
// is read at a time is as long as can be, and the others for as much data as a block of the plan
// has.
func (p *pass) acrossOutputs(cuts []chunk.AxisSpec, f *foldJob, partial int64) bool {
	layout := chunk.Layout{Shape: f.keptShape(), ItemSize: f.fold.stateSize(), Order: p.order}
	kept, err := chunk.NewPlan(layout, nil, chunk.Auto(), chunk.Limits{MaxBlock: max(partial/2, 1), MinBlock: max(partial/4, 1), MinBlocks: 1})
	if err != nil {
		return false // not reached: a part of a valid layout is valid
	}
	block := kept.BlockShape()
	room := p.a.plan.BlockBytes() / max(arith.Times(product(block), elemSize(p.a.node)), 1)
	for _, d := range slices.Backward(p.order) {
		n := block[d]
		if f.reduced[d] {
			n = min(max(room, 1), p.a.node.shape()[d])
			room /= n
		}
		cuts[d] = chunk.AxisSize(n)
	}
	return true
}
