package kernel

import "math"

// floatUnary is [Unary] for floats.
func floatUnary[T Float](op UnaryOp, dst, a []byte) {
	x := Slice[T](a)
	if op >= LogicalNot && op <= IsFinite {
		classify(op, dst, x)
		return
	}
	d := Slice[T](dst)
	floatMap(op, d, x[:len(d)])
	finish(dst, d)
}

// classify tells NaN and infinities by what they do when they are subtracted from
// themselves.
func classify[T Float](op UnaryOp, d []byte, x []T) {
	x = x[:len(d)]
	switch op {
	case LogicalNot:
		equalScalar(d, x, 0)
	case IsNaN:
		for i := range d {
			d[i] = bit(x[i] != x[i])
		}
	case IsInf:
		for i := range d {
			d[i] = bit(x[i]-x[i] != 0 && x[i] == x[i])
		}
	case IsFinite:
		for i := range d {
			d[i] = bit(x[i]-x[i] == 0)
		}
	}
}

func floatMap[T Float](op UnaryOp, d, x []T) {
	switch op {
	case Negative:
		for i, v := range x {
			d[i] = -v
		}
	case Absolute:
		for i, v := range x {
			d[i] = magnitude(v)
		}
	case Square:
		multiplyPairs(d, x, x)
	case Sqrt:
		sqrtFloats(d, x)
	case Rint:
		for i, v := range x {
			d[i] = T(quiet(math.RoundToEven(float64(v))))
		}
	case Floor:
		for i, v := range x {
			d[i] = T(quiet(math.Floor(float64(v))))
		}
	case Ceil:
		for i, v := range x {
			d[i] = T(quiet(math.Ceil(float64(v))))
		}
	case Trunc:
		for i, v := range x {
			d[i] = T(quiet(math.Trunc(float64(v))))
		}
	case Sign:
		for i, v := range x {
			d[i] = signFloat(v)
		}
	case ImagPart:
		clear(d)
	case Positive, Conjugate, RealPart:
		copy(d, x)
	default:
		mapFloats(d, x, function(op))
	}
}

// sqrtFloats is exact to half a unit in the last place for float32, too: a float64
// has more than twice its digits.
func sqrtFloats[T Float](d, x []T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = T(math.Sqrt(float64(x[i])))
	}
}

// signFloat of either zero is +0.
func signFloat[T Float](v T) T {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	case v == 0:
		return 0
	}
	return v
}

// mapFloats computes float32 functions as float64 ones, rounded.
func mapFloats[T Float](d, x []T, f func(float64) float64) {
	for i, v := range x {
		d[i] = T(f(float64(v)))
	}
}

// function is the Go function behind an operation that takes longer than a call.
func function(op UnaryOp) func(float64) float64 {
	switch op {
	case Exp:
		return exp
	case Exp2:
		return math.Exp2
	case Expm1:
		return math.Expm1
	case Log:
		return log
	case Log2:
		return log2
	case Log10:
		return log10
	case Log1p:
		return math.Log1p
	case Sin:
		return math.Sin
	case Cos:
		return math.Cos
	case Tan:
		return math.Tan
	}
	return tanh
}

const subnormal = 0x1p-1022 // and above: normal

// log is [math.Log], which on amd64 takes subnormal numbers for normal ones.
func log(v float64) float64 {
	if v > 0 && v < subnormal {
		return math.Log(v*0x1p54) - 54*math.Ln2
	}
	return math.Log(v)
}

func log10(v float64) float64 {
	if v > 0 && v < subnormal {
		return log(v) / math.Ln10
	}
	return math.Log10(v)
}

// log2 is [math.Log2], which splits off the exponent; just above 1 what is left would
// nearly cancel it.
func log2(v float64) float64 {
	if v > 1 && v < 1.5 {
		return math.Log(v) / math.Ln2
	}
	return math.Log2(v)
}
