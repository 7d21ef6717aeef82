package lazy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
)

// foldJob is a reducer that folds elements into outputs of their own, wherever they lie.
type foldJob struct {
	name    string
	a       *Array
	fold    fold
	reduced []bool
	order   []int
	// the fold's index counts the reduced elements as they are stored, not in C order
	byStorage bool
	derive    func(*Result) (*Result, error) // makes the result of what was folded; nil for itself
	cells     *cells
	short     bool                // finished outputs take no more than their accumulators
	none      bool                // there are no tasks
	groups    map[int64]*foldPart // of the cells in which a group has begun
	totals    map[int64]*foldPart // what has merged of the cells that are not finished
	out       *Result             // nil before something merged
	sink      *resultFile         // takes finished outputs in place of out, or nil
	pool      sync.Pool
}

func newFoldJob(a *Array, r Reducer, order []int) (*foldJob, error) {
	if r.newFold == nil {
		return nil, errors.New("a zero Reducer is not a reduction")
	}
	reduced, err := r.over.reduced(a)
	if err != nil {
		return nil, err
	}
	j := &foldJob{a: a, reduced: reduced, order: order}
	if j.fold, err = r.newFold(a.DType(), j.reducedLen()); err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	if r.needsElements && j.reducedLen() == 0 && j.keptLen() > 0 {
		return nil, fmt.Errorf("%w: %s of shape %s", ErrEmpty, r.name, shapeString(a.node.shape()))
	}
	j.name = r.name
	return j, j.checkEmpty()
}

func (j *foldJob) keptLen() int64 { return j.outputsIn(j.a.node.shape()) }

func (j *foldJob) reducedLen() int64 {
	n := int64(1)
	for d, r := range j.reduced {
		if r {
			n *= j.a.node.shape()[d]
		}
	}
	return n
}

// checkEmpty returns an error if an array without elements, which a small file can claim in any
// size, would have more outputs than the budget has room for. Others pay for each in bytes.
func (j *foldJob) checkEmpty() error {
	if j.reducedLen() > 0 {
		return nil
	}
	if n := j.keptLen(); n > j.a.config.budget()/j.fold.stateSize() {
		return j.a.errorf("%s of shape %s has %d outputs, too many to hold", j.name, shapeString(j.a.node.shape()), n)
	}
	return nil
}

// outputBytes is the size of what the result has for one output.
func (j *foldJob) outputBytes() int64 {
	none := j.fold.result([]int64{0})
	return product(none.shape[1:]) * none.dtype.ItemSize()
}

// memory is what the result takes, with the accumulators of all outputs where tasks share them,
// also those of groups, and what is derived of it.
func (j *foldJob) memory() int64 {
	if j.sink != nil {
		return 0
	}
	each := j.outputBytes()
	if j.derive != nil {
		each *= 2
	}
	if j.cells.tasks > 1 {
		each += j.fold.stateSize()
	}
	if j.cells.group > 1 {
		each += j.fold.stateSize()
	}
	return arith.Times(j.keptLen(), each)
}

// outputsIn is how many outputs a region of the given shape has.
func (j *foldJob) outputsIn(shape []int64) int64 {
	n := int64(1)
	for d, size := range shape {
		if !j.reduced[d] {
			n *= size
		}
	}
	return n
}

func (j *foldJob) walker() *walker {
	w := newWalker(j.order, j.reduced, j.a.node.shape(), j.fold.needsIndex())
	if j.byStorage {
		w.countStored(j.a.node.shape())
	}
	return w
}

// nativeFold is a fold over the array's own elements, in the byte order of this machine.
// What it does is a user's, and may fail.
type nativeFold interface{ native() }

// usersOwn reports whether the fold is a user's.
func (j *foldJob) usersOwn() bool {
	_, ok := j.fold.(nativeFold)
	return ok
}

// guard runs a step of the fold. Of the folds of this package none fails.
func (j *foldJob) guard(f func()) error {
	return j.guardErr(func() error {
		f()
		return nil
	})
}

