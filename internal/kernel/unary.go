package kernel

import "fmt"

// A UnaryOp is an element-wise operation on one operand, with the semantics of
// NumPy's ufunc, or function, of the same name.
type UnaryOp uint8

// The unary operations.
const (
	Negative UnaryOp = iota // not of bools; unsigned integers wrap
	Positive                // not of bools
	// of complex numbers: the modulus, a float; the smallest integer stays itself.
	Absolute
	Square     //
	Sqrt       // from here to Rint: of floats, to which integers are converted
	Exp        //
	Exp2       //
	Expm1      //
	Log        //
	Log2       //
	Log10      //
	Log1p      //
	Sin        //
	Cos        //
	Tan        //
	Tanh       //
	Rint       // to the nearest integer, of two the even one
	Floor      // integers and bools stay what they are; not of complex numbers
	Ceil       // likewise
	Trunc      // likewise
	Invert     // of integers: all bits; of bools: logical not
	LogicalNot // result Bool, as of all that follow
	IsNaN      // of complex numbers: of either part
	IsInf      // likewise
	IsFinite   // of complex numbers: of both parts
	Sign       // -1, 0, 1 or NaN; of complex numbers: z/|z|
	Conjugate  //
	RealPart   // the real part, or the number itself
	ImagPart   // the imaginary part, or 0
)

var unaryNames = [...]string{
	"negative", "positive", "absolute", "square", "sqrt", "exp", "exp2", "expm1",
	"log", "log2", "log10", "log1p", "sin", "cos", "tan", "tanh", "rint", "floor", "ceil", "trunc",
	"invert", "logical_not", "isnan", "isinf", "isfinite", "sign", "conjugate", "real", "imag",
}

// String is NumPy's name of the operation.
func (op UnaryOp) String() string {
	if int(op) >= len(unaryNames) {
		return "invalid"
	}
	return unaryNames[op]
}

// Types says how op works on elements e: they must be converted to in first, and
// the result has out. in.Types is in and out again. It is false where there is no
// such loop: Negative, Positive and Sign of bools; Invert of floats; Floor, Ceil and
// Trunc of complex numbers. Of complex numbers NumPy has all functions, this has Sqrt, Exp,
// Log, Sin and Cos.
//
// The rules are NumPy 2's: functions of floats take bools and integers of 8 bits as
// float16, of 16 bits as float32, wider ones as float64; Square and Conjugate
// of bools are int8. 16-bit floats are as in [BinaryOp.Types]. Of long doubles there are none of
// the functions from Exp to Tanh, and of complex ones neither Absolute, Sqrt nor Sign.
func (op UnaryOp) Types(e Elem) (in, out Elem, ok bool) {
	in = e
	if int(op) >= len(unaryNames) || e.Size() == 0 {
		return Invalid, Invalid, false
	}
	ok = !e.IsLong() || longHas(op, e.IsComplex())
	switch op {
	case Negative, Positive, Sign:
		ok = ok && in != Bool
	case Square, Conjugate:
		in = int8FromBool(in)
	case Exp2, Expm1, Log2, Log10, Log1p, Tan, Tanh:
		ok = ok && !in.IsComplex()
		in = floatFor(in)
	case Sqrt, Exp, Log, Sin, Cos, Rint:
		in = floatFor(in)
	case Floor, Ceil, Trunc:
		ok = ok && !in.IsComplex()
	case Invert:
		ok = in <= Uint64
	}
	switch {
	case !ok:
		return Invalid, Invalid, false
	case op == LogicalNot || op >= IsNaN && op <= IsFinite:
		return in, Bool, true
	case op == Absolute || op == RealPart || op == ImagPart:
		return in, in.Part(), true
	}
	return in, in, true
}

// floatFor is the smallest float that NumPy considers safe for an integer.
func floatFor(e Elem) Elem {
	switch e {
	case Bool, Int8, Uint8:
		return Float16
	case Int16, Uint16:
		return Float32
	case Int32, Uint32, Int64, Uint64:
		return Float64
	}
	return e
}

// Unary computes the elements of dst from those of a, whose element e is the in of
// [UnaryOp.Types]; dst has its out. It computes as many as dst holds; a has as
// many, in this machine's byte order. dst may begin where a begins; otherwise they
// must not overlap.
//
// Results are NumPy's to the last bit, but: what a NaN has beyond its being one; the
// functions from Exp to Tanh, the modulus of complex numbers and their functions,
// which are those of [math] and [cmplx], within a few units in the last place. Sin,
// Cos and Tan of large numbers are so only if the result is not near 0. Functions of
// complex numbers with infinite, huge or NaN parts are not always what C says.
//
// Unary panics if there is no such loop.
func Unary(op UnaryOp, e Elem, dst, a []byte) {
	in, _, ok := op.Types(e)
	if !ok || in != e {
		panic(fmt.Sprintf("kernel: no loop for %v of %v", op, e))
	}
	switch e {
	case Bool:
		boolUnary(op, dst, a)
	case Int8:
		intUnary[int8](op, dst, a)
	case Uint8:
		intUnary[uint8](op, dst, a)
	case Int16:
		intUnary[int16](op, dst, a)
	case Uint16:
		intUnary[uint16](op, dst, a)
	case Int32:
		intUnary[int32](op, dst, a)
	case Uint32:
		intUnary[uint32](op, dst, a)
	case Int64:
		intUnary[int64](op, dst, a)
	case Uint64:
		intUnary[uint64](op, dst, a)
	case Float16, BFloat16:
		halfUnary(op, e, dst, a)
	case Float32:
		floatUnary[float32](op, dst, a)
	case Float64:
		floatUnary[float64](op, dst, a)
	case Complex64:
		complexUnary[float32](op, dst, a)
	case Complex128:
		complexUnary[float64](op, dst, a)
	case X87, Quad, ComplexX87, ComplexQuad:
		longUnary(op, e, dst, a)
	}
}

// boolUnary has what [UnaryOp.Types] leaves to bools.
func boolUnary(op UnaryOp, d, a []byte) {
	switch op {
	case LogicalNot, Invert:
		truthXor(d, a, 1)
	case IsNaN, IsInf, ImagPart:
		clear(d)
	case IsFinite:
		setAll(d, 1)
	default:
		truthXor(d, a, 0)
	}
}
