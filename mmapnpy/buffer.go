package mmapnpy

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// A Buffer is an untyped strided window over bytes: element idx begins at byte
// Offset + Σ idx[d]*Strides[d] of Data. It is what Python calls a buffer (PEP 3118). It
// does not own its bytes, and lives as long as whatever lent them.
//
// The methods that return another Buffer show the same bytes; they copy nothing, and do not
// change b.
type Buffer struct {
	Data    []byte
	Offset  int64
	DType   DType
	Shape   []int64
	Strides []int64 // in bytes; may be negative or zero
}

// BufferOf shows the elements of s, in C order, as an array of the given shape: of one dimension
// if the call gives none, and of none (0-d, one element) if it passes an empty slice, as
// BufferOf(s, result.Shape()...) does for a single value. A nil slice is no shape. [DTypeOf] says
// which T are possible. Builds that may not reinterpret memory (tag purego) copy s.
func BufferOf[T any](s []T, shape ...int64) (Buffer, error) {
	t, err := DTypeOf[T]()
	if err != nil {
		return Buffer{}, err
	}
	if shape == nil {
		shape = []int64{int64(len(s))}
	}
	t, dims := t.Elements()
	shape = slices.Concat(shape, dims)
	if err := checkGeometry(shape, t.size); err != nil {
		return Buffer{}, err
	}
	b := Buffer{Data: kernel.Bytes(s), DType: t, Shape: ownShape(shape), Strides: cStrides(shape, t.size)}
	if b.NBytes() != int64(len(b.Data)) {
		return Buffer{}, fmt.Errorf("shape %s does not hold %d elements", appendShape(nil, shape), len(s))
	}
	return b, nil
}

// ownShape copies a shape. That of a 0-d array is empty and not nil, which [BufferOf] tells apart.
func ownShape(shape []int64) []int64 { return append([]int64{}, shape...) }

// Len is the number of elements.
func (b Buffer) Len() int64 {
	n := int64(1)
	for _, s := range b.Shape {
		n *= s
	}
	return n
}

// NBytes is the size of the elements, laid end to end.
func (b Buffer) NBytes() int64 { return b.Len() * b.DType.ItemSize() }

// Check returns an error unless every element lies within Data. What reads or writes elements
// calls it first; a Buffer that comes from this package needs no check.
func (b Buffer) Check() error {
	if !b.DType.IsValid() {
		return errors.New("buffer has no dtype")
	}
	if len(b.Shape) != len(b.Strides) {
		return fmt.Errorf("buffer has %d dimensions and %d strides", len(b.Shape), len(b.Strides))
	}
	if err := checkGeometry(b.Shape, b.DType.size); err != nil {
		return fmt.Errorf("buffer: shape %s: %w", appendShape(nil, b.Shape), err)
	}
	if b.Len() == 0 {
		return nil
	}
	lo, hi := b.Offset, b.Offset
	for d, n := range b.Shape {
		reach, ok := mulInt64(n-1, b.Strides[d])
		if !ok {
			return fmt.Errorf("buffer: stride %d over %d elements overflows", b.Strides[d], n)
		}
		// Each sum is that of a bound and a number of the same sign, or of an offset
		// that is checked below: it overflows if it turns the other way.
		if reach < 0 {
			lo, ok = lo+reach, lo+reach < lo
		} else {
			hi, ok = hi+reach, hi+reach >= hi
		}
		if !ok {
			return errors.New("buffer: strides overflow")
		}
	}
	if end := int64(len(b.Data)) - b.DType.size; lo < 0 || hi > end {
		return fmt.Errorf("buffer: elements begin at byte %d to %d, and the last place for one of %d bytes is %d", lo, hi, b.DType.size, end)
	}
	return nil
}

// mulInt64 multiplies, and reports whether the product fits.
func mulInt64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// The high word of the signed product; it must repeat the sign of the low one.
	high := int64(hi) - a>>63&b - b>>63&a
	return int64(lo), high == int64(lo)>>63
}

