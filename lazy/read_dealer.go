package lazy

import (
	"iter"
	"sync"

	"github.com/lazynpy/lazynpy/chunk"
)

// dealer hands the parts of a region out to many goroutines, in order.
type dealer struct {
	mu   sync.Mutex
	next func() (chunk.Region, bool)
	stop func()
	at   int64
}

// deal begins with the parts of r of at most n elements, slowest axes cut first. Stop it.
func deal(r chunk.Region, order []int, n int64) *dealer {
	d := &dealer{}
	d.next, d.stop = iter.Pull(r.Split(order, n))
	return d
}

// take returns the next part, and how many elements the parts before it had.
func (d *dealer) take() (r chunk.Region, at int64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok = d.next(); !ok {
		return r, 0, false
	}
	r = r.Clone() // the iterator uses it again
	at = d.at
	d.at += r.Len()
	return r, at, true
}
