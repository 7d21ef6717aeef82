package kernel

import "math"

// Signed is any signed integer element.
type Signed interface {
	~int8 | ~int16 | ~int32 | ~int64
}

// Unsigned is any unsigned integer element.
type Unsigned interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Integer is any integer element.
type Integer interface{ Signed | Unsigned }

// Float is any float element that the processor computes with.
type Float interface{ ~float32 | ~float64 }

// Real is any element with an order.
type Real interface{ Integer | Float }

// Elem names an element type for the kernels that work on bytes.
type Elem uint8

// The element types.
const (
	Invalid     Elem = iota
	Bool             // one byte, 0 is false
	Int8             // two's complement, as all Int*
	Uint8            //
	Int16            //
	Uint16           //
	Int32            //
	Uint32           //
	Int64            //
	Uint64           //
	Float16          // IEEE 754 binary16
	BFloat16         // the upper half of a binary32
	Float32          // IEEE 754 binary32
	Float64          // IEEE 754 binary64
	X87              // 80-bit extended in 16 bytes, the upper six are padding
	Quad             // IEEE 754 binary128
	Complex64        // two Float32
	Complex128       // two Float64
	ComplexX87       // two X87
	ComplexQuad      // two Quad
)

var elems = [...]struct {
	name string
	size int
	part Elem // of a complex element: the element of its two parts
}{
	Invalid:     {"invalid", 0, Invalid},
	Bool:        {"bool", 1, Invalid},
	Int8:        {"int8", 1, Invalid},
	Uint8:       {"uint8", 1, Invalid},
	Int16:       {"int16", 2, Invalid},
	Uint16:      {"uint16", 2, Invalid},
	Int32:       {"int32", 4, Invalid},
	Uint32:      {"uint32", 4, Invalid},
	Int64:       {"int64", 8, Invalid},
	Uint64:      {"uint64", 8, Invalid},
	Float16:     {"float16", 2, Invalid},
	BFloat16:    {"bfloat16", 2, Invalid},
	Float32:     {"float32", 4, Invalid},
	Float64:     {"float64", 8, Invalid},
	X87:         {"x87", 16, Invalid},
	Quad:        {"quad", 16, Invalid},
	Complex64:   {"complex64", 8, Float32},
	Complex128:  {"complex128", 16, Float64},
	ComplexX87:  {"complexx87", 32, X87},
	ComplexQuad: {"complexquad", 32, Quad},
}

// Size is the width of one element in bytes; 0 for an unknown code.
func (e Elem) Size() int {
	if int(e) >= len(elems) {
		return 0
	}
	return elems[e].size
}

// String is the element's name, lower case.
func (e Elem) String() string {
	if int(e) >= len(elems) {
		return elems[Invalid].name
	}
	return elems[e].name
}

// Part is the element of a complex element's two parts, and e itself for all others.
func (e Elem) Part() Elem {
	if int(e) < len(elems) && elems[e].part != Invalid {
		return elems[e].part
	}
	return e
}

// IsComplex reports whether e has a real and an imaginary part.
func (e Elem) IsComplex() bool { return e.Part() != e }

// IsLong reports whether e is a long double or a complex number of them.
func (e Elem) IsLong() bool { return e.Part() == X87 || e.Part() == Quad }

// MinIdentity is what [MinRows] and [MinCols] expect in an accumulator that
// has seen nothing: +Inf, or the largest integer.
func MinIdentity[T Real]() T {
	if isFloat[T]() {
		return T(math.Inf(1))
	}
	return maxInt[T]()
}

// MaxIdentity is the counterpart of [MinIdentity]: -Inf, or the smallest integer.
func MaxIdentity[T Real]() T {
	if isFloat[T]() {
		return T(math.Inf(-1))
	}
	return -maxInt[T]() - 1
}

// isFloat is a constant in every instantiation: one half survives only in a float.
func isFloat[T Real]() bool { return T(1)/T(2) != 0 }

// isSigned is a constant in every instantiation.
func isSigned[T Real]() bool { return T(0)-T(1) < 0 }

// maxInt is the greatest T, which is an integer.
func maxInt[T Real]() T {
	var half T = 1
	for range 8*sizeOf[T]() - 2 {
		half += half // in the end 2^(bits-2)
	}
	if isSigned[T]() {
		return half - 1 + half
	}
	return half - 1 + half + half + half
}
