package lazy

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/chunk"
)

const (
	// batchTasks is how many small tasks share a window at most. Opening one takes system calls,
	// some ten microseconds, of which so many tasks have little each.
	batchTasks = 1 << 8

	// batchTime is how long a worker goes on with a batch before it hands over what it has, so that
	// tasks that are small but slow are not held back by others.
	batchTime = 50 * time.Millisecond

	// batchShare is how many batches every worker would get of what is left, so that all end
	// together.
	batchShare = 4
)

// batcher hands out tasks in order, in batches of neighbours that lie in one window. How many they
// are changes no result.
type batcher struct {
	mu      sync.Mutex
	next    int64
	hi      int64
	most    int64 // tasks of a batch
	run     int64 // no batch has tasks on both sides of a multiple of it
	workers int64
}

// batchTasks is how many tasks a batch has at most. Tasks that are as large as a tile are a batch
// each, and so are those whose elements are put together for a window as a whole.
func (p *pass) batchTasks() int64 {
	size := product(p.tasks.largest())
	if _, ok := p.a.node.(*staged); ok || size > p.tileLen {
		return 1
	}
	return max(1, min(batchTasks, p.windowLen/max(size, 1), smallState/max(p.tasks.stateBytes(p.jobs), 1)))
}

// take hands out the tasks from to to, of which there are none in the end.
func (b *batcher) take() (from, to int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = b.next
	b.next += min(b.most, max((b.hi-from)/(batchShare*b.workers), 1), b.run-from%b.run, b.hi-from)
	return from, b.next
}

// together is how many of the tasks from to to, from the first one on, fill a region, and that.
func (t *tasks) together(from, to int64) (n int64, r chunk.Region) {
	n, r = 1, t.region(from)
	if to == from+1 {
		return n, r
	}
	order := t.plan.Layout().Order
	if order == nil {
		order = chunk.COrder(len(t.shape))
	}
	at, grid := t.plan.Index(from), t.plan.Grid()
	for _, d := range slices.Backward(order) {
		count := grid.AxisCount(d)
		along := min(count-at[d], (to-from)/n)
		if along < 1 {
			break
		}
		if n *= along; along < count {
			break
		}
	}
	last := t.region(from + n - 1)
	for d := range r.Shape {
		r.Shape[d] = last.Start[d] + last.Shape[d] - r.Start[d]
	}
	return n, r
}

// batch takes tasks out of from to to, the first one first, into fresh parts: as many as share a
// window and there is time for. Where that fails, it takes the first one by itself, so that
// whatever is wrong with one task is told of that one, after those before it are done.
func (w *worker) batch(ctx context.Context, from, to int64) ([][]part, error) {
	n, r := w.pass.tasks.together(from, to)
	if n > 1 && !r.Empty() {
		if all, err := w.sharing(ctx, from, n, r); err == nil {
			return all, nil
		}
		r = w.pass.tasks.region(from)
	}
	one, err := w.task(ctx, r)
	return [][]part{one}, err
}

// sharing takes up to n tasks, from one on, that share the window of a region.
func (w *worker) sharing(ctx context.Context, from, n int64, win chunk.Region) (all [][]part, err error) {
	begun, read := time.Now(), int64(0)
	err = within(w.reader, win, func() error {
		for i := from; i < from+n; i++ {
			if i > from && time.Since(begun) > batchTime {
				break
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r := w.pass.tasks.region(i)
			parts, err := w.begin(r)
			if err == nil {
				err = w.within(r, parts)
			}
			if err != nil {
				return err
			}
			all = append(all, parts)
			read += r.Len()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w.pass.done.Add(read * w.pass.a.DType().ItemSize())
	return all, nil
}
