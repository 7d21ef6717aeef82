package lazy

import (
	"context"
	"errors"
	"iter"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// Elements yields the bytes of all elements in C order, in pieces of whole
// elements of at most 4 MiB, or of one element that is larger: as stored, or, after
// casts, in the dtype that they have given. Elements of no bytes have no pieces. A
// piece is valid until the loop body ends. It is the way to stream
// an array into a hash, a socket or another file in bounded memory.
//
// Elements that are not used as they are stored are computed by all workers, which run ahead of the
// loop. Those that are, are lent where they lie. As with [Array.Blocks], bytes that become
// unreadable while the body looks at them are a panic with a *[FaultError], and code that pulls
// pieces by [iter.Pull] needs [Guard].
func (a *Array) Elements(ctx context.Context) iter.Seq2[[]byte, error] {
	if !a.liesInCOrder() {
		return a.copies(ctx)
	}
	return func(yield func([]byte, error) bool) {
		inBody := false
		err := a.eachPiece(ctx, func(b []byte) bool {
			inBody = true
			more := yield(b, nil)
			inBody = false
			return more
		})
		if err != nil && inBody {
			panic(err) // a loop body cannot return an error, and must not go on with half the data
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// eachPiece calls f with the pieces until it returns false. A fault in f ends it with
// an error.
func (a *Array) eachPiece(ctx context.Context, f func([]byte) bool) error {
	if a.NBytes() == 0 {
		return a.changed()
	}
	rd := a.node.reader()
	corder := chunk.COrder(a.NDim())
	for r := range chunk.Whole(a.node.shape()).Split(corder, max(windowBytes/elemSize(a.node), 1)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		more, err := a.piece(rd, r, corder, f)
		if err != nil || !more {
			return err
		}
	}
	return a.changed()
}

// liesInCOrder reports whether the elements are those of a file or of memory, in C order and
// without gaps.
func (a *Array) liesInCOrder() bool {
	l, ok := a.node.(*leaf)
	return ok && l.view.orderName() == "C-order"
}

// errEnough ends a piece whose user has seen enough.
var errEnough = errors.New("enough")

// piece makes a region readable and hands it on in C order, in parts of windowBytes.
func (a *Array) piece(rd reader, r chunk.Region, corder []int, f func([]byte) bool) (more bool, err error) {
	err = eachTile(rd, r, corder, windowBytes/elemSize(a.node), func(_ chunk.Region, b []byte) error {
		if !f(b) {
			return errEnough
		}
		return nil
	})
	if err == errEnough { //nolint:errorlint // the very value, never wrapped
		return false, nil
	}
	return err == nil, err
}

// Load reads the whole array into memory of its own, in C order, on all workers: NBytes of it,
// which the memory budget does not count. An array that does not fit into memory is an error that
// matches [ErrTooLarge].
func (a *Array) Load(ctx context.Context) (*Result, error) {
	n := a.NBytes()
	if err := a.afford("loading it", n); err != nil {
		return nil, err
	}
	r := newResult(a.DType(), a.Shape())
	if n > 0 {
		if err := a.loadTo(ctx, r.data); err != nil {
			return nil, err
		}
	}
	return r, a.changed()
}

// loadTo fills dst with the elements. Workers take pieces in order, each of which has its place.
func (a *Array) loadTo(ctx context.Context, dst []byte) error {
	f := newFiller(a, chunk.COrder(a.NDim()))
	itemsize := a.DType().ItemSize()
	parts := deal(chunk.Whole(a.node.shape()), f.order, f.pieceLen(1))
	defer parts.stop()
	done := parallel.NewMeter(a.config.progress, a.NBytes())
	return parallel.Run(ctx, a.numWorkers(f.memory()), func(ctx context.Context, _ int) error {
		w := f.worker()
		for r, at, ok := parts.take(); ok; r, at, ok = parts.take() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n := r.Len() * itemsize
			if err := w.fill(dst[at*itemsize:at*itemsize+n], r); err != nil {
				return err
			}
			done.Add(n)
		}
		return nil
	})
}
