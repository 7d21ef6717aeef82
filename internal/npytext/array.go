package npytext

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NumPy's print options.
const (
	summaryThreshold = 1000 // elements; larger arrays show their edges only
	edgeItems        = 3
	lineWidth        = 75
)

// Fetch reads the elements start:stop of the last axis at a position of the
// axes before it. Without axes it reads the only element.
type Fetch func(prefix []int64, start, stop int64) (mmapnpy.Buffer, error)

// FromBuffer reads out of a buffer.
func FromBuffer(b mmapnpy.Buffer) Fetch {
	return func(prefix []int64, start, stop int64) (mmapnpy.Buffer, error) {
		row := b
		for d, i := range prefix {
			row.Offset += i * b.Strides[d]
		}
		if last := len(b.Shape) - 1; last >= 0 {
			row.Offset += start * b.Strides[last]
			row.Shape, row.Strides = []int64{stop - start}, b.Strides[last:]
		}
		return row, nil
	}
}

// What a text shows at most, which is laid out in memory: the edges of an array of few axes are far
// less.
const (
	maxShown      = 1 << 20  // Elements
	maxShownBytes = 16 << 20 // of their elements
)

// CheckShown returns an error if so many elements are too many for a text.
func CheckShown(t mmapnpy.DType, n int64) error {
	if n > maxShown || n > maxShownBytes/max(t.ItemSize(), 1) {
		return fmt.Errorf("%s elements of %s are too many to show; take a slice, or write them with get -o or --json", termtext.Grouped(n), chunk.FormatBytes(t.ItemSize()))
	}
	return nil
}

// excerpt is the elements of an array that are shown: all along most axes, the
// edges along others.
type excerpt struct {
	buf   mmapnpy.Buffer // of the shown elements alone
	picks [][]int64      // of each axis, the positions shown
	cut   []bool         // axes that show their edges only
}

// newExcerpt fetches the elements at the picked positions of each axis.
func newExcerpt(t mmapnpy.DType, shape []int64, picks [][]int64, fetch Fetch) (excerpt, error) {
	e := excerpt{picks: picks, buf: mmapnpy.Buffer{DType: t}}
	for d, p := range picks {
		e.cut = append(e.cut, int64(len(p)) < shape[d])
		e.buf.Shape = append(e.buf.Shape, int64(len(p)))
	}
	if err := CheckShown(t, Elements(e.buf.Shape)); err != nil {
		return excerpt{}, err
	}
	e.buf.Strides = mmapnpy.Header{DType: t, Shape: e.buf.Shape}.Strides()
	data := make([]byte, e.buf.NBytes())
	e.buf.Data = data
	outer, ranges := e.buf.Shape, [][2]int64{{0, 0}}
	if last := len(shape) - 1; last >= 0 {
		outer, ranges = outer[:last], runs(picks[last])
	}
	prefix := make([]int64, len(outer))
	for idx := range Indices(outer) {
		for d, i := range idx {
			prefix[d] = picks[d][i]
		}
		for _, r := range ranges {
			part, err := fetch(prefix, r[0], r[1])
			if err != nil {
				return excerpt{}, err
			}
			if err := part.CopyTo(data); err != nil {
				return excerpt{}, err
			}
			data = data[part.NBytes():]
		}
	}
	return e, nil
}

// runs joins ascending positions into half-open ranges.
func runs(picks []int64) [][2]int64 {
	var out [][2]int64
	for _, i := range picks {
		if k := len(out) - 1; k >= 0 && out[k][1] == i {
			out[k][1]++
		} else {
			out = append(out, [2]int64{i, i + 1})
		}
	}
	return out
}

// edges picks all of n positions, or the first and last few if they would be too
// many.
func edges(n, most, edge int64) []int64 {
	var picks []int64
	for i := int64(0); i < n; i++ {
		if n > most && i == edge {
			i = n - edge
		}
		picks = append(picks, i)
	}
	return picks
}

