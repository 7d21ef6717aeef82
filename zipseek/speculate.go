package zipseek

import (
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// Where a member has no index, and there are enough processors, the frontier moves in rounds: it is
// inflated as ever up to some place, while others decode from places farther on, where blocks seem
// to begin, without knowing what comes before (see [inflate.Speculator]). If the frontier then
// arrives exactly where the next of them began, its output only has to be completed.
const (
	// speculateFrom is how many processors make up for the work that is done more than once:
	// decoding without the history costs one and a half to two times as much, and what is read
	// afterwards by way of the index is inflated again.
	speculateFrom = 4

	// serialFirst is the output that is inflated as ever before the first round. Who wants but the
	// beginning of a member does not make all processors work, and it gives the rate to compare
	// with.
	serialFirst = 8 << 20

	// roundMemory bounds the output of a round, and roundShare says how much output a byte of input
	// may have on average for a round to use all its input.
	roundMemory = 16 << 20
	roundShare  = 4

	// roundSlack is the input behind its part that a processor may use to end the block it is in.
	roundSlack = 256 << 10

	// guesses is how many places are tried where a block seems to begin. Almost always the first is
	// one; data that are made to look like blocks everywhere must not cost more than what they are.
	guesses = 4

	// worthwhile is how many times as fast a round must be to be tried again.
	worthwhile = 1.2
)

// pace measures how fast the frontier moves.
type pace struct {
	serial, rounds struct {
		out  int64
		time time.Duration
	}
	slow bool // rounds do not pay
}

// judge compares the two ways.
func (p *pace) judge() {
	serial := float64(p.serial.out) / float64(max(p.serial.time, 1))
	rounds := float64(p.rounds.out) / float64(max(p.rounds.time, 1))
	p.slow = rounds < worthwhile*serial
}

// speculative reports whether the next step should be a round.
func (s *inflated) speculative(at *cursor) bool {
	f := &s.frontier
	workers := s.m.archive.workers()
	return workers >= speculateFrom && !f.pace.slow && f.pace.serial.out >= serialFirst &&
		s.m.CompressedSize-at.in > 2*partLen(workers)
}

// partLen is how much input each processor gets in a round.
func partLen(workers int) int64 { return roundMemory / int64(workers) / roundShare }

// round moves the frontier by one part for each worker, if all goes well, and copies to p, which is
// at off, what it wants of the output.
func (s *inflated) round(c *checkpoints, at *cursor, p []byte, off int64) error {
	began, pos := time.Now(), at.pos
	workers := s.m.archive.workers()
	part := partLen(workers)
	parts := make([]*guess, 0, workers)
	for k := 1; k < workers; k++ {
		start := at.in + int64(k)*part
		if start >= s.m.CompressedSize {
			break
		}
		parts = append(parts, &guess{s: s, from: start, until: start + part, most: roundMemory / workers})
	}
	var wg sync.WaitGroup
	for _, g := range parts {
		wg.Go(g.decode)
	}
	err := s.reachBlock(c, at, 8*(at.in+part), p, off)
	wg.Wait()
	for _, g := range parts {
		if err == nil && g.spec != nil && at.pos < s.m.Size && at.at() >= g.start && at.at() <= g.last {
			err = s.adopt(c, at, g, p, off)
		}
		g.free()
	}
	f := &s.frontier.pace
	f.rounds.out += at.pos - pos
	f.rounds.time += time.Since(began)
	f.judge()
	return err
}

// reachBlock inflates as ever up to the first start of a block at or after a bit, or the end.
func (s *inflated) reachBlock(c *checkpoints, at *cursor, bit int64, p []byte, off int64) error {
	b := scratchPool.Get().(*scratch)
	defer scratchPool.Put(b)
	for at.pos < s.m.Size {
		dst, n := wanted(at, p, off, b)
		stop, err := s.inflate(c, at, dst, n, at.pos)
		if err != nil || stop == inflate.AtBlock && at.at() >= bit {
			return err
		}
	}
	return nil
}

// wanted is where output at the frontier goes: to p[n:] if it is wanted in p, which is at off and
// whose bytes before n came just before, or behind a copy of what precedes it where nobody wants
// it.
func wanted(at *cursor, p []byte, off int64, b *scratch) (dst []byte, n int) {
	switch {
	case at.pos >= off && at.pos < off+int64(len(p)):
		return p, int(at.pos - off)
	case at.pos < off:
		return b.after(at, off-at.pos)
	}
	return b.after(at, at.s.m.Size-at.pos)
}

// guess is what one processor makes of its part of the input.
type guess struct {
	s           *inflated
	from, until int64 // bytes of the compressed data
	most        int   // bytes of output
	decoder     *inflate.Speculator
	spec        *inflate.Speculation // nil: nothing came of it
	base        int64                // bit of the compressed data that bit 0 of spec is
	start, last int64                // the bits where it may have begun
}

// decode looks for the start of a block and decodes from there on. Whatever goes wrong means only
// that nothing came of it.
func (g *guess) decode() {
	file, data := g.s.m.archive.file, g.s.data
	end := min(g.until+roundSlack, g.s.m.CompressedSize)
	// The frontier meets the same fault, and reports it.
	_ = bytesrc.WithGuard(file, data+g.from, int(end-g.from), func(src []byte) error {
		g.decoder = speculators.Get().(*inflate.Speculator)
		until := 8 * (g.until - g.from)
		at := inflate.FindBlock(src, 0, until)
		for try := 0; at >= 0 && try < guesses; try++ {
			spec, err := g.decoder.Speculate(src, at, until, g.most)
			if err == nil {
				g.spec, g.base = spec, 8*g.from
				g.start, g.last = g.base+spec.Start, g.base+spec.Last
				return nil
			}
			at = inflate.FindBlock(src, at+1, until)
		}
		return nil
	})
}

// free gives the decoder and its buffers to others.
func (g *guess) free() {
	if g.decoder != nil {
		g.spec = nil
		speculators.Put(g.decoder)
	}
}

// adopt takes over the output of a guess that began where the frontier is.
func (s *inflated) adopt(c *checkpoints, at *cursor, g *guess, p []byte, off int64) error {
	n := int64(g.spec.Len())
	if n > s.m.Size-at.pos {
		return nil // the frontier finds where the member ends, and that the stream goes on
	}
	out := make([]byte, n)
	if err := g.spec.Resolve(out, at.window()); err != nil {
		return s.m.formatError(s.data+at.in, "deflate", badf("%v", err))
	}
	if from, to := max(at.pos, off), min(at.pos+n, off+int64(len(p))); from < to {
		copy(p[from-off:to-off], out[from-at.pos:])
	}
	done := int64(0)
	for _, b := range append(g.spec.Blocks[1:], inflate.Boundary{Bit: g.spec.End, Out: n}) {
		if last := b.Out == n; !last && at.pos+b.Out-done < c.due() {
			continue
		}
		at.move(out[done:b.Out], g.base+b.Bit)
		done = b.Out
		if g.spec.Final && done == n || at.pos == s.m.Size {
			return s.endAt(c, at, g.spec.Final)
		}
		if at.pos >= c.due() {
			if err := s.mark(c, at); err != nil {
				return err
			}
		}
	}
	c.reach(at.pos)
	return nil
}

// endAt ends the index where adopted output reached the end of the stream or of the member, which
// are to be the same.
func (s *inflated) endAt(c *checkpoints, at *cursor, final bool) error {
	if at.pos < s.m.Size {
		return s.endsEarly(at)
	}
	if !final {
		_, stop, err := at.read(nil, 0, never, true) // empty blocks follow
		if err != nil {
			return err
		}
		if stop != inflate.End {
			return s.endsLate(at)
		}
	}
	return c.finish(at.sum, at.sumAt >= 0)
}
