package dataset

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sort"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// run is entries that follow each other, and where in the array of a batch they belong, in entries.
type run struct{ entry, count, at int64 }

// Scratch is what one goroutine works with while it reads batches of a data set or its shares.
type Scratch struct {
	pieces  []piece
	picks   []lazy.Pick
	runs    []run
	entries []entries // of each array
}

// entries are those of an array's columns, and what is computed of them.
type entries struct {
	columns [][]byte
	picker  *lazy.Picker
}

// NewScratch has room for what a batch is computed from.
func (d *Dataset) NewScratch() (*Scratch, error) {
	m := &Scratch{entries: make([]entries, len(d.arrays))}
	for i, a := range d.arrays {
		if a.plain {
			continue
		}
		e, n := &m.entries[i], d.rows*a.entries
		for _, c := range a.columns {
			e.columns = append(e.columns, bytesrc.Memory(int(roomy(n*c.row))))
		}
		expression, err := a.expression(e.columns, n)
		if err != nil {
			return nil, err
		}
		if e.picker, err = expression.Picker(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// newSlot is memory for the arrays of a batch.
func (d *Dataset) newSlot() [][]byte {
	slot := make([][]byte, len(d.arrays))
	for i, a := range d.arrays {
		slot[i] = bytesrc.Memory(int(roomy(d.rows * a.sample())))
	}
	return slot
}

// samplesAt are the samples of the batch at a place.
func (d *Dataset) samplesAt(p place) []int64 {
	from, n := d.plan.own(p)
	samples := make([]int64, n, max(n, d.rows))
	order := d.sequenceOf(p.epoch)
	for i := range samples {
		if samples[i] = order.at(from + int64(i)); d.subset != nil {
			samples[i] = d.subset[samples[i]]
		}
	}
	return samples
}

// read makes the batch at a place in the memory of a slot.
func (d *Dataset) read(p place, slot [][]byte, m *Scratch) (*Batch, error) {
	b := &Batch{Step: p.step, Epoch: p.epoch, seed: d.config.Seed, Samples: d.samplesAt(p)}
	n := int64(len(b.Samples))
	rows := n
	if d.config.Last == Pad {
		rows = d.rows
	}
	bad := make([]bool, n)
	err := d.readArrays(b, slot, m, bad, rows)
	for err != nil && d.skip(err, b.Samples, bad) {
		err = d.readArrays(b, slot, m, bad, rows)
	}
	if err != nil {
		return nil, err
	}
	if rows > n || slices.Contains(bad, true) {
		b.Mask = make([]bool, rows)
		for i := range bad {
			b.Mask[i] = !bad[i]
		}
	}
	for range rows - n {
		b.Samples = append(b.Samples, -1)
	}
	if d.config.Transform == nil {
		return b, nil
	}
	return d.transform(b)
}

// readArrays makes the arrays of a batch. Samples that are bad are zeros.
func (d *Dataset) readArrays(b *Batch, slot [][]byte, m *Scratch, bad []bool, rows int64) error {
	b.Inputs, b.Targets = nil, nil
	for i, a := range d.arrays {
		data, err := d.readArray(a, slot[i], m, &m.entries[i], b.Samples, bad, rows)
		if err != nil {
			return err
		}
		if a.targets {
			b.Targets = append(b.Targets, data)
		} else {
			b.Inputs = append(b.Inputs, data)
		}
	}
	return nil
}

// readArray makes one array of a batch.
func (d *Dataset) readArray(a *array, dst []byte, m *Scratch, e *entries, samples []int64, bad []bool, rows int64) (mmapnpy.Buffer, error) {
	shape := a.shape(rows)
	out := mmapnpy.Buffer{Data: dst[:rows*a.sample()], DType: a.dtype, Shape: shape, Strides: packed(shape, a.dtype.ItemSize())}
	m.runs = m.runs[:0]
	have := int64(0)
	for i, s := range samples {
		r := d.entriesOf(a, s)
		if r.count > 0 && !bad[i] {
			r.at += int64(i) * a.entries
			m.runs = append(m.runs, r)
			have += r.count
		}
	}
	if have < rows*a.entries {
		clear(out.Data)
	}
	if a.plain {
		return out, d.named(a.columns[0], samples, bad, d.gather(a.columns[0], out.Data, m.runs, m))
	}
	for i, c := range a.columns {
		if have < rows*a.entries {
			// Rows between two picks are computed as well, and may be labels of another batch that
			// fail.
			clear(e.columns[i])
		}
		if err := d.gather(c, e.columns[i], m.runs, m); err != nil {
			return out, d.named(c, samples, bad, err)
		}
	}
	m.picks = m.picks[:0]
	for _, r := range m.runs {
		m.picks = append(m.picks, lazy.Pick{Row: r.at, Count: r.count, At: r.at * a.row})
	}
	m.picks = touching(m.picks)
	err := e.picker.Read(out.Data, m.picks)
	if err == nil {
		return out, nil
	}
	for _, r := range m.runs {
		for i := range r.count {
			if err := e.picker.Read(out.Data, []lazy.Pick{{Row: r.at + i, Count: 1, At: (r.at + i) * a.row}}); err != nil {
				c := a.columns[0]
				file := c.find(r.entry + i)
				return out, d.named(c, samples, bad, d.at(c, file, r.entry+i-c.starts[file], bare(err)))
			}
		}
	}
	return out, bare(err)
}

// touching joins picks whose rows, and places, follow each other.
func touching(picks []lazy.Pick) []lazy.Pick {
	out := picks[:0]
	for _, k := range picks {
		if n := len(out); n > 0 && out[n-1].Row+out[n-1].Count == k.Row {
			out[n-1].Count += k.Count
			continue
		}
		out = append(out, k)
	}
	return out
}

// named adds to an error about an entry of a column the number of a sample that has the entry and
// is not bad already: windows share entries.
func (d *Dataset) named(c *column, samples []int64, bad []bool, err error) error {
	e, ok := err.(*SampleError) //nolint:errorlint // it was made here
	if !ok || e.Index < 0 {
		return err
	}
	for i := range c.starts[:len(c.starts)-1] {
		if c.Array == nil && d.source.files[c.files[i]].path != e.File {
			continue
		}
		for n, s := range samples {
			r := d.entriesOf(d.arrayOf(c), s)
			if k := c.starts[i] + e.Index; !bad[n] && k >= r.entry && k < r.entry+r.count {
				e.Sample = s
				return e
			}
		}
	}
	return e
}

func (d *Dataset) arrayOf(c *column) *array {
	for _, a := range d.arrays {
		if slices.Contains(a.columns, c) {
			return a
		}
	}
	return nil
}

// entriesOf are the entries that a sample has of an array; what lies before or behind a sequence is
// not among them.
func (d *Dataset) entriesOf(a *array, sample int64) run {
	if !d.config.Window.on() {
		return run{sample, 1, 0}
	}
	w := &d.config.Window
	s := sort.Search(len(d.sequences)-1, func(i int) bool { return d.windows[i+1] > sample })
	from, n := w.first(sample-d.windows[s]), w.length()
	if a.targets {
		from, n = w.targets(from)
	}
	lo, hi := max(from, 0), min(from+n, d.sequences[s+1]-d.sequences[s])
	if lo >= hi {
		return run{}
	}
	return run{d.sequences[s] + lo, hi - lo, lo - from}
}

// transform calls the function of the caller's.
func (d *Dataset) transform(b *Batch) (out *Batch, err error) {
	samples, mask, step, epoch := b.Samples, b.Mask, b.Step, b.Epoch
	defer func() {
		if r := recover(); r != nil {
			cause, ok := r.(error)
			if !ok {
				cause = fmt.Errorf("%v", r)
			}
			out, err = nil, &TransformError{step, fmt.Errorf("panic: %w", cause), debug.Stack()}
		}
	}()
	if out, err = d.config.Transform(b); err == nil {
		err = checkTransformed(out, int64(len(samples)))
	}
	if err != nil {
		return nil, &TransformError{Step: step, Err: err}
	}
	out.Step, out.Epoch, out.Samples, out.Mask, out.seed = step, epoch, samples, mask, d.config.Seed
	return out, nil
}
