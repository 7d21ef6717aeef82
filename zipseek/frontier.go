package zipseek

import (
	"context"
	"errors"
	"time"

	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// frontier is the place up to which a member was inflated for the first time.
type frontier struct {
	turns  turns
	pace   pace
	failed error // what is wrong with the data, if anything,
	bad    int64 // and where in the output: what lies before can be read
}

// extend inflates at the frontier up to the end of p, which is at off, and makes an index on the
// way. It returns how much of p it filled; 0 if somebody else did the work meanwhile.
func (s *inflated) extend(idx seekIndex, p []byte, off int64) (int, error) {
	c, ok := idx.(*checkpoints)
	if !ok {
		return 0, s.m.formatError(-1, "seek index", badf("does not reach offset %d", off))
	}
	f := &s.frontier
	f.turns.take(off)
	defer f.turns.give()
	if s.index() != idx || c.known() > off {
		return 0, nil
	}
	if f.failed != nil && off+int64(len(p)) > f.bad {
		return 0, f.failed
	}
	at, err := s.resume(c)
	if err != nil {
		return 0, err
	}
	if err = s.advance(c, at, p, off); err == nil {
		s.m.archive.idle.put(at) // so that members that nobody reads on take no memory
		return len(p), nil
	}
	if _, bad := errors.AsType[*FormatError](err); bad && s.m.archive.file.Unmodified() == nil {
		f.failed, f.bad = err, at.pos
		if at.pos == s.m.Size {
			f.bad-- // it is the last byte that must not be given out
		}
	}
	return 0, err
}

// resume is the cursor that was put aside at the end of what is known, or, if it is gone, a new one
// at the last point.
func (s *inflated) resume(c *checkpoints) (*cursor, error) {
	known, last := c.known(), c.last()
	at := s.m.archive.idle.nearest(s, c, known, known)
	// it has summed all since the last point
	if at != nil && (at.sumAt < 0 || at.sumAt == last.out) {
		return at, nil
	}
	at = &cursor{}
	if err := at.start(s, c, last); err != nil {
		return nil, s.m.formatError(-1, "seek index", err)
	}
	return at, nil
}

// advance moves the frontier, where the cursor is, to the end of p. What lies before off goes
// nowhere.
func (s *inflated) advance(c *checkpoints, at *cursor, p []byte, off int64) error {
	f := &s.frontier
	b := scratchPool.Get().(*scratch)
	defer scratchPool.Put(b)
	for at.pos < off+int64(len(p)) {
		// One round at a time: several members that are read together keep the processors busy as
		// they are.
		if s.speculative(at) && s.m.archive.rounds.TryLock() {
			if err := s.lockedRound(c, at, p, off); err != nil {
				return err
			}
			continue
		}
		began, pos := time.Now(), at.pos
		dst, n := wanted(at, p, off, b)
		if _, err := s.inflate(c, at, dst, n, c.due()); err != nil {
			return err
		}
		f.pace.serial.out += at.pos - pos
		f.pace.serial.time += time.Since(began)
	}
	return nil
}

// lockedRound is a round of whoever has the lock for rounds, and gives it back.
func (s *inflated) lockedRound(c *checkpoints, at *cursor, p []byte, off int64) error {
	defer s.m.archive.rounds.Unlock()
	return s.round(c, at, p, off)
}

// inflate fills a part of dst[n:] at the frontier, up to the first start of a block where the
// output has reached boundary, and adds a point there if one is due.
func (s *inflated) inflate(c *checkpoints, at *cursor, dst []byte, n int, boundary int64) (inflate.Stop, error) {
	last := at.pos+int64(len(dst)-n) == s.m.Size
	_, stop, err := at.read(dst, n, boundary, last)
	if err == nil && stop == inflate.AtBlock && at.pos == s.m.Size {
		_, stop, err = at.read(nil, 0, never, true) // empty blocks follow
	}
	switch {
	case err != nil:
		return stop, err
	case at.pos == s.m.Size && stop != inflate.End:
		return stop, s.endsLate(at)
	case at.pos == s.m.Size:
		return stop, c.finish(at.sum, at.sumAt >= 0)
	case stop == inflate.End:
		return stop, s.endsEarly(at)
	case stop == inflate.AtBlock && at.pos >= c.due():
		if err := s.mark(c, at); err != nil {
			return stop, err
		}
	}
	c.reach(at.pos)
	return stop, nil
}

// mark adds the cursor's place, which is the start of a block, to the index.
func (s *inflated) mark(c *checkpoints, at *cursor) error {
	window, err := s.neededWindow(at)
	if err != nil {
		return err
	}
	c.add(point{out: at.pos, bit: at.at(), window: window}, at.sum, at.sumAt >= 0)
	if at.sumAt >= 0 {
		at.sum, at.sumAt = 0, at.pos
	}
	return nil
}

// indexStep is how far the frontier moves before a cancelled context is noticed.
const indexStep = 16 << 20

// finishIndex moves the frontier to the end of the member.
func (s *inflated) finishIndex(ctx context.Context) error {
	if s.m.Size == 0 {
		return s.checkEmpty()
	}
	for {
		idx := s.index()
		known := idx.known()
		if known == s.m.Size {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var b [1]byte
		if _, err := s.extend(idx, b[:], min(known+indexStep, s.m.Size)-1); err != nil && !s.distrust(idx, err) {
			return s.explain(err)
		}
	}
}

// checkEmpty checks that the stream of an empty member ends at once.
func (s *inflated) checkEmpty() error {
	var c cursor
	if err := c.start(s, nil, point{}); err != nil {
		return err
	}
	if _, stop, err := c.read(nil, 0, never, true); err != nil || stop == inflate.End {
		return err
	}
	return s.endsLate(&c)
}
