package distributed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sort"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// outputPlace is where the output goes: what a link points to is written, and not the link, as
// everywhere else.
func (p *Plan) outputPlace() string { return atomicfile.Target(p.Output.Path) }

// partPath is where the output is until it is complete: beside its place, with the plan in its
// name.
func (p *Plan) partPath() string { return p.outputPlace() + "." + p.short() + ".part" }

// header is the header of the output, padded to the first element.
func (p *Plan) header() ([]byte, error) {
	t, err := readDType(p.Output.DType)
	if err != nil {
		return nil, err
	}
	return mmapnpy.EncodeHeaderAligned(mmapnpy.Header{DType: t, Shape: p.Shape, FortranOrder: p.Output.Fortran}, page)
}

// prepare makes the file of the output, at its full length, and reports true, unless it is there.
// Space is reserved, so that a full disk is an error now where the filesystem can tell. It has no
// more readers than what it will replace.
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
		return false, fileerr.New(p.Output.Path, err)
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

// prepared reports whether the file of the output is there, and returns an error if it is another
// one.
func (p *Plan) prepared(part string, head []byte) (bool, error) {
	f, err := rundir.Open(part)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	same, err := p.begins(f, head)
	if err == nil && !same {
		err = fileerr.New(part, errors.New("it is not the output of this plan; remove it"))
	}
	return err == nil, err
}

// begins reports whether a file has the size and the header of the output.
func (p *Plan) begins(f *os.File, head []byte) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	got := make([]byte, len(head))
	if _, err := f.ReadAt(got, 0); err != nil && err != io.EOF {
		return false, err
	}
	return info.Size() == p.Output.Size && bytes.Equal(got, head), nil
}

// checkHeader returns an error that matches [ErrOutput] if the file at path does not begin as the
// output does.
func (p *Plan) checkHeader(path string) error {
	head, err := p.header()
	if err != nil {
		return err
	}
	f, err := rundir.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if same, err := p.begins(f, head); err != nil || same {
		return err
	}
	return fmt.Errorf("%w: %s: it has another header", ErrOutput, path)
}

// outputFile is the output's file, seen from the first element on.
type outputFile struct {
	f    *os.File
	base int64

	direct *atomicfile.Direct // takes what is written, or nil

	// What is written to pages that portions share, where they share no others, goes through a
	// descriptor of its own.
	edges *os.File
	from  func(portion int64) int64 // where a portion begins in the file
	n     int64                     // portions
}

// openOutput opens the output to write to.
func (p *Plan) openOutput(parts *lazy.Parts) (o *outputFile, err error) {
	o = &outputFile{base: p.Output.DataOffset}
	opened := o // a return with an error has no file
	defer func() {
		if err != nil {
			_ = opened.Close() // nothing was written
		}
	}()
	flag := os.O_RDWR
	if p.Output.Write == WriteSync {
		flag |= dsync
	}
	if o.f, err = rundir.OpenFile(p.partPath(), flag); err != nil {
		return nil, err
	}
	if p.Output.Write == WriteDirect {
		o.direct = atomicfile.NewDirect(o.f)
	}
	if p.Output.Write == WriteEdges {
		if o.edges, err = rundir.OpenFile(p.partPath(), flag|dsync); err != nil {
			return nil, err
		}
		o.n = p.Portions()
		o.from = func(portion int64) int64 {
			first, _ := p.Portion(portion)
			return o.base + parts.Offset(first)
		}
	}
	for _, f := range []*os.File{o.f, o.edges} {
		if f == nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && info.Size() != p.Output.Size {
			err = fileerr.Errorf(f.Name(), "it has %d bytes instead of %d", info.Size(), p.Output.Size)
		}
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

// WriteAt writes a page that portions share so that it waits for the disk.
func (o *outputFile) WriteAt(b []byte, off int64) (n int, err error) {
	switch {
	case o.direct != nil:
		return o.direct.WriteAt(b, off+o.base)
	case o.edges == nil:
		return o.f.WriteAt(b, off+o.base)
	}
	for n < len(b) {
		at := off + o.base + int64(n)
		f, upto := o.f, o.edge(at)
		if upto <= at {
			f, upto = o.edges, upto+page
		}
		k, err := f.WriteAt(b[n:n+int(min(upto-at, int64(len(b)-n)))], at)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// errMoved says that the file has another name by now, or none.
var errMoved = fmt.Errorf("the output is not in its place any more: %w", os.ErrNotExist)

// inPlace returns an error if the file is not under its name any more: then it was published, or
// removed.
func (o *outputFile) inPlace() error {
	there, err := os.Lstat(o.f.Name())
	if err != nil {
		return err
	}
	own, err := o.f.Stat()
	if err == nil && !os.SameFile(there, own) {
		err = fileerr.New(o.f.Name(), errMoved)
	}
	return err
}

// edge is where the first shared page begins of which something lies at an offset or behind it.
func (o *outputFile) edge(at int64) int64 {
	start := at / page * page
	i := sort.Search(int(o.n), func(i int) bool { return o.from(int64(i)) > start })
	for ; int64(i) < o.n; i++ {
		if from := o.from(int64(i)); from%page != 0 {
			return from / page * page
		}
	}
	return math.MaxInt64 - page
}

func (o *outputFile) ReadAt(b []byte, off int64) (int, error) { return o.f.ReadAt(b, off+o.base) }
func (o *outputFile) Sync() error                             { return o.f.Sync() }

func (o *outputFile) Close() (err error) {
	if o.direct != nil {
		err = o.direct.Close()
	}
	for _, f := range []*os.File{o.f, o.edges} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}
