package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// stream is the elements of an array on their way out: pieces of whole elements
// in C order.
type stream struct {
	name   string // of the input, for errors
	dtype  mmapnpy.DType
	shape  []int64
	pieces iter.Seq2[[]byte, error]
}

// arrayStream reads a piece by piece and draws its progress.
func (c *cli) arrayStream(ctx context.Context, a *lazy.Array, label string) stream {
	return stream{name: arrayName(a), dtype: a.DType(), shape: a.Shape(), pieces: func(yield func([]byte, error) bool) {
		b := c.newBar(label)
		defer b.finish()
		done, total := int64(0), a.NBytes()
		for piece, err := range a.Elements(ctx) {
			if !yield(piece, err) || err != nil {
				return
			}
			done += int64(len(piece))
			b.set(done, total)
		}
	}}
}

// resultStream is a result that is in memory already.
func resultStream(name string, r *lazy.Result) stream {
	return stream{name: name, dtype: r.DType(), shape: r.Shape(), pieces: func(yield func([]byte, error) bool) {
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

// each calls f for every piece. The pieces are mapped memory: if it becomes
// unreadable while f looks at it, that is an error which names the input.
func (s stream) each(f func(piece []byte) error) error {
	return bytesrc.Guard(func() error {
		for piece, err := range s.pieces {
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

// eachBuffer is each for pieces as one-dimensional buffers.
func (s stream) eachBuffer(f func(b mmapnpy.Buffer) error) error {
	size := s.dtype.ItemSize()
	if size == 0 { // Elements without bytes come in no pieces
		n := npytext.Elements(s.shape)
		if err := npytext.CheckEmpty(n); err != nil {
			return err
		}
		return f(mmapnpy.Buffer{DType: s.dtype, Shape: []int64{n}, Strides: []int64{0}})
	}
	return s.each(func(piece []byte) error {
		return f(mmapnpy.Buffer{Data: piece, DType: s.dtype, Shape: []int64{int64(len(piece)) / size}, Strides: []int64{size}})
	})
}

// format is a way to write an array to a file.
type format string

const (
	formatNPY  format = "npy"
	formatRaw  format = "raw"
	formatCSV  format = "csv"
	formatJSON format = "json"
	formatPNG  format = "png"
	formatNPZ  format = "npz"
)

// formatOf is the format that a flag names, or else the output's extension.
func formatOf(flag, output string, allowed ...format) (format, error) {
	f := format(strings.ToLower(strings.TrimPrefix(filepath.Ext(output), ".")))
	switch {
	case flag != "":
		f = format(flag)
	case output == "-":
		f = formatNPY
	case f == "bin":
		f = formatRaw
	}
	if !slices.Contains(allowed, f) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		return "", usagef("%s: unknown format %q (want %s)", output, f, strings.Join(names, ", "))
	}
	return f, nil
}

// write writes the whole array to w.
func (s stream) write(w io.Writer, f format) error {
	switch f {
	case formatNPY:
		return s.writeNPY(w, s.shape, false)
	case formatCSV:
		return s.writeCSV(w)
	case formatJSON:
		return s.writeJSON(w, "\n")
	default:
		return s.writeRaw(w)
	}
}

// writeNPY writes a header and the elements. For a file in Fortran order the
// stream is that of the transposed array, and shape that of the array.
func (s stream) writeNPY(w io.Writer, shape []int64, fortran bool) error {
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: s.dtype, Shape: shape, FortranOrder: fortran})
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return s.writeRaw(w)
}

// writeRaw writes the elements' bytes alone.
func (s stream) writeRaw(w io.Writer) error {
	return s.each(func(piece []byte) error {
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

// writeJSON writes nested lists, with a break after each row and at the end. An
// array without elements is [].
func (s stream) writeJSON(w io.Writer, lineBreak string) error {
	if slices.Contains(s.shape, 0) {
		_, err := io.WriteString(w, "[]"+lineBreak)
		return err
	}
	p := nester{shape: s.shape, index: make([]int64, len(s.shape)), lineBreak: lineBreak}
	out := bufio.NewWriterSize(w, 1<<16)
	var text []byte
	err := s.eachBuffer(func(b mmapnpy.Buffer) error {
		c, err := npytext.NewCell(b, npytext.JSON)
		if err != nil {
			return err
		}
		for i := range b.Shape[0] {
			text = p.open(text[:0])
			text = c(text, i)
			text = p.close(text)
			if _, err := out.Write(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString(lineBreak); err != nil {
		return err
	}
	return out.Flush()
}

// nester puts the brackets of nested lists around elements that come in C order.
type nester struct {
	shape, index []int64
	lineBreak    string // between rows
}

// open writes what comes before an element: commas, and an opening bracket for
// every list that begins.
func (p *nester) open(dst []byte) []byte {
	first := len(p.index) // of the axes that begin
	for first > 0 && p.index[first-1] == 0 {
		first--
	}
	if first > 0 {
		dst = append(dst, ',')
		if first < len(p.index) {
			dst = append(dst, p.lineBreak...)
		}
	}
	return append(dst, strings.Repeat("[", len(p.index)-first)...)
}

// close writes a closing bracket for every list that ends with the element.
func (p *nester) close(dst []byte) []byte {
	for d := len(p.index) - 1; d >= 0; d-- {
		if p.index[d]++; p.index[d] < p.shape[d] {
			return dst
		}
		p.index[d] = 0
		dst = append(dst, ']')
	}
	return dst
}

// maxColumns bounds the columns of a structured array, which come from the file.
const maxColumns = 1 << 14

// writeCSV writes one line per element of a 1-D array, with a column for each
// field and a line of names if it is structured, and one line per row of a 2-D
// array.
func (s stream) writeCSV(w io.Writer) error {
	perLine := int64(1)
	switch {
	case len(s.shape) > 2:
		return fmt.Errorf("%s: CSV has room for two dimensions, not %d; take a slice", s.name, len(s.shape))
	case len(s.shape) == 2 && s.dtype.IsStruct():
		return fmt.Errorf("%s: CSV has room for one dimension of records, not two; take a slice or a --field", s.name)
	case len(s.shape) == 2:
		perLine = s.shape[1]
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if err := s.writeNames(out); err != nil {
		return err
	}
	column := int64(0)
	var text []byte
	err := s.eachBuffer(func(b mmapnpy.Buffer) error {
		cells, err := columnsOf(b)
		if err != nil {
			return err
		}
		for i := range b.Shape[0] {
			text = text[:0]
			for k, c := range cells {
				if k > 0 {
					text = append(text, ',')
				}
				text = appendQuotedCSV(text, c.cell, i)
			}
			if column++; column < perLine {
				text = append(text, ',')
			} else {
				text, column = append(text, '\n'), 0
			}
			if _, err := out.Write(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// writeNames writes the first line of a structured array.
func (s stream) writeNames(out *bufio.Writer) error {
	if !s.dtype.IsStruct() {
		return nil
	}
	none := mmapnpy.Buffer{DType: s.dtype, Shape: []int64{0}, Strides: []int64{s.dtype.ItemSize()}}
	columns, err := columnsOf(none)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	for k, c := range columns {
		if k > 0 {
			_ = out.WriteByte(',') // Flush has the error
		}
		name := func(dst []byte, _ ...int64) []byte { return append(dst, c.name...) }
		_, _ = out.Write(appendQuotedCSV(nil, name, 0))
	}
	return out.WriteByte('\n')
}

// column is one column of a CSV file.
type column struct {
	name string
	cell npytext.Cell
}

// columnsOf spreads the fields of b, and the elements of subarrays in them, over
// columns.
func columnsOf(b mmapnpy.Buffer) ([]column, error) {
	if !b.DType.IsStruct() {
		c, err := npytext.NewCell(b, npytext.CSV)
		if err != nil {
			return nil, err
		}
		return []column{{cell: c}}, nil
	}
	return fieldColumns(nil, "", b)
}

func tooManyColumns() error { return fmt.Errorf("more than %d columns; take a --field", maxColumns) }

func fieldColumns(out []column, prefix string, b mmapnpy.Buffer) ([]column, error) {
	for _, f := range b.DType.Fields() {
		fb, err := b.Field(f.Name)
		if err != nil {
			return nil, err
		}
		extra := fb.Shape[1:]
		if npytext.Elements(extra) > maxColumns {
			return nil, tooManyColumns()
		}
		for idx := range npytext.Indices(extra) {
			part := fb
			part.Shape, part.Strides = fb.Shape[:1], fb.Strides[:1]
			name := prefix + f.Name
			for d, i := range idx {
				part.Offset += i * fb.Strides[1+d]
				name += fmt.Sprintf("[%d]", i)
			}
			if part.DType.IsStruct() {
				if out, err = fieldColumns(out, name+".", part); err != nil {
					return nil, err
				}
				continue
			}
			c, err := npytext.NewCell(part, npytext.CSV)
			if err != nil {
				return nil, err
			}
			if out = append(out, column{name, c}); len(out) > maxColumns {
				return nil, tooManyColumns()
			}
		}
	}
	return out, nil
}

// appendQuotedCSV writes a value, between quotes if RFC 4180 wants them.
func appendQuotedCSV(dst []byte, c npytext.Cell, i int64) []byte {
	from := len(dst)
	dst = c(dst, i)
	text := string(dst[from:])
	if !strings.ContainsAny(text, ",\"\r\n") {
		return dst
	}
	dst = append(dst[:from], '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}
