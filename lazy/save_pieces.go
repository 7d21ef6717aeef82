package lazy

import (
	"context"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// writePieces makes the file piece by piece from its beginning to its end. Workers take pieces in
// order.
func (a *Array) writePieces(ctx context.Context, t *target, order []int) error {
	itemsize := a.DType().ItemSize()
	piece := (max(itemsize, t.base()) + savePiece - 1) / savePiece * savePiece
	f := newFiller(a, order)
	queue := parallel.NewTicket((t.size + piece - 1) / piece)
	done := parallel.NewMeter(a.config.progress, a.NBytes())
	return parallel.Run(ctx, a.numWorkers(piece+2*itemsize+f.memory()), func(ctx context.Context, _ int) error {
		w := f.worker()
		var buf []byte
		for i, ok := queue.Take(); ok; i, ok = queue.Take() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			lo, hi := i*piece, min((i+1)*piece, t.size)
			var err error
			if buf, err = w.filePiece(t, buf, lo, hi); err != nil {
				return err
			}
			done.Add(hi - max(lo, t.base()))
		}
		return nil
	})
}

// filePiece makes the bytes lo to hi of the file, header and parts of elements included, and writes
// them. The first piece has the whole header. It returns buf, which it may have grown.
func (w *fillWorker) filePiece(t *target, buf []byte, lo, hi int64) ([]byte, error) {
	n := w.a.node
	itemsize := n.dtype().ItemSize()
	first, last := max(lo-t.base(), 0)/itemsize, (hi-t.base()+itemsize-1)/itemsize
	head := int64(0)
	if lo == 0 {
		head = t.base()
	}
	buf = grow(buf, head+(last-first)*itemsize)
	copy(buf[:head], t.head)
	at := head
	err := eachBox(chunk.Whole(n.shape()), w.order, first, last, func(box chunk.Region) error {
		size := box.Len() * itemsize
		at += size
		return w.fill(buf[at-size:at], box)
	})
	if err != nil {
		return buf, err
	}
	skip := int64(0) // of an element that began in the piece before
	if lo > 0 {
		skip = lo - t.base() - first*itemsize
	}
	if err := t.put(buf[skip:skip+hi-lo], lo); err != nil {
		return buf, err
	}
	return buf, t.wrote(lo, hi-lo)
}
