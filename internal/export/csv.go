package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// maxColumns bounds the columns of a structured array, which come from the file.
const maxColumns = 1 << 14

// writeCSV writes one line per element of a 1-D array, with a column for each
// field and a line of names if it is structured, and one line per row of a 2-D
// array.
func (s Stream) writeCSV(w io.Writer) error {
	perLine := int64(1)
	switch {
	case len(s.Shape) > 2:
		return fileerr.Errorf(s.Name, "CSV has room for two dimensions, not %d; take a slice", len(s.Shape))
	case len(s.Shape) == 2 && s.DType.IsStruct():
		return fileerr.New(s.Name, errors.New("CSV has room for one dimension of records, not two; take a slice or a --field"))
	case len(s.Shape) == 2:
		perLine = s.Shape[1]
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if err := s.writeNames(out); err != nil {
		return err
	}
	column := int64(0)
	var text []byte
	err := s.EachBuffer(func(b mmapnpy.Buffer) error {
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
func (s Stream) writeNames(out *bufio.Writer) error {
	if !s.DType.IsStruct() {
		return nil
	}
	none := mmapnpy.Buffer{DType: s.DType, Shape: []int64{0}, Strides: []int64{s.DType.ItemSize()}}
	columns, err := columnsOf(none)
	if err != nil {
		return fileerr.New(s.Name, err)
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
