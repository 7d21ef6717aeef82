package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newGetCommand(c *cli) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get FILE [SLICE]",
		Short: "Print or save a slice of an array",
		Long: "Get takes NumPy's basic slicing: integers, start:stop:step, negative numbers, ... and newaxis.\n" +
			"Without -o it prints as NumPy does. With -o the extension decides: .npy, .csv, .json or .raw\n" +
			"(the bytes alone); - is standard output, and .npy unless --format says otherwise.",
		Example: "  lazynpy get scan.npy '10, 20, ::2, ::2' -o frame.npy\n" +
			"  lazynpy get table.npy '-5:' -o - --format csv",
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			if o.output == "" && o.as == "" {
				return inFile(args[0], c.printArray(cmd.Context(), a, sliceArg(args)))
			}
			return c.export(cmd.Context(), a, cmp.Or(o.output, "-"), o.as)
		},
	}
	o.register(c, cmd.Flags())
	return cmd
}

// getOptions is a get command line.
type getOptions struct{ output, as string }

func (o *getOptions) register(c *cli, set *pflag.FlagSet) {
	addOutputFlags(set, &o.output, &o.as, "npy, csv, json or raw")
	c.forces(set)
}

// addOutputFlags are the flags of verbs that write arrays in several formats.
func addOutputFlags(set *pflag.FlagSet, output, as *string, formats string) {
	set.StringVarP(output, "output", "o", "", "write to this `file`; - is standard output")
	set.StringVar(as, "format", "", formats+", whatever the extension of the output")
}

// export writes an array to a file in the format that it is to have.
func (c *cli) export(ctx context.Context, a *lazy.Array, output, as string) error {
	f, err := formatOf(as, output, export.NPY, export.CSV, export.JSON, export.Raw)
	if err != nil {
		return err
	}
	if err := c.check(output, f); err != nil {
		return err
	}
	s := c.arrayStream(ctx, a, "write")
	return inFile(arrayName(a), c.output(output, f, func(w io.Writer) error { return s.Write(w, f) }))
}

// getJSON is what get prints with --json and without -o, followed by the data.
type getJSON struct {
	Path  string  `json:"path"`
	Slice string  `json:"slice"`
	Descr string  `json:"descr"`
	Shape []int64 `json:"shape"`
}

// printArray prints an array as NumPy does, or whole as JSON.
func (c *cli) printArray(ctx context.Context, a *lazy.Array, slice string) error {
	if !c.flags.json {
		return c.printText(a.DType(), a.Shape(), fetchArray(ctx, a))
	}
	v := getJSON{arrayName(a), slice, descr(a.DType()), append([]int64{}, a.Shape()...)}
	return c.printJSONData(v, c.arrayStream(ctx, a, "read"))
}

// printJSONData prints an object as one line, with the elements of s as its last member, called
// data. They are written as they are read; nothing is if the first of them cannot be.
func (c *cli) printJSONData(v any, s export.Stream) error {
	var head bytes.Buffer
	if err := encodeJSON(&head, v); err != nil {
		return err
	}
	open, _ := strings.CutSuffix(head.String(), "}\n")
	if err := s.WriteJSON(&prefixed{c.stdout, open + `,"data":`}, ""); err != nil {
		return err
	}
	_, err := io.WriteString(c.stdout, "}\n")
	return err
}

// prefixed writes something before the first bytes.
type prefixed struct {
	w      io.Writer
	prefix string
}

// Write writes what is to come first, if it has not come yet, and b.
func (p *prefixed) Write(b []byte) (int, error) {
	if p.prefix != "" {
		if _, err := io.WriteString(p.w, p.prefix); err != nil {
			return 0, err
		}
		p.prefix = ""
	}
	return p.w.Write(b)
}

func (c *cli) printText(t mmapnpy.DType, shape []int64, fetch npytext.Fetch) error {
	text, err := npytext.Array(t, shape, fetch)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.stdout, text)
	return err
}
