package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/internal/picture"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

func newReduceCommand(c *cli) *cobra.Command {
	var r reduction
	cmd := &cobra.Command{
		Use:   "reduce [--apply OP...] --op OP[,OP...] FILE [SLICE]",
		Short: "Reduce axes: sum, mean, std, histogram, masks, center of mass and more",
		Long: "Reduce computes reductions of an array, or of what --apply makes of it, in one pass, whatever the number of\n" +
			"operations. Without -o the results are printed; with -o the extension decides: .npy, .csv, .json, .raw or\n" +
			".png. A .npy takes results of any size.\n\n" + operationsHelp(),
		Example: "  lazynpy reduce --nav 0,1 --op sum --over signal scan.npy -o bright.npy\n" +
			"  lazynpy reduce --nav 0,1 --op 'masks=disk(64,64,20) ring(64,64,20,40)' --op center_of_mass scan.npy -o '{op}.npy'\n" +
			"  lazynpy reduce --apply astype=f4 --apply subtract=dark.npy --op mean,std --over 0 stack.npy -o '{op}.npy'",
		Args: r.takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.lists() {
				return c.listOps()
			}
			return r.run(cmd.Context(), c, args)
		},
	}
	r.register(c, cmd.Flags())
	return cmd
}

// reduction is a reduce command line.
type reduction struct {
	operations
	output, as string
	format     export.Format
	paths      []string // of the outputs, if there are some
	name       string   // of the array
	slice      string
}

func (r *reduction) register(c *cli, set *pflag.FlagSet) {
	r.registerReducers(set)
	r.registerMaps(set)
	addOutputFlags(set, &r.output, &r.as, "npy, csv, json, raw or png")
	c.forces(set)
}

func (r *reduction) run(ctx context.Context, c *cli, args []string) error {
	if err := r.check(); err != nil {
		return err
	}
	a, name, err := c.openNamed(args, r.apply)
	if err != nil {
		return err
	}
	defer a.Close()
	r.name, r.slice = name, sliceArg(args)
	reducers, err := c.makeReducers(r.reducers)
	if err != nil {
		return inFile(args[0], err)
	}
	for _, path := range r.paths {
		if err := c.check(path, r.format); err != nil {
			return err
		}
	}
	a, b, err := c.track(a, "reduce")
	if err != nil {
		return err
	}
	defer b.finish()
	if r.toFiles() {
		return r.runToFiles(ctx, c, a, b, reducers)
	}
	results, err := lazy.Run(ctx, a, reducers...)
	b.finish()
	if errors.Is(err, lazy.ErrTooLarge) {
		err = fmt.Errorf("%w; -o FILE.npy has room for it", err)
	}
	if err != nil {
		return inFile(args[0], err)
	}
	return r.print(c, results)
}

// check reads the flags, before any file is touched.
func (r *reduction) check() (err error) {
	if err := r.operations.check("reduce"); err != nil {
		return err
	}
	if len(r.reducers) == 0 {
		return usagef("reduce: --op is missing (want %s)", strings.Join(ops.ReducerNames(), ", "))
	}
	if r.output == "" {
		return nil
	}
	if r.paths, err = r.outputs("reduce", r.output); err != nil {
		return err
	}
	r.format, err = formatOf(r.as, r.output, export.NPY, export.CSV, export.JSON, export.Raw, export.PNG)
	return err
}

// reduceJSON is one line of reduce --json; it has either the data behind it or the name of the
// file that has them.
type reduceJSON struct {
	Path   string          `json:"path"`
	Slice  string          `json:"slice"`
	Apply  []ops.Op        `json:"apply,omitempty"`
	Op     string          `json:"op"`
	Params json.RawMessage `json:"params,omitempty"` // but for over
	Over   string          `json:"over"`             // empty for reducers of frames
	Descr  string          `json:"descr"`
	Shape  []int64         `json:"shape"`
	Output string          `json:"output,omitempty"`
}

// toFiles reports whether all results become .npy files, which need not be held.
func (r *reduction) toFiles() bool {
	return r.output != "" && r.format == export.NPY && !slices.ContainsFunc(r.paths, func(path string) bool { return !regular(path) })
}

// runToFiles makes .npy files of all results.
func (r *reduction) runToFiles(ctx context.Context, c *cli, a *lazy.Array, b *bar, reducers []lazy.Reducer) error {
	var to []lazy.Reduction
	for i, reducer := range reducers {
		to = append(to, lazy.Reduction{Reducer: reducer, Path: r.paths[i]})
	}
	headers, err := lazy.RunToFiles(ctx, a, to...)
	b.finish()
	if err != nil {
		return inFile(r.name, err)
	}
	for i, h := range headers {
		if err := r.report(c, i, export.Stream{DType: h.DType, Shape: h.Shape}); err != nil {
			return err
		}
	}
	return nil
}

// print prints or saves every result.
func (r *reduction) print(c *cli, results []*lazy.Result) error {
	for i, result := range results {
		s := export.Result(r.name, result)
		var err error
		if r.output != "" {
			err = r.save(c, r.paths[i], s)
		}
		switch {
		case err != nil:
		case r.output != "" || c.flags.json:
			err = r.report(c, i, s)
		default:
			err = r.show(c, r.reducers[i].Name, len(results) > 1, result)
		}
		if err != nil {
			return inFile(r.name, err)
		}
	}
	return nil
}

// report says what was written, or writes it as JSON.
func (r *reduction) report(c *cli, i int, s export.Stream) error {
	op := r.reducers[i]
	v := reduceJSON{Path: r.name, Slice: r.slice, Apply: r.apply, Op: op.Name, Descr: descr(s.DType), Shape: append([]int64{}, s.Shape...)}
	if over, err := op.WithOver(""); err == nil {
		v.Params, v.Over = over.Params, cmp.Or(overOf(op), "all")
	} else {
		v.Params = op.Params
	}
	if r.output == "" {
		return c.printJSONData(v, s)
	}
	v.Output = r.paths[i]
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
