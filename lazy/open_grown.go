package lazy

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// imprint is what tells a file to which elements were appended, which are no business of who opened
// it before, from one that was rewritten.
type imprint struct {
	header mmapnpy.Header
	opts   []mmapnpy.Option
	raw    bool // without a header in the file
	axis   int  // that grows
	sum    uint32
	first  int64 // how many bytes the sum is of
}

// watch has a source look for growth, if it is a file of its own. An array without axes does not
// grow.
func watch(src bytesrc.Source, m imprint) *imprint {
	f, ok := src.(*bytesrc.File)
	if !ok || len(m.header.Shape) == 0 {
		return nil
	}
	h := &m.header
	if h.FortranOrder {
		m.axis = len(h.Shape) - 1
	}
	m.first = min(h.NBytes(), markBytes)
	if m.sum, ok = m.sumOf(f); !ok {
		return nil
	}
	m.watch(f)
	return &m
}

// watch has another opening of the file look for growth.
func (m *imprint) watch(f *bytesrc.File) {
	if m != nil {
		f.MayGrow(m.check, m.header.Shape[m.axis], m.header.DataOffset+m.header.NBytes())
	}
}

// sumOf is the checksum of the first elements.
func (m *imprint) sumOf(r io.ReaderAt) (uint32, bool) {
	b := make([]byte, m.first)
	n, _ := r.ReadAt(b, m.header.DataOffset)
	return crc32.ChecksumIEEE(b), n == len(b)
}

// check is a [bytesrc.GrowthCheck]. The extent is the length of the axis that grows.
func (m *imprint) check(r io.ReaderAt, size int64) (extent int64, same bool) {
	if m.raw {
		sum, ok := m.sumOf(r)
		return 0, ok && sum == m.sum
	}
	h, err := mmapnpy.ReadHeader(r, size, "", m.opts...)
	if err != nil || !m.fits(h) {
		return 0, false
	}
	sum, ok := m.sumOf(r)
	return h.Shape[m.axis], ok && sum == m.sum
}

// fits reports whether a header is that of the array, or of one with more along the axis that
// grows.
func (m *imprint) fits(h mmapnpy.Header) bool {
	was := &m.header
	if !h.DType.Equal(was.DType) || h.FortranOrder != was.FortranOrder || h.DataOffset != was.DataOffset || len(h.Shape) != len(was.Shape) {
		return false
	}
	for d, n := range h.Shape {
		if n != was.Shape[d] && (d != m.axis || n < was.Shape[d]) {
			return false
		}
	}
	return true
}

// Refresh opens the file behind a once more and shows all that is in it by now, such as the rows
// that another process has appended ([mmapnpy.Append]) since a was opened. It has a's options and
// navigation axes, and is closed on its own; a stays as it is, and valid. A file that holds
// something else by now is an error that matches [ErrChanged]. So is an array that is not all of
// one .npy file: refresh that, and slice what it gives.
//
// An array whose file grows needs no Refresh to be read on: what was there when it was opened stays
// readable, in passes and block by block.
func (a *Array) Refresh() (*Array, error) {
	h, ok := a.FileHeader()
	if !ok || !a.shows(h) || a.files[0].again == nil {
		return nil, fmt.Errorf("%w: %s is not all of a .npy file, which is what can be refreshed", ErrShape, a.Name())
	}
	c := a.config
	c.roles = roles{given: true}
	for d, ax := range a.axes {
		if ax.Navigate {
			c.roles.axes = append(c.roles.axes, d)
		}
	}
	now, err := a.files[0].again(c)
	if err != nil {
		return nil, err
	}
	if !a.files[0].grewTo(now.files[0]) {
		return nil, errors.Join(a.errorf("%w: holds another array", ErrChanged), now.Close())
	}
	return now, nil
}

// grewTo reports whether a later opening of the file holds what f does.
func (f *file) grewTo(now *file) bool {
	if f.mark == nil {
		return now.header.DType.Equal(f.header.DType) && len(now.header.Shape) == 0 && len(f.header.Shape) == 0
	}
	src, ok := now.src.(*bytesrc.File)
	if !ok {
		return false
	}
	_, same := f.mark.check(src, src.Size())
	return same
}