// guardErr is guard for a step that can fail.
func (j *foldJob) guardErr(f func() error) error {
	if !j.usersOwn() {
		return f()
	}
	return callUser(f)
}

// foldPart is the accumulators of the outputs of one region.
type foldPart struct {
	partial
	job      *foldJob
	walker   *walker
	itemsize int64
	outputs  int
}

func (p *foldPart) tile(b []byte, r chunk.Region) error {
	return p.job.guard(func() { p.walker.walk(p.partial, b, p.itemsize, r) })
}

func (j *foldJob) computes() bool { return !j.usersOwn() }

// seen is the elements that the fold sees.
func (j *foldJob) seen() node {
	if j.computes() {
		return computable(j.a.node)
	}
	return toNative(j.a.node)
}

func (j *foldJob) stateBytes(shape []int64) int64 {
	return arith.Times(j.outputsIn(shape), j.fold.stateSize())
}

func (j *foldJob) begin(r chunk.Region) (part, error) {
	p, ok := j.pool.Get().(*foldPart)
	if !ok {
		p = &foldPart{j.fold.partial(), j, j.walker(), j.seen().dtype().ItemSize(), 0}
	}
	p.outputs = int(p.walker.cover(r))
	return p, j.guard(func() { p.reset(p.outputs) })
}

// encode appends what a part has found, and gives the part back.
func (j *foldJob) encode(b []byte, p part) ([]byte, error) {
	fold := p.(*foldPart)
	err := j.guardErr(func() (err error) {
		b, err = fold.appendState(b, fold.outputs)
		return err
	})
	j.pool.Put(fold)
	return b, err
}

// decode makes the part of a region from the beginning of what encode has written.
func (j *foldJob) decode(b []byte, r chunk.Region) (_ part, rest []byte, err error) {
	p, err := j.begin(r)
	if err != nil {
		return nil, nil, err
	}
	fold := p.(*foldPart)
	err = j.guardErr(func() (err error) {
		rest, err = fold.setState(b, fold.outputs)
		return err
	})
	return fold, rest, err
}

// start notes which tasks share outputs.
func (j *foldJob) start(t *tasks) {
	shape := t.largest()
	j.cells = newCells(t, j.reduced, j.stateBytes(shape), arith.Times(product(shape), elemSize(j.a.node)))
	j.short = !j.usersOwn() && j.sink == nil && j.outputBytes() <= j.fold.stateSize()
	j.none = t.n == 0
	j.groups, j.totals = map[int64]*foldPart{}, map[int64]*foldPart{}
}

// ready allocates what all tasks share: the result. A pass that only computes parts does not need
// it.
func (j *foldJob) ready() {
	if j.out != nil || j.sink != nil {
		return
	}
	var shape []int64
	for d, r := range j.reduced {
		if !r {
			shape = append(shape, j.a.node.shape()[d])
		}
	}
	j.out = j.fold.result(shape)
}

// merge takes over what task i has found, and with the last task of a cell its outputs are results.
func (j *foldJob) merge(i int64, r chunk.Region, p part) error {
	fold, at := p.(*foldPart), j.cells.role(i, 0, math.MaxInt64)
	if at.first && at.last {
		return j.mergeGroup(at, r, fold)
	}
	whole, err := j.join(j.groups, at.cell, fold, at.last)
	if err != nil || whole == nil {
		return err
	}
	return j.mergeGroup(at, r, whole)
}

// mergeGroup takes over what a group has found, the last of whose tasks has the given place.
func (j *foldJob) mergeGroup(at role, r chunk.Region, group *foldPart) error {
	whole, err := j.join(j.totals, at.cell, group, at.done)
	if err != nil || whole == nil {
		return err
	}
	return j.finishCell(r, whole)
}

