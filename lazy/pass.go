package lazy

import (
	"context"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// Run makes one pass over a and gives the results of all reducers, in their
// order. Each window of the array is read once, whatever the number of
// reducers. Work is spread over the workers; partial results merge in the order
// of the plan, so the results do not depend on the number of workers.
//
// Run ends with the context's error soon after ctx is cancelled: within one
// window of 4 MiB per worker. Results that do not fit into memory are an error that
// matches [ErrTooLarge], before anything is read; [RunToFiles] has room for them.
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
		if results[i], err = finalResult(j); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// finalResult is the result of a job, with one NaN for all: where vectors add, others come first
// than in the loops of a machine without.
func finalResult(j job) (*Result, error) {
	r, err := j.result()
	if r != nil && err == nil {
		if e, ok := r.dtype.Elem(); ok {
			kernel.OneNaN(r.data, e)
		}
	}
	return r, err
}

// job is one reducer at work on one array.
type job interface {
	// computes is the elements that the job wants to see: numbers in the type that
	// kernels compute with, or the array's own in the byte order of this machine.
	computes() bool

	// stateBytes is the size of the accumulators of a task whose region has this shape.
	stateBytes(shape []int64) int64

	// memory is what the result takes while it is made, once the job has started.
	memory() int64

	// start is called once, when it is known how the pass is cut.
	start(t *tasks)

	// begin makes empty accumulators for a task over a region.
	begin(r chunk.Region) (part, error)

	// merge takes over what task i has found, in the order of the tasks.
	merge(i int64, r chunk.Region, p part) error

	// encode appends what a task has found to b, and takes the part back; decode makes a part again
	// of the beginning of b.
	encode(b []byte, p part) ([]byte, error)
	decode(b []byte, r chunk.Region) (p part, rest []byte, err error)

	result() (*Result, error)
}

// part is the accumulators of one job in one task. It belongs to one goroutine at a time.
type part interface {
	// tile takes in the elements of a region, gapless in the order of the pass.
	tile(b []byte, r chunk.Region) error
}

// pass is one sweep over an array on behalf of some reducers.
type pass struct {
	a        *Array
	jobs     []job
	raw      node // native elements
	computed node // elements that kernels compute with
	tasks    tasks
	order    []int
	// the order in which windows and tiles are cut, slowest first; order, unless frames stay whole
	cut       []int
	frames    bool  // a job wants frames that are not cut
	windowLen int64 // elements
	tileLen   int64
	tilings   []tiling
	done      *parallel.Meter
}

func newPass(a *Array, reducers []Reducer) (*pass, error) {
	jobs, err := bind(a, reducers)
	if err != nil {
		return nil, err
	}
	partial := int64(partialBytes)
	if a.inOrder() { // each task that owns outputs would decode all that precedes its elements
		partial = max(partial, a.config.chosenMemory()/2)
	}
	p, err := passOf(a, jobs, partial, false)
	if err != nil {
		return nil, err
	}
	return p, p.afford(jobs)
}

// afford returns an error if the results of some jobs cannot be had.
func (p *pass) afford(jobs []job) error {
	need := int64(0)
	for _, j := range jobs {
		need = plus(need, j.memory())
	}
	what := "the result"
	if len(jobs) > 1 {
		what = "all results together"
	}
	return p.a.afford(what, need)
}

// bind makes a job of every reducer.
func bind(a *Array, reducers []Reducer) ([]job, error) {
	var jobs []job
	for _, r := range reducers {
		j, err := r.job(a, a.node.order())
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// passOf is the pass of some jobs. Accumulators of a task may take so many bytes before it is cut
// otherwise: across the outputs, and in parts, which are for many machines, also across what they
// are made of.
func passOf(a *Array, jobs []job, partial int64, parts bool) (*pass, error) {
	p := &pass{a: a, jobs: jobs, order: a.node.order(), raw: toNative(a.node), computed: computable(a.node)}
	size := max(elemSize(a.node), elemSize(p.computed))
	p.windowLen, p.tileLen = max(windowBytes/size, 1), max(tileBytes/size, 1)
	if onlyWrites(jobs) {
		p.tileLen = max(writeBytes/size, 1)
	}
	for p.windowLen > p.tileLen && p.computed.memory(p.windowLen) > workerBytes-windowBytes {
		p.windowLen = (p.windowLen + 1) / 2
	}
	if _, ok := a.node.(*staged); ok {
		p.windowLen = max(p.windowLen, a.config.stageBytes()/size)
	}
	p.cut = p.order
	if err := p.keepFrames(size); err != nil {
		return nil, err
	}
	p.chooseTilings()
	p.tasks = p.chooseTasks(partial, parts)
	for _, j := range p.jobs {
		j.start(&p.tasks)
	}
	p.done = parallel.NewMeter(a.config.progress, a.NBytes())
	return p, nil
}

// onlyWrites reports whether elements go to a file, and nowhere else.
func onlyWrites(jobs []job) bool {
	for _, j := range jobs {
		if _, ok := j.(*outputJob); !ok {
			return false
		}
	}
	return true
}

// run spreads the tasks over workers.
func (p *pass) run(ctx context.Context) error {
	whole := func(r chunk.Region, parts []part) (finished, error) { return finished{region: r, parts: parts}, nil }
	return sweep(ctx, p, &p.a.config, 0, p.tasks.n, p.tasks.n, whole, p.merge)
}

// sweep spreads the tasks lo to hi over as many workers as c allows. What pack makes of a task is
// given to apply, in the order of the plan. Nothing of a run of tasks, those from a multiple of run
// on, waits for the next one.
func sweep[T any](ctx context.Context, p *pass, c *config, lo, hi, run int64,
	pack func(r chunk.Region, parts []part) (T, error), apply func(i int64, v T) error) error {
	most := p.batchTasks()
	workers, ahead := p.concurrency(c, most)
	if err := p.a.afford("a part of the result", p.tasks.stateBytes(p.jobs)); err != nil {
		return err
	}
	queue := &batcher{next: lo, hi: hi, most: most, run: max(run, 1), workers: int64(workers)}
	seq := parallel.NewSequencer(lo, ahead, apply)
	err := parallel.Run(ctx, workers, func(ctx context.Context, _ int) error {
		defer context.AfterFunc(ctx, seq.Stop)()
		w := newWorker(p)
		for from, to := queue.take(); from < to; from, to = queue.take() {
			for from < to {
				all, err := w.batch(ctx, from, to)
				if err != nil {
					return p.a.located(err, p.tasks.region(from))
				}
				values := make([]T, len(all))
				for k, parts := range all {
					r := p.tasks.region(from + int64(k))
					if values[k], err = pack(r, parts); err != nil {
						return p.a.located(err, r)
					}
				}
				more, err := seq.Do(from, values...)
				if err != nil {
					return err
				}
				if !more {
					return context.Cause(ctx)
				}
				from += int64(len(all))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.a.changed()
}

// concurrency is how many workers the budget allows, and how many tasks, of which a batch has at
// most so many, they may run ahead of the merge. Neither changes results.
func (p *pass) concurrency(c *config, batch int64) (workers int, ahead int64) {
	task := p.tasks.stateBytes(p.jobs)
	each := max(workerBytes, p.computed.memory(p.windowLen)+max(windowBytes, p.tileMemory())) + max(task-smallState, 0)
	workers = c.numWorkers(each)
	if p.a.inOrder() {
		workers = 1
	}
	spare := c.budget() - int64(workers)*each
	return workers, max(1, min(int64(mergeAhead*workers)*batch, spare/max(task, 1)))
}

// finished is a task's region and the part of each job.
type finished struct {
	region chunk.Region
	parts  []part
}

func (p *pass) merge(i int64, f finished) error {
	for k, part := range f.parts {
		if err := p.jobs[k].merge(i, f.region, part); err != nil {
			return p.a.located(err, f.region)
		}
	}
	return nil
}

// worker is what one goroutine needs for a pass.
type worker struct {
	pass    *pass
	reader  reader
	convert bool // raw tiles are read, and computed ones made of them
	from    kernel.Elem
	to      kernel.Elem
	buf     []byte
}

// newWorker reads what all jobs want to see. Where some want the array's own elements and
// others computed ones, the computed ones are made of the same tiles.
func newWorker(p *pass) *worker {
	w := &worker{pass: p}
	raw := false
	for _, j := range p.jobs {
		raw = raw || !j.computes()
	}
	if !raw {
		w.reader = p.computed.reader()
		return w
	}
	w.reader = p.raw.reader()
	if !p.raw.dtype().Equal(p.computed.dtype()) {
		w.convert, w.from, w.to = true, elemOf(p.raw.dtype()), elemOf(p.computed.dtype())
	}
	return w
}

// task takes one region of the array into fresh parts.
func (w *worker) task(ctx context.Context, r chunk.Region) ([]part, error) {
	parts, err := w.begin(r)
	if err != nil {
		return nil, err
	}
	for win := range r.Split(w.pass.cut, w.pass.windowLen) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := w.window(win, parts); err != nil {
			return nil, err
		}
		w.pass.done.Add(win.Len() * w.pass.a.DType().ItemSize())
	}
	return parts, nil
}

// begin makes fresh parts for a region.
func (w *worker) begin(r chunk.Region) ([]part, error) {
	parts := make([]part, len(w.pass.jobs))
	for k, j := range w.pass.jobs {
		var err error
		if parts[k], err = j.begin(r); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// window loads one window and hands it to the parts.
func (w *worker) window(win chunk.Region, parts []part) error {
	err := within(w.reader, win, func() error { return w.within(win, parts) })
	return w.pass.a.located(err, win)
}

// within hands a region of the open window to the parts tile by tile.
func (w *worker) within(win chunk.Region, parts []part) error {
	for _, t := range w.pass.tilings {
		for tile := range w.pass.tiles(win, t) {
			b, err := w.reader.tile(tile, w.pass.order)
			if err == nil {
				err = w.tile(tile, b, t.jobs, parts)
			}
			if err != nil {
				return w.pass.a.located(err, tile)
			}
		}
	}
	return nil
}

// tile hands one tile to the parts of some jobs.
func (w *worker) tile(tile chunk.Region, raw []byte, jobs []int, parts []part) error {
	var computed []byte
	for _, k := range jobs {
		b := raw
		if w.pass.jobs[k].computes() {
			if computed == nil {
				computed = w.computed(raw)
			}
			b = computed
		}
		if err := parts[k].tile(b, tile); err != nil {
			return err
		}
	}
	return nil
}

// computed is a tile as kernels compute with it.
func (w *worker) computed(raw []byte) []byte {
	if !w.convert {
		return raw
	}
	n := len(raw) / w.from.Size()
	w.buf = grow(w.buf, int64(n*w.to.Size()))
	kernel.Convert(w.buf, w.to, raw, w.from, false)
	return w.buf
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

// largest is the shape of the largest task; none is longer along any axis.
func (t *tasks) largest() []int64 {
	shape := t.plan.BlockShape()
	for d, reduced := range t.reduced {
		if reduced {
			shape[d] = t.shape[d]
		}
	}
	return shape
}

// stateBytes is the size of the accumulators of the largest task.
func (t *tasks) stateBytes(jobs []job) int64 {
	sum, shape := int64(0), t.largest()
	for _, j := range jobs {
		sum = plus(sum, j.stateBytes(shape))
	}
	return sum
}

// chooseTasks takes the blocks of the plan, unless a block has so many outputs
// that its accumulators would be as large as its data; then each task owns a
// slab of outputs and sweeps the reduced axes for them. The choice depends on
// the array, its plan, the reducers and the limit only.
func (p *pass) chooseTasks(partial int64, parts bool) tasks {
	if p.frames {
		return p.frameTasks()
	}
	shape := p.a.node.shape()
	t := tasks{plan: p.a.plan, n: p.a.plan.NumBlocks(), shape: shape}
	var widest *foldJob
	block, most := p.a.plan.BlockShape(), partial
	for _, j := range p.jobs {
		f, ok := j.(*foldJob)
		if !ok {
			return t // what knows where elements lie takes them block by block
		}
		n := f.stateBytes(block)
		if n > most || f.sink != nil && !t.single(f.reduced) {
			widest, most = f, max(n, most)
		}
	}
	switch {
	case parts:
		return p.partTasks(t, widest, partial)
	case widest == nil:
		return t
	}
	kept := p.a.Shape()
	for d, reduced := range widest.reduced {
		if reduced {
			kept[d] = min(kept[d], 1)
		}
	}
	layout := chunk.Layout{Shape: kept, ItemSize: widest.fold.stateSize(), Order: p.order}
	plan, err := chunk.NewPlan(layout, nil, chunk.Auto(), chunk.Limits{MaxBlock: partial, MinBlock: partial / 16, MinBlocks: 4 * planWorkers})
	if err != nil {
		return t // not reached: a part of a valid layout is valid; the plan's blocks do as well
	}
	return tasks{plan: plan, reduced: widest.reduced, shape: t.shape, n: plan.NumBlocks()}
}
