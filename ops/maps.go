package ops

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// unaryMaps are the functions of one array, by NumPy's names.
func unaryMaps() []*entry {
	table := []struct {
		name string
		f    func(x *lazy.Array) (*lazy.Array, error)
		text string
	}{
		{"absolute", lazy.Absolute, "the magnitude, a float for complex numbers"},
		{"ceil", lazy.Ceil, "the smallest integer not below"},
		{"conjugate", lazy.Conjugate, "the complex conjugate"},
		{"cos", lazy.Cos, "the cosine, in radians"},
		{"exp", lazy.Exp, "e to the power of it"},
		{"floor", lazy.Floor, "the largest integer not above"},
		{"imag", lazy.Imag, "the imaginary part"},
		{"invert", lazy.Invert, "all bits flipped"},
		{"isfinite", lazy.IsFinite, "where it is neither infinite nor NaN"},
		{"isinf", lazy.IsInf, "where it is infinite"},
		{"isnan", lazy.IsNaN, "where it is NaN"},
		{"log", lazy.Log, "the natural logarithm"},
		{"log10", lazy.Log10, "the logarithm to base 10"},
		{"log1p", lazy.Log1p, "the natural logarithm of 1 + it"},
		{"log2", lazy.Log2, "the logarithm to base 2"},
		{"logical_not", lazy.LogicalNot, "where it is zero"},
		{"negative", lazy.Negative, "with the other sign"},
		{"real", lazy.Real, "the real part"},
		{"rint", lazy.Rint, "the nearest integer, of two the even one"},
		{"sign", lazy.Sign, "-1, 0 or 1"},
		{"sin", lazy.Sin, "the sine, in radians"},
		{"sqrt", lazy.Sqrt, "the square root"},
		{"square", lazy.Square, "multiplied with itself"},
		{"tanh", lazy.Tanh, "the hyperbolic tangent"},
		{"trunc", lazy.Trunc, "without the fraction"},
	}
	var list []*entry
	for _, t := range table {
		e := mapEntry(t.name, func(a *lazy.Array, _ struct{}) (*lazy.Array, error) { return t.f(a) })
		list = append(list, e.is(t.name, t.text, nil))
	}
	return list
}

// binaryMaps are the functions of the array and an operand, by NumPy's names.
func binaryMaps() []*entry {
	table := []struct {
		name    string
		f       func(x, y lazy.Operand) (*lazy.Array, error)
		operand string // of the example
		text    string
	}{
		{"add", lazy.Add, "1", "array + operand"},
		{"bitwise_and", lazy.BitwiseAnd, "255", "the bits that both have"},
		{"bitwise_or", lazy.BitwiseOr, "1", "the bits that one of them has"},
		{"bitwise_xor", lazy.BitwiseXor, "1", "the bits that they differ in"},
		{"divide", lazy.Divide, "flat.npy", "array / operand, a float"},
		{"equal", lazy.Equal, "0", "where array == operand"},
		{"floor_divide", lazy.FloorDivide, "2", "the largest integer not above array / operand"},
		{"greater", lazy.Greater, "0.5", "where array > operand"},
		{"greater_equal", lazy.GreaterEqual, "0.5", "where array >= operand"},
		{"left_shift", lazy.LeftShift, "2", "array << operand"},
		{"less", lazy.Less, "0.5", "where array < operand"},
		{"less_equal", lazy.LessEqual, "0.5", "where array <= operand"},
		{"logical_and", lazy.LogicalAnd, "mask.npy", "where both are not zero"},
		{"logical_or", lazy.LogicalOr, "mask.npy", "where one of them is not zero"},
		{"logical_xor", lazy.LogicalXor, "mask.npy", "where exactly one of them is not zero"},
		{"maximum", lazy.Maximum, "0", "the greater one, and NaN if either is"},
		{"minimum", lazy.Minimum, "100", "the lesser one, and NaN if either is"},
		{"multiply", lazy.Multiply, "0.5", "array * operand"},
		{"not_equal", lazy.NotEqual, "0", "where array != operand"},
		{"power", lazy.Power, "2", "array to the power of the operand"},
		{"remainder", lazy.Remainder, "2", "what floor_divide leaves, with the sign of the operand"},
		{"right_shift", lazy.RightShift, "2", "array >> operand"},
		{"subtract", lazy.Subtract, "background.npy", "array - operand; unsigned integers wrap, as NumPy's: astype first"},
	}
	var list []*entry
	for _, t := range table {
		e := mapEntry(t.name, func(a *lazy.Array, p BinaryParams) (*lazy.Array, error) {
			return withOperands(func(x []lazy.Operand) (*lazy.Array, error) {
				if p.Reverse {
					return t.f(x[0], a)
				}
				return t.f(a, x[0])
			}, p.Operand)
		})
		list = append(list, e.is(t.name+"="+t.operand, t.text, positional(arg{"operand", operandArg})))
	}
	return list
}

