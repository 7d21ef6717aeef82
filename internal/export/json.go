package export

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// WriteJSON writes nested lists, with a break after each row and at the end. An
// array without elements is [].
func (s Stream) WriteJSON(w io.Writer, lineBreak string) error {
	if slices.Contains(s.Shape, 0) {
		_, err := io.WriteString(w, "[]"+lineBreak)
		return err
	}
	p := nester{shape: s.Shape, index: make([]int64, len(s.Shape)), lineBreak: lineBreak}
	out := bufio.NewWriterSize(w, 1<<16)
	var text []byte
	err := s.EachBuffer(func(b mmapnpy.Buffer) error {
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
	lists := len(p.index) - 1 - chunk.NextIndex(p.index, p.shape)
	return append(dst, strings.Repeat("]", lists)...)
}
