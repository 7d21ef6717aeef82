package lazy

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Raw says how an array lies in a file that does not say so itself, as the arguments of np.memmap
// do.
type Raw struct {
	DType  mmapnpy.DType
	Offset int64   // bytes before the first element. Default 0
	Shape  []int64 // Default: one axis of all whole elements behind the offset
	Order  string  // "C", the default, or "F"
}

// OpenRaw opens an array in a file without a header, such as the data file of a camera. The file
// may have more bytes than the array; one that has fewer is a [FormatError]. Options about headers
// and archives ([Lenient], [Header], [Zip]) say nothing about such a file, as they say nothing to
// [Open] about one of the other kind.
func OpenRaw(path string, r Raw, opts ...Option) (*Array, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	src, err := bytesrc.Open(path, bytesrc.Options{Backend: c.backend, Access: c.access()})
	if err != nil {
		return nil, err
	}
	a, err := openRaw(src, r, c)
	if err != nil {
		_ = src.Close() // best effort
		return nil, err
	}
	a.files[0].close = src.Close
	return a, nil
}

func openRaw(src bytesrc.Source, r Raw, c config) (*Array, error) {
	h, err := r.header(src.Size())
	if err != nil {
		return nil, &FormatError{Path: src.Name(), Offset: -1, Field: "raw", Err: err}
	}
	f := &file{src: src, header: h, path: src.Name(), close: func() error { return nil }, granule: granule(src)}
	f.mark = watch(src, imprint{header: h, raw: true})
	return newArray(&leaf{strided{src: src, base: h.DataOffset, dtype: h.DType, shape: h.Shape, strides: h.Strides()}, f}, c)
}

// header is what a header would have said about a file of so many bytes.
func (r Raw) header(size int64) (mmapnpy.Header, error) {
	h := mmapnpy.Header{DType: r.DType, Shape: slices.Clone(r.Shape), FortranOrder: r.Order == "F", DataOffset: r.Offset}
	item := r.DType.ItemSize()
	switch {
	case r.Order != "" && r.Order != "C" && r.Order != "F":
		return h, fmt.Errorf("order %q (want C or F)", r.Order)
	case r.DType.HasObject():
		return h, mmapnpy.ErrObject
	case item <= 0:
		return h, fmt.Errorf("elements of %s have no bytes", r.DType)
	case r.Offset < 0 || r.Offset > size:
		return h, fmt.Errorf("offset %d in a file of %d bytes", r.Offset, size)
	}
	if r.Shape == nil {
		h.Shape = []int64{(size - r.Offset) / item}
	}
	// Elements that are arrays themselves have axes behind those of the array, as in np.memmap.
	base, dims := h.DType.Elements()
	h.DType, item = base, base.ItemSize()
	h.Shape = append(h.Shape, dims...)
	layout := chunk.Layout{Shape: h.Shape, ItemSize: item}
	if err := layout.Validate(); err != nil {
		return h, err
	}
	if n := layout.NBytes(); n > size-r.Offset {
		return h, fmt.Errorf("%s elements of %s need %d bytes, and behind offset %d there are %d",
			shapeString(h.Shape), r.DType, n, r.Offset, size-r.Offset)
	}
	return h, nil
}
