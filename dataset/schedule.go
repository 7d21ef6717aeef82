package dataset

import "fmt"

// schedule says which positions of which epoch a step has. Steps are numbered through all epochs,
// and count on from the state that was resumed.
type schedule struct {
	n           int64 // positions of an epoch
	batch       int64 // samples of a rank
	rank, world int64
	last        Last
	origin      place // of step origin.step
}

// place is the beginning of a batch.
type place struct{ step, epoch, cursor int64 }

// share makes it the schedule of one rank.
func (s *schedule) share(rank, world int64) error {
	s.rank, s.world = rank, world
	switch {
	case s.batch > (1<<62)/world:
		return fmt.Errorf("batches of %d on %d ranks are too large", s.batch, world)
	case s.stepsFrom(0) == 0:
		return fmt.Errorf("%d samples do not fill a batch of %d on each of %d ranks, and others are dropped", s.n, s.batch, world)
	}
	return nil
}

// global is how many positions all ranks take in a step.
func (s *schedule) global() int64 { return s.batch * s.world }

// stepsFrom is how many steps the epoch has from a cursor on.
func (s *schedule) stepsFrom(cursor int64) int64 {
	left := s.n - cursor
	if s.last == Drop {
		return left / s.global()
	}
	return (left + s.global() - 1) / s.global()
}

// at is the place of a step.
func (s *schedule) at(step int64) (place, error) {
	k := step - s.origin.step
	switch {
	case step < 0:
		return place{}, fmt.Errorf("there is no batch %d: they are counted from 0", step)
	case k < 0:
		return place{}, fmt.Errorf("batch %d lies before batch %d, where this data set was resumed", step, s.origin.step)
	}
	first := s.stepsFrom(s.origin.cursor)
	if k < first {
		return place{step, s.origin.epoch, s.origin.cursor + k*s.global()}, nil
	}
	k -= first
	per := s.stepsFrom(0)
	return place{step, s.origin.epoch + 1 + k/per, k % per * s.global()}, nil
}

// own are the positions of this rank's batch at a place. All ranks together have each position of
// the step once, in the order of the ranks.
func (s *schedule) own(p place) (from, n int64) {
	m := min(s.global(), s.n-p.cursor)
	// With quotient and remainder apart, since m*rank may not fit.
	q, r := m/s.world, m%s.world
	lo := q*s.rank + min(s.rank, r)
	n = q
	if s.rank < r {
		n++
	}
	return p.cursor + lo, n
}

// isLast reports whether no other step of the epoch follows.
func (s *schedule) isLast(p place) bool { return s.stepsFrom(p.cursor) <= 1 }

// owned is how many samples of an epoch this rank has from a cursor on.
func (s *schedule) owned(cursor int64) int64 {
	full := (s.n - cursor) / s.global()
	total := full * s.batch
	if rest := cursor + full*s.global(); s.last != Drop && rest < s.n {
		_, n := s.own(place{cursor: rest})
		total += n
	}
	return total
}
