package dataset

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Dataset is samples in files, in an order that comes in batches. It is safe for concurrent use.
type Dataset struct {
	config  Config
	source  *source
	columns []*column // inputs, then targets
	arrays  []*array

	sequences []int64 // the entry with which each sequence begins, and how many there are
	windows   []int64 // the sample with which each sequence begins, and how many there are
	samples   int64   // all, before the subset
	subset    []int64 // nil is all
	order     Order
	draws     draws
	strata    *strata
	plan      schedule
	print     fingerprint

	rows           int64 // samples of a whole batch
	workers, slots int
	caches         int64 // bytes for those of deflated members
	counts         *counts
	skipped        *skipped
	cells          *cells
}

// Open looks at the headers of all files, and reads nothing else but index files. Files that do not
// fit each other are an [ErrMismatch] that names two of them.
func Open(ctx context.Context, c Config) (*Dataset, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	d := &Dataset{config: c, source: newSource(c.Options), rows: int64(c.Batch), counts: &counts{}, skipped: &skipped{}}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.source.close())
	}
	return d, nil
}

func (d *Dataset) open(ctx context.Context) error {
	if err := d.findFiles(); err != nil {
		return err
	}
	if err := d.measure(); err != nil {
		return err
	}
	d.cut()
	if err := d.newArrays(); err != nil {
		return err
	}
	var err error
	if d.subset, err = d.config.Subset.resolve(ctx, d.samples); err != nil {
		return err
	}
	d.plan = schedule{n: d.samples, batch: d.rows, last: d.config.Last}
	if d.subset != nil {
		d.plan.n = int64(len(d.subset))
	}
	if d.plan.n == 0 {
		return fileerr.New(d.nameOf(d.columns[0]), errors.New("there are no samples"))
	}
	if err := d.plan.share(int64(d.config.Rank), int64(d.config.World)); err != nil {
		return err
	}
	if d.order, err = d.config.Order.complete(d); err != nil {
		return err
	}
	if err := d.order.prepare(d); err != nil {
		return err
	}
	d.fingerprint()
	if d.config.Resume != nil {
		if err := d.resume(d.config.Resume); err != nil {
			return err
		}
	}
	return d.divideMemory()
}

// findFiles lists the files of all columns.
func (d *Dataset) findFiles() error {
	c := &d.config
	common, err := find(c.Files)
	if err != nil {
		return err
	}
	var first []string // of the first column that has files
	for _, spec := range append(append([]Column{}, c.Inputs...), c.Targets...) {
		col := &column{Column: spec, key: arrayKey{spec.Key, c.FilePerSample}}
		d.columns = append(d.columns, col)
		if spec.Array != nil {
			continue
		}
		paths := common
		if len(spec.Files) > 0 {
			if paths, err = find(spec.Files); err != nil {
				return err
			}
			if c.MatchNames && first != nil {
				if paths, err = pair(paths, first); err != nil {
					return err
				}
			}
		}
		if first == nil {
			first = paths
		}
		if len(paths) != len(first) {
			return fmt.Errorf("column %q has %d files, and another one %d: they %w", spec.Name, len(paths), len(first), ErrMismatch)
		}
		if col.files, err = d.source.add(paths); err != nil {
			return err
		}
	}
	return nil
}

// cut makes samples of entries.
func (d *Dataset) cut() {
	entries, w := d.columns[0].entries(), &d.config.Window
	d.sequences = []int64{0, entries}
	for _, c := range d.columns {
		if c.Array == nil && !w.Across {
			d.sequences = c.starts
			break
		}
	}
	d.samples = entries
	if !w.on() {
		return
	}
	d.windows = make([]int64, len(d.sequences))
	for i := range d.windows[1:] {
		d.windows[i+1] = d.windows[i] + w.count(d.sequences[i+1]-d.sequences[i])
	}
	d.samples = d.windows[len(d.windows)-1]
}

// fingerprint of the data and of what decides the order.
func (d *Dataset) fingerprint() {
	for i := range d.source.files {
		f := &d.source.files[i]
		hash := mix(hashText(filepath.Base(f.path)), uint64(f.info.Size()), uint64(f.modified()))
		d.print.add(i, hash)
		d.print.newest = max(d.print.newest, f.modified())
	}
	w := d.config.Window
	file := uint64(0)
	if d.config.FilePerSample {
		file = 1
	}
	across := uint64(0)
	if w.Across {
		across = 1
	}
	h := mix(uint64(d.order.kind), uint64(d.order.block), uint64(d.order.mix), file, across,
		uint64(w.length()), uint64(w.stride()), uint64(w.Edge), uint64(w.Targets), uint64(w.Ahead), uint64(d.samples), uint64(d.plan.n))
	for _, k := range d.subset {
		h = mix(h, uint64(k))
	}
	for _, c := range d.columns {
		if c.Array != nil {
			h = mix(h, hashText(fmt.Sprint(c.dtype, c.entry, c.entries())))
		}
	}
	d.print.order = d.order.table.hash(h)
}

func hashText(s string) uint64 {
	h := uint64(len(s))
	for i := range len(s) {
		h = mix(h, uint64(s[i]))
	}
	return h
}

