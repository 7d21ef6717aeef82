// Package parallel runs workers and keeps what they do in order: who does what comes next, who
// waits for whom, and where errors and panics go.
//
//   - Concurrency: everything here is for many goroutines at once, but for New functions.
//   - Errors: the first error of a worker ends the others by their context and comes back; a panic
//     of a worker is one of the caller.
//   - Memory: nothing is queued but what a [Sequencer] holds back, which is bounded.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Ticket hands out the numbers 0 to n-1, in order, to many goroutines.
type Ticket struct {
	n    int64
	next atomic.Int64
}

// NewTicket makes a ticket for n numbers.
func NewTicket(n int64) *Ticket { return &Ticket{n: n} }

// Take is the next number; ok is false once there are none left.
func (t *Ticket) Take() (i int64, ok bool) {
	i = t.next.Add(1) - 1
	return i, i < t.n
}

// Meter reports progress. Its calls do not overlap.
type Meter struct {
	mu          sync.Mutex
	f           func(done, total int64)
	done, total int64
}

// NewMeter calls f, which may be nil, with what is done of total.
func NewMeter(f func(done, total int64), total int64) *Meter { return &Meter{f: f, total: total} }

// Add says that n more are done.
func (m *Meter) Add(n int64) {
	if m.f == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.f(m.done, m.total)
}

// Sequencer makes things that finish in any order happen in the order of their
// numbers. It holds at most `ahead` of them back, beyond those that come with another; a
// goroutine that runs further ahead waits, so memory stays bounded. The holder of the lowest
// number never waits, so it cannot deadlock as long as numbers are taken in order and every
// taken number is either passed to Do or ended by Stop.
type Sequencer[T any] struct {
	mu      sync.Mutex
	wake    sync.Cond
	next    int64
	ahead   int64
	held    map[int64][]T
	stopped bool
	err     error // of apply, which ends the sequence
	apply   func(i int64, v T) error
}

// NewSequencer applies items in their order, from number first on, and holds back at most ahead of
// them.
func NewSequencer[T any](first, ahead int64, apply func(int64, T) error) *Sequencer[T] {
	s := &Sequencer[T]{next: first, ahead: ahead, held: make(map[int64][]T), apply: apply}
	s.wake.L = &s.mu
	return s
}

// Do hands over the items from number i on. It reports false when the sequence was stopped. The
// error is that of applying an item, which stops it.
func (s *Sequencer[T]) Do(i int64, items ...T) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i-s.next >= s.ahead && !s.stopped {
		s.wake.Wait()
	}
	if s.stopped {
		return false, s.err
	}
	s.held[i] = items
	for {
		items, ok := s.held[s.next]
		if !ok {
			return true, nil
		}
		delete(s.held, s.next)
		for _, v := range items {
			if s.err = s.apply(s.next, v); s.err != nil {
				s.stopped = true
				s.wake.Broadcast()
				return false, s.err
			}
			s.next++
		}
		s.wake.Broadcast()
	}
}

// Stop releases everyone who waits; later items are dropped.
func (s *Sequencer[T]) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.wake.Broadcast()
}

// Locked makes an iterator over pairs safe for concurrent use.
func Locked[K, V any](next func() (K, V, bool)) func() (K, V, bool) {
	var mu sync.Mutex
	return func() (K, V, bool) {
		mu.Lock()
		defer mu.Unlock()
		return next()
	}
}
