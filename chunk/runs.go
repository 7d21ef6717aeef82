package chunk

import (
	"fmt"
	"iter"
)

// Run is a stretch of bytes of the array.
type Run struct {
	Offset int64 // bytes from the array's first element
	Len    int64 // bytes
	At     int64 // position of its first element in the region, counted in storage order
}

// Runs yields the region's bytes as runs in storage order: maximal, ascending,
// disjoint. A region without elements, or of elements of 0 bytes, has none.
//
// The layout must be valid and the region lie inside its shape, as the regions of
// a [Plan] do; like a slice expression, Runs panics otherwise.
func (l Layout) Runs(r Region) iter.Seq[Run] { return l.RunsCoalesced(r, 0) }

// RunsCoalesced is Runs with runs joined across gaps of up to gap bytes, for
// readers to whom skipping a few bytes costs more than reading them. Each run of
// [Layout.Runs] lies in exactly one of the yielded ones, in the same order.
func (l Layout) RunsCoalesced(r Region, gap int64) iter.Seq[Run] {
	if err := l.checkRegion(r); err != nil {
		panic(err)
	}
	if r.Empty() || l.ItemSize == 0 {
		return func(func(Run) bool) {}
	}
	w := l.walk(r, max(gap, 0))
	return w.all
}

// checkRegion checks that r lies inside the array.
func (l Layout) checkRegion(r Region) error {
	if err := l.Validate(); err != nil {
		return err
	}
	if len(r.Shape) != len(l.Shape) || len(r.Start) != len(l.Shape) {
		return fmt.Errorf("%w: region %v of an array of %d axes", ErrLayout, r, len(l.Shape))
	}
	for d, n := range l.Shape {
		if r.Start[d] < 0 || r.Shape[d] < 0 || r.Start[d] > n || r.Shape[d] > n-r.Start[d] {
			return fmt.Errorf("%w: region %v of an array of shape %v", ErrLayout, r, l.Shape)
		}
	}
	return nil
}

// runWalk is a region seen as equal runs in a nest of loops.
type runWalk struct {
	base  int64   // offset of the first run
	span  int64   // bytes per run
	elems int64   // elements per run
	loops []level // around the run, innermost first
}

type level struct{ n, stride int64 }

// walk splits the axes, from fastest to slowest, into those inside a run and
// those that step from run to run. The gap between neighbours along an axis only
// grows from one axis to the next slower one, so the first gap that is too wide
// ends the run for good.
func (l Layout) walk(r Region, gap int64) runWalk {
	w := runWalk{span: l.ItemSize, elems: 1}
	stride := l.ItemSize
	for j := len(l.Shape) - 1; j >= 0; j-- {
		d := l.axis(j)
		n := r.Shape[d]
		w.base += r.Start[d] * stride
		switch {
		case n == 1: // no neighbour, no gap
		case len(w.loops) == 0 && stride-w.span <= gap:
			w.span += (n - 1) * stride
			w.elems *= n
		default:
			w.loops = append(w.loops, level{n: n, stride: stride})
		}
		stride *= l.Shape[d]
	}
	return w
}

func (w *runWalk) all(yield func(Run) bool) {
	if len(w.loops) == 0 {
		yield(Run{Offset: w.base, Len: w.span})
		return
	}
	index := make([]int64, len(w.loops))
	run := Run{Offset: w.base, Len: w.span}
	for {
		if !yield(run) {
			return
		}
		run.At += w.elems
		j := 0
		for ; j < len(index); j++ {
			index[j]++
			run.Offset += w.loops[j].stride
			if index[j] < w.loops[j].n {
				break
			}
			run.Offset -= index[j] * w.loops[j].stride
			index[j] = 0
		}
		if j == len(index) {
			return
		}
	}
}

// count is the number of runs.
func (w *runWalk) count() int64 {
	n := int64(1)
	for _, l := range w.loops {
		n *= l.n
	}
	return n
}
