package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/internal/picture"
	"github.com/lazynpy/lazynpy/lazy"
)

// opPattern stands for the name of the operation in the output of several.
const opPattern = "{op}"

func newReduceCommand(c *cli) *cobra.Command {
	var r reduction
	cmd := &cobra.Command{
		Use:   "reduce --op OP[,OP...] FILE [SLICE]",
		Short: "Reduce axes: sum, mean, min, max, std, var, argmin, argmax, counts",
		Long: "Reduce removes axes of an array in one pass, whatever the number of operations. --over names the axes:\n" +
			"all, signal, navigation, or numbers such as 0,-1. Operations: " + lazy.ReducerNames + ".\n" +
			"Without -o the result is printed; with -o the extension decides: .npy, .csv, .json, .raw or .png. With\n" +
			"several operations, " + opPattern + " in the name of the output stands for each. A .npy takes results of any size.",
		Example: "  lazynpy reduce --nav 0,1 --op sum --over signal scan.npy -o bright.npy\n" +
			"  lazynpy reduce --op mean,std --over 0 stack.npy -o '{op}.npy'",
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(); err != nil {
				return err
			}
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			if err := r.checkOutputs(c); err != nil {
				return err
			}
			a, b, err := c.track(a, "reduce")
			if err != nil {
				return err
			}
			defer b.finish()
			if r.toFiles() {
				return r.runToFiles(cmd.Context(), c, a, b, sliceArg(args))
			}
			results, err := lazy.Run(cmd.Context(), a, r.reducers...)
			b.finish()
			if errors.Is(err, lazy.ErrTooLarge) {
				err = fmt.Errorf("%w; -o FILE.npy has room for it", err)
			}
			if err != nil {
				return inFile(args[0], err)
			}
			return r.print(c, a, sliceArg(args), results)
		},
	}
	cmd.Flags().StringSliceVar(&r.ops, "op", nil, "`operations`, as sum or mean,std")
	cmd.Flags().StringVar(&r.over, "over", "all", "`axes` to remove: all, signal, navigation, or numbers")
	addOutputFlags(cmd, &r.output, &r.as, "npy, csv, json, raw or png")
	c.forces(cmd)
	return cmd
}

// reduction is a reduce command line.
type reduction struct {
	ops        []string
	over       string
	output, as string
	format     export.Format
	reducers   []lazy.Reducer
}

// check reads the flags, before any file is touched.
func (r *reduction) check() error {
	over, err := lazy.ParseOver(r.over)
	if err != nil {
		return asUsage(err)
	}
	if len(r.ops) == 0 {
		return usagef("reduce: --op is missing (want %s)", lazy.ReducerNames)
	}
	for _, op := range r.ops {
		reducer, err := lazy.ParseReducer(strings.TrimSpace(op), over)
		if err != nil {
			return asUsage(err)
		}
		r.reducers = append(r.reducers, reducer)
	}
	if r.output == "" {
		return nil
	}
	if len(r.reducers) > 1 && !strings.Contains(r.output, opPattern) {
		return usagef("reduce: the output of several operations needs %s in its name", opPattern)
	}
	r.format, err = formatOf(r.as, r.output, export.NPY, export.CSV, export.JSON, export.Raw, export.PNG)
	return err
}

// checkOutputs makes sure that the outputs can be written, before anything is computed.
func (r *reduction) checkOutputs(c *cli) error {
	if r.output == "" {
		return nil
	}
	for _, reducer := range r.reducers {
		if err := c.check(r.outputOf(reducer), r.format); err != nil {
			return err
		}
	}
	return nil
}

func (r *reduction) outputOf(reducer lazy.Reducer) string {
	return strings.ReplaceAll(r.output, opPattern, reducer.String())
}

// reduceJSON is one line of reduce --json; it has either the data behind it or the name of the
// file that has them.
type reduceJSON struct {
	Path   string  `json:"path"`
	Slice  string  `json:"slice"`
	Op     string  `json:"op"`
	Over   string  `json:"over"`
	Descr  string  `json:"descr"`
	Shape  []int64 `json:"shape"`
	Output string  `json:"output,omitempty"`
}

// toFiles reports whether all results become .npy files, which need not be held.
func (r *reduction) toFiles() bool {
	return r.output != "" && r.format == export.NPY && !slices.ContainsFunc(r.reducers, func(op lazy.Reducer) bool { return !regular(r.outputOf(op)) })
}

// runToFiles makes .npy files of all results.
func (r *reduction) runToFiles(ctx context.Context, c *cli, a *lazy.Array, b *bar, slice string) error {
	var to []lazy.Reduction
	for _, reducer := range r.reducers {
		to = append(to, lazy.Reduction{Reducer: reducer, Path: r.outputOf(reducer)})
	}
	headers, err := lazy.RunToFiles(ctx, a, to...)
	b.finish()
	if err != nil {
		return inFile(arrayName(a), err)
	}
	for i, h := range headers {
		if err := r.tell(c, a, i, slice, export.Stream{DType: h.DType, Shape: h.Shape}); err != nil {
			return err
		}
	}
	return nil
}

// print prints or saves every result.
func (r *reduction) print(c *cli, a *lazy.Array, slice string, results []*lazy.Result) error {
	for i, result := range results {
		s := export.Result(arrayName(a), result)
		var err error
		if r.output != "" {
			err = r.save(c, r.outputOf(r.reducers[i]), s)
		}
		switch {
		case err != nil:
		case r.output != "" || c.flags.json:
			err = r.tell(c, a, i, slice, s)
		default:
			err = r.show(c, r.reducers[i].String(), len(results) > 1, result)
		}
		if err != nil {
			return inFile(arrayName(a), err)
		}
	}
	return nil
}

// tell says what was written, or writes it as JSON.
func (r *reduction) tell(c *cli, a *lazy.Array, i int, slice string, s export.Stream) error {
	v := reduceJSON{Path: arrayName(a), Slice: slice, Op: r.reducers[i].String(), Over: r.over, Descr: descr(s.DType), Shape: append([]int64{}, s.Shape...)}
	if r.output == "" {
		return c.printJSONData(v, s)
	}
	v.Output = r.outputOf(r.reducers[i])
	if c.flags.json && v.Output != "-" {
		return c.printJSON(v)
	}
	c.note("%s: %s of %s, %s %s", v.Output, v.Op, v.Path, shapeText(s.Shape), s.DType)
	return nil
}

func (r *reduction) save(c *cli, path string, s export.Stream) error {
	if r.format != export.PNG {
		return c.output(path, r.format, func(w io.Writer) error { return s.Write(w, r.format) })
	}
	img, err := picture.Render(s, s, picture.Options{Colormap: picture.DefaultColormap, Percentile: [2]float64{0, 100}, Large: c.flags.large})
	if err != nil {
		return inFile(s.Name, err)
	}
	return c.output(path, r.format, img.Encode)
}

// show prints a result as NumPy does, behind its name if there are several.
func (r *reduction) show(c *cli, op string, several bool, result *lazy.Result) error {
	if several {
		if _, err := io.WriteString(c.stdout, op+"\n"); err != nil {
			return err
		}
	}
	return c.printText(result.DType(), result.Shape(), npytext.FromBuffer(result.Buffer()))
}
