package mmapnpy

import "github.com/lazynpy/lazynpy/internal/kernel"

// A LongFloat is the value of a long double (f16), for which Go has no type. See [Buffer.Value].
type LongFloat struct{ n kernel.Number }

// Float64 is the nearest float64, an infinity where the number is beyond it.
func (f LongFloat) Float64() float64 { return f.n.Float64() }

// String is the number in the fewest digits that tell it from all others of its format, NaN, +Inf
// or -Inf.
func (f LongFloat) String() string { return f.n.String() }

// A LongComplex is the value of a complex number of long doubles (c32).
type LongComplex struct{ Real, Imag LongFloat }

// String is the number as fmt prints complex ones, such as (1-2i).
func (c LongComplex) String() string { return kernel.ComplexString(c.Real.n, c.Imag.n) }

// numbers are the real parts of the number at the start of raw, which has the dtype d: one, or two.
func (d DType) numbers(raw []byte) []kernel.Number {
	e, _ := d.Elem()
	part := e.Part()
	var native [2 * 16]byte
	if d.Native() {
		copy(native[:], raw[:e.Size()])
	} else {
		kernel.SwapBytes(native[:e.Size()], raw[:e.Size()], part.Size())
	}
	var out []kernel.Number
	for at := 0; at < e.Size(); at += part.Size() {
		out = append(out, kernel.NumberOf(native[at:], part))
	}
	return out
}
