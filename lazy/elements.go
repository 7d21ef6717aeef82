package lazy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// pieceBytes is how much [Array.Elements] gathers at once where the array does
// not lie in C order: the longer the piece, the longer the runs it reads.
const pieceBytes = 16 << 20

// Elements yields the bytes of all elements in C order, in pieces of whole
// elements of at most 4 MiB, or of one element that is larger: as stored, or, after
// casts, in the dtype that they have given. Elements of no bytes have no pieces. A
// piece is valid until the loop body ends. It is the way to stream
// an array into a hash, a socket or another file in bounded memory.
//
// As with [Array.Blocks], bytes that become unreadable while the body looks at them
// are a panic with a *[FaultError].
func (a *Array) Elements(ctx context.Context) iter.Seq2[[]byte, error] {
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
	for r := range chunk.Whole(a.node.shape()).Split(corder, a.pieceLen()) {
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

// pieceLen is how many elements are gathered at once.
func (a *Array) pieceLen() int64 {
	size := int64(windowBytes)
	if !a.liesInCOrder() {
		size = max(size, min(pieceBytes, a.config.budget()/4))
	}
	n := max(size/elemSize(a.node), 1)
	for n > 1 && a.node.hold(n) > a.config.budget() {
		n /= 2
	}
	return n
}

// liesInCOrder reports whether reading in C order is reading in storage order.
func (a *Array) liesInCOrder() bool {
	if l, ok := a.node.(*leaf); ok {
		return l.view.orderName() == "C-order"
	}
	return identical(a.node.order(), a.NDim())
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
// which the memory budget does not count.
func (a *Array) Load(ctx context.Context) (*Result, error) {
	n := a.NBytes()
	if int64(int(n)) != n {
		return nil, fmt.Errorf("lazy: %s: %s does not fit this machine's address space", a.Name(), chunk.FormatBytes(n))
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
	piece := a.pieceLen()
	itemsize := a.DType().ItemSize()
	g, ctx := errgroup.WithContext(ctx)
	next, stop := iter.Pull(chunk.Whole(a.node.shape()).Split(chunk.COrder(a.NDim()), piece))
	defer stop()
	var mu sync.Mutex
	at := int64(0) // where the next piece begins in dst
	take := func() (chunk.Region, []byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		r, ok := next()
		if !ok {
			return r, nil, false
		}
		n := r.Len() * itemsize
		at += n
		return r.Clone(), dst[at-n : at], true // the next piece overwrites this one's region
	}
	done := newMeter(a.config.progress, a.NBytes())
	for range a.config.numWorkers(a.node.hold(piece) + windowBytes) {
		g.Go(func() error {
			rd := a.node.reader()
			for r, part, ok := take(); ok; r, part, ok = take() {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := a.loadPiece(rd, r, part); err != nil {
					return err
				}
				done.add(int64(len(part)))
			}
			return nil
		})
	}
	return g.Wait()
}

// loadPiece fills dst with the elements of r in C order: straight from the file if they lie so.
func (a *Array) loadPiece(rd reader, r chunk.Region, dst []byte) error {
	corder := chunk.COrder(a.NDim())
	if l, ok := a.node.(*leaf); ok && contiguous(r.Shape, l.view.strides, l.view.dtype.ItemSize(), corder) {
		lo, _, first := l.view.span(r)
		return readFull(l.view.src, dst, lo+first)
	}
	_, err := a.piece(rd, r, corder, func(b []byte) bool {
		dst = dst[copy(dst, b):]
		return true
	})
	return err
}

// Save writes the array as a .npy file in C order, with the dtype it has here, in
// bounded memory. The write is atomic: the file appears whole under its name, or
// what was there stays. Saving over the file being read is refused.
func (a *Array) Save(ctx context.Context, path string) error {
	if err := a.refuseSame(path); err != nil {
		return err
	}
	return mmapnpy.SaveElements(path, a.DType(), a.Shape(), a.copies(ctx))
}

// copies yields the pieces in memory of their own, so that nothing that is done with
// them can fault.
func (a *Array) copies(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var piece []byte
		err := a.eachPiece(ctx, func(b []byte) bool {
			piece = append(piece[:0], b...)
			return yield(piece, nil)
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// refuseSame returns an error if path is a file that a reads from.
func (a *Array) refuseSame(path string) error {
	there, err := os.Stat(path)
	if err != nil {
		return nil // nothing there, or nothing to be seen: writing will tell
	}
	for _, f := range a.files {
		here, err := f.src.Stat()
		if err != nil {
			return err
		}
		if os.SameFile(here, there) {
			return fmt.Errorf("lazy: %s: refusing to write over the file being read", path)
		}
	}
	return nil
}
