package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/internal/export"
)

func newBatchesCommand(c *cli) *cobra.Command {
	b := batches{training: training{cli: c}}
	cmd := &cobra.Command{
		Use:   "batches FILE...",
		Short: "Time training batches of samples in .npy and .npz files",
		Long: "Batches shows which training batches package dataset makes of files: their arrays, where the first samples\n" +
			"lie, and the memory that they take; then it reads them all and says how fast that was. A FILE may be a folder\n" +
			"or a pattern in quotes; of .npy files leave out --inputs.",
		RunE: b.run,
	}
	b.register(cmd.Flags())
	return cmd
}

// batches is one run of the verb.
type batches struct {
	training
	state string
}

func (b *batches) register(set *pflag.FlagSet) {
	b.training.register(set, 1, "after how many epochs it ends, those before the state of --resume included; 0 only describes")
	set.StringVar(&b.state, "state", "", "`file` for the state behind the last batch that was read")
	b.cli.forces(set)
}

func (b *batches) run(cmd *cobra.Command, files []string) error {
	d, err := b.open(cmd, files)
	if err != nil {
		return err
	}
	defer d.Close()
	if b.state != "" {
		if err := b.cli.check(b.state, export.JSON); err != nil {
			return err
		}
	}
	if err := b.describe(d); err != nil {
		return err
	}
	next := d.First()
	if b.config.Epochs > 0 || b.description != "" && !b.set("epochs") {
		next, err = b.time(cmd.Context(), d)
	}
	if b.state != "" {
		err = errors.Join(err, b.save(d, next))
	}
	if err != nil {
		return err
	}
	return b.report(d)
}

// save writes the state before a batch.
func (b *batches) save(d *dataset.Dataset, step int64) error {
	state, err := d.State(step)
	if err != nil {
		return err
	}
	return b.cli.output(b.state, export.JSON, func(w io.Writer) error { return json.NewEncoder(w).Encode(state) })
}

// firstShown is of how many samples the places are shown.
const firstShown = 4

// placeJSON is where a sample lies.
type placeJSON struct {
	Path  string `json:"path"`
	Key   string `json:"key"`
	Index int64  `json:"index"`
}

// batchesJSON is the first line that --json prints.
type batchesJSON struct {
	datasetJSON
	Memory int64       `json:"memory"`
	First  []placeJSON `json:"first"`
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
	if b.cli.flags.json {
		return b.cli.printJSON(batchesJSON{asJSON(d), d.MemoryBytes(), first})
	}
	var places []string
	for _, p := range first {
		name := p.Path
		if p.Key != "" {
			name += ":" + p.Key
		}
		places = append(places, fmt.Sprintf("%s [%d]", name, p.Index))
	}
	return b.cli.showDataset(d, []string{"memory", chunk.FormatBytes(d.MemoryBytes())}, []string{"first", strings.Join(places, ", ")})
}

// timesJSON is the second line that --json prints.
type timesJSON struct {
	Batches int64   `json:"batches"`
	Samples int64   `json:"samples"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Waited  float64 `json:"waited"` // seconds
}

// time reads all batches, and returns the number of the batch that comes next.
func (b *batches) time(ctx context.Context, d *dataset.Dataset) (next int64, err error) {
	bar := b.cli.newBar("batches")
	defer bar.finish()
	total, size := int64(math.MaxInt64), max(d.BatchBytes(), 1)
	if n := d.End() - d.First(); n <= math.MaxInt64/size {
		total = n * size
	}
	next = d.First()
	for batch, err := range d.Batches(ctx) {
		if err != nil {
			return next, err
		}
		next = batch.Step + 1
		bar.set((next-d.First())*size, total)
	}
	m := d.Metrics()
	if b.cli.flags.json {
		return next, b.cli.printJSON(timesJSON{m.Batches, m.Samples, m.Bytes, m.Took.Seconds(), m.Waited.Seconds()})
	}
	perSecond := float64(m.Samples) / max(m.Took.Seconds(), 1e-9)
	return next, b.cli.table([][]string{{"read    ", fmt.Sprintf("%s samples in %s, %s samples/s, %s", grouped(m.Samples), m.Took.Round(time.Microsecond),
		grouped(int64(min(perSecond, 1e15))), rate(m.Bytes, m.Took))}})
}
