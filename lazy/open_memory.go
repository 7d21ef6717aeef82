package lazy

import (
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// FromSlice shows a slice as an array in C order, of the given shape, or of one
// dimension if there is none. The array shares the slice's memory, which must not change
// while it is read. [mmapnpy.DTypeOf] says which T are possible.
func FromSlice[T any](s []T, shape ...int64) (*Array, error) {
	b, err := mmapnpy.BufferOf(s, shape...)
	if err != nil {
		return nil, err
	}
	return FromBuffer(b)
}

// FromResult shows what a reduction gave, or [Array.Load] read, as an array.
func FromResult(r *Result, opts ...Option) (*Array, error) { return FromBuffer(r.Buffer(), opts...) }

// FromBuffer shows elements in memory, of any strides, as an array that shares them. They
// must not change while they are read.
func FromBuffer(b mmapnpy.Buffer, opts ...Option) (*Array, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if b.DType.HasObject() {
		return nil, mmapnpy.ErrObject
	}
	c, err := newConfig(opts)
	if err == nil {
		err = c.withoutFile("an array in memory has none")
	}
	if err != nil {
		return nil, err
	}
	return newArray(bufferLeaf(b), c)
}

// bufferLeaf is the elements of a buffer that was checked.
func bufferLeaf(b mmapnpy.Buffer) *leaf {
	src := bytesrc.NewRAM("array in memory", b.Data)
	l := &leaf{view: strided{src: src, base: b.Offset, dtype: b.DType, shape: b.Shape, strides: b.Strides}}
	return l.field(mmapnpy.Field{DType: b.DType}) // elements that are arrays become axes
}
