package mmapnpy

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// An Accessor decodes the elements of a [Buffer] as they are asked for: the way to read what
// has no Go type of its own, or a foreign byte order. It lives as long as the buffer's bytes, and
// is safe for concurrent use.
type Accessor[T any] struct {
	buf    Buffer
	decode func(dst []T, elements []byte) // len(dst) elements
}

// accessPiece is how many bytes of elements All decodes at once.
const accessPiece = 4 << 10

func newAccessor[T any](b Buffer, decode func([]T, []byte)) (Accessor[T], error) {
	if err := b.Check(); err != nil {
		return Accessor[T]{}, err
	}
	b.Shape, b.Strides = ownShape(b.Shape), slices.Clone(b.Strides)
	return Accessor[T]{buf: b, decode: decode}, nil
}

// eachElement makes a decoder of elements out of one for one element.
func eachElement[T any](size int64, decode func([]byte) T) func([]T, []byte) {
	return func(dst []T, b []byte) {
		for i := range dst {
			dst[i] = decode(b[int64(i)*size:][:size])
		}
	}
}

// wrongType is the error of asking for what the elements are not.
func wrongType(b Buffer, asked string) error {
	if !b.DType.IsValid() {
		return b.Check()
	}
	return fmt.Errorf("%w: %s requested, the elements are %s", ErrType, asked, brief(b.DType))
}

// Shape is the number of elements along each axis, empty and not nil for a 0-d array. It must not
// be changed.
func (a Accessor[T]) Shape() []int64 { return a.buf.Shape }

// Len is the number of elements.
func (a Accessor[T]) Len() int64 { return a.buf.Len() }

// At decodes one element. It panics if an index is out of range, as a slice does.
func (a Accessor[T]) At(idx ...int64) T {
	var one [1]T
	a.decode(one[:], a.buf.element(idx))
	return one[0]
}

// All yields the elements in C order.
func (a Accessor[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		var raw []byte
		var values []T
		for part := range a.buf.pieces(accessPiece) {
			n := int(part.Len())
			if values == nil { // the first part is the largest
				raw, values = make([]byte, part.NBytes()), make([]T, n)
			}
			part.gather(raw)
			a.decode(values[:n], raw)
			for _, v := range values[:n] {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// Number is what [Numbers] can decode to.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64 | ~complex64 | ~complex128
}

// Numbers decodes booleans, integers, floats of any size and complex numbers, of either byte
// order, to T by the rules of NumPy's astype: floats truncate toward zero, integers wrap, and
// the imaginary part is dropped for a real T.
func Numbers[T Number](b Buffer) (Accessor[T], error) {
	from, ok := b.DType.Elem()
	if !ok {
		return Accessor[T]{}, wrongType(b, "a number")
	}
	t, err := DTypeOf[T]()
	if err != nil {
		return Accessor[T]{}, err
	}
	to, _ := t.Elem()
	swap := !b.DType.Native()
	return newAccessor(b, func(dst []T, raw []byte) {
		if kernel.Shares() {
			kernel.Convert(kernel.Bytes(dst), to, raw[:len(dst)*from.Size()], from, swap)
			return
		}
		out := make([]byte, len(dst)*to.Size())
		kernel.Convert(out, to, raw[:len(dst)*from.Size()], from, swap)
		copy(dst, kernel.Slice[T](out))
	})
}

// Floats decodes real numbers to float64: floats of any size (float16, bfloat16, float32,
// float64, long doubles, which are rounded), integers and booleans, of either byte order. It is
// Numbers[float64] without complex numbers.
func Floats(b Buffer) (Accessor[float64], error) {
	if b.DType.Kind() == KindComplex {
		return Accessor[float64]{}, wrongType(b, "a real number")
	}
	return Numbers[float64](b)
}

// Strings decodes byte strings (S) and Unicode strings (U). The NULs that pad them are cut off
// at the end; others stay. Byte strings are taken as they are, in whatever encoding they
// have. A pair of surrogates becomes the character that it stands for in UTF-16; single ones,
// and numbers that are no code points, become U+FFFD.
func Strings(b Buffer) (Accessor[string], error) {
	switch b.DType.Kind() {
	case KindBytes:
		return newAccessor(b, eachElement(b.DType.size, func(e []byte) string { return strings.TrimRight(string(e), "\x00") }))
	case KindString:
		order := byteOrder(b.DType)
		return newAccessor(b, eachElement(b.DType.size, func(e []byte) string { return decodeUCS4(e, order) }))
	}
	return Accessor[string]{}, wrongType(b, "a string")
}

func decodeUCS4(e []byte, order binary.ByteOrder) string {
	for n := len(e); n >= 4 && order.Uint32(e[n-4:]) == 0; n -= 4 {
		e = e[:n-4]
	}
	s := make([]byte, 0, len(e))
	for len(e) >= 4 {
		r := codePoint(e, order)
		e = e[4:]
		if utf16.IsSurrogate(r) && len(e) >= 4 {
			if pair := utf16.DecodeRune(r, codePoint(e, order)); pair != utf8.RuneError {
				r, e = pair, e[4:]
			}
		}
		s = utf8.AppendRune(s, r) // U+FFFD for what is no character
	}
	return string(s)
}

// codePoint is the first number of e, or another that is no code point if it is too large
// for a rune.
func codePoint(e []byte, order binary.ByteOrder) rune {
	return rune(min(order.Uint32(e), math.MaxInt32))
}

// byteOrder is the order of a dtype's numbers.
func byteOrder(t DType) binary.ByteOrder {
	if t.order == '>' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
