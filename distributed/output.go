package distributed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// outputPlace is where the output goes: what a link points to is written, and not the link, as everywhere else.
func (p *Plan) outputPlace() string { return atomicfile.Target(p.Output.Path) }

// partPath is where the output is until it is complete: beside its place, with the plan in its name.
func (p *Plan) partPath() string { return p.outputPlace() + "." + p.short() + ".part" }

// header is the header of the output, padded to the first element.
func (p *Plan) header() ([]byte, error) {
	t, err := readDType(p.Output.DType)
	if err != nil {
		return nil, err
	}
	return mmapnpy.EncodeHeaderAligned(mmapnpy.Header{DType: t, Shape: p.Shape, FortranOrder: p.Output.Fortran}, page)
}

// prepare makes the file of the output, at its full length, and reports true, unless it is there. Space is reserved,
// so that a full disk is an error now where the filesystem can tell. It has no more readers than what it will replace.
func (p *Plan) prepare() (made bool, err error) {
	head, err := p.header()
	if err != nil {
		return false, err
	}
	part := p.partPath()
	if there, err := p.prepared(part, head); there || err != nil {
		return false, err
	}
	opts := append(p.rules(), atomicfile.New())
	if old, err := os.Stat(p.Output.Path); err == nil {
		opts = append(opts, atomicfile.Readers(old.Mode()))
	}
	err = atomicfile.Write(part, func(f *os.File) error { return fill(f, head, p.Output.Size) }, opts...)
	if errors.Is(err, fs.ErrExist) { // another driver was as fast
		_, err = p.prepared(part, head)
		return false, err
	}
	if err != nil {
		return false, fmt.Errorf("distributed: %s: %w", p.Output.Path, err)
	}
	return true, nil
}

// fill gives a file its header and its length.
func fill(f *os.File, head []byte, size int64) error {
	if err := atomicfile.Reserve(f, size); err != nil {
		return err
	}
	_, err := f.WriteAt(head, 0)
	return err
}

// prepared reports whether the file of the output is there, and returns an error if it is another one.
func (p *Plan) prepared(part string, head []byte) (bool, error) {
	f, err := rundir.Open(part)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	got := make([]byte, len(head))
	if _, err := f.ReadAt(got, 0); err != nil && err != io.EOF {
		return false, err
	}
	if info.Size() != p.Output.Size || !bytes.Equal(got, head) {
		return false, fmt.Errorf("distributed: %s: it is not the output of this plan; remove it", part)
	}
	return true, nil
}

// outputFile is the output's file, seen from the first element on.
type outputFile struct {
	f    *os.File
	base int64
}

// openOutput opens the output to write to.
func (p *Plan) openOutput() (*outputFile, error) {
	flag := os.O_RDWR
	if p.Output.Write == WriteSync {
		flag |= dsync
	}
	f, err := rundir.OpenFile(p.partPath(), flag)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != p.Output.Size {
		err = fmt.Errorf("distributed: %s: it has %d bytes instead of %d", f.Name(), info.Size(), p.Output.Size)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return &outputFile{f, p.Output.DataOffset}, nil
}

func (o *outputFile) WriteAt(b []byte, off int64) (int, error) { return o.f.WriteAt(b, off+o.base) }
func (o *outputFile) ReadAt(b []byte, off int64) (int, error)  { return o.f.ReadAt(b, off+o.base) }
func (o *outputFile) Sync() error                              { return o.f.Sync() }
func (o *outputFile) Close() error                             { return o.f.Close() }
