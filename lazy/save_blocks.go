package lazy

import (
	"context"
	"iter"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// writeBlocks makes the file out of blocks that are as large as the budget allows. Every block is
// brought into memory in the order in which elements are read, by all workers, and then all workers
// transpose parts of it and write them. That one block at a time has the whole budget, and not each
// worker one of its own, makes the runs on both sides longer.
//
// Blocks follow each other in the order of the file, so that what is behind them is complete.
func (a *Array) writeBlocks(ctx context.Context, t *target, order []int) error {
	return newBlocks(a, t, order).run(ctx)
}

// run goes through all blocks.
func (b *blocks) run(ctx context.Context) (err error) {
	behind := newFlusher(b.t)
	defer func() {
		if flushErr := behind.wait(); err == nil {
			err = flushErr
		}
	}()
	block, more := b.first(), true
	for more {
		if err := b.read(ctx, block); err != nil {
			return err
		}
		if err := b.write(ctx, block); err != nil {
			return err
		}
		from := b.offset(block.Start)
		more = b.next(&block)
		upto := b.t.size
		if more {
			upto = b.offset(block.Start)
		}
		behind.wrote(from, upto-from)
	}
	return nil
}

// blocks is how an array is cut for writeBlocks, and the memory of one block.
type blocks struct {
	t        *target
	shape    []int64
	itemsize int64
	order    []int   // of the file
	strides  []int64 // in the file
	extents  []int64
	readers  []*fillWorker
	buffers  [][]byte // of what is about to be written
	memory   []byte
	done     *parallel.Meter
}

func newBlocks(a *Array, t *target, order []int) *blocks {
	b := &blocks{t: t, shape: a.node.shape(), itemsize: a.DType().ItemSize(), order: order}
	b.strides = gaplessStrides(b.shape, b.itemsize, order)
	f := newFiller(a, a.node.order())
	each := f.memory() + savePiece + b.itemsize
	workers := a.numWorkers(2 * each) // half of the budget is for the block at least
	room := max((a.config.budget()-int64(workers)*each)/b.itemsize, 1)
	b.cut(blockExtents(b.shape, f.order, order, b.itemsize, room))
	if !slices.Equal(b.extents, b.shape) {
		a.outOfOrder()
	}
	for range workers {
		b.readers = append(b.readers, f.worker())
	}
	b.buffers = make([][]byte, workers)
	report := a.config.progress
	if report != nil { // reading and writing are half of the work each
		report = func(done, total int64) { a.config.progress(done/2, total/2) }
	}
	b.done = parallel.NewMeter(report, 2*a.NBytes())
	return b
}

// cut makes blocks of these lengths.
func (b *blocks) cut(extents []int64) {
	b.extents = extents
	b.memory = bytesrc.Memory(int(product(extents) * b.itemsize))
}

// first is the block with the first element.
func (b *blocks) first() chunk.Region {
	return chunk.Region{Start: make([]int64, len(b.shape)), Shape: slices.Clone(b.extents)}
}

// next moves on to the next block in the order of the file, or reports that there is none.
func (b *blocks) next(block *chunk.Region) bool {
	for _, d := range slices.Backward(b.order) {
		block.Start[d] += b.extents[d]
		if block.Start[d] < b.shape[d] {
			block.Shape[d] = min(b.extents[d], b.shape[d]-block.Start[d])
			return true
		}
		block.Start[d], block.Shape[d] = 0, b.extents[d]
	}
	return false
}

// offset is where an element lies in the file.
func (b *blocks) offset(index []int64) int64 {
	off := b.t.base()
	for d, i := range index {
		off += i * b.strides[d]
	}
	return off
}

// read fills the memory with a block, gapless in the order in which it is read.
func (b *blocks) read(ctx context.Context, block chunk.Region) error {
	f := b.readers[0].filler
	parts := deal(block, f.order, f.window)
	defer parts.stop()
	return parallel.Run(ctx, len(b.readers), func(ctx context.Context, worker int) error {
		for r, at, ok := parts.take(); ok; r, at, ok = parts.take() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			lo, n := at*b.itemsize, r.Len()*b.itemsize
			if err := b.readers[worker].fill(b.memory[lo:lo+n:lo+n], r); err != nil {
				return err
			}
			b.done.Add(n)
		}
		return nil
	})
}

// write brings a block to the file.
func (b *blocks) write(ctx context.Context, block chunk.Region) error {
	if b.offset(block.Start) == b.t.base() {
		if err := b.t.put(b.t.head, 0); err != nil {
			return err
		}
	}
	w := &blockWriter{blocks: b, block: block, run: runLen(block.Shape, b.shape, b.order)}
	w.from = gaplessStrides(block.Shape, b.itemsize, b.readers[0].order)
	next, stop := iter.Pull2(w.parts())
	defer stop()
	take := parallel.Locked(next)
	return parallel.Run(ctx, len(b.readers), func(ctx context.Context, worker int) error {
		for lo, hi, ok := take(); ok; lo, hi, ok = take() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := w.part(&b.buffers[worker], lo, hi); err != nil {
				return err
			}
			b.done.Add((hi - lo) * b.itemsize)
		}
		return nil
	})
}

// blockWriter writes the block that is in memory.
type blockWriter struct {
	*blocks
	block chunk.Region
	from  []int64 // strides of the elements in memory
	run   int64   // elements that lie together in the file
}

// parts yields ranges of the block's elements, counted in the order of the file, to transpose and
// write together: some runs, or of a long run what lies between multiples of savePiece in the file.
func (w *blockWriter) parts() iter.Seq2[int64, int64] {
	return func(yield func(lo, hi int64) bool) {
		n, size := w.block.Len(), max(savePiece/w.itemsize, 1)
		runs := max(size/w.run, 1)
		if line := 64 / w.itemsize; line > 1 && runs > line {
			// as many as lie together where they are read from, by lines of the cache
			runs -= runs % line
		}
		for lo := int64(0); lo < n; {
			hi := lo + runs*w.run
			if w.run > size {
				at := w.place(lo)
				end := (at/savePiece + 1) * savePiece
				hi = lo + max((end-at)/w.itemsize, 1)
				hi = min(hi, (lo/w.run+1)*w.run)
			}
			hi = min(hi, n)
			if !yield(lo, hi) {
				return
			}
			lo = hi
		}
	}
}

// place is where the i-th element of the block lies in the file.
func (w *blockWriter) place(i int64) int64 {
	off := w.offset(w.block.Start)
	for _, d := range slices.Backward(w.order) {
		off += i % w.block.Shape[d] * w.strides[d]
		i /= w.block.Shape[d]
	}
	return off
}

// part transposes and writes a range of elements.
func (w *blockWriter) part(buf *[]byte, lo, hi int64) error {
	*buf = grow(*buf, (hi-lo)*w.itemsize)
	rest := *buf
	err := eachBox(w.block, w.order, lo, hi, func(box chunk.Region) error {
		base := int64(0)
		for d, s := range w.from {
			base += (box.Start[d] - w.block.Start[d]) * s
		}
		n := box.Len() * w.itemsize
		kernel.Gather(rest[:n], w.memory, int(base), inOrder(box.Shape, w.order), inOrder(w.from, w.order), int(w.itemsize))
		rest = rest[n:]
		return nil
	})
	if err != nil {
		return err
	}
	for at := lo; at < hi; {
		end := min((at/w.run+1)*w.run, hi)
		if err := w.t.put((*buf)[(at-lo)*w.itemsize:(end-lo)*w.itemsize], w.place(at)); err != nil {
			return err
		}
		at = end
	}
	return nil
}
