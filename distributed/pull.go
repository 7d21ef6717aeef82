package distributed

import (
	"cmp"
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// How workers share portions. There is no list of who does what: each takes what nobody has
// recorded or claimed, a piece at a time, and says so in its journal before it begins.
const (
	// claimTime is about how long a worker is at work on what it claims at once, and lookPart says
	// that this is at least so many times as long as it takes to look at all journals. Longer
	// claims are fewer looks, and more work that others must wait for at the end.
	claimTime = 2 * time.Second
	lookPart  = 20

	// patience is how many times as long as this worker has taken for as many portions a claim of
	// another one may be old before this one, which has nothing else to do, computes its last
	// portion too. It is leastPatience old at least, so that a run of short portions, or a worker
	// that has just begun, is not computed twice.
	patience      = 2
	leastPatience = time.Second

	// What a worker waits between two looks while all that is left is claimed by others.
	firstWait, lastWait = 50 * time.Millisecond, 2 * time.Second
)

// puller decides what a worker takes next.
type puller struct {
	portions int64  // of the plan
	name     string // of the worker's journal
	last     int64  // where it begins, and then what follows the portion that it has taken last

	look  time.Duration  // how long the last look took
	spent time.Duration  // on portions so far
	done  int64          // these portions
	pause time.Duration  // the next one
	taken []span         // what it has computed, and is not known to be recorded yet
	both  map[int64]bool // portions that it has computed although others had claimed them
}

// newPuller is for the worker with this journal. Those that know their index begin far from each
// other, and so do, mostly, those that have none.
func newPuller(p *Plan, name string, index int) *puller {
	n := p.Portions()
	at := int64(0)
	switch {
	case index < 0:
		h := fnv.New64a()
		h.Write([]byte(name))
		at = int64(h.Sum64() % uint64(max(n, 1)))
	case index > 0:
		at = spread(uint64(index), n)
	}
	return &puller{portions: n, name: name, last: at, both: map[int64]bool{}}
}

// spread is where worker index begins: in the middle of the largest gaps that those with lower
// indices leave, however many there are (van der Corput's sequence).
func spread(index uint64, n int64) int64 {
	at, step := 0.0, 0.5
	for ; index > 0; index >>= 1 {
		at += step * float64(index&1)
		step /= 2
	}
	return min(int64(at*float64(n)), max(n-1, 0))
}

// span is portions [from, to).
type span struct{ from, to int64 }

func (s span) empty() bool { return s.from >= s.to }

// free are the runs of portions without a record that nobody else has claimed, and others what they
// have.
func (q *puller) free(log *journal.Log) (free []span, others []journal.Claim) {
	others = log.Claims(q.name)
	claims := slices.Clone(others)
	for _, s := range q.taken {
		claims = append(claims, journal.Claim{From: s.from, To: s.to})
	}
	slices.SortStableFunc(claims, func(a, b journal.Claim) int { return cmp.Compare(a.From, b.From) })
	next := 0
	for from, to := range log.Missing(0, q.portions) {
		for next < len(claims) && claims[next].To <= from {
			next++
		}
		at := from
		for _, c := range claims[next:] {
			if c.From >= to {
				break
			}
			if c.From > at {
				free = append(free, span{at, c.From})
			}
			at = max(at, c.To)
		}
		if at < to {
			free = append(free, span{at, to})
		}
	}
	return free, others
}

// take chooses what to compute next: where this worker has ended, so that it reads on, or else in
// the middle of the largest gap, so that those to whom the parts before and behind belong have the
// longest way to go. It is empty if there is nothing but what others have claimed.
func (q *puller) take(log *journal.Log) span {
	free, claims := q.free(log)
	if len(free) == 0 {
		return span{}
	}
	total := int64(0)
	for _, f := range free {
		total += f.to - f.from
	}
	n := q.count(total, len(claims)+1)
	for _, f := range free {
		if f.from <= q.last && q.last < f.to {
			return span{q.last, min(f.to, q.last+n)}
		}
	}
	widest := slices.MaxFunc(free, func(a, b span) int { return cmp.Compare(a.to-a.from, b.to-b.from) })
	at := widest.from
	if len(claims) > 0 {
		at += (widest.to - widest.from) / 2
	}
	return span{at, min(widest.to, at+n)}
}

// count is how many portions to claim of so many that are free, with so many workers.
func (q *puller) count(free int64, workers int) int64 {
	if q.done == 0 || q.spent <= 0 {
		return 1 // nothing is known yet of how long one takes
	}
	each := max(q.spent/time.Duration(q.done), 1)
	n := int64(max(claimTime, lookPart*q.look) / each)
	if workers > 1 {
		free /= int64(2 * workers)
	}
	return max(1, min(n, free))
}

// late chooses a portion that another worker is late with: the last one of the oldest claim that is
// old enough, and of which nobody else has done that before.
func (q *puller) late(log *journal.Log, now time.Time) (s span, ok bool) {
	claims := log.Claims(q.name)
	slices.SortFunc(claims, func(a, b journal.Claim) int { return a.Seen.Compare(b.Seen) })
	for _, c := range claims {
		if c.From >= q.portions || now.Sub(c.Seen) < q.patience(c) {
			continue
		}
		for n := c.To - 1; n >= c.From; n-- {
			if log.Done(n) || q.both[n] || claimed(claims, n) > 1 {
				continue
			}
			q.both[n] = true
			return span{n, n + 1}, true
		}
	}
	return span{}, false
}

// patience is how old a claim may be. A worker that has computed nothing, and does not know how
// long that takes, waits as long as for one that says nothing: workers may hang and say that they
// live.
func (q *puller) patience(c journal.Claim) time.Duration {
	if q.done == 0 {
		return journal.Lease
	}
	return max(leastPatience, patience*(q.spent/time.Duration(q.done))*time.Duration(c.To-c.From))
}

// claimed is how many claims have a portion.
func claimed(claims []journal.Claim, n int64) (count int) {
	for _, c := range claims {
		if c.From <= n && n < c.To {
			count++
		}
	}
	return count
}

// contested reports whether another worker has claimed any of s.
func (q *puller) contested(log *journal.Log, s span) bool {
	for _, c := range log.Claims(q.name) {
		if c.From < s.to && s.from < c.To {
			return true
		}
	}
	return false
}

// missing reports whether no portion of s has a record.
func missing(log *journal.Log, s span) bool {
	for from, to := range log.Missing(s.from, s.to) {
		return from == s.from && to == s.to
	}
	return false
}

// took notes what a piece has cost.
func (q *puller) took(s span, t time.Duration) {
	q.last = s.to
	q.taken = append(q.taken, s)
	q.done += s.to - s.from
	q.spent += t
	q.pause = 0
}

// refresh looks at what is new in the journals, and spares those who come later what they need not
// look at.
func (q *puller) refresh(ctx context.Context, log *journal.Log) error {
	begun := time.Now()
	err := log.Follow(ctx)
	q.look = time.Since(begun)
	if err == nil {
		_ = log.Condense() // without it others look at more
	}
	q.taken = slices.DeleteFunc(q.taken, func(s span) bool {
		for range log.Missing(s.from, s.to) {
			return false
		}
		return true
	})
	return err
}

// wait lets some time pass, longer from time to time, until the next look at what others do.
func (q *puller) wait(ctx context.Context, interrupt <-chan struct{}) error {
	q.pause = min(max(2*q.pause, firstWait, lookPart*q.look/2), lastWait)
	return rest(ctx, interrupt, q.pause)
}

// giveWay waits as long as a few looks take, by chance, after others have claimed the same at the
// same time.
func (q *puller) giveWay(ctx context.Context, interrupt <-chan struct{}) error {
	most := max(4*q.look, firstWait/10)
	return rest(ctx, interrupt, time.Duration(rand.Int64N(int64(most))))
}

// rest waits for a time, or until the worker is told to end.
func rest(ctx context.Context, interrupt <-chan struct{}, t time.Duration) error {
	select {
	case <-time.After(t):
		return nil
	case <-interrupt:
		return ErrInterrupted
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// beat renews what the worker has claimed until ctx ends, so that others see that it lives.
func beat(ctx context.Context, j *journal.Writer, claimed func() span) {
	tick := time.NewTicker(journal.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s := claimed()
			if j.Claim(s.from, s.to) != nil || j.Flush() != nil {
				return // the worker finds out with its next record
			}
		case <-ctx.Done():
			return
		}
	}
}