// CContiguous reports whether the elements lie without gaps in C order. An array without
// elements does.
func (b Buffer) CContiguous() bool {
	step := b.DType.size
	dense := true
	for d := len(b.Shape) - 1; d >= 0; d-- {
		if b.Shape[d] == 0 {
			return true
		}
		dense = dense && (b.Shape[d] == 1 || b.Strides[d] == step)
		step *= b.Shape[d]
	}
	return dense
}

// FContiguous reports whether the elements lie without gaps in Fortran order, the first index
// fastest. An array without elements does.
func (b Buffer) FContiguous() bool { return b.Transpose().CContiguous() }

// Transpose reverses the axes; see [Buffer.Permute] for other orders.
func (b Buffer) Transpose() Buffer {
	b.Shape, b.Strides = slices.Clone(b.Shape), slices.Clone(b.Strides)
	slices.Reverse(b.Shape)
	slices.Reverse(b.Strides)
	return b
}

// Permute orders the axes as listed; every axis must be listed once.
func (b Buffer) Permute(axes ...int) (Buffer, error) {
	ndim := len(b.Shape)
	seen := make([]bool, ndim)
	shape, strides := make([]int64, 0, ndim), make([]int64, 0, ndim)
	for _, d := range axes {
		if d < 0 || d >= ndim || seen[d] {
			return Buffer{}, fmt.Errorf("axes %v are not an order of %d axes", axes, ndim)
		}
		seen[d] = true
		shape, strides = append(shape, b.Shape[d]), append(strides, b.Strides[d])
	}
	if len(axes) != ndim {
		return Buffer{}, fmt.Errorf("axes %v are not an order of %d axes", axes, ndim)
	}
	b.Shape, b.Strides = shape, strides
	return b, nil
}

// Index takes position i of an axis, which vanishes. Positions count from 0.
func (b Buffer) Index(axis int, i int64) (Buffer, error) {
	if err := b.checkAxis(axis); err != nil {
		return Buffer{}, err
	}
	if i < 0 || i >= b.Shape[axis] {
		return Buffer{}, fmt.Errorf("index %d is out of range for axis %d with size %d", i, axis, b.Shape[axis])
	}
	b.Offset += i * b.Strides[axis]
	b.Shape = slices.Delete(slices.Clone(b.Shape), axis, axis+1)
	b.Strides = slices.Delete(slices.Clone(b.Strides), axis, axis+1)
	return b, nil
}

// Slice takes the positions start, start+step, … of an axis that come before stop or, if
// step is negative, after it. Positions count from 0 and do not wrap: to end at the first
// element with a negative step, stop is -1.
func (b Buffer) Slice(axis int, start, stop, step int64) (Buffer, error) {
	if err := b.checkAxis(axis); err != nil {
		return Buffer{}, err
	}
	n, low := b.Shape[axis], int64(0)
	if step < 0 {
		n, low = n-1, -1
	}
	if step == 0 || min(start, stop) < low || max(start, stop) > n {
		return Buffer{}, fmt.Errorf("slice %d:%d:%d does not fit axis %d with size %d", start, stop, step, axis, b.Shape[axis])
	}
	count := int64(0)
	switch {
	case step > 0 && start < stop:
		count = (stop-start-1)/step + 1
	case step < 0 && start > stop:
		count = int64(uint64(start-stop-1)/-uint64(step)) + 1
	}
	b.Shape, b.Strides = slices.Clone(b.Shape), slices.Clone(b.Strides)
	b.Shape[axis] = count
	if count > 0 {
		b.Offset += start * b.Strides[axis]
	}
	if count > 1 { // else the stride means nothing, and the product could overflow
		b.Strides[axis] *= step
	}
	return b, nil
}

func (b Buffer) checkAxis(axis int) error {
	if axis < 0 || axis >= len(b.Shape) {
		return fmt.Errorf("axis %d does not exist: the array has %d", axis, len(b.Shape))
	}
	return nil
}

// Field is the window over one field of a structured dtype, by its name or title. A subarray
// field appends its axes, those of arrays of arrays outermost first.
func (b Buffer) Field(name string) (Buffer, error) {
	f, ok := b.DType.Field(name)
	if !ok {
		return Buffer{}, fmt.Errorf("%w: dtype %s has no field %q", ErrType, brief(b.DType), name)
	}
	return b.field(f), nil
}

