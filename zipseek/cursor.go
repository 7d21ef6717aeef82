package zipseek

import (
	"hash/crc32"
	"math"
	"sync"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

const (
	// inputWindow is how much compressed data is borrowed at once, at most and at least.
	inputWindow    = 1 << 20
	minInputWindow = 64 << 10

	// skipBuffer is how much output is made at once where nobody wants it.
	skipBuffer = 128 << 10

	// cursorBytes is the memory of a cursor: the decoder's tables and the window.
	cursorBytes = 64 << 10
)

// A cursor is a decoder at some place of a deflated member. It belongs to one goroutine at a time.
type cursor struct {
	s    *inflated
	idx  seekIndex // that it was found by
	sure bool      // what it decodes is known to be the content
	dec  inflate.Decoder
	pos  int64 // in the output
	in   int64 // compressed bytes before what the decoder takes next
	was  int64 // in when it was started
	bit  uint8 // bits of the byte at in that do not belong to it, until it takes that byte

	hist [inflate.WindowSize]byte // what precedes pos, at its end
	have int                      // how much of hist is true

	sum   uint32 // of the output since sumAt
	sumAt int64  // negative if not kept
}

// start moves the cursor to a point.
func (c *cursor) start(s *inflated, idx seekIndex, p point) error {
	c.s, c.idx, c.pos = s, idx, p.out
	c.restart(p.bit)
	c.have, c.sum, c.sumAt = 0, 0, -1
	if s.m.archive.config.check != CheckNever {
		c.sumAt = p.out
	}
	if p.window == nil {
		return nil
	}
	n, err := unpackWindow(c.hist[:], p.window)
	c.have = n
	return err
}

// restart lets the decoder begin at the start of a block.
func (c *cursor) restart(bit int64) {
	c.in, c.was, c.bit = bit/8, bit/8, uint8(bit%8)
	c.dec.Reset(c.bit)
}

// move lets the cursor go on at the start of a block, behind output that came otherwise.
func (c *cursor) move(out []byte, bit int64) {
	c.advance(out)
	c.restart(bit)
}

// at is the position of the decoder in the compressed data, in bits.
func (c *cursor) at() int64 { return 8*c.in - int64(c.dec.Bits()) + int64(c.bit) }

// read decodes from the cursor's place on to p[n:]; p[:n] is what it decoded just before, if not
// all of that is wanted elsewhere. Matches are fastest within p. A block start at or after output
// position boundary ends it early. No more compressed data are looked at than that takes, unless
// toEnd asks to find the end of the stream behind p. It returns n behind the output.
func (c *cursor) read(p []byte, n int, boundary int64, toEnd bool) (m int, stop inflate.Stop, err error) {
	limit := len(p) + 1
	if boundary <= c.pos+int64(len(p)-n) {
		limit = n + int(max(boundary-c.pos, 0))
	}
	before := c.window()
	before = before[:max(len(before)-n, 0)]
	for m = n; ; {
		m, stop, err = c.step(p, m, before, limit)
		if err == nil && stop == inflate.NeedInput && (m < len(p) || toEnd) {
			if c.in < c.s.m.CompressedSize {
				continue
			}
			err = c.s.m.formatError(c.s.data+c.in, "deflate", &badZip{eof: true, msg: "data end in the middle of the stream"})
		}
		if stop == inflate.NeedInput {
			stop = inflate.NeedOutput // p is full, and what follows is not asked for
		}
		c.advance(p[n:m])
		return m, stop, err
	}
}

// reach decodes the empty blocks before a bit of the compressed data, and reports whether a block
// starts there, before any more output.
func (c *cursor) reach(bit int64) (bool, error) {
	for c.at() < bit {
		if _, stop, err := c.read(nil, 0, c.pos, false); err != nil || stop != inflate.AtBlock {
			return false, err
		}
	}
	return c.at() == bit, nil
}

// A scratch takes output that nobody wants, behind what precedes it.
type scratch [inflate.WindowSize + skipBuffer]byte

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

// after returns a buffer for up to n bytes of output behind the cursor's place, and where they go
// in it.
func (b *scratch) after(c *cursor, n int64) (p []byte, at int) {
	at = copy(b[:], c.window())
	return b[:int64(at)+min(skipBuffer, n)], at
}

// skip moves the cursor forward to output position to.
func (c *cursor) skip(to int64) error {
	if c.pos == to {
		return nil
	}
	b := scratchPool.Get().(*scratch)
	defer scratchPool.Put(b)
	for c.pos < to {
		p, n := b.after(c, to-c.pos)
		_, stop, err := c.read(p, n, never, false)
		if err != nil {
			return err
		}
		if stop == inflate.End && c.pos < to {
			return c.s.endsEarly(c)
		}
	}
	return nil
}

// never is a boundary that no output reaches.
const never = math.MaxInt64

// step decodes what one window of compressed data gives. The decoder must not be used after an
// error.
func (c *cursor) step(p []byte, n int, before []byte, limit int) (int, inflate.Stop, error) {
	s := c.s
	if err := s.m.archive.config.stopped(); err != nil {
		return n, 0, err
	}
	left := s.m.CompressedSize - c.in
	want := min(max(int64(len(p)-n)+minInputWindow/2, minInputWindow), inputWindow, left)
	var stop inflate.Stop
	var taken int
	err := bytesrc.WithGuard(s.m.archive.file, s.data+c.in, int(want), func(b []byte) (err error) {
		n, taken, stop, err = c.dec.Decode(p, n, before, b, limit)
		return err
	})
	if err != nil {
		return n, 0, s.decodeError(err, c.was)
	}
	if taken > 0 {
		c.in, c.bit = c.in+int64(taken), 0
	}
	return n, stop, nil
}

// advance takes note of output.
func (c *cursor) advance(out []byte) {
	if len(out) == 0 {
		return
	}
	if c.sumAt >= 0 {
		c.sum = crc32.Update(c.sum, crc32.IEEETable, out)
	}
	c.pos += int64(len(out))
	n := len(out)
	if n >= inflate.WindowSize {
		copy(c.hist[:], out[n-inflate.WindowSize:])
		c.have = inflate.WindowSize
		return
	}
	copy(c.hist[:], c.hist[n:])
	copy(c.hist[inflate.WindowSize-n:], out)
	c.have = min(c.have+n, inflate.WindowSize)
}

// window is the output before the cursor's place.
func (c *cursor) window() []byte { return c.hist[inflate.WindowSize-c.have:] }
