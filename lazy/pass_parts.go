package lazy

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Parts is a pass over an array whose blocks can be computed apart: at different times, by
// different processes, on different machines. What has been found in a run of blocks, their state,
// is bytes that can be stored and merged later. With the same array, plan of blocks, budget
// ([Memory]) and reducers, it is the same bytes everywhere where the program is the same, and
// merging gives the same bits however blocks are put into runs.
//
// A state has the accumulators of groups of blocks, merged in their order, where the run has all of
// a group, and of single blocks where it has not; where it has all blocks that share outputs, these
// outputs, if they take no more. Groups follow from the array, its blocks and the
// reducers: there are as few that their states take about 1 % of the array. See [Parts.Group].
//
// A Parts is for one merge at a time; Compute and Checksum can be called concurrently.
type Parts struct {
	pass *pass
	out  *outputJob // nil if the elements are not written
	next int64      // block to merge
}

// partsState is how many bytes of accumulators that are.
func partsState(a *Array) int64 {
	share := min(max(a.config.chosenMemory()/partsShare, partialBytes), 64<<20)
	if a.inOrder() { // whoever owns outputs would decode all that precedes its elements
		share = max(share, a.config.chosenMemory()/2)
	}
	return share
}

// NewParts binds reducers, and with write also the elements themselves, which Compute then writes,
// to an array. Where the accumulators of a block of the plan take at most 1 MiB, results are those
// of [Run] bit for bit.
func NewParts(a *Array, write bool, reducers ...Reducer) (*Parts, error) {
	p := &Parts{}
	jobs, err := bind(a, reducers)
	if err != nil {
		return nil, err
	}
	if write {
		if a.DType().HasObject() {
			return nil, mmapnpy.ErrObject
		}
		p.out = newOutputJob(a)
		jobs = append(jobs, p.out)
	}
	p.pass, err = passOf(a, jobs, partsState(a), true)
	if p.out != nil && err == nil {
		p.out.pass = p.pass
	}
	return p, err
}

// NumBlocks is the number of blocks. Where reducers want whole frames or have very large results,
// they are not the blocks of the array's plan; where nothing is written, those that share outputs
// follow each other.
func (p *Parts) NumBlocks() int64 { return p.pass.tasks.n }

// Region is where block i lies in the array. It panics if there is no such block.
func (p *Parts) Region(i int64) chunk.Region {
	if err := p.has(i); err != nil {
		panic("lazy: " + err.Error())
	}
	return p.pass.tasks.region(i)
}

// has returns an error if there is no block i.
func (p *Parts) has(i int64) error {
	if i < 0 || i >= p.NumBlocks() {
		return fmt.Errorf("there is no block %d of %d", i, p.NumBlocks())
	}
	return nil
}

// Group is the number of blocks of the largest groups: in runs of a multiple of it all groups are
// whole.
func (p *Parts) Group() int64 {
	n := int64(1)
	for _, j := range p.reducing() {
		if f, ok := j.(*foldJob); ok {
			n = max(n, f.cells.group)
		}
	}
	return n
}

// StateBytes is about how many bytes the states of n blocks take in runs of so many. Of users'
// reducers it knows what their accumulators say they take.
func (p *Parts) StateBytes(n, run int64) int64 {
	sum, shape := int64(0), p.pass.tasks.largest()
	for _, j := range p.reducing() {
		states, each := n, j.stateBytes(shape)
		if f, ok := j.(*foldJob); ok {
			if f.short && f.cells.whole(run) {
				cells := arith.CeilDiv(n, max(f.cells.tasks, 1))
				sum = plus(sum, arith.Times(min(arith.Times(cells, f.outputsIn(shape)), f.keptLen()), f.outputBytes()))
				continue
			}
			states = f.cells.states(n, run)
			if all := arith.Times(f.keptLen(), f.fold.stateSize()); f.cells.tasks == 1 {
				sum = plus(sum, min(all, arith.Times(states, each)))
				continue
			}
		}
		sum = plus(sum, arith.Times(states, each))
	}
	return sum
}

