package bytesrc

import (
	"errors"
	"os"
	"sync"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// openParts is the parts of a [Joined] whose files are open: those that are being read, and of
// the others the most recently used.
type openParts struct {
	most   int
	opener Opener
	parts  []Part

	mu     sync.Mutex
	byPart map[int]*openPart
	clock  int64 // counts uses
	gone   error // a file was changed while it was open, or could not be closed
}

// openPart is one of them.
type openPart struct {
	part  int
	ready chan struct{} // closed when src or err is there
	src   Source
	close func() error
	err   error

	users int   // who read it now
	used  int64 // when it was last taken
}

// take opens part i, or finds it open. It stays so until given back.
func (c *openParts) take(i int) (*openPart, error) {
	c.mu.Lock()
	o, found := c.byPart[i]
	if !found {
		o = &openPart{part: i, ready: make(chan struct{})}
		c.byPart[i] = o
	}
	c.clock++
	o.users++
	o.used = c.clock
	c.mu.Unlock()
	if found {
		<-o.ready
	} else {
		c.trim()
		o.src, o.close, o.err = c.openPart(&c.parts[i])
		close(o.ready)
	}
	if o.err != nil {
		c.forget(o)
		return nil, o.err
	}
	return o, nil
}

// openPart opens a part's file and makes sure that it is what it was.
func (c *openParts) openPart(p *Part) (Source, func() error, error) {
	src, closer, err := c.opener(p)
	if err != nil {
		return nil, nil, err
	}
	if f, ok := src.(*File); ok && p.Watch != nil {
		p.Watch(f)
	}
	if err := p.same(src); err != nil {
		return nil, nil, errors.Join(err, closer())
	}
	return src, closer, nil
}

// same compares the file behind a source with what the part's was.
func (p *Part) same(src Source) error {
	now, err := src.Stat()
	if err != nil {
		return err
	}
	was := p.Info
	if f, ok := src.(*File); ok && f.Continues(was) {
		return nil
	}
	switch {
	case now.Size() != was.Size():
		return fileerr.Errorf(p.Path, "%w: %d bytes, were %d", ErrChanged, now.Size(), was.Size())
	case !now.ModTime().Equal(was.ModTime()):
		return fileerr.Errorf(p.Path, "%w: modified at %v", ErrChanged, now.ModTime())
	case !os.SameFile(now, was):
		return fileerr.Errorf(p.Path, "%w: replaced by another file", ErrChanged)
	}
	return nil
}

// forget drops a part that could not be opened, so that the next who takes it tries again.
func (c *openParts) forget(o *openPart) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.users--
	if c.byPart[o.part] == o {
		delete(c.byPart, o.part)
	}
}

// give gives a part back.
func (c *openParts) give(o *openPart) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.users--
}

// trim closes the parts used least recently until few enough are left. Those that are being read,
// or of which something is lent, stay.
func (c *openParts) trim() {
	c.mu.Lock()
	var out []*openPart
	for len(c.byPart) > c.most {
		o := c.oldest()
		if o == nil {
			break
		}
		delete(c.byPart, o.part)
		out = append(out, o)
	}
	c.mu.Unlock()
	for _, o := range out {
		c.retire(o)
	}
}

// oldest is the part used least recently that nobody reads, or nil. There are few parts to look
// through.
func (c *openParts) oldest() *openPart {
	var oldest *openPart
	for _, o := range c.byPart {
		if o.users == 0 && !o.lent() && (oldest == nil || o.used < oldest.used) {
			oldest = o
		}
	}
	return oldest
}

// lent reports whether something of the part's file is lent out, so that closing it would wait.
func (o *openPart) lent() bool {
	f, ok := o.src.(*File)
	return ok && f.leases.n.Load() != 0
}

// retire closes a part that was taken out of the list. That its file was changed while it was
// open is told by the next [Joined.Changed].
func (c *openParts) retire(o *openPart) {
	err := o.unmodified()
	if err = errors.Join(err, o.close()); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.gone == nil {
			c.gone = err
		}
	}
}

// unmodified is [File.Unmodified] where there is a file, which costs less than looking at its
// path.
func (o *openPart) unmodified() error {
	if f, ok := o.src.(*File); ok {
		return f.Unmodified()
	}
	return o.src.Changed()
}

// changed looks at all that are open.
func (c *openParts) changed() error {
	c.mu.Lock()
	err := c.gone
	var now []*openPart
	for _, o := range c.byPart {
		o.users++
		now = append(now, o)
	}
	c.mu.Unlock()
	for _, o := range now {
		<-o.ready
		if o.err == nil && err == nil {
			err = o.src.Changed()
		}
		c.give(o)
	}
	return err
}

// closeAll closes everything. Nobody reads any more; leases that files have lent are waited for.
func (c *openParts) closeAll() error {
	c.mu.Lock()
	all := c.byPart
	c.byPart = make(map[int]*openPart)
	c.mu.Unlock()
	var errs []error
	for _, o := range all {
		<-o.ready
		if o.err == nil {
			errs = append(errs, o.close())
		}
	}
	return errors.Join(errs...)
}

func (c *openParts) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.byPart)
}
