package zipseek

import (
	"bytes"
	"context"

	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// CheckIndex inflates a deflated member from its start and compares with it every place that its
// seek index names, in the archive or beside it: where chunks begin, what precedes a place, and the
// checksums of spans. The error says what is not so; reads that find out by themselves go on
// without the index, and are no errors. It is nil for a member that has no index, or cannot have
// one. What is wrong with the content, which [Member.Verify] tells, is an error here too.
func (m *Member) CheckIndex(ctx context.Context) error {
	src, err := m.state().open()
	if err != nil {
		return err
	}
	s, ok := src.(*inflated)
	if !ok || m.Size == 0 {
		return nil
	}
	if c := findChunks(m, s.data); c != nil {
		return s.explainIndex(s.checkChunks(ctx, c))
	}
	if n := m.archive.savedIndex(m); n != nil {
		c, err := n.read()
		if err != nil {
			return nil // CheckSidecar tells
		}
		return s.explainIndex(s.checkSaved(ctx, n, c))
	}
	return nil
}

// explainIndex prefers the news that the file was changed.
func (s *inflated) explainIndex(err error) error {
	if err == nil {
		return s.m.archive.file.Unmodified()
	}
	return s.explain(err)
}

// checkChunks makes sure that every chunk is a link. Those that were when the member was read need
// not be read again.
func (s *inflated) checkChunks(ctx context.Context, c *chunks) error {
	if used, ok := s.index().(*chunks); ok {
		c = used
	}
	return c.inflate(ctx, s, 0, c.count)
}

// checkSaved compares an index file with the content, from its start.
func (s *inflated) checkSaved(ctx context.Context, n *saved, c *checkpoints) error {
	var at cursor
	if err := at.start(s, nil, point{}); err != nil {
		return err
	}
	b := scratchPool.Get().(*scratch)
	defer scratchPool.Put(b)
	for i, p := range c.points {
		if i > 0 {
			if err := n.compare(&at, i, p); err != nil {
				return err
			}
		}
		end := s.m.Size
		if i+1 < len(c.points) {
			end = c.points[i+1].out
		}
		at.sum, at.sumAt = 0, at.pos
		if err := s.walk(ctx, &at, end, b); err != nil {
			return err
		}
		if p.summed && at.sum != p.sum {
			return n.wrong(i, p, "checksum")
		}
	}
	return nil
}

// walk moves a cursor forward, to the start of a block there if there is one, or to the end of the
// stream.
func (s *inflated) walk(ctx context.Context, at *cursor, end int64, b *scratch) error {
	for at.pos < end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, n := b.after(at, end-at.pos)
		last, boundary := at.pos+int64(len(p)-n) == s.m.Size, end
		if last {
			boundary = never // the end is looked for, behind empty blocks too
		}
		_, stop, err := at.read(p, n, boundary, last)
		switch {
		case err != nil:
			return err
		case stop == inflate.End && at.pos < s.m.Size:
			return s.endsEarly(at)
		case stop != inflate.End && at.pos == s.m.Size:
			return s.endsLate(at)
		}
	}
	return nil
}

// sameWindow reports whether a packed window has all bytes that what follows the cursor refers to.
func (s *inflated) sameWindow(at *cursor, packed []byte) (bool, error) {
	used, known, err := s.references(at)
	if err != nil {
		return false, err
	}
	var buf [inflate.WindowSize]byte
	n := 0
	if packed != nil {
		if n, err = unpackWindow(buf[:], packed); err != nil {
			return false, nil //nolint:nilerr // a window that does not unpack is another
		}
	}
	want := at.window()
	have := buf[len(buf)-len(want):]
	if known {
		want, have = sparse(want, &used), sparse(have, &used)
	}
	return n >= len(want) && bytes.Equal(have, want), nil
}
