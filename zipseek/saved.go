package zipseek

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"sync"
	"sync/atomic"
)

// saved is the index of a member in an index file. Its section is read when a place in it is
// wanted, and dropped when the sections of an archive take too much memory; the first bytes of a
// member, which are all that most members are asked for, need none.
//
// Its sums make that of the member, but two of them may be wrong together, and windows may be
// others. Before a part of a span is given out for the first time, it is inflated as a whole, and
// has to have its sum; and so is the span before it, which has to end where the index says, behind
// the window that the index has.
type saved struct {
	member *Member
	path   string // of the index file
	row    sidecarRow
	span   func() int64
	load   sync.Mutex
	loaded atomic.Pointer[section]
}

// section is what was read of an index file for a member.
type section struct {
	*checkpoints
	mu     sync.RWMutex
	good   []bool // spans that have their sums
	linked []bool // spans that lead to the next point
}

// bytes is the memory that a section takes.
func (s *section) bytes() int64 {
	return s.windows + pointBytes*int64(cap(s.points)) + int64(len(s.good)+len(s.linked))
}

// savedSections are those that are in memory, the one that was read longest ago first.
type savedSections struct {
	mu    sync.Mutex
	all   []*saved
	bytes int64
}

// keep takes note of a section that was read, and drops others if there are too many. The last one
// stays.
func (l *savedSections) keep(s *saved, n *section) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all, l.bytes = append(l.all, s), l.bytes+n.bytes()
	for l.bytes > sharedWindows && len(l.all) > 1 {
		if old := l.all[0].loaded.Swap(nil); old != nil {
			l.bytes -= old.bytes()
		}
		l.all = l.all[1:]
	}
}

// savedIndex is the index of a member in the index file, or nil.
func (a *Archive) savedIndex(m *Member) *saved {
	s, err := a.beside()
	if err != nil || s == nil {
		return nil
	}
	row, ok := s.entries[m.headerOffset]
	if !ok || row.compressed != m.CompressedSize || row.size != m.Size || row.crc != m.CRC32 || row.length > sectionMost {
		return nil
	}
	n := &saved{member: m, path: s.path, row: row}
	n.span = sync.OnceValue(n.readSpan)
	return n
}

// section reads the section, unless it is in memory.
func (s *saved) section() (*section, error) {
	if n := s.loaded.Load(); n != nil {
		return n, nil
	}
	s.load.Lock()
	defer s.load.Unlock()
	if n := s.loaded.Load(); n != nil {
		return n, nil
	}
	c, err := s.read()
	if err != nil {
		return nil, &FormatError{Path: s.path, Member: s.member.Name, Offset: s.row.offset, Field: "index file", Err: err}
	}
	n := &section{checkpoints: c, good: make([]bool, len(c.points)), linked: make([]bool, len(c.points))}
	s.loaded.Store(n)
	s.member.archive.saved.keep(s, n)
	return n, nil
}

// read reads the section. Its numbers make sense, and its sums that of the member.
func (s *saved) read() (*checkpoints, error) {
	f, err := openBeside(s.path)
	if err != nil {
		return nil, badf("%v", err)
	}
	defer f.Close()
	if s.row.length > f.Size()-s.row.offset {
		return nil, badf("section of %d bytes ends beyond the file", s.row.length)
	}
	b := make([]byte, s.row.length)
	if _, err := f.ReadAt(b, s.row.offset); err != nil {
		return nil, badf("%v", err)
	}
	if crc32.ChecksumIEEE(b) != s.row.sum {
		return nil, badf("section does not have its checksum")
	}
	c := newCheckpoints(s.member, s.member.archive.config.span)
	if err := c.decode(b); err != nil {
		return nil, badf("%v", err)
	}
	if s.member.archive.config.check == CheckOnce && !c.points[0].summed {
		return nil, badf("section has no checksums of spans")
	}
	return c, nil
}

