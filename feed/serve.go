package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/dataset"
)

const (
	mostClients  = 256
	acceptPause  = 50 * time.Millisecond // where there are no descriptors
	refuseWithin = time.Second
)

// openWithin is how long a client may take to open; tests have less patience.
var openWithin = 10 * time.Second

// Rings is how many bytes of the memory of a data set are left for the rings of all clients.
func Rings(d *dataset.Dataset) int64 {
	_, bytes := d.Room()
	return max(bytes, 0)
}

// Serve serves all clients that connect until ctx ends, which is no error. The listener is closed,
// and all clients are gone, when it returns.
func Serve(ctx context.Context, d *dataset.Dataset, l *Listener) error {
	f, err := newFeeder(d)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer f.stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		closed <- l.Close()
	}()
	for {
		c, err := l.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return <-closed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("socket: %w", err)
		case err != nil:
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		}
		if err := f.admit(c); err != nil {
			_ = c.SetWriteDeadline(time.Now().Add(refuseWithin))
			refuse(c, err)
			continue
		}
		clients.Go(func() {
			defer f.leave()
			_ = c.SetReadDeadline(time.Now().Add(openWithin))
			f.serve(ctx, c)
		})
	}
}

// ServeConn serves one client, until it closes the connection or ctx ends.
func ServeConn(ctx context.Context, d *dataset.Dataset, c *net.UnixConn) error {
	f, err := newFeeder(d)
	if err != nil {
		Refuse(ctx, c, err)
		return err
	}
	defer f.stop()
	f.serve(ctx, c)
	return nil
}

// Refuse answers the first request of a client with what kept the feeder from beginning, and closes
// the connection.
func Refuse(ctx context.Context, c *net.UnixConn, why error) {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	_, _ = bufio.NewReaderSize(c, mostLine).ReadSlice('\n') // whatever it is
	kind := kindOf(why)
	switch {
	case kind == kindState || kind == kindMemory:
	case errors.Is(why, fs.ErrNotExist):
		kind = kindMissing
	default:
		kind = kindConfig
	}
	refuse(c, &refusal{kind, why})
}

func refuse(c *net.UnixConn, why error) {
	_ = send(c, failed(why)) // nobody there is nobody to tell
	c.Close()
}

// send writes a reply.
func send(c *net.UnixConn, reply any) error {
	line, err := json.Marshal(reply)
	if err == nil {
		_, err = c.Write(append(line, '\n'))
	}
	return err
}

// feeder is what all clients of a data set share.
type feeder struct {
	d       *dataset.Dataset
	layout  *layout
	readers int
	queue   *queue
	workers sync.WaitGroup

	mu      sync.Mutex
	left    int64 // bytes for rings
	rings   int
	clients int
}

func newFeeder(d *dataset.Dataset) (*feeder, error) {
	f := &feeder{d: d, layout: newLayout(d), queue: newQueue(), left: Rings(d)}
	if f.left < f.layout.slot {
		return nil, fmt.Errorf("%w: a batch takes %s, and %s are left for rings", dataset.ErrMemory, chunk.FormatBytes(f.layout.slot), chunk.FormatBytes(f.left))
	}
	f.readers, _ = d.Room()
	for range f.readers {
		f.workers.Go(f.work)
	}
	return f, nil
}

// stop ends the workers. There are no sessions.
func (f *feeder) stop() {
	f.queue.close()
	f.workers.Wait()
}

// work reads batches.
func (f *feeder) work() {
	var scratch *dataset.Scratch
	for j := f.queue.pop(); j != nil; j = f.queue.pop() {
		if scratch == nil {
			scratch, j.err = f.d.NewScratch()
		}
		if j.err == nil {
			j.err = j.s.ring.guarded(func() error { return j.read(scratch) })
		}
		j.s.finished <- j // there is room for as many as there are slots
	}
}

func (j *job) read(scratch *dataset.Scratch) (err error) {
	s := j.s
	if j.batch, err = s.d.AtInto(s.ctx, j.step, s.ring.slots[j.slot][:s.ring.arrays], scratch); err != nil {
		return err
	}
	j.arrays, err = s.ring.place(j.batch, j.slot)
	return err
}

// admit lets a client in.
func (f *feeder) admit(c *net.UnixConn) error {
	if err := sameUser(c); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients == mostClients {
		return refused(kindMemory, "%d clients are connected, and there is no room for more", f.clients)
	}
	f.clients++
	return nil
}

func (f *feeder) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients--
}

// reserve takes memory for the ring of one of so many ranks; asked is 0 for as many slots as keep
// the workers busy.
func (f *feeder) reserve(asked, world int) (slots int, err error) {
	if asked == 0 {
		asked = f.readers + 2
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	share := max(Rings(f.d)/f.layout.slot/int64(world), 1)
	slots = int(min(int64(asked), share, f.left/f.layout.slot))
	if slots == 0 {
		return 0, refused(kindMemory, "a batch takes %s, and %s are left of %s for rings, of which there are %d", chunk.FormatBytes(f.layout.slot),
			chunk.FormatBytes(f.left), chunk.FormatBytes(Rings(f.d)), f.rings)
	}
	f.left -= int64(slots) * f.layout.slot
	f.rings++
	return slots, nil
}

func (f *feeder) giveBack(slots int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left += int64(slots) * f.layout.slot
	f.rings--
}