// MaxState is a bound of what the state of a run of n blocks takes as bytes, one of those of equal
// length that the blocks are put into; math.MaxInt64 where a user's reducers, which marshal their
// accumulators themselves, have none.
func (p *Parts) MaxState(n, run int64) int64 {
	for _, j := range p.reducing() {
		if f, ok := j.(*foldJob); !ok || f.usersOwn() {
			return math.MaxInt64
		}
	}
	return plus(arith.Times(2, p.StateBytes(n, run)), 64<<10)
}

// Header describes the array of the elements that are written: numbers in the byte order of this
// machine, records and text as they are stored, and in Fortran order where the elements are read in
// that order.
func (p *Parts) Header() mmapnpy.Header {
	a := p.pass.a
	return mmapnpy.Header{DType: p.pass.raw.dtype(), Shape: a.Shape(), FortranOrder: a.FortranOrder()}
}

// Aligned is the smallest number of blocks such that all groups of so many, counted from the first
// block, have elements that lie together in the written array and begin at a multiple of align
// bytes. It is 0 if there is no such number below that of all blocks. It panics if align is not
// positive.
func (p *Parts) Aligned(align int64) int64 {
	if align < 1 {
		panic(fmt.Sprintf("lazy: Parts.Aligned: multiple of %d bytes", align))
	}
	shape, order := p.pass.a.node.shape(), p.pass.order
	fileOrder, _ := p.pass.a.fileOrder('K')
	t := &p.pass.tasks
	if t.n == 0 || !sameOrder(shape, order, fileOrder) {
		return 0
	}
	grid, block := t.plan.Grid(), t.largest()
	k := 0 // the axis whose chunks are the slabs
	for k < len(order)-1 && block[order[k]] == 1 {
		k++
	}
	blocks, bytes, rows := int64(1), p.pass.raw.dtype().ItemSize(), int64(1)
	if len(order) > 0 {
		for _, d := range order[k+1:] {
			blocks, bytes = blocks*grid.AxisCount(d), bytes*shape[d]
		}
		for _, d := range order[:k] {
			rows *= shape[d]
		}
		d := order[k]
		slab, row := bytes*block[d], bytes*shape[d]
		switch {
		case align == 1:
		case rows == 1 && grid.Regular(d):
			blocks *= align / arith.GCD(slab, align)
		case !grid.Regular(d) || slab%align != 0 || row%align != 0:
			blocks *= grid.AxisCount(d) * (align / arith.GCD(row, align))
		}
	}
	if blocks >= t.n {
		return 0
	}
	return blocks
}

// Offset is where the first element of block i lies in the written array, in bytes from the first
// element of all. It panics if there is no such block.
func (p *Parts) Offset(i int64) int64 {
	n := p.pass.a.node
	order, _ := p.pass.a.fileOrder('K')
	off, start := int64(0), p.Region(i).Start
	for d, s := range gaplessStrides(n.shape(), p.pass.raw.dtype().ItemSize(), order) {
		off += start[d] * s
	}
	return off
}

// RunBytes is how many bytes of the first block lie together in the written array: the length of a
// write.
func (p *Parts) RunBytes() int64 {
	if p.NumBlocks() == 0 {
		return 0
	}
	order, _ := p.pass.a.fileOrder('K')
	return runLen(p.Region(0).Shape, p.pass.a.node.shape(), order) * p.pass.raw.dtype().ItemSize()
}

// Computing says how [Parts.Compute] works. None of it changes what it finds.
type Computing struct {
	// Workers and Memory are as the options of these names. Default: those of the array. What
	// decides the result follows from the array's own budget.
	Workers int
	Memory  int64

	// Run is how many blocks have a state together: those from a multiple of Run on, as far as they
	// are computed. Default: 1.
	Run int64

	// Output takes the elements, at their offsets from the first one. It is written to by several
	// goroutines.
	Output io.WriterAt

	// Progress is called with the bytes of the array that have been read since the last call.
	Progress func(n int64)
}

// BlockState is what was found in a block.
type BlockState struct {
	Block int64
	State []byte // of the reducers; with the last block of a run that of all of them, else nil
	CRC   uint32 // CRC-32C of the elements that were written, in the order in which they were
}

