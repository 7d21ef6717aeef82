package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newPlanCommand(c *cli) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Show how an array is cut into blocks",
		Long: "Plan shows the blocks in which the array would be read: the grid of every axis, and where the\n" +
			"first blocks lie in the array and in the file, or in the content of a compressed member. It reads the\n" +
			"header only.",
		Example: "  lazynpy plan --nav 0,1 scan.npy\n  lazynpy plan --chunks '(4, -1, auto, auto)' scan.npy",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.n < 0 {
				return usagef("plan: -n is negative")
			}
			if len(c.flags.fields) > 0 {
				return usagef("plan: --field has no meaning here: a plan is for whole elements")
			}
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			base, err := memberBase(a)
			if err != nil {
				return inFile(args[0], err)
			}
			p := newPlanJSON(a, base, c.flags.chunks.text, o.n)
			if c.flags.json {
				return c.printJSON(p)
			}
			return c.printPlan(a, p)
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// planOptions is a plan command line.
type planOptions struct{ n int64 }

func (o *planOptions) register(set *pflag.FlagSet) {
	set.Int64VarP(&o.n, "lines", "n", 8, "blocks to show")
}

// planJSON is what plan prints with --json.
type planJSON struct {
	Path       string      `json:"path"`
	Shape      []int64     `json:"shape"`
	Descr      string      `json:"descr"`
	Navigation []int       `json:"navigation"`
	Signal     []int       `json:"signal"`
	Chunks     string      `json:"chunks"` // the spec
	NumBlocks  int64       `json:"num_blocks"`
	BlockShape []int64     `json:"block_shape"` // of the largest block
	BlockBytes int64       `json:"block_bytes"`
	BlockRuns  int64       `json:"block_runs"` // contiguous stretches of the file per block
	Grid       []int64     `json:"grid"`       // blocks along each axis
	Blocks     []blockJSON `json:"blocks"`     // the first of them
}

// blockJSON is one block of a plan.
type blockJSON struct {
	Block int64   `json:"block"`
	Start []int64 `json:"start"`
	Shape []int64 `json:"shape"`
	Bytes int64   `json:"bytes"`
	// of its first byte in the file, or in the content of a compressed member
	Offset int64 `json:"offset"`
	Runs   int64 `json:"runs"`
	Run    int64 `json:"run"` // bytes of each run
}

// memberBase is where the bytes of an array begin in its file: 0 for a file of its own, and for a
// compressed member, whose bytes are not in the file.
func memberBase(a *lazy.Array) (int64, error) {
	if a.Key() == "" {
		return 0, nil
	}
	z, err := zipseek.Open(a.Path(), zipseek.Partial()) // as a was, if there is no directory
	if err != nil {
		return 0, err
	}
	defer z.Close()
	m, ok := z.Lookup(strings.TrimPrefix(a.Name(), a.Path()+":"))
	if !ok || m.Method != zipseek.Stored {
		return 0, nil
	}
	return m.DataOffset()
}

func newPlanJSON(a *lazy.Array, base int64, spec string, n int64) planJSON {
	p := a.Plan()
	runs, _ := p.BlockRuns()
	v := planJSON{
		Path: arrayName(a), Shape: append([]int64{}, a.Shape()...), Descr: descr(a.DType()),
		Navigation: append([]int{}, p.Navigation()...), Signal: append([]int{}, p.Signal()...),
		Chunks: spec, NumBlocks: p.NumBlocks(), BlockShape: append([]int64{}, p.BlockShape()...), BlockBytes: p.BlockBytes(),
		BlockRuns: runs, Grid: []int64{}, Blocks: []blockJSON{},
	}
	if spec == "" {
		v.Chunks = "auto"
	}
	for d := range v.Shape {
		v.Grid = append(v.Grid, p.Grid().AxisCount(d))
	}
	layout := p.Layout()
	file, _ := a.FileHeader()
	for i := range min(n, p.NumBlocks()) {
		r := p.Region(i)
		b := blockJSON{Block: i, Start: r.Start, Shape: r.Shape, Bytes: r.Len() * layout.ItemSize, Offset: base + file.DataOffset}
		for run := range layout.Runs(r) { // all runs of a region are equally long
			b.Offset += run.Offset
			b.Runs, b.Run = b.Bytes/run.Len, run.Len
			break
		}
		v.Blocks = append(v.Blocks, b)
	}
	return v
}

func (c *cli) printPlan(a *lazy.Array, v planJSON) error {
	if _, err := fmt.Fprintln(c.stdout, a); err != nil {
		return err
	}
	rows := [][]string{{"axis", "size", "", "blocks", "of"}}
	for d, n := range v.Shape {
		kind := "signal"
		if slices.Contains(v.Navigation, d) {
			kind = "navigation"
		}
		rows = append(rows, []string{strconv.Itoa(d), grouped(n), kind, grouped(v.Grid[d]), sizesText(a.Plan().Grid(), d)})
	}
	if err := c.table(rows); err != nil {
		return err
	}
	rows = [][]string{{"block", "region", "bytes", "at", "runs"}}
	for _, b := range v.Blocks {
		r := chunk.Region{Start: b.Start, Shape: b.Shape}
		runs := "1, contiguous"
		if b.Runs != 1 {
			runs = fmt.Sprintf("%s of %s", grouped(b.Runs), chunk.FormatBytes(b.Run))
		}
		rows = append(rows, []string{grouped(b.Block), r.String(), chunk.FormatBytes(b.Bytes), grouped(b.Offset), runs})
	}
	if rest := v.NumBlocks - int64(len(v.Blocks)); rest > 0 {
		rows = append(rows, []string{"...", grouped(rest) + " more"})
	}
	return c.table(rows)
}

// sizesText abbreviates the sizes of the blocks along an axis: "4", "36 or 37", or
// the first few.
func sizesText(g chunk.Grid, d int) string {
	const most = 4
	var seen []int64
	for k := range min(g.AxisCount(d), 1<<10) {
		_, size := g.AxisChunk(d, k)
		if !slices.Contains(seen, size) {
			if seen = append(seen, size); len(seen) > most {
				return joined(seen[:most]) + ", " + npytext.Ellipsis
			}
		}
	}
	if _, last := g.AxisChunk(d, g.AxisCount(d)-1); !slices.Contains(seen, last) {
		seen = append(seen, last)
	}
	return joined(seen)
}
