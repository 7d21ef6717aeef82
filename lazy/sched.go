package lazy

import (
	"sync"
	"sync/atomic"
)

// ticket hands out the numbers 0 to n-1, in order, to many goroutines.
type ticket struct {
	n    int64
	next atomic.Int64
}

func newTicket(n int64) *ticket { return &ticket{n: n} }

func (t *ticket) take() (int64, bool) {
	i := t.next.Add(1) - 1
	return i, i < t.n
}

// meter reports progress. Its calls do not overlap.
type meter struct {
	mu          sync.Mutex
	f           func(done, total int64)
	done, total int64
}

func newMeter(f func(done, total int64), total int64) *meter { return &meter{f: f, total: total} }

func (m *meter) add(n int64) {
	if m.f == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.f(m.done, m.total)
}

// sequencer makes things that finish in any order happen in the order of their
// numbers. It holds at most `ahead` of them back; a goroutine that runs further
// ahead waits, so memory stays bounded. The holder of the lowest number never
// waits, so it cannot deadlock as long as numbers are taken in order and every
// taken number is either passed to do or ended by stop.
type sequencer[T any] struct {
	mu      sync.Mutex
	wake    sync.Cond
	next    int64
	ahead   int64
	held    map[int64]T
	stopped bool
	err     error // of apply, which ends the sequence
	apply   func(i int64, v T) error
}

func newSequencer[T any](ahead int64, apply func(int64, T) error) *sequencer[T] {
	s := &sequencer[T]{ahead: ahead, held: make(map[int64]T), apply: apply}
	s.wake.L = &s.mu
	return s
}

// do hands over item i. It reports false when the sequence was stopped. The error is that of
// applying an item, which stops it.
func (s *sequencer[T]) do(i int64, v T) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i-s.next >= s.ahead && !s.stopped {
		s.wake.Wait()
	}
	if s.stopped {
		return false, s.err
	}
	s.held[i] = v
	for {
		v, ok := s.held[s.next]
		if !ok {
			return true, nil
		}
		delete(s.held, s.next)
		if s.err = s.apply(s.next, v); s.err != nil {
			s.stopped = true
			s.wake.Broadcast()
			return false, s.err
		}
		s.next++
		s.wake.Broadcast()
	}
}

// stop releases everyone who waits; later items are dropped.
func (s *sequencer[T]) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.wake.Broadcast()
}
