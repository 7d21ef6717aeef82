package zipseek

import "sync"

// turns lets one goroutine at a time move a frontier, and of those that wait the one that wants
// what comes first. A plain mutex would often go to the goroutine that has just given it back and
// wants what lies two pieces ahead; it would inflate the piece of the one that waits, and that one
// would do so again.
type turns struct {
	mu      sync.Mutex
	taken   bool
	waiting []*turn
}

type turn struct {
	off  int64
	come chan struct{}
}

// take waits for the turn of somebody who wants what lies at off.
func (t *turns) take(off int64) {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return
	}
	w := &turn{off: off, come: make(chan struct{})}
	t.waiting = append(t.waiting, w)
	t.mu.Unlock()
	<-w.come
}

// give ends a turn.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.taken = false
		return
	}
	first := 0
	for i, w := range t.waiting {
		if w.off < t.waiting[first].off {
			first = i
		}
	}
	close(t.waiting[first].come)
	last := len(t.waiting) - 1
	t.waiting[first], t.waiting[last] = t.waiting[last], nil
	t.waiting = t.waiting[:last]
}