func (s *saved) origin() string { return "sidecar" }
func (s *saved) known() int64   { return s.member.Size }

// distance is the span between points. Of the section only its first bytes are read: arrays are
// asked for it that nobody reads.
func (s *saved) distance() int64 { return s.span() }

func (s *saved) readSpan() int64 {
	own := s.member.archive.config.span
	f, err := openBeside(s.path)
	if err != nil {
		return own
	}
	defer f.Close()
	var b [1 + binary.MaxVarintLen64]byte
	n, _ := f.ReadAt(b[:], s.row.offset)
	if span, k := binary.Uvarint(b[min(1, n):n]); k > 0 && span >= minSpan && span <= maxSpan {
		return int64(span)
	}
	return own
}

// find needs no section for what comes first.
func (s *saved) find(off int64) (p point, next int64, ok bool, err error) {
	if off < minSpan && s.loaded.Load() == nil {
		return point{}, min(minSpan, s.member.Size), off < s.member.Size, nil
	}
	n, err := s.section()
	if err != nil {
		return point{}, 0, false, err
	}
	return n.find(off)
}

// saw compares the sum of a span.
func (s *saved) saw(from, to int64, sum uint32) error {
	n, err := s.section() // which may have been dropped since the span was found
	if err != nil {
		return err
	}
	if err := n.saw(from, to, sum); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := n.search(from); n.spans(i, from, to) {
		n.good[i] = true
	}
	return nil
}

// wrong is the error of a point that is not what the data have.
func (s *saved) wrong(i int, p point, what string) error {
	return &FormatError{Path: s.path, Member: s.member.Name, Offset: s.row.offset, Field: "index file",
		Err: badf("%s of place %d, at byte %d of the content, is not what the data have", what, i, p.out)}
}

// spans reports whether span i lies there.
func (s *section) spans(i int, from, to int64) bool {
	end := s.end
	if i+1 < len(s.points) {
		end = s.points[i+1].out
	}
	return s.points[i].out == from && end == to
}

// passed compares a point with where a decoder is that came from the one before.
func (s *saved) passed(at *cursor) error {
	if at.pos == s.member.Size || s.member.archive.config.check == CheckNever {
		return nil
	}
	n, err := s.section()
	if err != nil {
		return err
	}
	i := n.search(at.pos)
	if p := n.points[i]; i == 0 || p.out != at.pos || n.leadsTo(i) {
		return nil
	}
	if err := s.compare(at, i, n.points[i]); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.linked[i-1] = true
	return nil
}

// compare compares point i with where a decoder is.
func (s *saved) compare(at *cursor, i int, p point) error {
	if there, err := at.reach(p.bit); err != nil || !there {
		return cmp.Or(err, s.wrong(i, p, "position in the data"))
	}
	if same, err := at.s.sameWindow(at, p.window); err != nil || !same {
		return cmp.Or(err, s.wrong(i, p, "history"))
	}
	return nil
}

// leadsTo reports whether the span before point i is known to lead to it.
func (s *section) leadsTo(i int) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return i == 0 || s.linked[i-1]
}

// sure is true of the start, and of spans that have their sums and follow from those before.
func (s *saved) sure(out int64) bool {
	if out == 0 || s.member.archive.config.check == CheckNever {
		return true
	}
	n := s.loaded.Load()
	if n == nil {
		return false
	}
	i := n.search(out)
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.points[i].out == out && n.good[i] && (i == 0 || n.linked[i-1])
}

// prove inflates the span before, unless that was done. That the span itself has its sum is known.
func (s *saved) prove(m *inflated, out int64) error {
	n, err := s.section()
	if err != nil {
		return err
	}
	i := n.search(out)
	if n.leadsTo(i) {
		return nil
	}
	var at cursor
	if err := at.start(m, s, n.points[i-1]); err != nil {
		return s.member.formatError(-1, "seek index", err)
	}
	return m.completeSpan(s, &at, n.points[i].out)
}
