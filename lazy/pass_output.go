package lazy

import (
	"hash/crc32"
	"io"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// outputJob writes the elements that a pass reads, in the order of a file.
type outputJob struct {
	pass   *pass
	layout chunk.Layout // of the file
	same   bool         // the elements are read in that order
	w      io.WriterAt
}

func newOutputJob(a *Array) *outputJob {
	order, _ := a.fileOrder('K')
	n := toNative(a.node)
	return &outputJob{
		layout: chunk.Layout{Shape: n.shape(), ItemSize: n.dtype().ItemSize(), Order: order},
		same:   sameOrder(n.shape(), n.order(), order),
	}
}

// to is the job with a place to write to.
func (j *outputJob) to(w io.WriterAt) *outputJob {
	c := *j
	c.w = w
	return &c
}

func (j *outputJob) computes() bool                          { return false }
func (j *outputJob) stateBytes([]int64) int64                { return 0 }
func (j *outputJob) memory() int64                           { return 0 }
func (j *outputJob) start(*tasks)                            {}
func (j *outputJob) begin(chunk.Region) (part, error)        { return &outputPart{job: j}, nil }
func (j *outputJob) merge(int64, chunk.Region, part) error   { return nil }
func (j *outputJob) encode(b []byte, _ part) ([]byte, error) { return b, nil }
func (j *outputJob) decode(b []byte, _ chunk.Region) (part, []byte, error) {
	return &outputPart{job: j}, b, nil
}
func (j *outputJob) result() (*Result, error) { return nil, nil }

// outputPart writes, or reads again, the elements of one block.
type outputPart struct {
	job *outputJob
	crc uint32
	buf []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tile writes the elements of a region, which are in the order of the pass. The checksum is of
// these bytes, in the order of the file.
func (p *outputPart) tile(b []byte, r chunk.Region) error {
	if !p.job.same {
		p.buf = grow(p.buf, int64(len(b)))
		order, size := p.job.layout.Order, p.job.layout.ItemSize
		strides := gaplessStrides(r.Shape, size, p.job.pass.order)
		kernel.Gather(p.buf, b, 0, inOrder(r.Shape, order), inOrder(strides, order), int(size))
		b = p.buf
	}
	p.crc = crc32.Update(p.crc, castagnoli, b)
	for run := range p.job.layout.Runs(r) {
		if _, err := p.job.w.WriteAt(b[:run.Len], run.Offset); err != nil {
			return err
		}
		b = b[run.Len:]
	}
	return nil
}

// read takes the elements of a region from a file.
func (p *outputPart) read(r chunk.Region, from io.ReaderAt) error {
	p.buf = grow(p.buf, r.Len()*p.job.layout.ItemSize)
	b := p.buf
	for run := range p.job.layout.Runs(r) {
		if n, err := from.ReadAt(b[:run.Len], run.Offset); int64(n) < run.Len {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		b = b[run.Len:]
	}
	p.crc = crc32.Update(p.crc, castagnoli, p.buf)
	return nil
}
