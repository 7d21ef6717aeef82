package lazy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/chunk"
)

const (
	// workerBytes is what one worker may hold: a window read through at the
	// worst sparseness, its gathered copy, and as much again for converted tiles
	// and, up to smallState, the accumulators of its task.
	workerBytes = (sparseness + 2) * windowBytes
	smallState  = windowBytes / 2

	// partialBytes bounds the accumulators of one task. A plan whose blocks would
	// need more is cut along the kept axes instead.
	partialBytes = 1 << 20

	// mergeAhead is how many finished tasks per worker may wait for their turn to
	// merge.
	mergeAhead = 4

	// maxResult bounds what is allocated for one reducer, as far as no machine goes.
	maxResult = 1 << 46
)

// Run makes one pass over a and gives the results of all reducers, in their
// order. Each window of the array is read once, whatever the number of
// reducers. Work is spread over the workers; partial results merge in the order
// of the plan, so the results do not depend on the number of workers.
//
// Run ends with the context's error soon after ctx is cancelled: within one
// window of 4 MiB per worker.
func Run(ctx context.Context, a *Array, reducers ...Reducer) ([]*Result, error) {
	if len(reducers) == 0 {
		return nil, nil
	}
	pass, err := newPass(a, reducers)
	if err != nil {
		return nil, err
	}
	if err := pass.run(ctx); err != nil {
		return nil, err
	}
	results := make([]*Result, len(pass.jobs))
	for i, j := range pass.jobs {
		results[i] = j.result()
	}
	return results, nil
}

// pass is one sweep over an array on behalf of some reducers.
type pass struct {
	a         *Array
	jobs      []*job
	pipe      pipeline
	tasks     tasks
	order     []int
	windowLen int64 // elements
	tileLen   int64
	done      *meter
}

func newPass(a *Array, reducers []Reducer) (*pass, error) {
	p := &pass{a: a, order: a.view.order()}
	for _, r := range reducers {
		j, err := newJob(a, r, p.order)
		if err != nil {
			return nil, err
		}
		p.jobs = append(p.jobs, j)
	}
	if compute, ok := computeElem(a.DType()); ok {
		p.pipe = a.computePipeline(compute)
	}
	size := max(p.pipe.itemIn, p.pipe.itemOut, 1)
	p.windowLen, p.tileLen = windowBytes/size, tileBytes/size
	p.windowLen, p.tileLen = max(p.windowLen, 1), max(p.tileLen, 1)
	p.tasks = p.chooseTasks()
	for _, j := range p.jobs {
		j.start(p.tasks)
	}
	p.done = newMeter(a.config.progress, a.view.nbytes())
	return p, nil
}

