package lazy

import (
	"fmt"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// Negative is -x. It is not defined for booleans.
func Negative(x *Array) (*Array, error) { return unary(kernel.Negative, x) }

// Absolute is the magnitude of x, a float for complex numbers.
func Absolute(x *Array) (*Array, error) { return unary(kernel.Absolute, x) }

// Square is x * x.
func Square(x *Array) (*Array, error) { return unary(kernel.Square, x) }

// Sqrt is the square root. As for all functions of floats, integers of 8 bits become float16, of
// 16 bits float32, and of more float64.
func Sqrt(x *Array) (*Array, error) { return unary(kernel.Sqrt, x) }

// Exp is e to the power of x.
func Exp(x *Array) (*Array, error) { return unary(kernel.Exp, x) }

// Log is the natural logarithm.
func Log(x *Array) (*Array, error) { return unary(kernel.Log, x) }

// Log2 is the logarithm to base 2.
func Log2(x *Array) (*Array, error) { return unary(kernel.Log2, x) }

// Log10 is the logarithm to base 10.
func Log10(x *Array) (*Array, error) { return unary(kernel.Log10, x) }

// Log1p is the natural logarithm of 1 + x.
func Log1p(x *Array) (*Array, error) { return unary(kernel.Log1p, x) }

// Sin is the sine of x in radians.
func Sin(x *Array) (*Array, error) { return unary(kernel.Sin, x) }

// Cos is the cosine of x in radians.
func Cos(x *Array) (*Array, error) { return unary(kernel.Cos, x) }

// Tanh is the hyperbolic tangent.
func Tanh(x *Array) (*Array, error) { return unary(kernel.Tanh, x) }

// Floor is the largest integer not above x, in x's dtype, as of Ceil, Trunc and Rint.
func Floor(x *Array) (*Array, error) { return unary(kernel.Floor, x) }

// Ceil is the smallest integer not below x.
func Ceil(x *Array) (*Array, error) { return unary(kernel.Ceil, x) }

// Trunc is x without its fraction.
func Trunc(x *Array) (*Array, error) { return unary(kernel.Trunc, x) }

// Rint is the integer nearest to x, of two the even one.
func Rint(x *Array) (*Array, error) { return unary(kernel.Rint, x) }

// Sign is -1, 0 or 1, and NaN for NaN.
func Sign(x *Array) (*Array, error) { return unary(kernel.Sign, x) }

// Invert flips all bits of integers, and is not of booleans.
func Invert(x *Array) (*Array, error) { return unary(kernel.Invert, x) }

// LogicalNot says where x is zero.
func LogicalNot(x *Array) (*Array, error) { return unary(kernel.LogicalNot, x) }

// IsNaN says where x is not a number.
func IsNaN(x *Array) (*Array, error) { return unary(kernel.IsNaN, x) }

// IsInf says where x is infinite.
func IsInf(x *Array) (*Array, error) { return unary(kernel.IsInf, x) }

// IsFinite says where x is neither infinite nor NaN.
func IsFinite(x *Array) (*Array, error) { return unary(kernel.IsFinite, x) }

// Conjugate is the complex conjugate.
func Conjugate(x *Array) (*Array, error) { return unary(kernel.Conjugate, x) }

// Real is the real part of complex numbers.
func Real(x *Array) (*Array, error) { return unary(kernel.RealPart, x) }

// Imag is the imaginary part of complex numbers, and zero for others.
func Imag(x *Array) (*Array, error) { return unary(kernel.ImagPart, x) }

func unary(op kernel.UnaryOp, x *Array) (*Array, error) {
	t := native(x.DType())
	elem, ok := t.Elem()
	in, out, defined := op.Types(elem)
	if _, _, narrow := op.Types(kernel.Float64); elem.IsLong() && !defined && narrow {
		return nil, fmt.Errorf("%s: %w", op, onlyNarrowed(t))
	}
	if !ok || !defined {
		return nil, fmt.Errorf("%s: %w", op, undefined(t))
	}
	l := func(dst []byte, b [][]byte) error {
		kernel.Unary(op, in, dst, b[0])
		return nil
	}
	n, err := newElementwise(typeFor(out, elem, t), stateless(l), castTo(x.node, typeFor(in, elem, t)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return combine(n, []*Array{x})
}