// Array is an array as NumPy prints it.
func Array(t mmapnpy.DType, shape []int64, fetch Fetch) (string, error) {
	if len(shape) == 0 {
		b, err := fetch(nil, 0, 0)
		if err != nil {
			return "", err
		}
		return Scalar(b)
	}
	if slices.Contains(shape, 0) {
		return "[]", nil
	}
	picks := make([][]int64, len(shape))
	total := Elements(shape)
	for d, n := range shape {
		if total <= summaryThreshold {
			picks[d] = edges(n, n, 0)
		} else {
			picks[d] = edges(n, 2*edgeItems, edgeItems)
		}
	}
	e, err := newExcerpt(t, shape, picks, fetch)
	if err != nil {
		return "", err
	}
	word, err := NewCell(e.buf, NumPy)
	if err != nil {
		return "", err
	}
	p := printer{excerpt: e, word: word}
	return p.nested(make([]int64, 0, len(shape)), "", lineWidth), nil
}

// printer lays words out between brackets, as NumPy's _formatArray does.
type printer struct {
	excerpt
	word Cell
}

// Ellipsis stands for what is left out.
const Ellipsis = "..."

// nested writes the part of the array at an index.
func (p *printer) nested(idx []int64, indent string, width int) string {
	d := len(idx)
	if d == len(p.buf.Shape) {
		return string(p.word(nil, idx...))
	}
	if d == len(p.buf.Shape)-1 {
		return p.row(idx, indent, width)
	}
	separator := strings.Repeat("\n", len(p.buf.Shape)-1-d) + indent + " "
	var b strings.Builder
	b.WriteByte('[')
	for i := range p.buf.Shape[d] {
		if i > 0 {
			b.WriteString(separator)
		}
		if p.cut[d] && i == edgeItems {
			b.WriteString(Ellipsis + separator)
		}
		b.WriteString(p.nested(append(idx, i), indent+" ", width-1))
	}
	b.WriteByte(']')
	return b.String()
}

// row writes the elements along the last axis, broken into lines.
func (p *printer) row(idx []int64, indent string, width int) string {
	indent += " "
	width-- // for the closing bracket
	var b strings.Builder
	line := indent
	add := func(word string) {
		if utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > width && len(line) > len(indent) {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word
	}
	n := p.buf.Shape[len(idx)]
	for i := range n {
		if p.cut[len(idx)] && i == edgeItems {
			add(Ellipsis)
			line += " "
		}
		add(string(p.word(nil, append(idx, i)...)))
		if i < n-1 {
			line += " "
		}
	}
	b.WriteString(line)
	return "[" + b.String()[len(indent):] + "]"
}

// Rows are the first n rows, along the last axis, of an array of at least two axes: each on a line
// of its own, and aligned with one another. Of rows longer than whole the first and the last edge
// elements are shown.
func Rows(t mmapnpy.DType, shape []int64, n, whole, edge int64, fetch Fetch) ([]string, error) {
	last := len(shape) - 1
	if err := CheckShown(t, arith.Times(n, min(shape[last], whole))); err != nil {
		return nil, err
	}
	row := func(prefix []int64, start, stop int64) (mmapnpy.Buffer, error) {
		return fetch(Unravel(prefix[0], shape[:last]), start, stop)
	}
	picks := [][]int64{edges(n, n, 0), edges(shape[last], whole, edge)}
	e, err := newExcerpt(t, []int64{n, shape[last]}, picks, row)
	if err != nil {
		return nil, err
	}
	word, err := NewCell(e.buf, NumPy)
	if err != nil {
		return nil, err
	}
	lines := make([]string, n)
	for i := range lines {
		lines[i] = e.line(word, int64(i), edge)
	}
	return lines, nil
}

// line is row i of a two-dimensional excerpt on a single line.
func (e *excerpt) line(word Cell, i, edge int64) string {
	text := []byte{'['}
	for j := range e.buf.Shape[1] {
		if j > 0 {
			text = append(text, ' ')
		}
		if e.cut[1] && j == edge {
			text = append(text, Ellipsis+" "...)
		}
		text = word(text, i, j)
	}
	return string(append(text, ']'))
}

// Unravel turns a flat position in C order into an index.
func Unravel(flat int64, shape []int64) []int64 {
	idx := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		idx[d] = flat % max(shape[d], 1)
		flat /= max(shape[d], 1)
	}
	return idx
}