// Compute computes the blocks lo to hi, with many workers, and calls done with each, in their
// order, from one goroutine at a time. What done is given is its own to keep. If it returns an
// error, Compute does. The elements of a block have been written when done is called with it,
// though not synced.
func (p *Parts) Compute(ctx context.Context, lo, hi int64, c Computing, done func(BlockState) error) error {
	if lo < 0 || lo > hi || hi > p.NumBlocks() {
		return fmt.Errorf("blocks %d to %d of %d", lo, hi, p.NumBlocks())
	}
	config := p.pass.a.config
	if c.Workers != 0 {
		config.workers = c.Workers
	}
	if c.Memory != 0 {
		config.memory = c.Memory
	}
	states := newStates(p, max(c.Run, 1), lo, hi)
	// What grows, what waits to be stored, and the groups and cells that have begun.
	begun := arith.Times(2, p.pass.tasks.stateBytes(p.reducing()))
	config.memory = max(config.budget()-arith.Times(3, p.StateBytes(states.run, states.run))-begun, minMemory/2)
	pass := *p.pass
	if c.Progress != nil {
		last := int64(0)
		pass.done = parallel.NewMeter(func(done, _ int64) { c.Progress(done - last); last = done }, pass.a.NBytes())
	}
	if p.out != nil {
		// A job of this call's own, since it has the place to write to.
		pass.jobs = slices.Clone(pass.jobs)
		pass.jobs[len(pass.jobs)-1] = p.out.to(c.Output)
	}
	return sweep(ctx, &pass, &config, lo, hi, states.run, pass.pack, func(i int64, f packed) error {
		state, err := states.add(i, f.parts)
		if err != nil {
			return p.pass.a.located(err, p.Region(i))
		}
		return done(BlockState{Block: i, State: state, CRC: f.crc})
	})
}

// Afford returns an error that matches [ErrTooLarge] if the results would not fit into the memory
// of this process, as the first Merge does.
func (p *Parts) Afford() error { return p.pass.afford(p.reducing()) }

// Merge takes over the state of the run of blocks lo to hi, which is the one after the last that
// was merged. A state that does not belong there is an error, after which, as after one of a user's
// reducer, Parts are of no use any more.
func (p *Parts) Merge(lo, hi int64, state []byte) error {
	if lo != p.next || hi <= lo || hi > p.NumBlocks() {
		return fmt.Errorf("blocks %d to %d are merged after block %d", lo, hi-1, p.next-1)
	}
	if lo == 0 {
		if err := p.Afford(); err != nil {
			return err
		}
	}
	p.next = -1 // until all of it is merged
	if err := p.mergeRun(lo, hi, state); err != nil {
		return fmt.Errorf("state of blocks %d to %d: %w", lo, hi-1, err)
	}
	p.next = hi
	return nil
}

// reducing are the jobs of the reducers; that which writes is behind them.
func (p *Parts) reducing() []job {
	if p.out == nil {
		return p.pass.jobs
	}
	return p.pass.jobs[:len(p.pass.jobs)-1]
}

// Results are the results of the reducers, in their order, after all blocks have been merged.
func (p *Parts) Results() ([]*Result, error) {
	if p.next != p.NumBlocks() {
		return nil, fmt.Errorf("%d of %d blocks were merged", p.next, p.NumBlocks())
	}
	var results []*Result
	for _, j := range p.reducing() {
		r, err := finalResult(j)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// Checksum reads the elements of block i from an output and gives what [BlockState] had as their
// CRC when they were written.
func (p *Parts) Checksum(ctx context.Context, i int64, output io.ReaderAt) (uint32, error) {
	if err := p.has(i); err != nil {
		return 0, err
	}
	if p.out == nil {
		return 0, nil
	}
	if output == nil {
		return 0, fmt.Errorf("block %d: there is no output to read", i)
	}
	part := &outputPart{job: p.out}
	for win := range p.Region(i).Split(p.pass.cut, p.pass.windowLen) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		for tile := range win.Split(p.pass.cut, p.pass.tileLen) {
			if err := part.read(tile, output); err != nil {
				return 0, err
			}
		}
	}
	return part.crc, nil
}

// Changed returns an error if a file that the array reads was changed or replaced since it was
// opened, as far as its size, times and identity tell.
func (p *Parts) Changed() error { return p.pass.a.changed() }