// join merges a part with those of the same cell that came before, and with the last one gives what
// all have found.
func (j *foldJob) join(open map[int64]*foldPart, cell int64, p *foldPart, last bool) (*foldPart, error) {
	before := open[cell]
	switch {
	case before == nil && last:
		return p, nil
	case before == nil:
		open[cell] = p
		return nil, nil
	}
	err := j.guard(func() { before.merge(0, p.partial, 0, p.outputs) })
	j.pool.Put(p)
	if err != nil || !last {
		return nil, err
	}
	delete(open, cell)
	return before, nil
}

// finishCell makes results of what all tasks of a cell have found.
func (j *foldJob) finishCell(r chunk.Region, p *foldPart) error {
	j.ready()
	err := j.guardErr(func() error {
		if j.sink != nil {
			return j.sink.write(r, p.partial)
		}
		j.finish(j.out, chunk.Whole(j.a.node.shape()), chunk.COrder(len(j.order)), r, p.partial)
		return nil
	})
	j.pool.Put(p)
	return err
}

// eachRunIn calls f for every run of outputs that is contiguous both among all
// outputs of the array (at), which lie in the given order of axes, and among those of region r
// (from).
func (j *foldJob) eachRunIn(order []int, r chunk.Region, f func(at, from, n int64)) {
	kept := chunk.Region{Start: make([]int64, len(j.order)), Shape: make([]int64, len(j.order))}
	for d := range kept.Start {
		kept.Shape[d] = 1
		if !j.reduced[d] {
			kept.Start[d], kept.Shape[d] = r.Start[d], r.Shape[d]
		}
	}
	layout := chunk.Layout{Shape: j.keptShape(), ItemSize: 1, Order: order}
	from := int64(0)
	for run := range layout.Runs(kept) {
		f(run.Offset, from, run.Len)
		from += run.Len
	}
}

// keptShape is the array's shape with every reduced axis of length one.
func (j *foldJob) keptShape() []int64 {
	shape := j.a.Shape()
	for d, r := range j.reduced {
		if r {
			shape[d] = 1
		}
	}
	return shape
}

// result finishes what merged, and returns the result.
func (j *foldJob) result() (*Result, error) {
	j.ready()
	if j.none { // nobody has seen the outputs
		whole := chunk.Whole(j.a.node.shape())
		p, err := j.begin(whole)
		if err == nil {
			err = j.finishCell(whole, p.(*foldPart))
		}
		if err != nil {
			return nil, err
		}
	}
	if j.derive != nil {
		return j.derive(j.out)
	}
	return j.out, nil
}

// finish writes the outputs of region r, which p holds in storage order, to their places in a
// result of the outputs of a larger region, or of r itself, whose axes are in the given order.
func (j *foldJob) finish(to *Result, within chunk.Region, axes []int, r chunk.Region, p partial) {
	var order []int // the kept axes, slowest in storage first
	for _, d := range j.order {
		if !j.reduced[d] {
			order = append(order, d)
		}
	}
	stride := make([]int64, len(j.reduced)) // of the result, in elements
	step := int64(1)
	for _, d := range slices.Backward(axes) {
		if !j.reduced[d] {
			stride[d] = step
			step *= within.Shape[d]
		}
	}
	at := int64(0)
	total := int64(1)
	for _, d := range order {
		at += (r.Start[d] - within.Start[d]) * stride[d]
		total *= r.Shape[d]
	}
	if total == 0 {
		return
	}
	n := int64(1) // length and stride of the fastest kept axis
	inner := int64(1)
	if k := len(order); k > 0 {
		n, inner = r.Shape[order[k-1]], stride[order[k-1]]
		order = order[:k-1]
	}
	counter := make([]int64, len(order))
	for from := int64(0); from < total; from += n {
		p.finish(to, int(at), int(inner), int(from), int(n))
		for k := len(order) - 1; k >= 0; k-- {
			d := order[k]
			at += stride[d]
			if counter[k]++; counter[k] < r.Shape[d] {
				break
			}
			at -= r.Shape[d] * stride[d]
			counter[k] = 0
		}
	}
}
