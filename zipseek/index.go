package zipseek

import (
	"cmp"
	"slices"
	"sync"
)

// A seekIndex says where in deflated data decoding can begin.
type seekIndex interface {
	// find returns the last place at or before output position off, and the output position
	// of the next place, or of the end of what is known. ok is false if off is not known yet.
	find(off int64) (p point, next int64, ok bool, err error)

	// known is the output position up to which places are known.
	known() int64

	// saw takes note of the checksum of the output from one place to the next. The error
	// says that it is not what the index had, or that the sum of all is not the member's.
	saw(from, to int64, sum uint32) error

	// passed checks what can be checked of a place whose output position a decoder has reached.
	// There may be some empty blocks between the two, which passed may decode.
	passed(at *cursor) error

	// sure reports whether what is decoded from the place at output position out is known to be
	// the content. If not, its span is decoded to the end, and then prove is asked, before any of
	// it is given out.
	sure(out int64) bool

	// prove is asked when the span that begins at out was decoded as a whole, and saw and passed
	// had nothing against it. The error says that the place is not what the index says.
	prove(s *inflated, out int64) error

	// origin says in a word where the index comes from.
	origin() string
}

// A point is a place in deflated data where decoding can begin.
type point struct {
	out int64 // position in the output
	bit int64 // position in the compressed data, in bits
	// packed; what comes before, of which only the bytes that are referred to are true
	window []byte
	sum    uint32 // CRC-32 of the output up to the next point
	summed bool
}

const (
	// maxWindows is how much memory the windows of one index may take. A 256 MiB array of rounded
	// float32 takes 2 MiB at the default span.
	maxWindows = 16 << 20

	// sharedWindows is what the indexes of an archive share: the k-th to be begun gets the k-th
	// part of it, but no less than minWindows.
	sharedWindows = 32 << 20
	minWindows    = 256 << 10

	// pointBytes is what a point takes beside its window.
	pointBytes = 64
)

// checkpoints is an index that grows while the member is inflated for the first time, or what was
// read from a file ([saved]).
type checkpoints struct {
	mu      sync.RWMutex
	points  []point // the first is the start
	end     int64   // output position up to which points have been made
	span    int64   // between points
	windows int64   // bytes of packed windows
	limit   int64   // of windows; set with the first
	done    bool    // end is the end of the member
	member  *Member
}

func newCheckpoints(m *Member, span int64) *checkpoints {
	return &checkpoints{points: []point{{}}, span: span, member: m}
}

func (c *checkpoints) origin() string { return "checkpoints" }

func (c *checkpoints) known() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.end
}

func (c *checkpoints) find(off int64) (p point, next int64, ok bool, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if off >= c.end {
		return point{}, 0, false, nil
	}
	i := c.search(off)
	next = c.end
	if i+1 < len(c.points) {
		next = c.points[i+1].out
	}
	return c.points[i], next, true, nil
}

// search is the number of the last point at or before off.
func (c *checkpoints) search(off int64) int {
	i, found := slices.BinarySearchFunc(c.points, off, func(p point, off int64) int { return cmp.Compare(p.out, off) })
	if !found {
		i--
	}
	return i
}

// due is the output position from which on the next point is wanted.
func (c *checkpoints) due() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.points[len(c.points)-1].out + c.span
}

// distance is the span between points.
func (c *checkpoints) distance() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.span
}

// last is the last point.
func (c *checkpoints) last() point {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.points[len(c.points)-1]
}

// add appends a point; sum is that of the output since the one before.
func (c *checkpoints) add(p point, sum uint32, summed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := &c.points[len(c.points)-1]
	before.sum, before.summed = sum, summed
	c.points = append(c.points, p)
	c.end = max(c.end, p.out)
	c.windows += pointBytes + int64(len(p.window))
	if c.limit == 0 {
		c.limit = min(maxWindows, max(minWindows, sharedWindows/c.member.archive.indexes.Add(1)))
	}
	for c.windows > c.limit && len(c.points) > 3 {
		c.thin()
	}
}

// thin drops every second point, so that an index stays small however large the member is.
func (c *checkpoints) thin() {
	kept := c.points[:1]
	c.windows = 0
	for i := 1; i < len(c.points); i++ {
		p := c.points[i]
		before := &kept[len(kept)-1]
		if i%2 == 1 && i+1 < len(c.points) {
			before.sum = crcCombine(before.sum, p.sum, c.points[i+1].out-p.out)
			before.summed = before.summed && p.summed
			continue
		}
		kept = append(kept, p)
		c.windows += pointBytes + int64(len(p.window))
	}
	clear(c.points[len(kept):])
	c.points = kept
	c.span *= 2
}

// reach notes that output up to end can be found.
func (c *checkpoints) reach(end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = max(c.end, end)
}

// finish ends the index at the end of the member, if the checksum of the whole is right.
func (c *checkpoints) finish(sum uint32, summed bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := &c.points[len(c.points)-1]
	last.sum, last.summed = sum, summed
	if err := c.compare(); err != nil {
		return err
	}
	c.end, c.done = c.member.Size, true
	return nil
}

// compare compares the sum of all output with that of the member, if it was summed.
func (c *checkpoints) compare() error {
	sum := uint32(0)
	for i, p := range c.points {
		if !p.summed {
			return nil
		}
		next := c.member.Size
		if i+1 < len(c.points) {
			next = c.points[i+1].out
		}
		sum = crcCombine(sum, p.sum, next-p.out)
	}
	return c.member.compareSum(sum)
}

func (c *checkpoints) saw(from, to int64, sum uint32) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	i := c.search(from)
	p := c.points[i]
	next := c.end
	if i+1 < len(c.points) {
		next = c.points[i+1].out
	} else if !c.done {
		return nil
	}
	if p.out == from && next == to && p.summed && p.sum != sum {
		return c.member.formatError(-1, "deflate", &badZip{kind: ErrChecksum,
			msg: "checksum of the bytes from " + itoa(from) + " to " + itoa(to) + " is not that of the index"})
	}
	return nil
}

// passed has nothing to check: the sums of spans tell more.
func (c *checkpoints) passed(*cursor) error { return nil }

// sure is true of what was found while decoding from the start.
func (c *checkpoints) sure(int64) bool { return true }

func (c *checkpoints) prove(*inflated, int64) error { return nil }
