package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Open opens the array at path, reading only its header, and plans its blocks. Its cost does not
// depend on the size of the array. Arrays of Python objects are refused ([mmapnpy.ErrObject]);
// everything else opens.
//
// The path names a .npy file, a .npz archive of one array, or, as "train.npz:x", an array in
// an archive ([SplitPath]). See [OpenArchive] for more than one array of an archive.
func Open(path string, opts ...Option) (*Array, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	path, key, named := SplitPath(path)
	if named {
		return openMember(path, key, named, c)
	}
	return openPlain(path, bytesrc.Options{Backend: c.backend, Access: c.access()}, c)
}

// openPlain opens a file, which may be an archive of one array.
func openPlain(path string, o bytesrc.Options, c config) (*Array, error) {
	src, err := bytesrc.Open(path, o)
	if err != nil {
		return nil, err
	}
	if isArchive(src) {
		if err := src.Close(); err != nil {
			return nil, err
		}
		return openMember(path, "", false, c)
	}
	a, err := open(src, c)
	if err != nil {
		outgrown := src.Outgrown()
		_ = src.Close() // best effort
		if outgrown {   // its header was rewritten since its length was looked at
			return openPlain(path, o, c)
		}
		return nil, err
	}
	a.files[0].close = src.Close
	a.files[0].again = func(c config) (*Array, error) { return openPlain(path, o, c) }
	return a, nil
}

func open(src bytesrc.Source, c config) (*Array, error) {
	h, err := mmapnpy.ReadHeader(src, src.Size(), src.Name(), c.header...)
	if err != nil {
		return nil, err
	}
	if err := h.CheckReadable(); err != nil {
		return nil, err
	}
	f := &file{src: src, header: h, path: src.Name(), close: func() error { return nil }, granule: granule(src)}
	f.mark = watch(src, imprint{header: h, opts: append(slices.Clip(c.header), mmapnpy.AllowShort())})
	return newArray(&leaf{strided{src: src, base: h.DataOffset, dtype: h.DType, shape: h.Shape, strides: h.Strides()}, f}, c)
}

// granule is what a source says is cheapest to read together.
func granule(src bytesrc.Source) int64 {
	if g, ok := src.(interface{ Granule() int64 }); ok {
		return g.Granule()
	}
	return 0
}