// divideMemory finds out how many workers, and batches at a time, there is room for.
func (d *Dataset) divideMemory() error {
	batch, scratch := d.BatchBytes(), d.scratchBytes()
	if batch < 0 || scratch < 0 {
		return fmt.Errorf("%w: a batch has more than 64 bits of bytes", ErrMemory)
	}
	most := d.config.Memory
	need := batch + scratch
	if need > most {
		return fmt.Errorf("%w: a batch of %d samples takes %s, and there are %s", ErrMemory, d.rows, chunk.FormatBytes(need), chunk.FormatBytes(most))
	}
	if d.deflated() {
		caches := min(most/2, most-need)
		most -= caches
		d.caches = caches
		if err := d.source.limitCaches(caches / 4); err != nil {
			return err
		}
		d.newCells(caches - caches/4)
	}
	for w := d.config.Workers; ; w-- {
		left := most - int64(w)*scratch
		if slots := left / max(batch, 1); left >= 0 && slots > int64(w) || w == 1 {
			d.workers, d.slots = w, int(min(max(slots, 1), int64(2*w+1)))
			return nil
		}
	}
}

// deflated reports whether files have members that are decoded when they are read.
func (d *Dataset) deflated() bool {
	return slices.ContainsFunc(d.columns, func(c *column) bool { return c.Array == nil && c.granule > 0 })
}

// BatchBytes is the size of the arrays of a whole batch.
func (d *Dataset) BatchBytes() int64 {
	total := int64(0)
	for _, a := range d.arrays {
		total = plus(total, times(d.rows, a.sample()))
	}
	return total
}

// scratchBytes is what a worker holds beside batches.
func (d *Dataset) scratchBytes() int64 {
	total := int64(0)
	for _, a := range d.arrays {
		for _, c := range a.columns {
			if !a.plain {
				total = plus(total, times(d.rows*a.entries, c.row))
			}
		}
	}
	return total
}

// times is a*b, or -1 where that, or one of them, is none of 62 bits.
func times(a, b int64) int64 {
	if a < 0 || b < 0 || a > 0 && b > (1<<62)/a {
		return -1
	}
	return a * b
}

func plus(a, b int64) int64 {
	if a < 0 || b < 0 || a > 1<<62-b {
		return -1
	}
	return a + b
}

// Close closes the files. It waits for batches that are being read. Batches stay valid.
func (d *Dataset) Close() error { return d.source.close() }

// Config is what the data set was opened with, defaults filled in.
func (d *Dataset) Config() Config { return d.config }

// Len is the number of samples of an epoch, on all ranks together.
func (d *Dataset) Len() int64 { return d.plan.n }

// Steps is the number of batches of a whole epoch, the same on every rank.
func (d *Dataset) Steps() int64 { return d.plan.stepsFrom(0) }

// First is the number of the first batch of [Dataset.Batches]: 0, or that of the state that was
// resumed.
func (d *Dataset) First() int64 { return d.plan.origin.step }

// Order is the order of the samples, with all that follows from the data.
func (d *Dataset) Order() Order { return d.order }

// Files are the paths of all files, each once.
func (d *Dataset) Files() []string {
	paths := make([]string, len(d.source.files))
	for i := range paths {
		paths[i] = d.source.files[i].path
	}
	return paths
}

// MemoryBytes is what a loop over [Dataset.Batches] takes at most, which Config.Memory bounds:
// batches, what they are computed from, and caches of deflated members.
func (d *Dataset) MemoryBytes() int64 {
	return d.caches + int64(d.slots)*d.BatchBytes() + int64(d.workers)*d.scratchBytes()
}

// Spec describes one array of whole batches.
type Spec struct {
	Name  string
	DType mmapnpy.DType
	Shape []int64 // the first axis is samples
}

// Specs describes the arrays of whole batches.
func (d *Dataset) Specs() (inputs, targets []Spec) {
	for _, a := range d.arrays {
		s := Spec{a.columns[0].Name, a.dtype, a.shape(d.rows)}
		for _, c := range a.columns[1:] {
			s.Name += "+" + c.Name
		}
		if a.targets {
			targets = append(targets, s)
		} else {
			inputs = append(inputs, s)
		}
	}
	return inputs, targets
}

// Place is where an entry lies.
type Place struct {
	File, Member string // File is empty for an array in memory
	Index        int64  // along the first axis
}

// PlaceOf is where the first input has a sample, of a window its first entry that exists.
func (d *Dataset) PlaceOf(sample int64) (Place, error) {
	if sample < 0 || sample >= d.samples {
		return Place{}, fmt.Errorf("%w: sample %d of %d", lazy.ErrIndex, sample, d.samples)
	}
	c := d.columns[0]
	entry := d.entriesOf(d.arrays[0], sample).entry
	i := c.find(entry)
	p := Place{Index: entry - c.starts[i]}
	if c.Array != nil {
		p.File, p.Member = c.Array.Path(), c.Array.Key()
	} else {
		p.File, p.Member = d.source.files[c.files[i]].path, c.Key
	}
	return p, nil
}

// SamplesOf are the samples of a batch of this rank, without reading them; none if there is no such
// batch.
func (d *Dataset) SamplesOf(step int64) []int64 {
	p, err := d.plan.at(step)
	if err != nil {
		return nil
	}
	return d.samplesAt(p)
}

// At reads one batch by its number, in memory of its own.
func (d *Dataset) At(ctx context.Context, step int64) (*Batch, error) {
	s, err := d.NewScratch()
	if err != nil {
		return nil, err
	}
	return d.AtInto(ctx, step, d.newSlot(), s)
}

// counts of what was read, by all loops.
type counts struct {
	samples, bytes, batches, waited, took atomic.Int64
}

func (c *counts) add(b *Batch) {
	c.batches.Add(1)
	c.samples.Add(int64(b.Real()))
	for _, arrays := range [][]mmapnpy.Buffer{b.Inputs, b.Targets} {
		for _, a := range arrays {
			c.bytes.Add(int64(len(a.Data)))
		}
	}
}
