package mmapnpy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// ErrNoRoom is matched by the error of [Append] when the header of a file has no room for the
// new shape. NumPy leaves room for any length since 1.24.
var ErrNoRoom = errors.New("no room in the header")

// Append adds the elements of b to the .npy file at path, along the axis that grows: the first
// one, or the last one of a file in Fortran order. Everything else must agree: dtype, number
// of axes, and the lengths of the others. b may lack the axis that grows, and then is one
// item.
//
// The file is changed in place and stays valid through a crash: the data are written behind
// the old ones and reach the disk before the header, which is rewritten in one go. If the data
// cannot be written, the file is as it was. A file whose data do not end where its header says
// is refused; see [Recover]. If the header has no room for the new shape, the error matches
// [ErrNoRoom] and nothing is written. Views that are open keep showing the old array.
//
// Who appends to one file at once, in one process or in many, takes turns: see [WaitFor], which is
// the option that it takes. A file that was replaced meanwhile, so that what was appended would be
// lost, is an error.
func Append(path string, b Buffer, opts ...Option) (err error) {
	c, err := newConfig("Append", aboutTurns, opts)
	if err != nil {
		return err
	}
	lock, err := filelock.Open(path, c.wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	f := lock.File
	h, size, err := readForUpdate(f, c)
	if err != nil {
		return err
	}
	axis, err := h.growthAxis()
	if err != nil {
		return fileerr.New(path, err)
	}
	if len(b.Shape) == len(h.Shape)-1 {
		b.Shape, b.Strides = slices.Insert(slices.Clone(b.Shape), axis, 1), slices.Insert(slices.Clone(b.Strides), axis, 0)
	}
	if err := h.accepts(b, axis); err != nil {
		return fileerr.New(path, err)
	}
	end := h.DataOffset + h.NBytes()
	if size != end {
		return &FormatError{Path: path, Offset: end, Field: "data",
			Err: fmt.Errorf("the file goes on for %d bytes behind its array, which Append would overwrite; see Recover", size-end)}
	}
	if b.Shape[axis] > math.MaxInt64-h.Shape[axis] {
		return fileerr.New(path, errTooLarge)
	}
	grown := h
	grown.Shape = slices.Clone(h.Shape)
	grown.Shape[axis] += b.Shape[axis]
	head, err := refit(grown)
	if err != nil {
		return fileerr.New(path, err)
	}
	if err := grow(f, head, end, b, h.FortranOrder); err != nil {
		return err
	}
	return lock.Current()
}

// readForUpdate reads the header of a file that is to be changed.
func readForUpdate(f *os.File, c config) (Header, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return Header{}, 0, err
	}
	if !info.Mode().IsRegular() {
		return Header{}, 0, fileerr.New(f.Name(), errors.New("not a regular file"))
	}
	h, err := readHeader(f, info.Size(), f.Name(), c)
	if err != nil {
		return Header{}, 0, err
	}
	if err := h.CheckReadable(); err != nil {
		return Header{}, 0, err
	}
	return h, info.Size(), nil
}

// growthAxis is the axis along which new elements lie behind the old ones.
func (h Header) growthAxis() (int, error) {
	switch {
	case len(h.Shape) == 0:
		return 0, errors.New("a 0-d array cannot grow")
	case h.FortranOrder:
		return len(h.Shape) - 1, nil
	}
	return 0, nil
}

// accepts returns an error unless b can be appended along the axis.
func (h Header) accepts(b Buffer, axis int) error {
	if err := b.Check(); err != nil {
		return err
	}
	if !b.DType.Equal(h.DType) {
		return fmt.Errorf("%w: cannot append %s to %s", ErrType, brief(b.DType), brief(h.DType))
	}
	if len(b.Shape) != len(h.Shape) {
		return fmt.Errorf("cannot append an array of %d dimensions to one of %d", len(b.Shape), len(h.Shape))
	}
	for d := range b.Shape {
		if d != axis && b.Shape[d] != h.Shape[d] {
			return fmt.Errorf("cannot append shape %s to %s along axis %d", appendShape(nil, b.Shape), appendShape(nil, h.Shape), axis)
		}
	}
	return nil
}

// refit encodes a header so that it takes exactly DataOffset bytes, as the one it replaces.
func refit(h Header) ([]byte, error) {
	if err := checkGeometry(h.Shape, h.DType.size); err != nil {
		return nil, err
	}
	text := headerText(h.DType.Descr(), h.FortranOrder, string(appendShape(nil, h.Shape)), -1)
	version, body, err := encodeText(text, h.Version)
	if err != nil {
		return nil, err
	}
	if need := int64(prefixSize(version) + len(body) + 1); need > h.DataOffset {
		return nil, fmt.Errorf("%w: the new shape needs %d bytes and the header has %d; rewrite the file with Save, which leaves room to grow",
			ErrNoRoom, need, h.DataOffset)
	}
	return frameHeader(version, body, int(h.DataOffset)), nil
}

// grow writes b at end and then the header. If the data cannot be written, the file gets its
// old length back.
func grow(f *os.File, head []byte, end int64, b Buffer, fortran bool) error {
	if fortran {
		b = b.Transpose()
	}
	p := &pieceWriter{w: io.NewOffsetWriter(f, end), at: end, most: b.NBytes()}
	defer p.release()
	err := p.writeBuffer(b)
	if err == nil {
		err = p.flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	if err := rehead(f, head); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	return f.Sync()
}

// rehead writes a header over the one of a file, which is as long. If that fails, the file gets the
// old one back.
func rehead(f *os.File, head []byte) error {
	old := make([]byte, len(head))
	if _, err := f.ReadAt(old, 0); err != nil {
		return err
	}
	_, err := f.WriteAt(head, 0)
	if err == nil {
		return nil
	}
	_, back := f.WriteAt(old, 0) // it fails where the other did, in bytes that are the old ones
	now := make([]byte, len(old))
	if _, failed := f.ReadAt(now, 0); failed != nil || !bytes.Equal(now, old) {
		err = errors.Join(err, back, failed)
	}
	return err
}
