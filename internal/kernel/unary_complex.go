package kernel

import (
	"math"
	"math/cmplx"
)

// complexUnary is [Unary] for complex numbers with parts of T.
func complexUnary[T Float](op UnaryOp, dst, a []byte) {
	x := Slice[T](a)
	switch op {
	case LogicalNot, IsNaN, IsInf, IsFinite:
		classifyComplex(op, dst, x)
		return
	}
	d := Slice[T](dst)
	switch op {
	case Absolute, RealPart, ImagPart:
		complexToFloat(op, d, x[:2*len(d)])
	default:
		complexMap(op, d, x[:len(d)])
	}
	finish(dst, d)
}

func classifyComplex[T Float](op UnaryOp, d []byte, x []T) {
	x = x[:2*len(d)]
	for i := range d {
		re, im := x[2*i], x[2*i+1]
		switch op {
		case LogicalNot:
			d[i] = bit(re == 0 && im == 0)
		case IsNaN:
			d[i] = bit(re != re || im != im)
		case IsInf:
			d[i] = bit(isInf(re) || isInf(im))
		case IsFinite:
			d[i] = bit(re-re == 0 && im-im == 0)
		}
	}
}

func isInf[T Float](v T) bool { return v-v != 0 && v == v }

func complexToFloat[T Float](op UnaryOp, d, x []T) {
	for i := range d {
		re, im := x[2*i], x[2*i+1]
		switch op {
		case Absolute:
			d[i] = T(math.Hypot(float64(re), float64(im)))
		case RealPart:
			d[i] = re
		default:
			d[i] = im
		}
	}
}

func complexMap[T Float](op UnaryOp, d, x []T) {
	for i := 0; i+1 < len(x); i += 2 {
		re, im := x[i], x[i+1]
		switch op {
		case Negative:
			re, im = -re, -im
		case Square:
			re, im = multiplyComplex(re, im, re, im)
		case Rint:
			re, im = T(quiet(math.RoundToEven(float64(re)))), T(quiet(math.RoundToEven(float64(im))))
		case Conjugate:
			im = -im
		case Sign:
			re, im = signComplex(re, im)
		case Positive:
		default:
			z := complexFunction(op, complex(float64(re), float64(im)))
			re, im = T(real(z)), T(imag(z))
		}
		d[i], d[i+1] = re, im
	}
}

// signComplex is z/|z|. Where |z| is infinite it is the direction of the infinite
// part, even beside a NaN, NaN if there are two, and that of the imaginary part if
// there is none.
func signComplex[T Float](re, im T) (T, T) {
	abs := T(math.Hypot(float64(re), float64(im)))
	switch infRe := isInf(re); {
	case infRe && isInf(im):
		nan := T(math.NaN())
		return nan, nan
	case infRe:
		return signFloat(re), 0
	case isInf(abs):
		return 0, signFloat(im)
	case abs == 0:
		return 0, 0
	}
	return re / abs, im / abs
}

func complexFunction(op UnaryOp, z complex128) complex128 {
	switch op {
	case Sqrt:
		return cmplx.Sqrt(z)
	case Exp:
		return expComplex(z)
	case Log:
		return cmplx.Log(z)
	case Sin:
		return sinComplex(z)
	}
	return cosComplex(z)
}
