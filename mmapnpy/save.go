package mmapnpy

import (
	"errors"
	"io"
	"iter"
	"os"
	"sync"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Save writes b as a .npy file, as np.save does: in Fortran order if that is how it lies (and
// it does not lie in C order as well), else in C order; the bytes stay as they are. The write
// is atomic: a file appears whole under path, or what was there stays. A file that is there is
// replaced, whatever it is, and keeps its owner and permissions; one that is write-protected is
// refused, and so is the name of a sidecar of another file ("x.npz.lzidx"). Memory may be mapped
// from the very file: the mapping keeps what it shows. Unlike np.save it adds no ".npy" to the
// name.
func Save(path string, b Buffer) error {
	return atomicfile.Write(path, func(f *os.File) error { return Write(f, b) })
}

// SaveElements writes a .npy file in C order from the bytes of its elements, which come in
// pieces of any length and must add up to the array. It is atomic as [Save] is; an error from
// the sequence ends it and leaves no file behind.
func SaveElements(path string, t DType, shape []int64, pieces iter.Seq2[[]byte, error]) error {
	return atomicfile.Write(path, func(f *os.File) error {
		w, err := newPieceWriter(f, Header{DType: t, Shape: shape})
		if err != nil {
			return err
		}
		defer w.release()
		left := Buffer{DType: t, Shape: shape}.NBytes()
		for b, err := range pieces {
			if err != nil {
				return err
			}
			if left -= int64(len(b)); left < 0 {
				return fileerr.New(path, errors.New("more bytes of elements were given than the array holds"))
			}
			if err := w.write(b); err != nil {
				return err
			}
		}
		if left > 0 {
			return fileerr.Errorf(path, "the elements given are %d bytes short of the array", left)
		}
		return w.flush()
	})
}

// Elements yields the bytes of the elements in C order, in pieces of at most 2 MiB or of one
// element, in memory of their own: each is valid until the next. Elements that cannot be read any
// more are a *[FaultError].
func (b Buffer) Elements() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := b.Check(); err != nil {
			yield(nil, err)
			return
		}
		var piece []byte
		for part := range b.pieces(writePiece) {
			n := part.NBytes()
			if int64(cap(piece)) < n {
				piece = make([]byte, n)
			}
			if err := part.CopyTo(piece[:n]); err != nil {
				yield(nil, err)
				return
			}
			if !yield(piece[:n], nil) {
				return
			}
		}
	}
}

// Write writes b to w as a .npy file, in pieces of at most 2 MiB; see [Save] for the order.
// Elements that cannot be read any more are a *[FaultError]; what was written until then is of no
// use.
func Write(w io.Writer, b Buffer) error {
	if w == nil {
		return errors.New("there is nothing to write to")
	}
	if err := b.Check(); err != nil {
		return err
	}
	fortran := b.FContiguous() && !b.CContiguous()
	p, err := newPieceWriter(w, Header{DType: b.DType, Shape: b.Shape, FortranOrder: fortran})
	if err != nil {
		return err
	}
	defer p.release()
	if fortran {
		b = b.Transpose()
	}
	if err := p.writeBuffer(b); err != nil {
		return err
	}
	return p.flush()
}

// writePiece is the size of what is written at once, and its alignment in the file. Linux
// caches what is written in pieces up to this size as a whole; such a file can later be
// mapped 2 MiB at a time, which takes next to nothing, instead of page by page.
const writePiece = 2 << 20

// A pieceWriter cuts what it is given at multiples of writePiece.
type pieceWriter struct {
	w    io.Writer
	at   int64   // in the file, where buf begins
	most int64   // bytes that are still to come, at most
	buf  []byte  // waits for the rest of its piece
	lent *[]byte // of pieceBuffers, if buf is one of them
}

// pieceBuffers are those of whole pieces. Less is allocated as large as it is: most files that are
// written in large numbers are small.
var pieceBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, writePiece)
	return &b
}}

// buffer makes buf, for the rest of what is to come or a whole piece.
func (p *pieceWriter) buffer() {
	if p.most < writePiece {
		p.buf = make([]byte, 0, p.most)
		return
	}
	p.lent = pieceBuffers.Get().(*[]byte)
	p.buf = (*p.lent)[:0]
}

// release gives the buffer back; nothing is written any more.
func (p *pieceWriter) release() {
	if p.lent != nil {
		pieceBuffers.Put(p.lent)
	}
	p.buf, p.lent = nil, nil
}

// newPieceWriter starts a file with its header.
func newPieceWriter(w io.Writer, h Header) (*pieceWriter, error) {
	if h.DType.HasObject() {
		return nil, ErrObject
	}
	head, err := EncodeHeader(h)
	if err != nil {
		return nil, err
	}
	p := &pieceWriter{w: w, most: int64(len(head)) + h.NBytes()}
	return p, p.write(head)
}

// write takes b, which may lie in a mapping.
func (p *pieceWriter) write(b []byte) error {
	for len(b) > 0 {
		room := int(writePiece - p.at%writePiece) // from the start of buf to the end of the piece
		if len(p.buf) == 0 && len(b) >= room {
			if err := p.put(b[:room]); err != nil {
				return err
			}
			b = b[room:]
			continue
		}
		if p.buf == nil {
			p.buffer()
		}
		n := min(len(b), room-len(p.buf))
		p.buf, b = append(p.buf, b[:n]...), b[n:]
		if len(p.buf) == room {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what waits.
func (p *pieceWriter) flush() error {
	b := p.buf
	p.buf = b[:0]
	if len(b) == 0 {
		return nil
	}
	return p.put(b)
}

func (p *pieceWriter) put(b []byte) error {
	n, err := p.w.Write(b)
	p.at += int64(n)
	if err != nil {
		// A write from mapped memory that is gone fails with "bad address", which says
		// nothing. Touching that memory says which file it was.
		for i := 0; i < len(b); i += os.Getpagesize() {
			touch(b[i])
		}
	}
	return err
}

// touch keeps the compiler from leaving out the read of its argument.
//
//go:noinline
func touch(byte) {}

// writeBuffer writes the elements in C order.
func (p *pieceWriter) writeBuffer(b Buffer) error {
	return bytesrc.Guard(func() error {
		if b.NBytes() == 0 { // whatever its offset: that of a part without elements may be anywhere
			return nil
		}
		if b.CContiguous() {
			return p.write(b.Data[b.Offset : b.Offset+b.NBytes()])
		}
		var piece []byte
		for part := range b.pieces(writePiece) {
			n := part.NBytes()
			if int64(cap(piece)) < n {
				piece = make([]byte, n)
			}
			part.gather(piece[:n])
			if err := p.write(piece[:n]); err != nil {
				return err
			}
		}
		return nil
	})
}
