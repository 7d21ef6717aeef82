package zipseek

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// BackendInflate is the back end of members that are inflated into buffers.
const BackendInflate bytesrc.Backend = "inflate"

// inflated is a deflated member as a source of bytes. Where its index reaches, any number of
// goroutines inflate different parts. Beyond, one at a time moves the frontier, which makes the index.
type inflated struct {
	m    *Member
	data int64 // where the deflated data begin in the file

	mu  sync.RWMutex
	idx seekIndex

	frontier frontier
}

func newInflated(m *Member, data int64) *inflated {
	s := &inflated{m: m, data: data}
	if c := findChunks(m, data); c != nil {
		s.idx = c
	} else if c := m.archive.savedIndex(m); c != nil {
		s.idx = c
	} else {
		s.idx = newCheckpoints(m, m.archive.config.span)
	}
	return s
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
	if c, ok := used.(*checkpoints); ok && !c.foreign {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idx == used {
		s.idx = newCheckpoints(s.m, s.m.archive.config.span)
		s.m.archive.idle.forget(s)
	}
	return true
}

// Name returns "path:member".
func (s *inflated) Name() string { return s.m.fullName() }

// Size is that of the content.
func (s *inflated) Size() int64 { return s.m.Size }

// Backend returns [BackendInflate].
func (s *inflated) Backend() bytesrc.Backend { return BackendInflate }

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
	}
	return 0
}

// Changed is about the archive.
func (s *inflated) Changed() error { return s.m.archive.file.Changed() }

// Stat is about the archive.
func (s *inflated) Stat() (fs.FileInfo, error) { return s.m.archive.file.Stat() }

// Retain holds back the Close of the archive.
func (s *inflated) Retain() (release func(), err error) { return s.m.archive.file.Retain() }

// Close does nothing: the member belongs to its archive.
func (s *inflated) Close() error { return nil }

// View has nothing to show.
func (s *inflated) View(_, _ int64) ([]byte, error) { return nil, notMapped(s.m) }

func notMapped(m *Member) error {
	return &fs.PathError{Op: "view", Path: m.fullName(), Err: fmt.Errorf("%v member: %w", m.Method, bytesrc.ErrNotMapped)}
}

// Borrow inflates n bytes into a pooled buffer.
func (s *inflated) Borrow(off int64, n int) (bytesrc.Lease, error) {
	if err := checkRange(s.m, off, int64(n)); err != nil {
		return bytesrc.Lease{}, err
	}
	return s.m.archive.file.Lend(n, func(p []byte) error { return s.fill(p, off) })
}

// ReadAt implements [io.ReaderAt].
func (s *inflated) ReadAt(p []byte, off int64) (int, error) { return readMember(s.m, p, off, s.fill) }

// readMember is ReadAt over a function that fills a buffer inside the member.
func readMember(m *Member, p []byte, off int64, fill func([]byte, int64) error) (int, error) {
	if off < 0 {
		return 0, checkRange(m, off, int64(len(p)))
	}
	short := int64(len(p)) > m.Size-off
	if short {
		p = p[:max(m.Size-off, 0)]
	}
	if err := fill(p, off); err != nil {
		return 0, err
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

func checkRange(m *Member, off, n int64) error {
	if off < 0 || n < 0 || n > m.Size-off {
		return &fs.PathError{Op: "read", Path: m.fullName(),
			Err: fmt.Errorf("%d bytes at offset %d lie outside the %d bytes: %w", n, off, m.Size, fs.ErrInvalid)}
	}
	return nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// fill inflates len(p) bytes at off.
func (s *inflated) fill(p []byte, off int64) error {
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

// explain prefers the news that the file was changed to what came of that.
func (s *inflated) explain(err error) error {
	if changed := s.m.archive.file.Unmodified(); changed != nil {
		return changed
	}
	return err
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
	for at := off; at < off+int64(len(p)); {
		end, err := pieceEnd(idx, at, off+int64(len(p)))
		if err != nil {
			_ = g.Wait() // the first error is the one to tell
			return 0, err
		}
		piece, start := p[at-off:end-off], at
		g.Go(func() error { return s.fillSpans(idx, piece, start) })
		at = end
	}
	return len(p), g.Wait()
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
	var c *cursor
	for n := 0; n < len(p); {
		at, next, ok, err := idx.find(off + int64(n))
		if err != nil {
			return err
		}
		if !ok {
			return s.m.formatError(-1, "seek index", badf("does not reach offset %d", off+int64(n)))
		}
		if c == nil {
			if c, err = s.m.archive.idle.take(s, idx, at, off); err != nil {
				return err
			}
			if err := c.skip(off); err != nil {
				return err
			}
		}
		end := int(min(int64(len(p)), next-off))
		if err := s.fillSpan(idx, c, p[:end], n, next); err != nil {
			return err // the cursor is in no known state
		}
		n = end
	}
	if c != nil {
		s.m.archive.idle.put(c)
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
		if err := idx.passed(c.pos, c.at()); err != nil {
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

// decodeError names the place in the file where the decoder gave up; it was started at byte start of
// the compressed data.
func (s *inflated) decodeError(err error, start int64) error {
	if bad, ok := errors.AsType[*inflate.CorruptError](err); ok {
		return s.m.formatError(s.data+start+bad.Offset, "deflate", badf("%s", bad.Msg))
	}
	return err
}

// compareSum compares the checksum of the content with that of the directory.
func (m *Member) compareSum(sum uint32) error {
	if sum == m.CRC32 {
		return nil
	}
	return m.formatError(-1, "CRC-32", &badZip{kind: ErrChecksum, msg: "is " + hex32(sum) + ", and " + hex32(m.CRC32) + " in the directory"})
}

func hex32(n uint32) string { return strconv.FormatUint(1<<32|uint64(n), 16)[1:] }
