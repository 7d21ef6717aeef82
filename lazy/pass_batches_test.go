package lazy

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
)

// tinyBlocks is an array of blocks of four bytes, and a count of what is read of it.
func tinyBlocks(t *testing.T, blocks int64) (*Array, *countedSource) {
	t.Helper()
	a := mustSlice(t, bytes.Repeat([]byte{1, 2, 3, 4}, int(blocks)), blocks, 4)
	count := countReads(a)
	return must[*Array](t)(a.Rechunk(chunk.Sizes(1, 4))), count
}

// TestTinyBlocksShareWindows counts windows: neighbours that are small are read together, whoever
// asks for them.
func TestTinyBlocksShareWindows(t *testing.T) {
	const blocks = 1 << 14
	first := NewFold("first", OverAxes(1), Fold[uint8, uint8, uint8]{
		Add:    func(s *uint8, x []uint8) { *s = max(*s, x[0]) },
		Merge:  func(s *uint8, o uint8) { *s = max(*s, o) },
		Finish: func(s uint8) uint8 { return s },
	})
	for name, pass := range map[string]struct {
		of       func(a *Array) *Array
		reducers []Reducer
	}{
		"sum over the blocks": {nil, []Reducer{NewSum(OverAxes(0))}},
		"sums of the blocks":  {nil, []Reducer{NewSum(OverAxes(1))}},
		"several":             {nil, []Reducer{NewMax(OverAll()), first}},
		"an expression":       {func(a *Array) *Array { return must[*Array](t)(Add(a, a)) }, []Reducer{NewSum(OverAll())}},
		"a transposed array":  {func(a *Array) *Array { return must[*Array](t)(a.Transpose()) }, []Reducer{NewSum(OverAll())}},
	} {
		a, count := tinyBlocks(t, blocks)
		if pass.of != nil {
			a = pass.of(a)
		}
		if n := a.plan.NumBlocks(); n != blocks {
			t.Fatalf("%s: %d blocks", name, n)
		}
		must[[]*Result](t)(Run(t.Context(), a, pass.reducers...))
		if n := count.calls.Load(); n > blocks/32 {
			t.Errorf("%s: %d windows of %d blocks", name, n, blocks)
		}
		count.calls.Store(0)
		p := must[*Parts](t)(NewParts(a, true, pass.reducers...))
		err := p.Compute(t.Context(), 0, blocks, Computing{Run: blocks, Output: &buffer{b: make([]byte, a.NBytes())}}, func(BlockState) error { return nil })
		if n := count.calls.Load(); err != nil || n > blocks/32 {
			t.Errorf("%s in parts: %d windows of %d blocks, %v", name, n, blocks, err)
		}
	}
}

// TestMemoryOfTinyBlocks looks at what is held while a run of very many blocks is computed, which
// must not have anything for each of them.
func TestMemoryOfTinyBlocks(t *testing.T) {
	const blocks = 1 << 18
	a, _ := tinyBlocks(t, blocks)
	p := must[*Parts](t)(NewParts(a, true, NewSum(OverAxes(0)), NewVar(OverAll(), 0)))
	before, most := uint64(0), uint64(0)
	out := &buffer{b: make([]byte, a.NBytes())}
	heapOf(&before)
	err := p.Compute(t.Context(), 0, blocks, Computing{Run: blocks, Output: out}, func(s BlockState) error {
		if s.Block%(blocks/4) == blocks/8 {
			heapOf(&most)
		}
		return nil
	})
	if err != nil || most > before+(8<<20) {
		t.Errorf("%d bytes, %d before, %v", most, before, err)
	}
}

// TestBatchesChangeNoBit compares passes with those whose tasks are computed one by one, over
// grids of all kinds.
func TestBatchesChangeNoBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 4))
	for range 60 {
		n := 1 + rng.IntN(3)
		shape, cuts := make([]int64, n), make([]chunk.AxisSpec, n)
		for d := range shape {
			shape[d] = 1 + rng.Int64N(12)
			cuts[d] = chunk.AxisSize(1 + rng.Int64N(shape[d]))
			if first := 1 + rng.Int64N(shape[d]); rng.IntN(3) == 0 && first < shape[d] {
				cuts[d] = chunk.AxisSizes(first, shape[d]-first)
			}
		}
		values := make([]float32, product(shape))
		for i := range values {
			values[i] = rng.Float32() - 0.5
		}
		a := mustSlice(t, values, shape...)
		if rng.IntN(2) == 0 { // in Fortran order
			a = must[*Array](t)(a.Transpose())
			slices.Reverse(cuts)
		}
		sameInBatches(t, must[*Array](t)(a.Rechunk(chunk.PerAxis(cuts...))))
	}
}