// otherMaps have parameters of their own.
func otherMaps() []*entry {
	of := func(e *entry, example, text string, args ...arg) *entry {
		return e.is(example, text, positional(args...))
	}
	return []*entry{
		of(mapEntry("clip", clip), "clip=0,100", "not below lo and not above hi", arg{"lo", operandArg}, arg{"hi", operandArg}),
		of(mapEntry("where", where), "where=1,0", "x where the condition is not zero, else y; the array is the one that is missing",
			arg{"x", operandArg}, arg{"y", operandArg}),
		of(mapEntry("astype", func(a *lazy.Array, p AsTypeParams) (*lazy.Array, error) {
			t, err := p.DType.Parse()
			if err != nil {
				return nil, err
			}
			return a.AsType(t)
		}), "astype=f4", "cast as NumPy does", arg{"dtype", textArg}),
		of(mapEntry("slice", func(a *lazy.Array, p SliceParams) (*lazy.Array, error) { return a.Slice(p.Index) }),
			"slice=0:10, ::2", "basic indexing", arg{"index", textArg}),
		of(mapEntry("transpose", func(a *lazy.Array, p AxesParams) (*lazy.Array, error) { return a.Transpose(p.Axes...) }),
			"transpose=1,0", "axes in another order; reversed without axes", arg{"axes", listArg}),
		of(mapEntry("squeeze", func(a *lazy.Array, p AxesParams) (*lazy.Array, error) { return a.Squeeze(p.Axes...) }),
			"squeeze=0", "without these axes of length one, or without all", arg{"axes", listArg}),
		of(mapEntry("expand_dims", func(a *lazy.Array, p AxesParams) (*lazy.Array, error) { return a.ExpandDims(p.Axes...) }),
			"expand_dims=0", "with axes of length one in these places", arg{"axes", listArg}),
		of(mapEntry("axes", roles), "axes=0,1", "with these navigation axes, or signal axes", arg{"navigation", listArg}),
		of(mapEntry("reshape", func(a *lazy.Array, p ShapeParams) (*lazy.Array, error) { return a.Reshape(p.Shape...) }),
			"reshape=-1,64,64", "in another shape, in C order; one length may be -1", arg{"shape", listArg}),
		of(mapEntry("broadcast_to", func(a *lazy.Array, p ShapeParams) (*lazy.Array, error) { return a.BroadcastTo(p.Shape...) }),
			"broadcast_to=8,64,64", "repeated along axes of length one and in front", arg{"shape", listArg}),
		of(mapEntry("field", func(a *lazy.Array, p FieldParams) (*lazy.Array, error) { return a.Field(p.Name) }),
			"field=energy", "one field of structured elements", arg{"name", textArg}),
		of(mapEntry("take", func(a *lazy.Array, p TakeParams) (*lazy.Array, error) { return a.Take(p.Indices, p.Axis) }),
			"take=0,2,-1", "picked by indices along an axis, the first by default", arg{"indices", listArg}),
		of(mapEntry("select", selectByMask), "select=mask.npy", "the measurements for which a mask over the navigation axes is true",
			arg{"mask", textArg}),
		of(mapEntry("bin_sum", func(a *lazy.Array, p BinParams) (*lazy.Array, error) { return a.BinSum(p.Factors...) }),
			"bin_sum=1,1,2,2", "sums of groups of neighbours along every axis", arg{"factors", listArg}),
		of(mapEntry("bin_mean", func(a *lazy.Array, p BinParams) (*lazy.Array, error) { return a.BinMean(p.Factors...) }),
			"bin_mean=1,1,2,2", "means of groups of neighbours along every axis", arg{"factors", listArg}),
		of(mapEntry("correct", correct), "correct=dark.npy,gain.npy", "(signal - dark) * gain in floating point, with dead pixels replaced by their neighbours",
			arg{"dark", operandArg}, arg{"gain", operandArg}),
		of(mapEntry("at_positions", func(a *lazy.Array, p AtPositionsParams) (*lazy.Array, error) {
			return a.AtPositions(p.Positions, p.Scan...)
		}), `at_positions{"positions":[[0,0],[0,1],[1,1]],"scan":[2,2]}`, "measurements at their places in a scan"),
	}
}

