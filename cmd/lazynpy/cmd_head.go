package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/npytext"
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
	var o headOptions
	cmd := &cobra.Command{
		Use:   "head FILE [SLICE]",
		Short: "Print the first elements, or rows, of an array",
		Long: "Head prints the first elements of a one-dimensional array, and the first rows (along the last\n" +
			"axis) of any other, each behind its index and long ones abbreviated. With --json every row is\n" +
			"whole.",
		Example: "  lazynpy head scan.npy\n  lazynpy head -n 3 scan.npy '10, 20'",
		Args:    takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.n < 0 {
				return usagef("head: -n is negative")
			}
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			h := heading{ctx: cmd.Context(), cli: c, array: a, fetch: fetchArray(cmd.Context(), a), n: o.n}
			return inFile(args[0], h.print())
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// headOptions is a head command line.
type headOptions struct{ n int64 }

func (o *headOptions) register(set *pflag.FlagSet) {
	set.Int64VarP(&o.n, "lines", "n", 10, "elements or rows to print")
}

// heading prints the head of one array.
type heading struct {
	ctx   context.Context
	cli   *cli
	array *lazy.Array
	fetch npytext.Fetch
	n     int64
}

func (h *heading) print() error {
	shape := h.array.Shape()
	switch {
	case h.cli.flags.json:
		return h.printJSON(shape)
	case len(shape) == 0:
		text, err := npytext.Array(h.array.DType(), shape, h.fetch)
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
	if err := npytext.CheckShown(h.array.DType(), n); err != nil {
		return err
	}
	b, err := h.fetch(nil, 0, n)
	if err != nil {
		return err
	}
	c, err := npytext.NewCell(b, npytext.NumPy)
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
	outer := shape[:len(shape)-1]
	rows := min(h.n, npytext.Elements(outer))
	texts, err := npytext.Rows(h.array.DType(), shape, rows, headWhole, headEdge, h.fetch)
	if err != nil {
		return err
	}
	lines := make([][]string, len(texts))
	for i, text := range texts {
		lines[i] = []string{fmt.Sprintf("[%s, :]", joined(npytext.Unravel(int64(i), outer))), text}
	}
	return h.cli.table(lines)
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
	for i := range min(h.n, npytext.Elements(rows)) {
		at := npytext.Unravel(i, rows)
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
	c, err := npytext.NewCell(b, npytext.JSON)
	if err != nil {
		return nil, err
	}
	return c(nil, make([]int64, len(b.Shape))...), nil
}
