package zipseek

import "sync"

// cursors are those that nobody uses at the moment, the one that was put aside longest ago first.
// Reading on where an earlier read of the same member ended then goes on with its decoder instead
// of inflating from the start of the span again.
type cursors struct {
	mu    sync.Mutex
	idle  []*cursor
	limit int64 // bytes
}

// take returns a cursor at or before output position off: one that is nearer than point p, or a new
// one at p.
func (l *cursors) take(s *inflated, idx seekIndex, p point, off int64) (*cursor, error) {
	if c := l.nearest(s, idx, p.out, off); c != nil {
		return c, nil
	}
	c := &cursor{}
	if err := c.start(s, idx, p); err != nil {
		return nil, s.m.formatError(-1, "seek index", err)
	}
	c.sure = idx.sure(p.out)
	return c, nil
}

// nearest removes and returns the cursor of s with the largest position from lo to off. One that
// was found by an index that is not in use any more may be anywhere.
func (l *cursors) nearest(s *inflated, idx seekIndex, lo, off int64) *cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	best := -1
	for i, c := range l.idle {
		if c.s == s && c.idx == idx && c.pos >= lo && c.pos <= off && (best < 0 || c.pos > l.idle[best].pos) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	c := l.idle[best]
	l.idle = append(l.idle[:best], l.idle[best+1:]...)
	return c
}

// put sets a cursor aside.
func (l *cursors) put(c *cursor) {
	if c.pos == c.s.m.Size {
		return // nothing follows
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, c)
	for len(l.idle) > 0 && int64(len(l.idle))*cursorBytes > l.limit {
		l.idle[0] = nil
		l.idle = l.idle[1:]
	}
}

// forget drops the cursors of one member.
func (l *cursors) forget(s *inflated) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.idle[:0]
	for _, c := range l.idle {
		if c.s != s {
			kept = append(kept, c)
		}
	}
	clear(l.idle[len(kept):])
	l.idle = kept
}

func (l *cursors) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = nil
}
