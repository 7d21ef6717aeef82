package zipseek

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// inflated is a deflated member as a source of bytes. Where its index reaches, any number of
// goroutines inflate different parts. Beyond, one at a time moves the frontier, which makes the
// index.
type inflated struct {
	compressed

	mu  sync.RWMutex
	idx seekIndex
	lie error // what was wrong with the index that idx has replaced

	frontier frontier
}

// inflatedBy is a member with this index.
func inflatedBy(m *Member, data int64, idx seekIndex) *inflated {
	s := &inflated{compressed: compressed{m: m, data: data}, idx: idx}
	s.fill = s.inflateTo
	return s
}

func newInflated(m *Member, data int64) *inflated {
	if c := findChunks(m, data); c != nil {
		return inflatedBy(m, data, c)
	}
	if c := m.archive.savedIndex(m); c != nil && m.archive.config.check != CheckAlways {
		return inflatedBy(m, data, c) // reading all of the member makes an index of our own
	}
	return inflatedBy(m, data, newCheckpoints(m, m.archive.config.span))
}

func (s *inflated) index() seekIndex {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.idx
}

// distrust replaces an index that came with the file by one of our own, if err says that it may be
// wrong. It reports whether to try again.
func (s *inflated) distrust(used seekIndex, err error) bool {
	if _, ok := errors.AsType[*FormatError](err); !ok {
		return false
	}
	if _, ok := used.(*checkpoints); ok {
		return false
	}
	s.replace(used, err)
	return true
}

// replace makes an index of our own the one in use, because of what is wrong with the one that was
// used.
func (s *inflated) replace(used seekIndex, lie error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idx == used {
		s.lie = lie
		s.idx = newCheckpoints(s.m, s.m.archive.config.span)
		s.m.archive.idle.forget(s)
	}
}

// Reason says where the seek index comes from.
func (s *inflated) Reason() string {
	switch s.index().origin() {
	case "sozip":
		return "deflated member with a SOZip index"
	case "sidecar":
		return "deflated member with an index beside the archive"
	}
	return "deflated member, indexed as it is read"
}

// Granule is how many bytes are cheapest to read together: the distance of the places where
// decoding can begin.
func (s *inflated) Granule() int64 {
	switch idx := s.index().(type) {
	case *chunks:
		return idx.size
	case *checkpoints:
		return idx.distance()
	case *saved:
		return idx.distance()
	}
	return 0
}

// inflateTo fills p with the bytes at off.
func (s *inflated) inflateTo(p []byte, off int64) error {
	for len(p) > 0 {
		idx := s.index()
		n, err := s.fillKnown(idx, p, off)
		if err == nil && n == 0 {
			n, err = s.extend(idx, p, off)
		}
		if err != nil {
			if s.distrust(idx, err) {
				continue
			}
			return s.explain(err)
		}
		p, off = p[n:], off+int64(n)
	}
	return s.m.archive.file.Unmodified()
}

// parallelPiece is the least that a goroutine of its own is worth.
const parallelPiece = 1 << 20

