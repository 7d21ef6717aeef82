package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// headEdge and headWhole say how much of a row head shows: all of up to headWhole
// elements, else headEdge at either end.
const (
	headEdge  = 4
	headWhole = 10
)

func newHeadCommand(c *cli) *cobra.Command {
	var n int64
	cmd := &cobra.Command{
		Use:   "head FILE [SLICE]",
		Short: "Print the first elements, or rows, of an array",
		Long: "Head prints the first elements of a one-dimensional array, and the first rows (along the last\n" +
			"axis) of any other, each behind its index and long ones abbreviated. With --json every row is\n" +
			"whole.",
		Example: "  lazynpy head scan.npy\n  lazynpy head -n 3 scan.npy '10, 20'",
		Args:    takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 0 {
				return usagef("head: -n is negative")
			}
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			h := heading{ctx: cmd.Context(), cli: c, array: a, fetch: fetchArray(cmd.Context(), a), n: n}
			return inFile(args[0], h.print())
		},
	}
	cmd.Flags().Int64VarP(&n, "lines", "n", 10, "elements or rows to print")
	return cmd
}

// heading prints the head of one array.
type heading struct {
	ctx   context.Context
	cli   *cli
	array *lazy.Array
	fetch fetcher
	n     int64
}

func (h *heading) print() error {
	shape := h.array.Shape()
	switch {
	case h.cli.flags.json:
		return h.printJSON(shape)
	case len(shape) == 0:
		text, err := arrayText(h.array.DType(), shape, h.fetch)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(h.cli.stdout, text)
		return err
	case h.array.Len() == 0:
		return nil
	case len(shape) == 1:
		return h.printElements(shape)
	}
	return h.printRows(shape)
}

// printElements prints one element of a one-dimensional array per line.
func (h *heading) printElements(shape []int64) error {
	n := min(h.n, shape[0])
	if err := checkShown(h.array.DType(), n); err != nil {
		return err
	}
	b, err := h.fetch(nil, 0, n)
	if err != nil {
		return err
	}
	c, err := newCell(b, numpyNotation)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, b.Shape[0])
	for i := range b.Shape[0] {
		rows = append(rows, []string{fmt.Sprintf("[%d]", i), string(c(nil, i))})
	}
	return h.cli.table(rows)
}

// printRows prints the first rows, aligned with each other.
func (h *heading) printRows(shape []int64) error {
	last := len(shape) - 1
	rows := min(h.n, elements(shape[:last]))
	fetch := func(prefix []int64, start, stop int64) (mmapnpy.Buffer, error) {
		return h.fetch(unravel(prefix[0], shape[:last]), start, stop)
	}
	if err := checkShown(h.array.DType(), arith.Times(rows, min(shape[last], headWhole))); err != nil {
		return err
	}
	picks := [][]int64{edges(rows, rows, 0), edges(shape[last], headWhole, headEdge)}
	e, err := newExcerpt(h.array.DType(), []int64{rows, shape[last]}, picks, fetch)
	if err != nil {
		return err
	}
	word, err := newCell(e.buf, numpyNotation)
	if err != nil {
		return err
	}
	p := printer{excerpt: e, word: word}
	lines := make([][]string, 0, rows)
	for i := range rows {
		index := fmt.Sprintf("[%s, :]", joined(unravel(i, shape[:last])))
		lines = append(lines, []string{index, p.line(i)})
	}
	return h.cli.table(lines)
}

// line is row i of a two-dimensional excerpt on a single line.
func (p *printer) line(i int64) string {
	text := []byte{'['}
	for j := range p.buf.Shape[1] {
		if j > 0 {
			text = append(text, ' ')
		}
		if p.cut[1] && j == headEdge {
			text = append(text, ellipsis+" "...)
		}
		text = p.word(text, i, j)
	}
	return string(append(text, ']'))
}

// unravel turns a flat C-order position into an index.
func unravel(flat int64, shape []int64) []int64 {
	idx := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		idx[d] = flat % max(shape[d], 1)
		flat /= max(shape[d], 1)
	}
	return idx
}

// headJSON is one line of head --json, followed by the data: a row, or an element of an array of
// less than two dimensions.
type headJSON struct {
	Path  string  `json:"path"`
	Index []int64 `json:"index"`
}

func (h *heading) printJSON(shape []int64) error {
	if h.array.Len() == 0 {
		return nil
	}
	rows := shape
	if last := len(shape) - 1; last > 0 {
		rows = shape[:last]
	}
	for i := range min(h.n, elements(rows)) {
		at := unravel(i, rows)
		var items []lazy.Index
		for _, k := range at {
			items = append(items, lazy.At(k))
		}
		row, err := h.array.Index(items...)
		if err != nil {
			return err
		}
		if err := h.cli.printJSONData(headJSON{arrayName(h.array), at}, h.cli.arrayStream(h.ctx, row, "")); err != nil {
			return err
		}
	}
	return nil
}

// scalarJSON is the first element of a buffer.
func scalarJSON(b mmapnpy.Buffer) (json.RawMessage, error) {
	c, err := newCell(b, jsonNotation)
	if err != nil {
		return nil, err
	}
	return c(nil, make([]int64, len(b.Shape))...), nil
}
