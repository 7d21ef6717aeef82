package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/dataset"
)

func newBatchesCommand(c *cli) *cobra.Command {
	b := batches{cli: c, shuffle: parsed[dataset.Order]{parse: dataset.ParseOrder, kind: "how"}, last: parsed[dataset.Last]{parse: parseLast, kind: "how"},
		subset: parsed[dataset.Subset]{kind: "part"}}
	b.subset.parse = func(s string) (dataset.Subset, error) { return parseSubset(s, 0) }
	cmd := &cobra.Command{
		Use:   "batches FILE...",
		Short: "Time training batches of samples in .npy and .npz files",
		Long: "Batches shows which training batches package dataset makes of files: their arrays, where the first samples\n" +
			"lie, and the memory that they take; then it reads them all and says how fast that was. A FILE may be a folder\n" +
			"or a pattern in quotes; of .npy files leave out --inputs.",
		Args: takes(1, math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error { return b.run(cmd.Context(), args) },
	}
	set := cmd.Flags()
	set.StringSliceVar(&b.inputs, "inputs", nil, "`keys` of the inputs, as x1,x2 (default the only array of each file)")
	set.StringSliceVar(&b.targets, "targets", nil, "`keys` of the targets, as y")
	set.IntVar(&b.config.Batch, "batch", 32, "samples of a batch on each rank")
	set.Var(&b.shuffle, "shuffle", `"auto", "global", "blocks" or "blocks:N" or "blocks:N:M", M of them mixed (alone: auto)`)
	set.Lookup("shuffle").NoOptDefVal = "auto"
	set.Uint64Var(&b.config.Seed, "seed", 0, "`number` that decides all that is random")
	set.IntVar(&b.config.Epochs, "epochs", 1, "epochs that are read; 0 only describes")
	set.IntVar(&b.config.Rank, "rank", 0, "`number` of this process among those that share the samples")
	set.IntVar(&b.config.World, "world", 1, "how many share the samples")
	set.Var(&b.last, "last", "what becomes of samples that do not fill a batch: short, drop or pad")
	set.Var(&b.subset, "subset", "a random part of the samples, as 0:0.8, or a file of indices")
	set.BoolVar(&b.config.FilePerSample, "file-per-sample", false, "take each file as one sample")
	set.Int64Var(&b.config.Window.Length, "window", 0, "consecutive entries that make a sample")
	set.Int64Var(&b.config.Window.Stride, "stride", 0, "entries from one window to the next (default 1)")
	set.Int64Var(&b.config.Window.Ahead, "ahead", 0, "entries that targets lie behind the end of the window")
	set.BoolVar(&b.config.Window.Across, "across", false, "take all files as one sequence")
	set.BoolVar(&b.skip, "skip-errors", false, "pass over files and samples that cannot be read, and list them")
	return cmd
}

// batches is one run of the verb.
type batches struct {
	cli             *cli
	config          dataset.Config
	inputs, targets []string
	skip            bool
	shuffle         parsed[dataset.Order]
	last            parsed[dataset.Last]
	subset          parsed[dataset.Subset]
}

func parseLast(s string) (dataset.Last, error) {
	for i, name := range []string{"short", "drop", "pad"} {
		if s == name {
			return dataset.Last(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not short, drop or pad", s)
}

// parseSubset reads two fractions, or else takes the text for a path.
func parseSubset(s string, seed uint64) (dataset.Subset, error) {
	lo, hi, two := strings.Cut(s, ":")
	from, err := strconv.ParseFloat(lo, 64)
	if !two || err != nil {
		return dataset.IndexFile(s), nil
	}
	to, err := strconv.ParseFloat(hi, 64)
	if err != nil || !(from >= 0 && from <= to && to <= 1) {
		return dataset.Subset{}, fmt.Errorf("%q is not of the form 0:0.8, within 0 and 1", s)
	}
	return dataset.Fraction(from, to, seed), nil
}

func (b *batches) run(ctx context.Context, files []string) error {
	c := &b.config
	switch {
	case c.Batch < 1 || c.Batch > math.MaxInt32:
		return usagef("batches: --batch %d is out of range (1 to %d)", c.Batch, math.MaxInt32)
	case c.World < 1 || c.World > math.MaxInt32:
		return usagef("batches: --world %d is out of range (1 to %d)", c.World, math.MaxInt32)
	case c.Rank < 0 || c.Rank >= c.World:
		return usagef("batches: --rank %d is out of range (0 to %d)", c.Rank, c.World-1)
	case c.Epochs < 0 || c.Window.Length < 0 || c.Window.Stride < 0 || c.Window.Ahead < 0:
		return usagef("batches: --epochs, --window, --stride and --ahead are not negative")
	}
	epochs := c.Epochs
	c.Files, c.Order, c.Last = files, b.shuffle.value, b.last.value
	if b.subset.set {
		c.Subset, _ = parseSubset(b.subset.text, c.Seed) // as it was when the flag was read
	}
	if b.skip {
		c.OnError = dataset.SkipErrors
	}
	c.Inputs, c.Targets = dataset.Columns(b.inputs...), dataset.Columns(b.targets...)
	if len(c.Inputs) == 0 {
		c.Inputs = dataset.Columns("")
	}
	flags := b.cli.flags
	c.Workers, c.Memory = int(flags.workers), flags.memory.value
	flags.memory.value = 0 // it is for batches, and not for passes over an array
	c.Options = flags.options()
	d, err := dataset.Open(ctx, *c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := b.describe(d); err != nil {
		return err
	}
	if epochs > 0 {
		if err := b.time(ctx, d); err != nil {
			return err
		}
	}
	return b.tell(d)
}

// tell lists what was passed over. It is a failure all the same.
func (b *batches) tell(d *dataset.Dataset) error {
	n, skipped := d.Skipped()
	if n == 0 {
		return nil
	}
	for _, e := range skipped[:min(len(skipped), mostTold)] {
		b.cli.complain(e)
	}
	if more := n - int64(min(len(skipped), mostTold)); more > 0 {
		b.cli.complain(fmt.Errorf("%s more errors", grouped(more)))
	}
	return errReported
}

// firstShown is of how many samples the places are shown.
const firstShown = 4

// arrayJSON is an array of a batch in what --json prints.
type arrayJSON struct {
	Name  string  `json:"name"`
	Descr string  `json:"descr"`
	Shape []int64 `json:"shape"`
}

// placeJSON is where a sample lies.
type placeJSON struct {
	Path  string `json:"path"`
	Key   string `json:"key"`
	Index int64  `json:"index"`
}

// batchesJSON is the first line that --json prints.
type batchesJSON struct {
	Files   int         `json:"files"`
	Samples int64       `json:"samples"`
	Steps   int64       `json:"steps"`
	Order   string      `json:"order"`
	Inputs  []arrayJSON `json:"inputs"`
	Targets []arrayJSON `json:"targets"`
	Memory  int64       `json:"memory"`
	First   []placeJSON `json:"first"`
}

// describe prints what is known without reading.
func (b *batches) describe(d *dataset.Dataset) error {
	var first []placeJSON
	for _, s := range d.SamplesOf(d.First()) {
		p, err := d.PlaceOf(s)
		if err != nil {
			return err
		}
		first = append(first, placeJSON{p.File, p.Member, p.Index})
		if len(first) == firstShown {
			break
		}
	}
	in, out := d.Specs()
	if b.cli.flags.json {
		list := func(specs []dataset.Spec) []arrayJSON {
			arrays := make([]arrayJSON, len(specs))
			for i, s := range specs {
				arrays[i] = arrayJSON{s.Name, descr(s.DType), s.Shape}
			}
			return arrays
		}
		return b.cli.printJSON(batchesJSON{len(d.Files()), d.Len(), d.Steps(), d.Order().String(), list(in), list(out), d.MemoryBytes(), first})
	}
	files := grouped(int64(len(d.Files()))) + " files"
	if len(d.Files()) == 1 {
		files = "1 file"
	}
	rows := [][]string{
		{"samples", fmt.Sprintf("%s in %s, %s", grouped(d.Len()), files, d.Order())},
		{"batches", fmt.Sprintf("%s of %s", grouped(d.Steps()), grouped(int64(b.config.Batch)))},
	}
	for i, specs := range [][]dataset.Spec{in, out} {
		for _, s := range specs {
			name := strings.TrimSpace([]string{"input", "target"}[i] + " " + s.Name)
			rows = append(rows, []string{name, s.DType.String() + " " + shapeText(s.Shape)})
		}
	}
	rows = append(rows, []string{"memory", chunk.FormatBytes(d.MemoryBytes())})
	var places []string
	for _, p := range first {
		name := p.Path
		if p.Key != "" {
			name += ":" + p.Key
		}
		places = append(places, fmt.Sprintf("%s [%d]", name, p.Index))
	}
	return b.cli.table(append(rows, []string{"first", strings.Join(places, ", ")}))
}

// timesJSON is the second line that --json prints.
type timesJSON struct {
	Batches int64   `json:"batches"`
	Samples int64   `json:"samples"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Waited  float64 `json:"waited"` // seconds
}

// time reads all batches.
func (b *batches) time(ctx context.Context, d *dataset.Dataset) error {
	bar := b.cli.newBar("batches")
	defer bar.finish()
	total := int64(math.MaxInt64)
	if n := d.Steps(); n <= math.MaxInt64/int64(b.config.Epochs)/max(d.BatchBytes(), 1) {
		total = n * int64(b.config.Epochs) * d.BatchBytes()
	}
	for batch, err := range d.Batches(ctx) {
		if err != nil {
			return err
		}
		bar.set((batch.Step+1)*d.BatchBytes(), total)
	}
	m := d.Metrics()
	if b.cli.flags.json {
		return b.cli.printJSON(timesJSON{m.Batches, m.Samples, m.Bytes, m.Took.Seconds(), m.Waited.Seconds()})
	}
	perSecond := float64(m.Samples) / max(m.Took.Seconds(), 1e-9)
	return b.cli.table([][]string{{"read    ", fmt.Sprintf("%s samples in %s, %s samples/s, %s", grouped(m.Samples), m.Took.Round(time.Microsecond),
		grouped(int64(min(perSecond, 1e15))), rate(m.Bytes, m.Took))}})
}
