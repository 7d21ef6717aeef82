package mmapnpy

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// An NDArray shows the elements of a [Buffer] as values of T, in place. It lives as long as
// the bytes it shows.
//
// T is the Go type of the dtype:
//
//	b1               bool, or uint8 for the bytes as they are
//	i1 … i8          int8 … int64
//	u1 … u8          uint8 … uint64
//	f4 f8 c8 c16     float32 float64 complex64 complex128
//	f2, bfloat16     uint16, the bits
//	f16 c32          [16]byte and [32]byte
//	M8 m8            int64, the ticks
//	S, V             [n]byte
//	U                [n]rune for n characters, or [4*n]byte
//	a subarray       arrays of arrays: (2,3)f8 is [2][3]float64
//	a struct         a struct, or [n]byte for n bytes
//
// Named types with these underlying types will do. Every field of a structured dtype must have a Go
// field of its own type, which is matched by the tag `npy:"name"`, else by a name that differs in
// case at most; where both lie at the same places, fields of the dtype may also lie under Go fields
// called _. Where they do not, as NumPy packs records and Go aligns structs, elements are converted
// when they are read and written; see [NDArray.InPlace].
//
// A byte of a boolean that is neither 0 nor 1, which NumPy takes as true, is undefined in a Go
// bool. At and All turn it into true.
type NDArray[T any] struct {
	buf   Buffer
	bools []span    // in every value
	moved *matching // nil for elements in place
}

// View shows the elements of f as T without copying them. It is valid until f is closed.
// Elements of another type are an error that matches [ErrType] and names both types, and
// elements of foreign byte order one that matches [ErrByteOrder].
func View[T any](f *File) (NDArray[T], error) {
	b, err := f.Buffer()
	if err != nil {
		return NDArray[T]{}, err
	}
	v, err := ViewOf[T](b)
	if err != nil {
		return NDArray[T]{}, &FormatError{Path: f.Name(), Offset: -1, Field: "descr", Err: err}
	}
	return v, nil
}

// ViewOf shows the elements of b as T; see [View].
func ViewOf[T any](b Buffer) (NDArray[T], error) {
	m, err := fit[T](b)
	if err != nil {
		return NDArray[T]{}, err
	}
	if len(m.swaps) > 0 {
		return NDArray[T]{}, fmt.Errorf("%w: the elements are %s; take a converted copy (CopyOf) or an accessor (Numbers, Strings, Times)",
			ErrByteOrder, brief(b.DType))
	}
	b.Shape, b.Strides = slices.Clone(b.Shape), slices.Clone(b.Strides)
	v := NDArray[T]{buf: b, bools: m.bools}
	if len(m.moves) > 0 {
		v.moved = &m
	}
	return v, nil
}