// fillKnown inflates what the index reaches.
func (s *inflated) fillKnown(idx seekIndex, p []byte, off int64) (int, error) {
	p = p[:max(0, min(int64(len(p)), idx.known()-off))]
	workers := s.m.archive.workers()
	if len(p) < 2*parallelPiece || workers < 2 {
		return len(p), s.fillSpans(idx, p, off)
	}
	var g errgroup.Group
	g.SetLimit(workers)
	var ends []decoded // of pieces, in no order
	var mu sync.Mutex
	for at := off; at < off+int64(len(p)); {
		end, err := pieceEnd(idx, at, off+int64(len(p)))
		if err != nil {
			_ = g.Wait() // so that no goroutine outlives the call
			return 0, err
		}
		piece, start, last := p[at-off:end-off], at, end == off+int64(len(p))
		g.Go(func() error {
			d, err := s.decodeSpans(idx, piece, start)
			if err != nil {
				return err
			}
			if !last {
				d.at = nil // nobody reads on there
			}
			mu.Lock()
			defer mu.Unlock()
			ends = append(ends, d)
			return nil
		})
		at = end
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	// What each piece says of the next is known by now, and need not be decoded for it.
	slices.SortFunc(ends, func(x, y decoded) int { return cmp.Compare(x.began, y.began) })
	for _, d := range ends {
		if err := s.finish(idx, d); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// pieceEnd is where the piece that begins at off ends: where a span does, so that no two pieces
// inflate the same bytes.
func pieceEnd(idx seekIndex, off, limit int64) (int64, error) {
	for at := off; ; {
		_, next, ok, err := idx.find(at)
		if err != nil || !ok || next >= limit || next-off >= parallelPiece {
			return min(next, limit), err
		}
		at = next
	}
}

// fillSpans inflates spans that the index knows, one after another.
func (s *inflated) fillSpans(idx seekIndex, p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	d, err := s.decodeSpans(idx, p, off)
	if err != nil {
		return err
	}
	return s.finish(idx, d)
}

// decoded is what decodeSpans leaves.
type decoded struct {
	at    *cursor // behind the last byte, or the end of its span; nil if nobody needs it any more
	began int64   // the first span
	sure  bool
}

// decodeSpans decodes spans as fillSpans does. What the index says of the first has to be proved
// yet, unless it is known to be right; the others follow from it.
func (s *inflated) decodeSpans(idx seekIndex, p []byte, off int64) (d decoded, err error) {
	var ends int64 // where the last span ends
	for n := 0; n < len(p); {
		at, next, ok, err := idx.find(off + int64(n))
		if err != nil {
			return d, err
		}
		if !ok {
			return d, s.m.formatError(-1, "seek index", badf("does not reach offset %d", off+int64(n)))
		}
		if d.at == nil {
			if d.at, err = s.m.archive.idle.take(s, idx, at, off); err != nil {
				return d, err
			}
			if err := d.at.skip(off); err != nil {
				return d, err
			}
			d.began, d.sure = at.out, d.at.sure
		}
		ends = next
		end := int(min(int64(len(p)), next-off))
		if err := s.fillSpan(idx, d.at, p[:end], n, next); err != nil {
			return d, err // the cursor is in no known state
		}
		n = end
	}
	if d.sure {
		return d, nil
	}
	return d, s.completeSpan(idx, d.at, ends)
}

// finish proves what is not sure yet, and keeps the cursor for whoever reads on.
func (s *inflated) finish(idx seekIndex, d decoded) error {
	if !d.sure {
		if err := idx.prove(s, d.began); err != nil {
			return err
		}
	}
	if d.at != nil {
		d.at.sure = true
		s.m.archive.idle.put(d.at)
	}
	return nil
}

// completeSpan inflates the rest of the span that ends at next, and looks at it as ever.
func (s *inflated) completeSpan(idx seekIndex, c *cursor, next int64) error {
	b := scratchPool.Get().(*scratch)
	defer scratchPool.Put(b)
	for c.pos < next {
		p, n := b.after(c, next-c.pos)
		if err := s.fillSpan(idx, c, p, n, next); err != nil {
			return err
		}
	}
	return nil
}

// fillSpan inflates a part of the span that ends at next to p[n:].
func (s *inflated) fillSpan(idx seekIndex, c *cursor, p []byte, n int, next int64) error {
	for n < len(p) {
		boundary, last := next, c.pos+int64(len(p)-n) == s.m.Size
		if last {
			boundary = never // the end is looked for, behind empty blocks too
		}
		var stop inflate.Stop
		var err error
		if n, stop, err = c.read(p, n, boundary, last); err != nil {
			return err
		}
		if stop == inflate.End && n < len(p) {
			return s.endsEarly(c)
		}
		if last && n == len(p) && stop != inflate.End {
			return s.endsLate(c)
		}
	}
	if c.pos == next {
		if err := idx.passed(c); err != nil {
			return err
		}
	}
	if c.pos == next && c.sumAt >= 0 {
		err := idx.saw(c.sumAt, c.pos, c.sum)
		c.sum, c.sumAt = 0, c.pos
		return err
	}
	return nil
}

func (s *inflated) endsEarly(c *cursor) error {
	return s.m.formatError(s.data+c.in, "deflate", &badZip{eof: true,
		msg: "stream ends after " + itoa(c.pos) + " of " + itoa(s.m.Size) + " bytes"})
}

func (s *inflated) endsLate(c *cursor) error {
	return s.m.formatError(s.data+c.in, "deflate", badf("stream goes on after the %d bytes that the directory declares", s.m.Size))
}

// decodeError names the place in the file where the decoder gave up; it was started at byte start
// of the compressed data.
func (s *inflated) decodeError(err error, start int64) error {
	if bad, ok := errors.AsType[*inflate.CorruptError](err); ok {
		return s.m.formatError(s.data+start+bad.Offset, "deflate", badf("%s", bad.Msg))
	}
	return err
}
