package lazy

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// copies yields the elements in C order, in parts of at most windowBytes or of one element, in
// memory that cannot fault. Workers compute pieces ahead of the loop and hand them on in order.
func (a *Array) copies(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := a.produce(ctx, func(piece []byte) bool {
			part := max(windowBytes/elemSize(a.node), 1) * elemSize(a.node)
			for len(piece) > 0 {
				n := min(part, int64(len(piece)))
				if !yield(piece[:n:n], nil) {
					return false
				}
				piece = piece[n:]
			}
			return true
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// filled is a piece on its way. When done is closed, it has its bytes or an error.
type filled struct {
	done chan struct{}
	buf  []byte
	err  error
}

// errUnfilled is the error of a piece whose worker panicked. The panic is what is told.
var errUnfilled = errors.New("piece not filled")

// produce calls f with the pieces until it returns false. It returns when no worker runs any more;
// a panic of a worker is then one of the caller.
func (a *Array) produce(ctx context.Context, f func(piece []byte) bool) error {
	if a.NBytes() == 0 {
		return a.changed()
	}
	p := newProducer(a)
	defer p.parts.stop()
	inner, stop := context.WithCancel(ctx)
	defer p.join() // also when f panics
	defer stop()
	go p.run(inner)
	for piece := range p.inOrder {
		<-piece.done
		if piece.err != nil {
			return piece.err
		}
		if !f(piece.buf) {
			return nil
		}
		p.buffers <- piece.buf
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return a.changed()
}

// producer fills pieces in order.
type producer struct {
	*filler
	workers  int
	parts    *dealer
	mu       sync.Mutex   // held while a piece is taken and put into line
	inOrder  chan *filled // never full: there are no more pieces than buffers
	buffers  chan []byte
	finished chan struct{}
	crash    any
}

func newProducer(a *Array) *producer {
	p := &producer{filler: newFiller(a, chunk.COrder(a.NDim())), finished: make(chan struct{})}
	// Windows have half of the budget, and pieces the other half: one in every hand, and one that
	// is ready.
	p.workers = a.numWorkers(2 * p.memory())
	n := p.workers + 2
	p.parts = deal(chunk.Whole(a.node.shape()), p.order, p.pieceLen(int64(n)))
	p.inOrder, p.buffers = make(chan *filled, n), make(chan []byte, n)
	for range n {
		p.buffers <- nil
	}
	return p
}

// run is the workers, and ends the line of pieces after them.
func (p *producer) run(ctx context.Context) {
	defer close(p.finished)
	defer close(p.inOrder)
	defer func() { p.crash = recover() }()
	_ = parallel.Run(ctx, p.workers, p.work) // the piece that has an error tells it
}

// join waits for the workers.
func (p *producer) join() {
	<-p.finished
	if p.crash != nil {
		panic(p.crash)
	}
}

// work fills pieces until there are no more.
func (p *producer) work(ctx context.Context, _ int) error {
	w := p.worker()
	for {
		var buf []byte
		select {
		case buf = <-p.buffers:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		r, piece, ok := p.take(buf)
		if !ok {
			return nil
		}
		if err := piece.fill(ctx, w, r); err != nil {
			return err
		}
	}
}

// take puts the next piece into line.
func (p *producer) take(buf []byte) (chunk.Region, *filled, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, _, ok := p.parts.take()
	if !ok {
		return r, nil, false
	}
	piece := &filled{done: make(chan struct{}), buf: buf, err: errUnfilled}
	p.inOrder <- piece
	return r, piece, true
}

func (f *filled) fill(ctx context.Context, w *fillWorker, r chunk.Region) error {
	defer close(f.done)
	if ctx.Err() != nil {
		f.err = context.Cause(ctx)
		return f.err
	}
	f.buf = grow(f.buf, r.Len()*w.a.DType().ItemSize())
	f.err = w.fill(f.buf, r)
	return f.err
}