// CopyOf returns the elements as a new slice in C order and this machine's byte order, from
// any order and byte order. T is as for [NDArray]; [n]byte takes the bytes as they are. Bytes
// that cannot be read any more are a *[FaultError]. A copy that does not fit into memory is an
// error that matches [ErrTooLarge], unless [AllowLarge] insists, its only option.
func CopyOf[T any](b Buffer, opts ...Option) ([]T, error) {
	m, err := fit[T](b)
	if err != nil {
		return nil, err
	}
	c, err := newConfig("CopyOf", aboutCopies, opts)
	if err != nil {
		return nil, err
	}
	n, size := b.Len(), b.DType.size
	if total := n * max(size, m.size); !c.allowLarge || total < 0 || total > math.MaxInt {
		if err := bytesrc.Afford(total); err != nil {
			return nil, fmt.Errorf("a copy of %d elements of %s %w", n, brief(b.DType), err)
		}
	}
	if size == 0 {
		return make([]T, n), nil
	}
	var s []T
	var raw []byte
	if kernel.Shares() {
		s = make([]T, n)
		raw = kernel.Bytes(s)
	} else {
		raw = make([]byte, n*m.size)
	}
	err = bytesrc.Guard(func() error {
		if len(m.moves) == 0 {
			b.gather(raw)
			return nil
		}
		m.gather(raw, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.convert(raw, int(m.size))
	if !kernel.Shares() {
		s = kernel.Slice[T](raw)
	}
	return s, nil
}

// Shape is the number of elements along each axis, empty and not nil for a 0-d array. It must not
// be changed.
func (v NDArray[T]) Shape() []int64 {
	if v.buf.Shape == nil {
		return []int64{}
	}
	return v.buf.Shape
}

// Strides are the distances in bytes between neighbours along each axis. They must not be
// changed.
func (v NDArray[T]) Strides() []int64 { return v.buf.Strides }

// Len is the number of elements.
func (v NDArray[T]) Len() int64 { return v.buf.Len() }

// Order is 'C' or 'F' if the elements lie without gaps in C or in Fortran order (the first
// index fastest), 'C' if both, and 0 if neither.
func (v NDArray[T]) Order() byte {
	switch {
	case v.buf.CContiguous():
		return 'C'
	case v.buf.FContiguous():
		return 'F'
	}
	return 0
}

// InPlace reports whether the elements lie in memory as values of T do. If not, they are structs
// whose fields lie elsewhere, and At, All and Set convert.
func (v NDArray[T]) InPlace() bool { return v.moved == nil }

// Slice returns the elements as one slice of the same memory, in storage order: see
// [NDArray.Order]. It is false where that is not possible: the elements have gaps, or are not
// [NDArray.InPlace]; T holds bools
// and not all of their bytes are 0 or 1, for which all are read; the processor reads no
// unaligned numbers, and these are; or the build may not reinterpret memory (tag purego).
func (v NDArray[T]) Slice() ([]T, bool) {
	n, size := v.buf.Len(), v.buf.DType.size
	if v.Order() == 0 || int64(int(n)) != n || v.moved != nil {
		return nil, false
	}
	if n*size == 0 {
		return make([]T, n), true
	}
	raw := v.buf.Data[v.buf.Offset : v.buf.Offset+n*size]
	if !kernel.Shares() || !kernel.Aligned[T](raw) || !validBools(raw, int(size), v.bools) {
		return nil, false
	}
	return kernel.Slice[T](raw), true
}

// At returns one element. Like a slice, it panics if an index is out of range.
func (v NDArray[T]) At(idx ...int64) T { return v.load(v.buf.at(idx)) }

// Set stores one element, and panics as At does. In a file that was opened read-only it is a
// fault; see [File.Guard].
func (v NDArray[T]) Set(x T, idx ...int64) {
	one := [1]T{x}
	if v.moved != nil {
		v.moved.put(v.buf.element(idx), kernel.Bytes(one[:]))
		return
	}
	copy(v.buf.element(idx), kernel.Bytes(one[:]))
}

// All yields the elements in C order.
func (v NDArray[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		if s, ok := v.Slice(); ok && v.buf.CContiguous() {
			for _, x := range s {
				if !yield(x) {
					return
				}
			}
			return
		}
		for pos := range v.buf.positions {
			if !yield(v.load(pos)) {
				return
			}
		}
	}
}

// load reads the element at a position in Data.
func (v *NDArray[T]) load(pos int64) (x T) {
	size := v.buf.DType.size
	e := v.buf.Data[pos : pos+size]
	switch {
	case size == 0:
		return x
	case v.moved != nil:
		return v.convert(e)
	case len(v.bools) == 0 || !kernel.Shares(): // decoding a bool takes any byte
		return kernel.Slice[T](e)[0]
	}
	var one [1]T
	raw := kernel.Bytes(one[:])
	copy(raw, e)
	normalizeBools(raw, int(size), v.bools)
	return one[0]
}

// convert makes a value of an element whose fields lie elsewhere.
func (v *NDArray[T]) convert(e []byte) T {
	var one [1]T
	raw := kernel.Bytes(one[:])
	if !kernel.Shares() {
		raw = make([]byte, v.moved.size)
	}
	v.moved.take(raw, e, len(e))
	if !kernel.Shares() {
		return kernel.Slice[T](raw)[0]
	}
	normalizeBools(raw, len(raw), v.bools)
	return one[0]
}
