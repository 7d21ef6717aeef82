package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/lazy"
)

func newHistCommand(c *cli) *cobra.Command {
	var o histOptions
	cmd := &cobra.Command{
		Use:   "hist [--apply OP...] FILE [SLICE]",
		Short: "Draw a histogram",
		Long: "Hist counts elements in equal bins, as np.histogram does. Without --range it reads the array\n" +
			"twice: once for its smallest and largest element. NaN and infinities have no bin, and are counted below.\n" +
			"--apply list lists operations that can be applied first. reduce --op histogram has those of frames, and files.",
		Args: o.takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.lists() {
				return c.listOps()
			}
			if err := o.check("hist"); err != nil {
				return err
			}
			if o.bins < 1 || o.bins > 1<<24 {
				return usagef("hist: --bins %d is out of range (1 to %d)", o.bins, 1<<24)
			}
			if cmd.Flags().Changed("range") && len(o.span) != 2 {
				return usagef("hist: --range wants two numbers, as 0,100")
			}
			a, name, err := c.openNamed(args, o.apply)
			if err != nil {
				return err
			}
			defer a.Close()
			r, nan, err := c.histogram(cmd.Context(), a, o.bins, o.span)
			if err != nil {
				return inFile(args[0], err)
			}
			return c.printHistogram(a.Len(), name, sliceArg(args), r, nan)
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// histOptions is a hist command line.
type histOptions struct {
	operations
	bins int
	span []float64
}

func (o *histOptions) register(set *pflag.FlagSet) {
	o.registerMaps(set)
	set.IntVar(&o.bins, "bins", 20, "number of bins")
	set.Float64SliceVar(&o.span, "range", nil, "lower and upper `edge`, as 0,100 (default the smallest and largest element)")
}

// histogram counts elements, and how many are NaN. Bins that nobody has named are between the
// smallest and the largest finite element.
func (c *cli) histogram(ctx context.Context, a *lazy.Array, bins int, span []float64) (r *lazy.Result, nan int64, err error) {
	a, b, err := c.track(a, "hist")
	if err != nil {
		return nil, 0, err
	}
	defer b.finish()
	if span == nil {
		if r, err = lazy.Histogram(ctx, a, lazy.OverAll(), bins); !errors.Is(err, lazy.ErrRange) {
			return r, 0, err
		}
		if span, err = finiteRange(ctx, a); err != nil {
			return nil, 0, err
		}
	}
	results, err := lazy.Run(ctx, a, lazy.NewHistogram(lazy.OverAll(), bins, span[0], span[1]), lazy.NewCountNaN(lazy.OverAll()))
	if err != nil {
		return nil, 0, err
	}
	return results[0], int64(results[1].Float64()), nil
}

// finiteRange is the smallest and the largest of the finite elements; 0 and 1 where there are none.
func finiteRange(ctx context.Context, a *lazy.Array) ([]float64, error) {
	finite, err := lazy.IsFinite(a)
	if err != nil {
		return nil, err
	}
	var ends [2]float64
	for i, end := range []struct {
		missing float64
		reduce  func(context.Context, *lazy.Array, lazy.Over) (*lazy.Result, error)
	}{{math.Inf(1), lazy.Min}, {math.Inf(-1), lazy.Max}} {
		filled, err := lazy.Where(finite, a, end.missing)
		if err != nil {
			return nil, err
		}
		r, err := end.reduce(ctx, filled, lazy.OverAll())
		if err != nil {
			return nil, err
		}
		ends[i] = r.Float64()
	}
	if ends[0] > ends[1] {
		return []float64{0, 1}, nil
	}
	return ends[:], nil
}

// histJSON is what hist prints with --json.
type histJSON struct {
	Path    string    `json:"path"`
	Slice   string    `json:"slice"`
	Count   int64     `json:"count"`
	Outside int64     `json:"outside"` // elements beyond the edges, and NaN
	NaN     int64     `json:"nan"`
	Edges   []float64 `json:"edges"` // one more than counts
	Counts  []int64   `json:"counts"`
}

func (c *cli) printHistogram(n int64, name, slice string, r *lazy.Result, nan int64) error {
	counts, err := lazy.Copy[int64](r)
	if err != nil {
		return err
	}
	v := histJSON{Path: name, Slice: slice, Count: n, Outside: n, NaN: nan, Edges: r.Edges(), Counts: counts}
	largest := int64(0)
	for _, n := range counts {
		v.Outside -= n
		largest = max(largest, n)
	}
	if c.flags.json {
		return c.printJSON(v)
	}
	edges := make([]string, len(v.Edges))
	edgeWidth, countWidth := 0, len(grouped(largest))
	for i, e := range v.Edges {
		edges[i] = fmt.Sprintf("%.6g", e)
		edgeWidth = max(edgeWidth, len(edges[i]))
	}
	room := max(columns(c.stdout)-2*edgeWidth-countWidth-8, 10)
	for i, n := range counts {
		closing := ")"
		if i == len(counts)-1 {
			closing = "]" // the last bin holds its upper edge
		}
		_, err := fmt.Fprintf(c.stdout, "[%*s, %*s%s %*s %s\n",
			edgeWidth, edges[i], edgeWidth, edges[i+1], closing, countWidth, grouped(n), barText(n, largest, room))
		if err != nil {
			return err
		}
	}
	if v.Outside > 0 {
		text := grouped(v.Outside) + " elements outside"
		if nan > 0 {
			text += ", " + grouped(nan) + " of them NaN"
		}
		_, err = fmt.Fprintln(c.stdout, text)
	}
	return err
}

// barText draws n of most as a bar of up to width characters, in eighths.
func barText(n, most int64, width int) string {
	if most == 0 {
		return ""
	}
	eighths := int(float64(n) / float64(most) * float64(width) * 8)
	if n > 0 {
		eighths = max(eighths, 1)
	}
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text
}
