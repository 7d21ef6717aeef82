package lazy

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Block is one chunk's data, borrowed: valid until the loop body or the function
// that received it returns.
type Block struct {
	Index  int64        // number of the block in the plan
	Region chunk.Region // where the block lies in the array; owned by the block
	buffer mmapnpy.Buffer
}

// Buffer is the block's elements as an untyped strided window. Without casts
// they are the stored bytes, in place where the file is mapped.
func (b Block) Buffer() mmapnpy.Buffer { return b.buffer }

// Shape is the number of elements of the block along each axis.
func (b Block) Shape() []int64 { return b.Region.Shape }

// DType is the type of the block's elements.
func (b Block) DType() mmapnpy.DType { return b.buffer.DType }

// Buffered is what holds elements in memory: a [Block] or a [Result].
type Buffered interface{ Buffer() mmapnpy.Buffer }

// View shows the elements of b as T without copying, as [mmapnpy.ViewOf] does:
// the wrong T, or elements of foreign byte order, are an error.
func View[T any](b Buffered) (mmapnpy.NDArray[T], error) { return mmapnpy.ViewOf[T](b.Buffer()) }

// Copy returns the elements of b in C order and native byte order, in memory of
// their own that outlives the block.
func Copy[T any](b Buffered) ([]T, error) { return mmapnpy.CopyOf[T](b.Buffer()) }

// Blocks yields the blocks of the plan in storage order. A block is released
// when the loop body ends. After an error nothing more is yielded. A block
// larger than the memory budget is refused. The body must not close the array:
// Close would wait for the block that the body holds.
//
// If bytes of a mapped block become unreadable while the body looks at them, the
// body panics with a *[FaultError]; see [Each] for the form that returns it. If they
// turned into zeros, because the file was cut inside a page, the next thing
// yielded is that error.
func (a *Array) Blocks(ctx context.Context) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		if err := a.checkBlockSize(); err != nil {
			yield(Block{}, err)
			return
		}
		l, p := newLoader(&a.view), a.userPipeline()
		for i := range a.plan.NumBlocks() {
			b, w, err := a.loadBlock(ctx, l, &p, i)
			more := true
			if err == nil {
				more, err = yieldBlock(yield, b, &w)
			}
			if more && err != nil {
				yield(Block{}, err)
			}
			if !more || err != nil {
				return
			}
		}
	}
}

// yieldBlock runs one loop body and gives the block back, however the body ends.
// The error says that the body did not see what the file holds.
func yieldBlock(yield func(Block, error) bool, b Block, w *window) (more bool, err error) {
	defer w.release()
	err = bytesrc.Guard(func() error {
		more = yield(b, nil)
		return nil
	})
	if err != nil {
		panic(err) // a loop body cannot return an error, and must not go on with half the data
	}
	return more, w.lease.Verify()
}

// Each calls f for every block of the plan, on as many goroutines as there are
// workers and the memory budget has room for, in no particular order. The first
// error cancels the rest and is returned. Bytes that become unreadable while f
// looks at them are a *[FaultError].
func Each(ctx context.Context, a *Array, f func(ctx context.Context, b Block) error) error {
	if err := a.checkBlockSize(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	queue := newTicket(a.plan.NumBlocks())
	done := newMeter(a.config.progress, a.view.nbytes())
	p := a.userPipeline()
	for range a.config.numWorkers(a.blockBytes()) {
		g.Go(func() error {
			l := newLoader(&a.view)
			for i, ok := queue.take(); ok; i, ok = queue.take() {
				if err := a.eachBlock(ctx, l, &p, i, f); err != nil {
					return err
				}
				done.add(a.plan.Region(i).Len() * a.view.dtype.ItemSize())
			}
			return nil
		})
	}
	return g.Wait()
}

func (a *Array) eachBlock(ctx context.Context, l *loader, p *pipeline, i int64, f func(context.Context, Block) error) error {
	b, w, err := a.loadBlock(ctx, l, p, i)
	if err != nil {
		return err
	}
	defer w.release()
	if err := guardUser(i, func() error { return f(ctx, b) }); err != nil {
		return err
	}
	return w.lease.Verify()
}

// guardUser runs a user's function over mapped bytes: a fault in them is a
// *FaultError, and a panic of the user's own an error that names the block.
func guardUser(block int64, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("lazy: block %d: panic: %v", block, r)
		}
	}()
	return bytesrc.Guard(f)
}

// loadBlock brings block i into memory and through the pipeline.
func (a *Array) loadBlock(ctx context.Context, l *loader, p *pipeline, i int64) (Block, window, error) {
	if ctx.Err() != nil {
		return Block{}, window{}, context.Cause(ctx)
	}
	r := a.plan.Region(i)
	b := Block{Index: i, Region: r}
	if !p.identity() {
		data, err := l.convertRegion(p, r)
		b.buffer = mmapnpy.Buffer{Data: data, DType: a.DType(), Shape: r.Shape,
			Strides: compactStrides(make([]int64, len(r.Shape)), r.Shape, p.itemOut, l.order)}
		return b, window{}, err
	}
	w, err := l.load(r)
	b.buffer = mmapnpy.Buffer{Data: w.data, Offset: w.first, DType: a.DType(), Shape: r.Shape, Strides: slices.Clone(w.strides)}
	return b, w, err
}

// blockWindow is how much of a block is loaded at once where its elements are cast:
// the whole cast block is held, and little beside it.
const blockWindow = 1 << 20

// blockBytes is the most that a block holds in memory: its elements as they were cast,
// or the stored bytes, in place or, twice at the worst, while they are gathered.
func (a *Array) blockBytes() int64 {
	r := chunk.Whole(a.plan.BlockShape())
	n := r.Len() * a.DType().ItemSize()
	switch {
	case n == 0:
		return 0
	case len(a.casts) > 0:
		return n + (sparseness+2)*blockWindow
	}
	if lo, hi, _ := a.view.span(r); a.view.dense(r, hi-lo) {
		return hi - lo
	}
	return 2 * n
}

func (a *Array) checkBlockSize() error {
	if b, m := a.blockBytes(), a.config.budget(); b > m || b < 0 {
		return fmt.Errorf("lazy: %s: a block of %s is larger than the memory budget of %s; choose smaller chunks or a larger budget",
			a.Name(), chunk.FormatBytes(b), chunk.FormatBytes(m))
	}
	return nil
}

// nbytes is the size of the view's elements in bytes.
func (v *strided) nbytes() int64 { return product(v.shape) * v.dtype.ItemSize() }
