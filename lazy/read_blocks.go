package lazy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/parallel"
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
// their own that outlives the block; see [mmapnpy.CopyOf] for the options.
func Copy[T any](b Buffered, opts ...mmapnpy.Option) ([]T, error) {
	return mmapnpy.CopyOf[T](b.Buffer(), opts...)
}

// Blocks yields the blocks of the plan in storage order. A block is released
// when the loop body ends. After an error nothing more is yielded. A block
// larger than the memory budget is refused. The body must not close the array:
// Close would wait for the block that the body holds.
//
// If bytes of a mapped block become unreadable while the body looks at them, the
// body panics with a *[FaultError]; see [Each] for the form that returns it. If they
// turned into zeros, because the file was cut inside a page, the next thing
// yielded is that error. A body that [iter.Pull] runs on another goroutine is not covered: there
// such a fault kills the process, unless it is under [Guard].
func (a *Array) Blocks(ctx context.Context) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		if err := a.checkBlockSize(); err != nil {
			yield(Block{}, err)
			return
		}
		l := newBlockLoader(a)
		for i := range a.plan.NumBlocks() {
			b, w, err := l.load(ctx, i)
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
// error cancels the rest and is returned, as a *[FuncError] that names the block. Bytes that become
// unreadable while f looks at them are a *[FaultError].
func Each(ctx context.Context, a *Array, f func(ctx context.Context, b Block) error) error {
	if err := a.checkBlockSize(); err != nil {
		return err
	}
	queue := parallel.NewTicket(a.plan.NumBlocks())
	done := parallel.NewMeter(a.config.progress, a.NBytes())
	return parallel.Run(ctx, a.numWorkers(a.blockBytes()), func(ctx context.Context, _ int) error {
		l := newBlockLoader(a)
		for i, ok := queue.Take(); ok; i, ok = queue.Take() {
			if err := l.each(ctx, i, f); err != nil {
				return err
			}
			done.Add(a.plan.Region(i).Len() * a.DType().ItemSize())
		}
		return nil
	})
}

// each calls f with block i.
func (l *blockLoader) each(ctx context.Context, i int64, f func(context.Context, Block) error) error {
	b, w, err := l.load(ctx, i)
	if err != nil {
		return err
	}
	defer w.release()
	if err := callUser(func() error { return f(ctx, b) }); err != nil {
		return l.a.located(err, b.Region)
	}
	return w.lease.Verify()
}

// blockLoader brings blocks into memory. It belongs to one goroutine.
type blockLoader struct {
	a      *Array
	loader *loader // for elements that are given as they are stored, else nil
	reader reader
	order  []int
	buf    []byte
}

func newBlockLoader(a *Array) *blockLoader {
	if l, ok := a.node.(*leaf); ok {
		return &blockLoader{a: a, loader: newLoader(&l.view)}
	}
	return &blockLoader{a: a, reader: a.node.reader(), order: a.node.order()}
}

// load brings block i into memory. It is valid until the next call, and its window is
// the caller's to release.
func (l *blockLoader) load(ctx context.Context, i int64) (Block, window, error) {
	if ctx.Err() != nil {
		return Block{}, window{}, context.Cause(ctx)
	}
	r := l.a.plan.Region(i)
	b := Block{Index: i, Region: r}
	if l.loader != nil {
		w, err := l.loader.load(r)
		b.buffer = mmapnpy.Buffer{Data: w.data, Offset: w.first, DType: l.a.DType(), Shape: r.Shape, Strides: slices.Clone(w.strides)}
		return b, w, err
	}
	if err := l.make(r); err != nil {
		if _, named := errors.AsType[*FuncError](err); !named {
			err = fmt.Errorf("block %d: %w", i, err)
		}
		return Block{}, window{}, err
	}
	b.buffer = mmapnpy.Buffer{Data: l.buf, DType: l.a.DType(), Shape: r.Shape,
		Strides: gaplessStrides(r.Shape, l.a.DType().ItemSize(), l.order)}
	return b, window{}, nil
}

// make computes the elements of r, in storage order. Only small parts of what they are
// made of are in memory at a time.
func (l *blockLoader) make(r chunk.Region) error {
	size := elemSize(l.a.node)
	l.buf = grow(l.buf, r.Len()*l.a.DType().ItemSize())
	done := 0
	for win := range r.Split(l.order, blockWindow/size) {
		err := eachTile(l.reader, win, l.order, tileBytes/size, func(_ chunk.Region, b []byte) error {
			done += copy(l.buf[done:], b)
			return nil
		})
		if err != nil {
			return l.a.located(err, win)
		}
	}
	return nil
}

// blockBytes is the most that a block holds in memory: its computed elements, or the
// stored bytes, in place or, twice at the worst, while they are gathered.
func (a *Array) blockBytes() int64 {
	r := chunk.Whole(a.plan.BlockShape())
	n := r.Len() * a.DType().ItemSize()
	if n == 0 {
		return 0
	}
	l, ok := a.node.(*leaf)
	if !ok {
		return n + a.node.memory(blockWindow/elemSize(a.node)) + blockWindow
	}
	if lo, hi, _ := l.view.byteRange(r); l.view.dense(r, hi-lo) {
		return hi - lo
	}
	return 2 * n
}

func (a *Array) checkBlockSize() error {
	if b, m := a.blockBytes(), a.config.budget(); b > m || b < 0 {
		return a.errorf("a block of %s is larger than the memory budget of %s; choose smaller chunks or a larger budget", chunk.FormatBytes(b), chunk.FormatBytes(m))
	}
	return nil
}
