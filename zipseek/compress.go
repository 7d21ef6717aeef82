package zipseek

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
)

// maxInFlight bounds the bytes of chunks that are being compressed, before and after, however many
// workers there are; but two chunks are always in flight.
const maxInFlight = 32 << 20

// A packing is one chunk on its way through a worker.
type packing struct {
	in   []byte
	out  []byte
	last bool // of its member
	err  error
	done chan struct{} // of capacity 1: out and err are there
}

// A compressor has a megabyte of tables, and is used again.
type compressor struct {
	*flate.Writer
	to appender
}

// compressors keeps one pool of them for each level.
var compressors [flate.BestCompression - HuffmanOnly + 1]sync.Pool

// An appender is a writer to memory.
type appender struct{ b []byte }

func (a *appender) Write(b []byte) (int, error) {
	a.b = append(a.b, b...)
	return len(b), nil
}

// getCompressor returns one that appends to out.
func getCompressor(level int, out []byte) (*compressor, error) {
	c, ok := compressors[level-HuffmanOnly].Get().(*compressor)
	if ok {
		c.to.b = out
		c.Reset(&c.to)
		return c, nil
	}
	c = &compressor{to: appender{out}}
	var err error
	c.Writer, err = flate.NewWriter(&c.to, level)
	return c, err
}

// put returns what was appended to.
func (c *compressor) put(level int) []byte {
	out := c.to.b
	c.to.b = nil
	compressors[level-HuffmanOnly].Put(c)
	return out
}

// maxDeflated bounds what n bytes deflate to in chunks: incompressible data are stored in blocks of
// at least 16 KiB with 5 bytes before each, and chunks end with 10 bytes.
func maxDeflated(n, chunk int64) int64 { return n + n>>11 + (n/chunk+1)*32 }

// compress deflates in on its own. What is not the last chunk of its member ends with the
// empty stored block of a sync flush, which ends at a whole byte, and that of a full flush, so that
// the last five bytes are 00 00 00 ff ff as SOZip wants them.
func (p *packing) compress(level int) error {
	n := int64(len(p.in))
	z, err := getCompressor(level, slices.Grow(p.out[:0], int(maxDeflated(n, n))))
	if err != nil {
		return err
	}
	defer func() { p.out = z.put(level) }()
	if _, err := z.Write(p.in); err != nil {
		return err
	}
	if p.last {
		return z.Close()
	}
	if err := z.Flush(); err != nil {
		return err
	}
	z.to.b = append(z.to.b, 0, 0, 0, 0xff, 0xff)
	return nil
}

// A packer cuts one member into chunks, compresses them on several goroutines, and hands them on
// in order. Its methods are called by one goroutine, which also runs emit.
type packer struct {
	level    int
	chunk    int
	left     int64 // bytes that are still to come
	inFlight int
	emit     func(out []byte) error

	current *packing   // is being filled, or nil
	queue   []*packing // are being compressed, in order
	spare   []*packing

	jobs    chan *packing
	stopped atomic.Bool // what waits need not be compressed
	workers sync.WaitGroup
}

// newPacker starts the workers, except for a member of one chunk, which needs none. The packer
// must be closed.
func newPacker(c writerConfig, size int64, spare []*packing, emit func(out []byte) error) *packer {
	p := &packer{
		level: c.level, chunk: c.chunk, left: size, spare: spare, emit: emit,
		inFlight: max(min(2*c.workers, maxInFlight/(2*c.chunk)), 2),
	}
	if size <= int64(c.chunk) {
		return p
	}
	p.jobs = make(chan *packing, p.inFlight)
	for range min(int64(c.workers), int64(p.inFlight), (size-1)/int64(c.chunk)+1) {
		p.workers.Go(p.work)
	}
	return p
}

func (p *packer) work() {
	for job := range p.jobs {
		if !p.stopped.Load() {
			job.err = job.compress(p.level)
		}
		job.done <- struct{}{}
	}
}

// write takes the next bytes of the member and copies them; together they are its size.
func (p *packer) write(b []byte) error {
	for len(b) > 0 {
		if p.current == nil {
			if err := p.begin(); err != nil {
				return err
			}
		}
		job := p.current
		n := min(len(b), p.chunk-len(job.in))
		job.in, b = append(job.in, b[:n]...), b[n:]
		p.left -= int64(n)
		if len(job.in) == p.chunk || p.left == 0 {
			job.last = p.left == 0
			p.submit()
		}
	}
	return nil
}

// begin takes a packing to be filled. It hands on chunks that are ready, and waits for one if as
// many as may be are in flight.
func (p *packer) begin() error {
	for len(p.queue) > 0 && (len(p.queue) >= p.inFlight || len(p.queue[0].done) > 0) {
		if err := p.finishFirst(); err != nil {
			return err
		}
	}
	if n := len(p.spare); n > 0 {
		p.current, p.spare = p.spare[n-1], p.spare[:n-1]
	} else {
		p.current = &packing{done: make(chan struct{}, 1)}
	}
	p.current.in = slices.Grow(p.current.in[:0], int(min(int64(p.chunk), p.left)))
	return nil
}

// submit lets the current chunk be compressed.
func (p *packer) submit() {
	job := p.current
	p.current = nil
	p.queue = append(p.queue, job)
	if p.jobs != nil {
		p.jobs <- job // has room for all that are in flight
		return
	}
	job.err = job.compress(p.level)
	job.done <- struct{}{}
}

// finishFirst waits for the first chunk in flight and hands it on.
func (p *packer) finishFirst() error {
	job := p.queue[0]
	<-job.done
	p.queue = p.queue[1:]
	p.spare = append(p.spare, job)
	if job.err != nil {
		return job.err
	}
	return p.emit(job.out)
}

// finish hands on the rest.
func (p *packer) finish() error {
	for len(p.queue) > 0 {
		if err := p.finishFirst(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the workers, and returns the buffers for the next member.
func (p *packer) close() []*packing {
	p.stopped.Store(true)
	if p.jobs != nil {
		close(p.jobs)
		p.workers.Wait()
	}
	if p.current != nil {
		p.queue = append(p.queue, p.current)
	}
	for _, job := range p.queue {
		if len(job.done) > 0 {
			<-job.done
		}
		p.spare = append(p.spare, job)
	}
	return p.spare
}
