package lazy

import (
	"context"
	"fmt"
	"iter"
	"os"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
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
		return a.file.src.Changed()
	}
	l, p := newLoader(&a.view), a.userPipeline()
	ndim := a.NDim()
	corder := chunk.COrder(ndim)
	piece := int64(windowBytes)
	if a.view.orderName() != "C-order" {
		piece = max(piece, min(pieceBytes, a.config.budget()/4))
	}
	itemsize := max(p.itemIn, p.itemOut, 1)
	for r := range chunk.Whole(a.view.shape).Split(corder, max(piece/itemsize, 1)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		more, err := a.piece(l, &p, r, corder, windowBytes/itemsize, f)
		if err != nil || !more {
			return err
		}
	}
	return a.file.src.Changed()
}

// piece loads a region, and hands it on in C order, n elements at a time.
func (a *Array) piece(l *loader, p *pipeline, r chunk.Region, corder []int, n int64, f func([]byte) bool) (more bool, err error) {
	w, err := l.load(r)
	if err != nil {
		return false, err
	}
	defer w.release()
	for part := range r.Split(corder, max(n, 1)) {
		err := bytesrc.Guard(func() error {
			more = f(l.convert(p, l.elements(&w, r, part, corder)))
			return nil
		})
		if err == nil && more {
			err = w.lease.Verify()
		}
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// Load reads the whole array into memory of its own, in C order: NBytes of it,
// which the memory budget does not count.
func (a *Array) Load(ctx context.Context) (*Result, error) {
	n := a.NBytes()
	if int64(int(n)) != n {
		return nil, fmt.Errorf("lazy: %s: %s does not fit this machine's address space", a.Path(), chunk.FormatBytes(n))
	}
	r := newResult(a.DType(), a.Shape())
	at := 0
	err := a.eachPiece(ctx, func(b []byte) bool {
		at += copy(r.data[at:], b)
		return true
	})
	if err != nil {
		return nil, err
	}
	return r, nil
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

// refuseSame returns an error if path is the file that a reads from.
func (a *Array) refuseSame(path string) error {
	there, err := os.Stat(path)
	if err != nil {
		return nil // nothing there, or nothing to be seen: writing will tell
	}
	here, err := a.file.src.Stat()
	if err != nil {
		return err
	}
	if os.SameFile(here, there) {
		return fmt.Errorf("lazy: %s: refusing to write over the file being read", path)
	}
	return nil
}
