package export

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Stream is the elements of an array on their way out: pieces of whole elements
// in C order. It is used once, or as often as Pieces can be.
type Stream struct {
	Name   string // of the input, for errors
	DType  mmapnpy.DType
	Shape  []int64
	Pieces iter.Seq2[[]byte, error] // the bytes of a piece are valid until the next one
}

// Array reads an array piece by piece; name is what errors call it.
func Array(ctx context.Context, name string, a *lazy.Array) Stream {
	return Stream{Name: name, DType: a.DType(), Shape: a.Shape(), Pieces: a.Elements(ctx)}
}

// Result is a result that is in memory already.
func Result(name string, r *lazy.Result) Stream {
	return Stream{Name: name, DType: r.DType(), Shape: r.Shape(), Pieces: func(yield func([]byte, error) bool) {
		size := max(r.DType().ItemSize(), 1)
		for piece := range slices.Chunk(r.Buffer().Data, int(max(resultPiece/size, 1)*size)) {
			if !yield(piece, nil) {
				return
			}
		}
	}}
}

// resultPiece is about how many bytes of a result are brought into another form at once.
const resultPiece = 1 << 20

// Each calls f for every piece. The pieces are mapped memory: if it becomes
// unreadable while f looks at it, that is an error which names the input.
func (s Stream) Each(f func(piece []byte) error) error {
	return bytesrc.Guard(func() error {
		for piece, err := range s.Pieces {
			if err != nil {
				return err
			}
			if err := f(piece); err != nil {
				return err
			}
		}
		return nil
	})
}

// EachBuffer is Each for pieces as one-dimensional buffers.
func (s Stream) EachBuffer(f func(b mmapnpy.Buffer) error) error {
	size := s.DType.ItemSize()
	if size == 0 { // Elements without bytes come in no pieces
		n := npytext.Elements(s.Shape)
		if err := npytext.CheckEmpty(n); err != nil {
			return err
		}
		return f(mmapnpy.Buffer{DType: s.DType, Shape: []int64{n}, Strides: []int64{0}})
	}
	return s.Each(func(piece []byte) error {
		return f(mmapnpy.Buffer{Data: piece, DType: s.DType, Shape: []int64{int64(len(piece)) / size}, Strides: []int64{size}})
	})
}

// Format is a way to write an array to a file.
type Format string

// The formats. Not every output can have every one: see [FormatOf].
const (
	NPY  Format = "npy"
	Raw  Format = "raw"
	CSV  Format = "csv"
	JSON Format = "json"
	PNG  Format = "png"
	NPZ  Format = "npz"
)

// FormatOf is the format that a flag names, or else the output's extension.
func FormatOf(flag, output string, allowed ...Format) (Format, error) {
	f := Format(strings.ToLower(strings.TrimPrefix(filepath.Ext(output), ".")))
	switch {
	case flag != "":
		f = Format(flag)
	case output == "-":
		f = NPY
	case f == "bin":
		f = Raw
	}
	if !slices.Contains(allowed, f) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		return "", fmt.Errorf("%s: unknown format %q (want %s)", output, f, strings.Join(names, ", "))
	}
	return f, nil
}

// Write writes the whole array to w, as [NPY], [CSV], [JSON] or [Raw].
func (s Stream) Write(w io.Writer, f Format) error {
	switch f {
	case NPY:
		return s.WriteNPY(w, s.Shape, false)
	case CSV:
		return s.writeCSV(w)
	case JSON:
		return s.WriteJSON(w, "\n")
	case Raw:
		return s.WriteRaw(w)
	}
	return fileerr.Errorf(s.Name, "elements are not written as %s", f)
}

// WriteNPY writes a header and the elements. For a file in Fortran order the
// Stream is that of the transposed array, and shape that of the array.
func (s Stream) WriteNPY(w io.Writer, shape []int64, fortran bool) error {
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: s.DType, Shape: shape, FortranOrder: fortran})
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return s.WriteRaw(w)
}

// WriteRaw writes the elements' bytes alone.
func (s Stream) WriteRaw(w io.Writer) error {
	return s.Each(func(piece []byte) error {
		touch(piece)
		_, err := w.Write(piece)
		return err
	})
}

// touch looks at every page of mapped memory, so that an unreadable one is a fault
// here, which names the input, and not a failure of the system call that writes.
func touch(b []byte) {
	const page = 4 << 10
	var sum byte
	for i := 0; i < len(b); i += page {
		sum += b[i]
	}
	touched(sum)
}

// touched keeps the compiler from leaving the reads out.
//
//go:noinline
func touched(byte) {}
