package zipseek

import (
	"sync"
	"sync/atomic"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

const (
	// seqBlock is how much is decoded at once of a member that can only be read from its start.
	seqBlock = 1 << 20

	// seqLeast is how many such blocks an archive keeps at the least, so that goroutines that are a
	// few blocks apart do not send each other back to the start.
	seqLeast = 8

	// seqDecoders is how many decoders an archive keeps for members that are read on.
	seqDecoders = 4
)

// blocks are what was decoded last of members that can only be decoded from their start, and the
// decoders that are somewhere in them.
type blocks struct {
	mu     sync.Mutex
	cached map[blockKey][]byte
	oldest []blockKey
	limit  int64     // bytes
	active []*stream // the one that was used longest ago first
	files  []*bytesrc.Scratch
	closed bool

	decoded atomic.Int64 // bytes, by all decoders
}

type blockKey struct {
	s *sequential
	i int64
}

func (c *blocks) get(s *sequential, i int64) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.cached[blockKey{s, i}]
	return b, ok
}

// put keeps a block and drops the oldest ones.
func (c *blocks) put(s *sequential, i int64, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cached == nil {
		c.cached = make(map[blockKey][]byte)
	}
	key := blockKey{s, i}
	if _, ok := c.cached[key]; !ok {
		c.oldest = append(c.oldest, key)
	}
	c.cached[key] = b
	for most := max(seqLeast, c.limit/seqBlock); int64(len(c.oldest)) > most; c.oldest = c.oldest[1:] {
		delete(c.cached, c.oldest[0])
	}
}

// use takes note of a decoder that is about to be used, by who has locked its member. If there are
// too many, the one that was used longest ago has to end, unless it is being used at this moment.
func (c *blocks) use(d *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(d)
	c.active = append(c.active, d)
	for i := 0; len(c.active) > seqDecoders && i < len(c.active)-1; {
		old := c.active[i]
		if old.s != d.s {
			if !old.s.mu.TryLock() {
				i++
				continue
			}
			old.s.end(old)
			old.s.mu.Unlock()
		} else {
			old.s.end(old)
		}
		c.active = append(c.active[:i], c.active[i+1:]...)
	}
}

// stop ends a decoder that failed, by who has locked its member.
func (c *blocks) stop(d *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(d)
	d.s.end(d)
}

// owns takes a file over, to close it in the end, or closes it where that has come already.
func (c *blocks) owns(f *bytesrc.Scratch) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = f.Close() // nothing was written
		return false
	}
	c.files = append(c.files, f)
	return true
}

func (c *blocks) forget(d *stream) {
	for i, a := range c.active {
		if a == d {
			c.active = append(c.active[:i], c.active[i+1:]...)
			return
		}
	}
}

// clear drops everything, when nothing can be read any more.
func (c *blocks) clear() {
	c.mu.Lock()
	active := c.active
	for _, f := range c.files {
		_ = f.Close() // nobody reads it any more
	}
	c.cached, c.oldest, c.active, c.files, c.closed = nil, nil, nil, nil, true
	c.mu.Unlock()
	// one whose reader is just finding out that the file is closed has c.mu to wait for
	for _, d := range active {
		d.s.mu.Lock()
		d.s.end(d)
		d.s.mu.Unlock()
	}
}
