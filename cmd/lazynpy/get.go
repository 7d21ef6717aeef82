package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newGetCommand(c *cli) *cobra.Command {
	var output, as string
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
			if output == "" && as == "" {
				return inFile(args[0], c.printArray(cmd.Context(), a, sliceArg(args)))
			}
			if output == "" {
				output = "-"
			}
			return c.export(cmd.Context(), a, output, as)
		},
	}
	addOutputFlags(cmd, &output, &as, "npy, csv, json or raw")
	return cmd
}

func addOutputFlags(cmd *cobra.Command, output, as *string, formats string) {
	cmd.Flags().StringVarP(output, "output", "o", "", "write to this `file`; - is standard output")
	cmd.Flags().StringVar(as, "format", "", formats+", whatever the extension of the output")
}

// export writes an array to a file in the format that it is to have.
func (c *cli) export(ctx context.Context, a *lazy.Array, output, as string) error {
	f, err := formatOf(as, output, formatNPY, formatCSV, formatJSON, formatRaw)
	if err != nil {
		return err
	}
	if err := refuseSame(a.Path(), output); err != nil {
		return err
	}
	s := c.arrayStream(ctx, a, "write")
	return inFile(arrayName(a), c.output(output, func(w io.Writer) error { return s.write(w, f) }))
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
	var head bytes.Buffer
	if err := encodeJSON(&head, getJSON{arrayName(a), slice, descr(a.DType()), append([]int64{}, a.Shape()...)}); err != nil {
		return err
	}
	open, _ := strings.CutSuffix(head.String(), "}\n")
	if _, err := io.WriteString(c.stdout, open+`,"data":`); err != nil {
		return err
	}
	if err := c.arrayStream(ctx, a, "read").writeJSON(c.stdout, ""); err != nil {
		return err
	}
	_, err := io.WriteString(c.stdout, "}\n")
	return err
}

func (c *cli) printText(t mmapnpy.DType, shape []int64, fetch fetcher) error {
	text, err := arrayText(t, shape, fetch)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.stdout, text)
	return err
}

// jsonText is the whole array as nested lists, in memory.
func (s stream) jsonText() (json.RawMessage, error) {
	var b strings.Builder
	if err := s.writeJSON(&b, ""); err != nil {
		return nil, err
	}
	return json.RawMessage(b.String()), nil
}