func sameInBatches(t *testing.T, a *Array) {
	t.Helper()
	reducers := []Reducer{NewSum(OverAxes(0)), NewVar(OverAll(), 0), NewArgMax(OverAxes(-1)), lastSeen()}
	got := must[[]*Result](t)(Run(t.Context(), a, reducers...))
	p := must[*pass](t)(newPass(a, reducers))
	w := newWorker(p)
	for i := range p.tasks.n {
		r := p.tasks.region(i)
		parts := must[[]part](t)(w.task(t.Context(), r))
		if err := p.merge(i, finished{r, parts}); err != nil {
			t.Fatal(err)
		}
	}
	for k, j := range p.jobs {
		if want := must[*Result](t)(finalResult(j)); !bytes.Equal(got[k].data, want.data) {
			t.Errorf("%s, %s: %v instead of %v", a, reducers[k], got[k], want)
		}
	}
}

// lastSeen is a reducer whose result tells where blocks began and in which order they merged.
func lastSeen() Reducer {
	return NewReducer("last seen", func(*Array) (Accumulators, error) {
		return Accumulators{
			New: func(chunk.Region) (Accumulator, error) { return &trace{}, nil },
			Finish: func(whole Accumulator) (*Result, error) {
				return NewResult([]uint64{whole.(*trace).sum})
			},
		}, nil
	})
}

type trace struct{ sum uint64 }

func (a *trace) Block(b Block) error {
	a.sum = 31*a.sum + uint64(b.Index) + 1
	for d := range b.Region.Shape {
		a.sum = 31*a.sum + uint64(7*b.Region.Start[d]+b.Region.Shape[d])
	}
	return nil
}

func (a *trace) Merge(other Accumulator) error {
	a.sum = 131*a.sum + other.(*trace).sum
	return nil
}

// TestBatchesAreRegions looks at all runs of tasks of some grids: those that are taken together
// are what their region has, and no more.
func TestBatchesAreRegions(t *testing.T) {
	for _, cuts := range [][]chunk.AxisSpec{
		{chunk.AxisSize(1), chunk.AxisSize(2), chunk.AxisSize(2)},
		{chunk.AxisSize(3), chunk.AxisSizes(1, 3, 2), chunk.AxisWhole()},
		{chunk.AxisSize(2), chunk.AxisWhole(), chunk.AxisSizes(4, 1)},
	} {
		for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}} {
			layout := chunk.Layout{Shape: []int64{4, 6, 5}, ItemSize: 1, Order: order}
			plan := must[*chunk.Plan](t)(chunk.NewPlan(layout, nil, chunk.PerAxis(cuts...), chunk.Limits{}))
			k := &tasks{plan: plan, shape: layout.Shape, n: plan.NumBlocks()}
			most := int64(0)
			for from := range k.n {
				for to := from + 1; to <= k.n; to++ {
					n, r := k.together(from, to)
					elements := int64(0)
					for i := from; i < from+n; i++ {
						part := k.region(i)
						elements += part.Len()
						if in, ok := part.Intersect(r); !ok || !in.Equal(part) {
							t.Errorf("%v: task %s is not in %s", order, part, r)
						}
					}
					if n < 1 || from+n > to || elements != r.Len() {
						t.Errorf("%v: %d tasks of %d to %d in %s, with %d elements", order, n, from, to, r, elements)
					}
					most = max(most, n)
				}
			}
			if most < k.n {
				t.Errorf("%v: %d of %d tasks together at most", order, most, k.n)
			}
		}
	}
}

// TestOneBadTinyBlock has a function fail in one of many tiny blocks. The error names it, and all
// before it are done.
func TestOneBadTinyBlock(t *testing.T) {
	const bad = 137
	broken := errors.New("broken")
	values := make([]uint8, 4<<10)
	values[4*bad+2] = 1
	a := must[*Array](t)(mustSlice(t, values, 1<<10, 4).Rechunk(chunk.Sizes(1, 4)))
	a = must[*Array](t)(MapErr(a, func(dst, src []uint8) error {
		if slices.Contains(src, 1) {
			return broken
		}
		copy(dst, src)
		return nil
	}))
	p, next := must[*Parts](t)(NewParts(a, false, NewSum(OverAll()))), int64(0)
	err := p.Compute(t.Context(), 0, p.NumBlocks(), Computing{Workers: 1, Run: p.NumBlocks()}, func(s BlockState) error {
		if s.Block != next {
			return fmt.Errorf("block %d after %d", s.Block, next-1)
		}
		next++
		return nil
	})
	e, ok := errors.AsType[*FuncError](err)
	if !ok || !errors.Is(err, broken) || e.Block != bad || next != bad {
		t.Errorf("%v after block %d", err, next-1)
	}
}