func clip(a *lazy.Array, p ClipParams) (*lazy.Array, error) {
	return withOperands(func(x []lazy.Operand) (*lazy.Array, error) {
		switch lo, hi := x[0], x[1]; {
		case lo == nil && hi == nil:
			return nil, errors.New("neither lo nor hi is given")
		case hi == nil:
			return lazy.Maximum(a, lo)
		case lo == nil:
			return lazy.Minimum(a, hi)
		default:
			return lazy.Clip(a, lo, hi)
		}
	}, p.Lo, p.Hi)
}

func where(a *lazy.Array, p WhereParams) (*lazy.Array, error) {
	return withOperands(func(x []lazy.Operand) (*lazy.Array, error) {
		missing := 0
		for i := range x {
			if x[i] == nil {
				x[i] = a
				missing++
			}
		}
		if missing != 1 {
			return nil, fmt.Errorf("of cond, x and y exactly one must be missing, not %d", missing)
		}
		cond, ok := x[0].(*lazy.Array)
		if !ok {
			return nil, errors.New("parameter cond: not an array")
		}
		return lazy.Where(cond, x[1], x[2])
	}, p.Cond, p.X, p.Y)
}

func roles(a *lazy.Array, p RoleParams) (*lazy.Array, error) {
	switch {
	case len(p.Signal) == 0:
		return a.With(lazy.NavigationAxes(p.Navigation...))
	case len(p.Navigation) == 0:
		return a.With(lazy.SignalAxes(p.Signal...))
	}
	return nil, errors.New("navigation and signal axes cannot both be given")
}

func correct(a *lazy.Array, p CorrectParams) (*lazy.Array, error) {
	return withOperands(func(x []lazy.Operand) (*lazy.Array, error) {
		return a.Correct(lazy.Correction{Dark: x[0], Gain: x[1], DeadPixels: p.DeadPixels})
	}, p.Dark, p.Gain)
}

func selectByMask(a *lazy.Array, p SelectParams) (*lazy.Array, error) {
	mask, err := load(p.Mask)
	if err != nil {
		return nil, fmt.Errorf("parameter mask: %w", err)
	}
	return a.Select(mask)
}

// maxLoaded bounds the bytes of an array that is read as a whole, a mask: 1 GiB.
const maxLoaded = min(1<<30, math.MaxInt/4)

// load reads a small array.
func load(p Path) (*lazy.Result, error) {
	a, err := lazy.Open(string(p))
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if n := a.NBytes(); n > maxLoaded {
		return nil, fileerr.Errorf(string(p), "a mask of %d bytes is larger than %d", n, maxLoaded)
	}
	return a.Load(context.Background())
}
