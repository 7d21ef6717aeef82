package dataset

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"
)

// Metrics is what was read so far, by all loops over a data set.
type Metrics struct {
	Batches, Samples, Bytes int64

	// Took is the time that loops lasted, and Waited that of it in which they waited for batches to
	// be read: where it is most of it, reading is what takes long.
	Took, Waited time.Duration
}

// Metrics counts what was read so far.
func (d *Dataset) Metrics() Metrics {
	c := d.counts
	return Metrics{c.batches.Load(), c.samples.Load(), c.bytes.Load(), time.Duration(c.took.Load()), time.Duration(c.waited.Load())}
}

// End is the number of the batch behind the last one of [Dataset.Batches], [math.MaxInt64] if there
// is no last one.
func (d *Dataset) End() int64 {
	o := d.plan.origin
	if d.config.Epochs < 0 {
		return math.MaxInt64
	}
	left := int64(d.config.Epochs) - o.epoch
	if left <= 0 {
		return o.step
	}
	rest := times(left-1, d.plan.stepsFrom(0))
	if rest = plus(rest, d.plan.stepsFrom(o.cursor)); rest < 0 || rest > math.MaxInt64-o.step {
		return math.MaxInt64
	}
	return o.step + rest
}

// Batches yields the batches of this rank, from the start or the state that was resumed to the end
// of the last epoch. Workers read ahead as far as Config.Memory allows, while the body of the loop
// runs. After an error there are no more. A batch is valid until the body of the loop ends; see
// [Batch.Keep].
func (d *Dataset) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		l := loop{d: d, next: d.plan.origin.step, end: d.End()}
		l.start(ctx)
		defer l.stop()
		for l.last < l.end {
			b, err := l.take()
			if !yield(b, err) || err != nil {
				return
			}
			b.Release()
		}
	}
}

// loop is one loop over batches. Its methods are called by the goroutine of the loop, except for
// work.
type loop struct {
	d    *Dataset
	next int64 // the batch that is asked of a worker next
	last int64 // the batch that is taken next
	end  int64

	ctx     context.Context //nolint:containedctx // that of the loop
	cancel  context.CancelFunc
	jobs    chan *job
	pending []*job // in order
	free    [][][]byte
	made    int
	stopped bool
	workers sync.WaitGroup
	began   time.Time

	epoch, seen int64 // samples of the epoch that were taken
	due         int64
}

// job is a batch to be read.
type job struct {
	step int64
	slot [][]byte
	done chan struct{}
	b    *Batch
	err  error
}

func (l *loop) start(ctx context.Context) {
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.last, l.began = l.next, time.Now()
	l.jobs = make(chan *job, l.d.slots)
	l.epoch = -1
	n := int(min(int64(l.d.workers), l.end-l.next))
	for range n {
		l.workers.Go(l.work)
	}
}

// stop ends the workers.
func (l *loop) stop() {
	l.cancel()
	l.stopped = true
	close(l.jobs)
	l.workers.Wait()
	l.d.counts.took.Add(int64(time.Since(l.began)))
}

// work reads batches until there are no more.
func (l *loop) work() {
	var m *Scratch
	for j := range l.jobs {
		if j.err = context.Cause(l.ctx); j.err == nil && m == nil {
			m, j.err = l.d.NewScratch()
		}
		if j.err == nil {
			j.b, j.err = l.read(j, m)
		}
		close(j.done)
	}
}

func (l *loop) read(j *job, m *Scratch) (*Batch, error) {
	p, err := l.d.plan.at(j.step)
	if err != nil {
		return nil, err
	}
	return l.d.read(p, j.slot, m)
}

// ask keeps the workers busy.
func (l *loop) ask() {
	for l.next < l.end {
		var slot [][]byte
		switch n := len(l.free); {
		case n > 0:
			slot, l.free = l.free[n-1], l.free[:n-1]
		case l.made < l.d.slots:
			slot = l.d.newSlot()
			l.made++
		default:
			return
		}
		j := &job{step: l.next, slot: slot, done: make(chan struct{})}
		l.next++
		l.pending = append(l.pending, j)
		l.jobs <- j // there is room for as many as there are slots
	}
}

// take is the next batch.
func (l *loop) take() (*Batch, error) {
	l.ask()
	j := l.pending[0]
	l.pending = l.pending[1:]
	began := time.Now()
	select {
	case <-j.done:
	case <-l.ctx.Done():
		return nil, context.Cause(l.ctx)
	}
	l.d.counts.waited.Add(int64(time.Since(began)))
	if j.err != nil {
		return nil, j.err
	}
	l.last++
	b := j.b
	b.release = func() {
		l.free = append(l.free, j.slot)
		if !l.stopped {
			l.ask()
		}
	}
	l.d.counts.add(b)
	return b, l.count(b)
}

// count makes sure that an epoch has the samples that it should have.
func (l *loop) count(b *Batch) error {
	p, err := l.d.plan.at(b.Step)
	if err != nil {
		return err
	}
	if l.epoch != p.epoch {
		l.epoch, l.seen, l.due = p.epoch, 0, l.d.plan.owned(p.cursor)
	}
	l.seen += int64(b.due())
	if l.d.plan.isLast(p) && l.seen != l.due {
		return fmt.Errorf("%w: epoch %d had %d, and %d are due", ErrCount, p.epoch, l.seen, l.due)
	}
	return nil
}
