package zipseek

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
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

	// passed checks what can be checked of a place that a decoder arrived at from before it: out is
	// its position in the output, and bit where the decoder is, which may be some empty blocks before
	// the place.
	passed(out, bit int64) error

	// origin says in a word where the index comes from.
	origin() string
}

// A point is a place in deflated data where decoding can begin.
type point struct {
	out    int64  // position in the output
	bit    int64  // position in the compressed data, in bits
	window []byte // packed; what comes before, of which only the bytes that are referred to are true
	sum    uint32 // CRC-32 of the output up to the next point
	summed bool
}

const (
	// maxWindows is how much memory the windows of one index may take. A 256 MiB array of rounded
	// float32 takes 2 MiB at the default span.
	maxWindows = 16 << 20

	// sharedWindows is what the indexes of an archive share: the k-th to be begun gets the k-th part of it,
	// but no less than minWindows.
	sharedWindows = 32 << 20
	minWindows    = 256 << 10

	// pointBytes is what a point takes beside its window.
	pointBytes = 64
)

// checkpoints is an index that grows while the member is inflated for the first time, or that
// was read from a file.
type checkpoints struct {
	mu      sync.RWMutex
	points  []point // the first is the start
	end     int64   // output position up to which points have been made
	span    int64   // between points
	windows int64   // bytes of packed windows
	limit   int64   // of windows; set with the first
	done    bool    // end is the end of the member
	foreign bool    // read from a file, and not to be trusted
	member  *Member
}

func newCheckpoints(m *Member, span int64) *checkpoints {
	return &checkpoints{points: []point{{}}, span: span, member: m}
}

func (c *checkpoints) origin() string {
	if c.foreign {
		return "sidecar"
	}
	return "checkpoints"
}

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
func (c *checkpoints) passed(_, _ int64) error { return nil }

// chunks is the SOZip index of a member. Its offsets stay in the file; a member of a terabyte has
// millions.
type chunks struct {
	member  *Member
	data    int64 // where the compressed data begin in the file
	size    int64 // of the output of a chunk
	count   int64
	offsets int64 // of the table in the file

	// sums are those of the chunks that were seen, as long as there are not too many.
	mu   sync.Mutex
	sums []uint32
	seen []bool
	left atomic.Int64
}

func (c *chunks) origin() string { return "sozip" }
func (c *chunks) known() int64   { return c.member.Size }

func (c *chunks) find(off int64) (p point, next int64, ok bool, err error) {
	i := off / c.size
	if off < 0 || i >= c.count {
		return point{}, 0, false, nil
	}
	start, err := c.offset(i)
	if err == nil {
		err = c.checkFlush(start)
	}
	if err != nil {
		return point{}, 0, false, err
	}
	return point{out: i * c.size, bit: 8 * start}, min((i+1)*c.size, c.member.Size), true, nil
}

// offset is where chunk i begins in the compressed data. The first is not in the table.
func (c *chunks) offset(i int64) (int64, error) {
	if i == 0 {
		return 0, nil
	}
	var b [8]byte
	if _, err := c.member.archive.file.ReadAt(b[:], c.offsets+8*(i-1)); err != nil {
		return 0, err
	}
	off := binary.LittleEndian.Uint64(b[:])
	if off >= uint64(c.member.CompressedSize) {
		return 0, c.member.formatError(c.offsets+8*(i-1), "sozip index", badf("offset of chunk %d lies beyond the data", i))
	}
	return int64(off), nil
}

// checkFlush checks that the compressed data end a chunk at off.
func (c *chunks) checkFlush(off int64) error {
	if off == 0 {
		return nil
	}
	var b [len(fullFlush)]byte
	at := c.data + off - int64(len(b))
	if at < c.data {
		return c.member.formatError(c.data+off, "sozip index", badf("no chunk ends before offset %d", off))
	}
	if _, err := c.member.archive.file.ReadAt(b[:], at); err != nil {
		return err
	}
	if string(b[:]) != fullFlush {
		return c.member.formatError(at, "sozip index", badf("no chunk ends before offset %d", off))
	}
	return nil
}

// passed checks that a chunk ended where the index says that the next begins.
func (c *chunks) passed(out, bit int64) error {
	if out%c.size != 0 || out == 0 || out == c.member.Size {
		return nil
	}
	start, err := c.offset(out / c.size)
	if err != nil {
		return err
	}
	if ahead := 8*start - bit; ahead < 0 || ahead > maxFlush {
		return c.member.formatError(c.data+start, "sozip index", badf("chunk %d does not begin at offset %d", out/c.size, start))
	}
	return nil
}

// saw sums up the chunks, and compares when it has seen all.
func (c *chunks) saw(from, to int64, sum uint32) error {
	if c.sums == nil || from%c.size != 0 || to != min(from+c.size, c.member.Size) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := from / c.size
	if c.seen[i] {
		return nil
	}
	c.sums[i], c.seen[i] = sum, true
	if c.left.Add(-1) > 0 {
		return nil
	}
	total := uint32(0)
	for i, sum := range c.sums {
		at := int64(i) * c.size
		total = crcCombine(total, sum, min(c.size, c.member.Size-at))
	}
	return c.member.compareSum(total)
}
