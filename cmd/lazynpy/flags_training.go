package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// training is the flags that say which batches are made of files.
type training struct {
	cli             *cli
	set             func(name string) bool // whether a flag was given
	endless         bool                   // no epochs are epochs without end
	config          dataset.Config
	inputs, targets []string
	skip            bool
	shuffle         parsed[dataset.Order]
	last            parsed[dataset.Last]
	subset          parsed[dataset.Subset]
	weights, labels string
	resume          string
	description     string
}

// register adds the flags to a verb. The usage of --epochs is the verb's.
func (t *training) register(set *pflag.FlagSet, epochs int, usage string) {
	t.shuffle, t.last = parsed[dataset.Order]{parse: dataset.ParseOrder, kind: "how"}, parsed[dataset.Last]{parse: parseLast, kind: "how"}
	t.subset = parsed[dataset.Subset]{kind: "part", parse: func(s string) (dataset.Subset, error) { return parseSubset(s, 0) }}
	t.set = set.Changed
	set.StringSliceVar(&t.inputs, "inputs", nil, "`keys` of the inputs, as x1,x2 (default the only array of each file)")
	set.StringSliceVar(&t.targets, "targets", nil, "`keys` of the targets, as y")
	set.IntVar(&t.config.Batch, "batch", 32, "samples of a batch on each rank")
	set.Var(&t.shuffle, "shuffle", `"auto", "global", "blocks" or "blocks:N" or "blocks:N:M", M of them mixed (alone: auto)`)
	set.Lookup("shuffle").NoOptDefVal = "auto"
	set.StringVar(&t.weights, "weights", "", "draw samples by the weights that this `file` has, one for each")
	set.StringVar(&t.labels, "labels", "", "shuffle with the labels that this `file` has, one for each sample, in their shares everywhere")
	set.Uint64Var(&t.config.Seed, "seed", 0, "`number` that decides all that is random")
	set.IntVar(&t.config.Epochs, "epochs", epochs, usage)
	set.IntVar(&t.config.Rank, "rank", 0, "`number` of this process among those that share the samples")
	set.IntVar(&t.config.World, "world", 1, "how many share the samples")
	set.Var(&t.last, "last", "what becomes of samples that do not fill a batch: short, drop or pad")
	set.Var(&t.subset, "subset", "a random part of the samples, as 0:0.8, or a file of indices")
	set.BoolVar(&t.config.FilePerSample, "file-per-sample", false, "take each file as one sample")
	set.Int64Var(&t.config.Window.Length, "window", 0, "consecutive entries that make a sample")
	set.Int64Var(&t.config.Window.Stride, "stride", 0, "entries from one window to the next (default 1)")
	set.Int64Var(&t.config.Window.Ahead, "ahead", 0, "entries that targets lie behind the end of the window")
	set.BoolVar(&t.config.Window.Across, "across", false, "take all files as one sequence")
	set.BoolVar(&t.skip, "skip-errors", false, "pass over files and samples that cannot be read, and list them")
	set.StringVar(&t.resume, "resume", "", "`file` with the state to go on at")
	set.StringVar(&t.description, "config", "", "`file` with a description of the data set in JSON, - for standard input; flags that are given change it")
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

// open opens the data set of the files that were named.
func (t *training) open(cmd *cobra.Command, files []string) (*dataset.Dataset, error) {
	if err := t.check(cmd, files); err != nil {
		return nil, err
	}
	c, err := t.described(cmd)
	if err != nil {
		return nil, err
	}
	t.apply(&c, files)
	if c.Order, err = t.order(cmd.Context(), c.Order); err != nil {
		return nil, err
	}
	if t.resume != "" {
		text, err := readAll(t.resume, nil, mostState)
		if err == nil {
			c.Resume, err = dataset.ParseState(text)
		}
		if err != nil {
			return nil, inFile(t.resume, err)
		}
	}
	return dataset.Open(cmd.Context(), c)
}

// check finds mistakes in the command line.
func (t *training) check(cmd *cobra.Command, files []string) error {
	verb, c, orders := cmd.Name(), &t.config, 0
	for _, name := range []string{"shuffle", "weights", "labels"} {
		if t.set(name) {
			orders++
		}
	}
	switch {
	case len(files) == 0 && t.description == "":
		return usagef("%s: missing argument; usage: %s", verb, cmd.UseLine())
	case c.Batch < 1 || c.Batch > math.MaxInt32:
		return usagef("%s: --batch %d is out of range (1 to %d)", verb, c.Batch, math.MaxInt32)
	case c.World < 1 || c.World > math.MaxInt32:
		return usagef("%s: --world %d is out of range (1 to %d)", verb, c.World, math.MaxInt32)
	case c.Rank < 0 || c.Rank >= c.World:
		return usagef("%s: --rank %d is out of range (0 to %d)", verb, c.Rank, c.World-1)
	case c.Epochs < 0 || c.Window.Length < 0 || c.Window.Stride < 0 || c.Window.Ahead < 0:
		return usagef("%s: --epochs, --window, --stride and --ahead are not negative", verb)
	case orders > 1:
		return usagef("%s: --shuffle, --weights and --labels are one order each", verb)
	}
	return nil
}

// described is what --config says, or nothing.
func (t *training) described(cmd *cobra.Command) (c dataset.Config, err error) {
	if t.description == "" {
		return c, nil
	}
	text, err := readAll(t.description, cmd.InOrStdin(), mostDescription)
	if t.description == "-" { // mostly a program wrote it, which has no use for the name
		if err != nil {
			return c, inFile("standard input", err)
		}
		return dataset.ParseConfig(text)
	}
	if err == nil {
		c, err = dataset.ParseConfig(text)
	}
	return c, inFile(t.description, err)
}

const (
	mostState       = 4096
	mostDescription = 256 << 20 // of labels, or files, there may be many
)

// readAll reads a file of bounded size, standard input for - if there is one.
func readAll(path string, stdin io.Reader, most int64) ([]byte, error) {
	in := stdin
	if path != "-" || stdin == nil {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("has more than %s", chunk.FormatBytes(most))
	}
	return text, err
}

// apply puts the flags into a config: those that were given, where --config has said the others.
func (t *training) apply(c *dataset.Config, files []string) {
	from := &t.config
	for flag, apply := range map[string]func(){
		"inputs":          func() { c.Inputs = dataset.Columns(t.inputs...) },
		"targets":         func() { c.Targets = dataset.Columns(t.targets...) },
		"batch":           func() { c.Batch = from.Batch },
		"seed":            func() { c.Seed = from.Seed },
		"epochs":          func() { c.Epochs = t.epochs() },
		"last":            func() { c.Last = t.last.value },
		"file-per-sample": func() { c.FilePerSample = from.FilePerSample },
		"window":          func() { c.Window.Length = from.Window.Length },
		"stride":          func() { c.Window.Stride = from.Window.Stride },
		"ahead":           func() { c.Window.Ahead = from.Window.Ahead },
		"across":          func() { c.Window.Across = from.Window.Across },
	} {
		if t.description == "" || t.set(flag) {
			apply()
		}
	}
	c.Rank, c.World = from.Rank, from.World
	if c.Batch == 0 {
		c.Batch = from.Batch
	}
	if len(files) > 0 {
		c.Files = files
	}
	if len(c.Inputs) == 0 {
		c.Inputs = dataset.Columns("")
	}
	if t.subset.set {
		c.Subset, _ = parseSubset(t.subset.text, c.Seed) // as it was when the flag was read
	}
	if t.skip {
		c.OnError = dataset.SkipErrors
	}
	flags := t.cli.flags
	if flags.workers > 0 {
		c.Workers = int(flags.workers)
	}
	if flags.memory.set {
		c.Memory = flags.memory.value
	}
	flags.memory.value = 0 // it is for batches, and not for passes over an array
	c.Options = flags.options()
}

func (t *training) epochs() int {
	if t.endless && t.config.Epochs == 0 {
		return -1
	}
	return t.config.Epochs
}

// order is that of the flags, or else the one of --config.
func (t *training) order(ctx context.Context, described dataset.Order) (dataset.Order, error) {
	switch {
	case t.weights != "":
		values, err := numbersIn[float64](ctx, t.cli, t.weights, "weights")
		return dataset.Weighted(values), err
	case t.labels != "":
		values, err := numbersIn[int64](ctx, t.cli, t.labels, "labels")
		return dataset.Stratified(values), err
	case t.shuffle.set:
		return t.shuffle.value, nil
	}
	return described, nil
}

// numbersIn reads an array of one axis. Labels are integers.
func numbersIn[T int64 | float64](ctx context.Context, c *cli, path, what string) ([]T, error) {
	a, err := lazy.Open(path, c.flags.options()...)
	if err != nil {
		return nil, inFile(path, err)
	}
	defer a.Close()
	kind := a.DType().Kind()
	_, exact := any(T(0)).(int64)
	if number := kind == mmapnpy.KindBool || kind == mmapnpy.KindInt || kind == mmapnpy.KindUint || kind == mmapnpy.KindFloat && !exact; !number || a.NDim() != 1 {
		return nil, fmt.Errorf("%s: %s of %s, shape %s; there is one number for each sample", path, what, a.DType(), shapeText(a.Shape()))
	}
	r, err := a.Load(ctx)
	if err != nil {
		return nil, inFile(path, err)
	}
	view, err := mmapnpy.Numbers[T](r.Buffer())
	if err != nil {
		return nil, inFile(path, err)
	}
	values := make([]T, 0, view.Len())
	for v := range view.All() {
		values = append(values, v)
	}
	return values, nil
}

// showDataset prints what is known of a data set without reading.
func (c *cli) showDataset(d *dataset.Dataset, more ...[]string) error {
	rows := [][]string{
		{"samples", fmt.Sprintf("%s in %s, %s", grouped(d.Len()), counted(int64(len(d.Files())), "file", "files"), d.Order())},
		{"batches", fmt.Sprintf("%s of %s", grouped(d.Steps()), grouped(int64(d.Config().Batch)))},
	}
	in, out := d.Specs()
	for i, specs := range [][]dataset.Spec{in, out} {
		for _, s := range specs {
			name := strings.TrimSpace([]string{"input", "target"}[i] + " " + s.Name)
			rows = append(rows, []string{name, s.DType.String() + " " + shapeText(s.Shape)})
		}
	}
	return c.table(append(rows, more...))
}

// datasetJSON is what --json prints of a data set.
type datasetJSON struct {
	Files   int         `json:"files"`
	Samples int64       `json:"samples"`
	Steps   int64       `json:"steps"`
	Order   string      `json:"order"`
	Inputs  []arrayJSON `json:"inputs"`
	Targets []arrayJSON `json:"targets"`
}

// arrayJSON is an array of a batch.
type arrayJSON struct {
	Name  string  `json:"name"`
	Descr string  `json:"descr"`
	Shape []int64 `json:"shape"`
}

func asJSON(d *dataset.Dataset) datasetJSON {
	list := func(specs []dataset.Spec) []arrayJSON {
		arrays := make([]arrayJSON, len(specs))
		for i, s := range specs {
			arrays[i] = arrayJSON{s.Name, descr(s.DType), s.Shape}
		}
		return arrays
	}
	in, out := d.Specs()
	return datasetJSON{len(d.Files()), d.Len(), d.Steps(), d.Order().String(), list(in), list(out)}
}

// report lists what was passed over. It is a failure all the same.
func (t *training) report(d *dataset.Dataset) error {
	n, skipped := d.Skipped()
	if n == 0 {
		return nil
	}
	for _, e := range skipped[:min(len(skipped), mostTold)] {
		t.cli.complain(e)
	}
	if more := n - int64(min(len(skipped), mostTold)); more > 0 {
		t.cli.complain(fmt.Errorf("%s more errors", grouped(more)))
	}
	return errReported
}
