package kernel

import "fmt"

// A BinaryOp is an element-wise operation on two operands, with the semantics of
// NumPy's ufunc of the same name.
type BinaryOp uint8

// The binary operations. Those of the last group are comparisons.
const (
	Add         BinaryOp = iota // logical or of bools
	Subtract                    // not of bools
	Multiply                    // logical and of bools
	Divide                      // np.true_divide
	FloorDivide                 // toward minus infinity; integers by 0 are 0
	Remainder                   // has the sign of the divisor; integers by 0 are 0
	Power                       // integers wrap; see HasNegative
	Minimum                     // NaN if either is
	Maximum                     // NaN if either is
	BitwiseAnd
	BitwiseOr
	BitwiseXor
	LeftShift  // by the width of the element and more, or by less than 0: 0
	RightShift // likewise: 0, or -1 of negative elements
	Equal
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

var binaryNames = [...]string{
	"add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "minimum", "maximum",
	"bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
	"equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
}

// String is the name of NumPy's ufunc.
func (op BinaryOp) String() string {
	if int(op) >= len(binaryNames) {
		return "invalid"
	}
	return binaryNames[op]
}

// IsComparison reports whether the result of op is Bool whatever the operands are.
func (op BinaryOp) IsComparison() bool { return op >= Equal && op <= GreaterEqual }

// Reversed is the comparison that says of (b, a) what op says of (a, b); op itself
// if it is no comparison.
func (op BinaryOp) Reversed() BinaryOp {
	switch op {
	case Less:
		return Greater
	case LessEqual:
		return GreaterEqual
	case Greater:
		return Less
	case GreaterEqual:
		return LessEqual
	}
	return op
}

// Types says how op works on two operands of element e: both must be converted to
// in first, and the result has out. in.Types is in and out again. It is false
// where NumPy has no such loop: Subtract of bools, bits of floats, FloorDivide and
// Remainder of complex numbers.
//
// The rules are NumPy 2's: Divide of integers and bools is float64; FloorDivide,
// Remainder, Power and shifts of bools are int8. Of long doubles there are neither
// FloorDivide nor Remainder nor Power. Float16 and BFloat16 are computed in float32, every result
// being rounded.
func (op BinaryOp) Types(e Elem) (in, out Elem, ok bool) {
	in = e
	if int(op) >= len(binaryNames) || e.Size() == 0 {
		return Invalid, Invalid, false
	}
	integer := in <= Uint64 // or bool
	switch op {
	case Subtract:
		ok = in != Bool
	case Divide:
		ok = true
		if integer {
			in = Float64
		}
	case FloorDivide, Remainder, Power:
		ok = (op == Power || !in.IsComplex()) && !in.IsLong()
		in = int8FromBool(in)
	case BitwiseAnd, BitwiseOr, BitwiseXor:
		ok = integer
	case LeftShift, RightShift:
		ok = integer
		in = int8FromBool(in)
	default:
		ok = true
	}
	switch {
	case !ok:
		return Invalid, Invalid, false
	case op.IsComparison():
		return in, Bool, true
	}
	return in, in, true
}

func int8FromBool(e Elem) Elem {
	if e == Bool {
		return Int8
	}
	return e
}

// Binary computes the elements of dst from those of a and b, whose element e is
// the in of [BinaryOp.Types]; dst has its out. There are len(dst)/out.Size() of
// them. An operand of a single element is a scalar: it stands for as many as
// there are. Operands are in this machine's byte order. dst may begin where an
// operand begins that is no scalar; otherwise they must not overlap.
//
// Results are NumPy's to the last bit, but: what a NaN has beyond its being one;
// the sign of a zero that Minimum and Maximum choose of two; Power of floats, which
// is within a unit in the last place of the exact one; Power of complex numbers,
// which is [cmplx.Pow] but for small integers; products of complex numbers, which
// NumPy fuses on some machines and which are never fused here.
//
// Binary panics if there is no such loop.
func Binary(op BinaryOp, e Elem, dst, a, b []byte) {
	in, _, ok := op.Types(e)
	if !ok || in != e {
		panic(fmt.Sprintf("kernel: no loop for %v of %v", op, e))
	}
	switch e {
	case Bool:
		boolBinary(op, dst, a, b)
	case Int8:
		intBinary[int8](op, dst, a, b)
	case Uint8:
		intBinary[uint8](op, dst, a, b)
	case Int16:
		intBinary[int16](op, dst, a, b)
	case Uint16:
		intBinary[uint16](op, dst, a, b)
	case Int32:
		intBinary[int32](op, dst, a, b)
	case Uint32:
		intBinary[uint32](op, dst, a, b)
	case Int64:
		intBinary[int64](op, dst, a, b)
	case Uint64:
		intBinary[uint64](op, dst, a, b)
	case Float16, BFloat16:
		halfBinary(op, e, dst, a, b)
	case Float32:
		floatBinary[float32](op, dst, a, b)
	case Float64:
		floatBinary[float64](op, dst, a, b)
	case Complex64:
		complexBinary[float32](op, dst, a, b)
	case Complex128:
		complexBinary[float64](op, dst, a, b)
	case X87, Quad, ComplexX87, ComplexQuad:
		longBinary(op, e, dst, a, b)
	}
}

// finish completes the writing of d, which is [Slice] of dst.
func finish[T any](dst []byte, d []T) {
	if !Aligned[T](dst) {
		copy(dst, Bytes(d))
	}
}

// spread is how many copies of a scalar are made at a time for loops that know
// no scalars; they stay in the first-level cache.
const spread = 512

func setAll[T any](buf []T, v T) {
	for i := range buf {
		buf[i] = v
	}
}
