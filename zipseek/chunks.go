package zipseek

import (
	"cmp"
	"context"
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/lazynpy/lazynpy/internal/parallel"
)

// chunks is the SOZip index of a member. Its offsets stay in the file; a member of a terabyte has
// millions.
//
// Anybody may have written them, and an offset may be the start of a chunk and not of the one that
// it is said to be of. What a decoder finds out about one chunk is a link: from the offset of the
// chunk on, without what precedes it, there come as many bytes as the chunk has, and then the
// offset of the next chunk, or the end of the stream. If all chunks before one are links, it begins
// where the index says, since the first does; so it does if it and all behind it are links, since
// the last ends where the stream does. Chunks that are read anyway are links at no cost; those that
// are missing are decoded for it.
type chunks struct {
	member  *Member
	data    int64 // where the compressed data begin in the file
	size    int64 // of the output of a chunk
	count   int64
	offsets int64 // of the table in the file

	mu     sync.Mutex
	linked []uint64 // a bit for each chunk
	first  int64    // chunks before it are links, and it is not
	last   int64    // chunks from it on are links, and the one before is not
	proofs sync.Mutex

	believe int64 // provable, of tests less

	// sums are those of the chunks that were seen, as long as there are not too many.
	sums []uint32
	seen []bool
	left atomic.Int64
}

// provable is how much of an archive of our own is inflated only to prove an offset, which takes a
// tenth of a second: of members whose nearer end is farther away, offsets are believed if the chunk
// and the one before it are links. Those of others are always proved.
const provable = 64 << 20

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

// passed checks that a chunk ended where the index says that the next begins, with nothing but
// empty blocks between the two, and takes note of the link. That the last one ends where the stream
// does is known already.
func (c *chunks) passed(at *cursor) error {
	if at.pos == 0 || at.pos%c.size != 0 && at.pos != c.member.Size {
		return nil
	}
	if at.pos < c.member.Size {
		start, err := c.offset(at.pos / c.size)
		if err != nil {
			return err
		}
		if ahead := 8*start - at.at(); ahead < 0 || ahead > maxFlush {
			return c.wrong(at.pos/c.size, start)
		}
		if there, err := at.reach(8 * start); err != nil || !there {
			return cmp.Or(err, c.wrong(at.pos/c.size, start))
		}
	}
	c.link((at.pos - 1) / c.size)
	return nil
}

// wrong is the error of an offset where chunk i does not begin.
func (c *chunks) wrong(i, start int64) error {
	return c.member.formatError(c.data+start, "sozip index", badf("chunk %d does not begin at offset %d", i, start))
}

// link takes note of a link.
func (c *chunks) link(i int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.linked == nil {
		// the table has 64 times as many bytes
		c.linked, c.last = make([]uint64, (c.count+63)/64), c.count
	}
	c.linked[i/64] |= 1 << (i % 64)
	for c.first < c.count && c.isLinked(c.first) {
		c.first++
	}
	for c.last > 0 && c.isLinked(c.last-1) {
		c.last--
	}
}

func (c *chunks) isLinked(i int64) bool { return c.linked[i/64]>>(i%64)&1 != 0 }

func (c *chunks) sure(out int64) bool {
	if c.member.archive.config.check == CheckNever {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := out / c.size
	return i <= c.first || c.linked != nil && i >= c.last
}

// prove inflates the chunks that are missing between the one at out and the nearer end.
func (c *chunks) prove(s *inflated, out int64) error {
	if c.sure(out) {
		return nil
	}
	c.proofs.Lock() // who waits for the same chunks has less to do afterwards
	defer c.proofs.Unlock()
	from, to, missing := c.gap(out / c.size)
	if missing > c.believe/c.size && c.member.archive.ours() {
		return c.follow(s, out/c.size-1)
	}
	return c.inflate(context.Background(), s, from, to)
}

// gap is the chunks between chunk i and the end that fewer are missing to, and how many those are.
func (c *chunks) gap(i int64) (from, to, missing int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.linked == nil {
		return 0, i, i // not reached: the chunk itself is a link
	}
	before, behind := c.missing(c.first, i), c.missing(i, c.last)
	if before <= behind {
		return c.first, i, before
	}
	return i, c.last, behind
}

// missing is how many chunks of a range are no links.
func (c *chunks) missing(from, to int64) int64 {
	n := max(to-from, 0)
	for i := from; i < to; {
		word, end := c.linked[i/64]>>(i%64), min((i/64+1)*64, to)
		if w := end - i; w < 64 {
			word &= 1<<w - 1
		}
		n -= int64(bits.OnesCount64(word))
		i = end
	}
	return n
}

// inflate makes links of the chunks of a range, on as many goroutines as the archive allows. The
// content goes nowhere.
func (c *chunks) inflate(ctx context.Context, s *inflated, from, to int64) error {
	return parallel.Each(ctx, c.member.archive.workers(), to-from, func(_ context.Context, i int64) error {
		return c.follow(s, from+i)
	})
}

// follow inflates chunk i, unless it is a link.
func (c *chunks) follow(s *inflated, i int64) error {
	c.mu.Lock()
	known := c.linked != nil && c.isLinked(i)
	c.mu.Unlock()
	if known {
		return nil
	}
	p, end, _, err := c.find(i * c.size)
	if err != nil {
		return err
	}
	var at cursor
	if err := at.start(s, c, p); err != nil {
		return err
	}
	return s.completeSpan(c, &at, end)
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