// run spreads the tasks over workers.
func (p *pass) run(ctx context.Context) error {
	workers, ahead := p.staff()
	g, ctx := errgroup.WithContext(ctx)
	queue := newTicket(p.tasks.n)
	seq := newSequencer(ahead, p.merge)
	stop := context.AfterFunc(ctx, seq.stop)
	defer stop()
	for range workers {
		g.Go(func() error {
			w := newWorker(p)
			for i, ok := queue.take(); ok; i, ok = queue.take() {
				r := p.tasks.region(i)
				parts, err := w.task(ctx, r)
				if err != nil {
					return err
				}
				if !seq.do(i, finished{region: r, parts: parts}) {
					return context.Cause(ctx)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return p.a.file.src.Changed()
}

// staff is how many workers the budget allows, and how far they may run ahead of the
// merge. Neither changes results.
func (p *pass) staff() (workers int, ahead int64) {
	task := p.tasks.stateBytes(p.jobs)
	each := workerBytes + max(task-smallState, 0)
	workers = p.a.config.numWorkers(each)
	spare := p.a.config.budget() - int64(workers)*each
	return workers, max(1, min(int64(mergeAhead*workers), spare/max(task, 1)))
}

// finished is a task's region and the partial of each job.
type finished struct {
	region chunk.Region
	parts  []partial
}

func (p *pass) merge(_ int64, f finished) {
	for k, j := range p.jobs {
		j.merge(f.region, f.parts[k])
		j.pool.Put(f.parts[k])
	}
}

// worker is what one goroutine needs for a pass.
type worker struct {
	pass    *pass
	loader  *loader
	walkers []*walker
}

func newWorker(p *pass) *worker {
	w := &worker{pass: p, loader: newLoader(&p.a.view)}
	for _, j := range p.jobs {
		w.walkers = append(w.walkers, j.walker())
	}
	return w
}

// task folds one region of the array into fresh partials.
func (w *worker) task(ctx context.Context, r chunk.Region) ([]partial, error) {
	parts := make([]partial, len(w.walkers))
	for k, walk := range w.walkers {
		parts[k] = w.pass.jobs[k].partial(walk.cover(r))
	}
	for win := range r.Split(w.pass.order, w.pass.windowLen) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := w.window(win, parts); err != nil {
			return nil, err
		}
		w.pass.done.add(win.Len() * w.pass.a.view.dtype.ItemSize())
	}
	return parts, nil
}

// window loads one window and folds it tile by tile.
func (w *worker) window(win chunk.Region, parts []partial) error {
	pipe := &w.pass.pipe
	return w.loader.eachTile(win, w.pass.order, w.pass.tileLen, func(tile chunk.Region, b []byte) {
		x := w.loader.convert(pipe, b)
		for k, walk := range w.walkers {
			walk.walk(parts[k], x, pipe.itemOut, tile)
		}
	})
}

// tasks is how a pass is cut: by the blocks of a plan, or by slabs of outputs
// that each take all elements they need.
type tasks struct {
	plan    *chunk.Plan
	reduced []bool  // axes to restore to full length; nil when the plan is the array's own
	shape   []int64 // of the array
	n       int64
}

func (t *tasks) region(i int64) chunk.Region {
	r := t.plan.Region(i)
	for d, reduced := range t.reduced {
		if reduced {
			r.Shape[d] = t.shape[d]
		}
	}
	return r
}

// single reports whether every output is the work of one task alone, given the
// axes that a reducer removes.
func (t *tasks) single(reduced []bool) bool {
	for d, r := range reduced {
		if r && t.plan.Grid().AxisCount(d) > 1 {
			return false
		}
	}
	return true
}

// stateBytes is the size of the accumulators of the largest task.
func (t *tasks) stateBytes(jobs []*job) int64 {
	shape := t.plan.BlockShape()
	for d, reduced := range t.reduced {
		if reduced {
			shape[d] = t.shape[d]
		}
	}
	sum := int64(0)
	for _, j := range jobs {
		sum += j.outputsIn(shape) * j.fold.stateSize()
	}
	return sum
}

// chooseTasks takes the blocks of the plan, unless a block has so many outputs
// that its accumulators would be as large as its data; then each task owns a
// slab of outputs and sweeps the reduced axes for them. The choice depends on
// the array, its plan and the reducers only.
func (p *pass) chooseTasks() tasks {
	t := tasks{plan: p.a.plan, n: p.a.plan.NumBlocks(), shape: p.a.view.shape}
	var widest *job
	block, most := p.a.plan.BlockShape(), int64(partialBytes)
	for _, j := range p.jobs {
		if n := j.outputsIn(block) * j.fold.stateSize(); n > most {
			widest, most = j, n
		}
	}
	if widest == nil {
		return t
	}
	kept := p.a.Shape()
	for d, reduced := range widest.reduced {
		if reduced {
			kept[d] = min(kept[d], 1)
		}
	}
	layout := chunk.Layout{Shape: kept, ItemSize: widest.fold.stateSize(), Order: p.order}
	plan, err := chunk.NewPlan(layout, nil, chunk.Auto(), chunk.Limits{MaxBlock: partialBytes, MinBlock: partialBytes / 16, MinBlocks: 4 * planWorkers})
	if err != nil {
		return t // not reached: a part of a valid layout is valid; the plan's blocks do as well
	}
	return tasks{plan: plan, reduced: widest.reduced, shape: t.shape, n: plan.NumBlocks()}
}

// job is one reducer at work on one array.
type job struct {
	a       *Array
	fold    fold
	reduced []bool
	order   []int
	merges  bool // outputs are shared between tasks
	global  partial
	whole   *walker // lays out the outputs of the whole array in storage order
	outputs int64
	out     *Result
	pool    sync.Pool
}

func newJob(a *Array, r Reducer, order []int) (*job, error) {
	if r.newFold == nil {
		return nil, errors.New("lazy: a zero Reducer is not a reduction")
	}
	reduced, err := r.over.reduced(a)
	if err != nil {
		return nil, err
	}
	j := &job{a: a, reduced: reduced, order: order}
	if j.fold, err = r.newFold(a.DType(), j.reducedLen()); err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	if r.needsElements && j.reducedLen() == 0 && j.keptLen() > 0 {
		return nil, fmt.Errorf("%w: %s of shape %s", ErrEmpty, r.name, shapeString(a.view.shape))
	}
	return j, j.checkSize(r.name)
}

func (j *job) keptLen() int64 { return j.outputsIn(j.a.view.shape) }

func (j *job) reducedLen() int64 {
	n := int64(1)
	for d, r := range j.reduced {
		if r {
			n *= j.a.view.shape[d]
		}
	}
	return n
}

// checkSize returns an error if the result, or the accumulators of all outputs,
// cannot be had. An array without elements can promise any number of outputs in a
// small file, so that these must fit the budget; others pay for each in bytes.
func (j *job) checkSize(name string) error {
	limit := min(int64(math.MaxInt), maxResult)
	if j.reducedLen() == 0 {
		limit = min(limit, j.a.config.budget())
	}
	if n := j.keptLen(); n > limit/j.fold.stateSize() {
		return fmt.Errorf("lazy: %s: %s of shape %s has %d outputs, too many to hold", j.a.Name(), name, shapeString(j.a.view.shape), n)
	}
	return nil
}

// outputsIn is how many outputs a region of the given shape has.
func (j *job) outputsIn(shape []int64) int64 {
	n := int64(1)
	for d, size := range shape {
		if !j.reduced[d] {
			n *= size
		}
	}
	return n
}

func (j *job) walker() *walker {
	return newWalker(j.order, j.reduced, j.a.view.shape, j.fold.needsIndex())
}

func (j *job) partial(outputs int64) partial {
	p, ok := j.pool.Get().(partial)
	if !ok {
		p = j.fold.partial()
	}
	p.reset(int(outputs))
	return p
}

// start allocates what all tasks share: the result, and accumulators for all
// outputs when tasks share outputs.
func (j *job) start(t tasks) {
	var shape []int64
	for d, r := range j.reduced {
		if !r {
			shape = append(shape, j.a.view.shape[d])
		}
	}
	j.out = j.fold.result(shape)
	j.whole = j.walker()
	j.outputs = j.whole.cover(chunk.Whole(j.a.view.shape))
	if j.merges = !t.single(j.reduced) || t.n == 0; j.merges {
		j.global = j.fold.partial()
		j.global.reset(int(j.outputs))
	}
}

// merge takes over a task's partial: into the accumulators of all outputs, or
// straight into the result where the task owns its outputs.
func (j *job) merge(r chunk.Region, p partial) {
	if !j.merges {
		j.finish(r, p)
		return
	}
	j.eachRun(r, func(at, from, n int64) { j.global.merge(int(at), p, int(from), int(n)) })
}

// eachRun calls f for every run of outputs that is contiguous both among all
// outputs of the array (at) and among those of region r (from).
func (j *job) eachRun(r chunk.Region, f func(at, from, n int64)) {
	kept := chunk.Region{Start: make([]int64, len(j.order)), Shape: make([]int64, len(j.order))}
	for d := range kept.Start {
		kept.Shape[d] = 1
		if !j.reduced[d] {
			kept.Start[d], kept.Shape[d] = r.Start[d], r.Shape[d]
		}
	}
	layout := chunk.Layout{Shape: j.keptShape(), ItemSize: 1, Order: j.order}
	from := int64(0)
	for run := range layout.Runs(kept) {
		f(run.Offset, from, run.Len)
		from += run.Len
	}
}

// keptShape is the array's shape with every reduced axis of length one.
func (j *job) keptShape() []int64 {
	shape := j.a.Shape()
	for d, r := range j.reduced {
		if r {
			shape[d] = 1
		}
	}
	return shape
}

// result finishes what merged, and returns the result.
func (j *job) result() *Result {
	if j.merges {
		j.finish(chunk.Whole(j.a.view.shape), j.global)
	}
	return j.out
}

// finish writes the outputs of region r, which p holds in storage order, to
// their places in the result, which is in C order.
func (j *job) finish(r chunk.Region, p partial) {
	var order []int // the kept axes, slowest in storage first
	for _, d := range j.order {
		if !j.reduced[d] {
			order = append(order, d)
		}
	}
	stride := make([]int64, len(j.reduced)) // of the result, in elements
	step := int64(1)
	for d := len(j.reduced) - 1; d >= 0; d-- {
		if !j.reduced[d] {
			stride[d] = step
			step *= j.a.view.shape[d]
		}
	}
	at := int64(0)
	total := int64(1)
	for _, d := range order {
		at += r.Start[d] * stride[d]
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
		p.finish(j.out, int(at), int(inner), int(from), int(n))
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