func (b Buffer) field(f Field) Buffer {
	b.Offset += f.Offset
	base, dims := f.DType.Elements()
	b.DType = base
	b.Shape, b.Strides = slices.Concat(b.Shape, dims), slices.Concat(b.Strides, cStrides(dims, base.size))
	return b
}

// CopyTo copies the elements to dst in C order, in the byte order they have. dst must hold
// NBytes bytes. Bytes that cannot be read any more are a *[FaultError].
func (b Buffer) CopyTo(dst []byte) error {
	if err := b.Check(); err != nil {
		return err
	}
	if n := b.NBytes(); int64(len(dst)) < n {
		return fmt.Errorf("%d bytes do not fit into %d", n, len(dst))
	}
	return bytesrc.Guard(func() error {
		b.gather(dst)
		return nil
	})
}

// gather copies the elements to the start of dst in C order.
func (b Buffer) gather(dst []byte) {
	switch n := b.NBytes(); {
	case n == 0:
	case b.CContiguous():
		copy(dst, b.Data[b.Offset:b.Offset+n])
	default:
		kernel.Gather(dst[:n], b.Data, int(b.Offset), b.Shape, b.Strides, int(b.DType.size))
	}
}

// at is the position of an element in Data. It panics with a clear message if the index
// does not fit, as indexing a slice does.
func (b *Buffer) at(idx []int64) int64 {
	if len(idx) != len(b.Shape) {
		panic(fmt.Sprintf("mmapnpy: %d indices for %d dimensions", len(idx), len(b.Shape)))
	}
	pos := b.Offset
	for d, i := range idx {
		if uint64(i) >= uint64(b.Shape[d]) {
			panic(fmt.Sprintf("mmapnpy: index %d is out of range for axis %d with size %d", i, d, b.Shape[d]))
		}
		pos += i * b.Strides[d]
	}
	return pos
}

// element is the bytes of one element.
func (b *Buffer) element(idx []int64) []byte {
	pos := b.at(idx)
	return b.Data[pos : pos+b.DType.size]
}

// positions yields the positions of all elements in Data, in C order.
func (b *Buffer) positions(yield func(int64) bool) {
	if b.Len() == 0 {
		return
	}
	idx := make([]int64, len(b.Shape))
	pos := b.Offset
	for {
		if !yield(pos) {
			return
		}
		d := len(idx) - 1
		for ; d >= 0; d-- {
			if idx[d]++; idx[d] < b.Shape[d] {
				pos += b.Strides[d]
				break
			}
			pos -= (b.Shape[d] - 1) * b.Strides[d]
			idx[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// pieces yields parts that make up b in C order, of at most n bytes each, or of one element
// if that is larger. A part is valid until the next.
func (b Buffer) pieces(n int64) iter.Seq[Buffer] {
	return func(yield func(Buffer) bool) {
		if b.Len() == 0 {
			return
		}
		// Axes from inner on are whole in every part; the one before is cut into rows.
		inner, size := len(b.Shape), max(b.DType.size, 1)
		for inner > 0 && size*b.Shape[inner-1] <= n {
			inner--
			size *= b.Shape[inner]
		}
		if inner == 0 {
			yield(b)
			return
		}
		axis, rows := inner-1, max(n/size, 1)
		outer := Buffer{Offset: b.Offset, Shape: b.Shape[:axis], Strides: b.Strides[:axis]}
		part := b
		part.Shape, part.Strides = slices.Clone(b.Shape[axis:]), b.Strides[axis:]
		for pos := range outer.positions {
			for i := int64(0); i < b.Shape[axis]; i += rows {
				part.Offset = pos + i*b.Strides[axis]
				part.Shape[0] = min(rows, b.Shape[axis]-i)
				if !yield(part) {
					return
				}
			}
		}
	}
}

// cStrides are the byte strides of gapless elements in C order.
func cStrides(shape []int64, itemsize int64) []int64 {
	strides := make([]int64, len(shape))
	step := itemsize
	for d := len(shape) - 1; d >= 0; d-- {
		strides[d] = step
		step *= max(shape[d], 1)
	}
	return strides
}
