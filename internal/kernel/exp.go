package kernel

import (
	"math"
	"math/cmplx"
)

// The exponential and what is made of it. Those of package math choose instructions by the
// processor at run time, whose last bits differ; these are the same everywhere.

// exp is e^x, to within one unit in the last place. It follows FreeBSD's
// /usr/src/lib/msun/src/e_exp.c, as the portable code of package math does:
//
//	Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
//	Permission to use, copy, modify, and distribute this software is freely granted, provided
//	that this notice is preserved.
func exp(x float64) float64 {
	const (
		upperLn2 = 6.93147180369123816490e-01 // products with integers up to 2^20 are exact
		lowerLn2 = 1.90821492927058770002e-10
		log2e    = 1.44269504088896338700e+00

		overflow  = 7.09782712893383973096e+02
		underflow = -7.45133219101941108420e+02
		nearZero  = 0x1p-28

		p1 = 1.66666666666666657415e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	switch {
	case x != x:
		return x
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	case -nearZero < x && x < nearZero:
		return 1 + x
	}
	// x = k*ln2 + r, |r| <= ln2/2; r is upper - lower.
	half := 0.5
	if x < 0 {
		half = -half
	}
	k := int(float64(log2e*x) + half)
	upper := x - float64(float64(k)*upperLn2)
	lower := float64(float64(k) * lowerLn2)
	r := upper - lower
	t := float64(r * r)
	c := float64(t*p5) + p4
	c = float64(t*c) + p3
	c = float64(t*c) + p2
	c = float64(t*c) + p1
	c = r - float64(t*c)
	y := 1 - ((lower - float64(r*c)/(2-c)) - upper)
	if k > -1000 && k < 1000 {
		return y * math.Float64frombits(uint64(k+1023)<<52)
	}
	return math.Ldexp(y, k)
}

// tanh is [math.Tanh] with this exp.
func tanh(x float64) float64 {
	z := math.Abs(x)
	if !(z >= 0.625 && z < 44) {
		return math.Tanh(x) // a rational function, or a limit
	}
	return math.Copysign(1-2/(exp(2*z)+1), x)
}

// finiteComplex reports whether both parts are.
func finiteComplex(z complex128) bool { return real(z)-real(z) == 0 && imag(z)-imag(z) == 0 }

// expComplex is [cmplx.Exp] with this exp.
func expComplex(z complex128) complex128 {
	if !finiteComplex(z) {
		return cmplx.Exp(z)
	}
	return polar(exp(real(z)), imag(z))
}

// polar is r*(cos(theta) + i*sin(theta)).
func polar(r, theta float64) complex128 {
	s, c := math.Sincos(theta)
	return complex(r*c, r*s)
}

// sinComplex is [cmplx.Sin] with this exp.
func sinComplex(z complex128) complex128 {
	if !finiteComplex(z) {
		return cmplx.Sin(z)
	}
	s, c := math.Sincos(real(z))
	sh, ch := sinhcosh(imag(z))
	return complex(s*ch, c*sh)
}

// cosComplex is [cmplx.Cos] with this exp.
func cosComplex(z complex128) complex128 {
	if !finiteComplex(z) {
		return cmplx.Cos(z)
	}
	s, c := math.Sincos(real(z))
	sh, ch := sinhcosh(imag(z))
	return complex(c*ch, -s*sh)
}

func sinhcosh(x float64) (sh, ch float64) {
	e := exp(x)
	half := 0.5 / e
	e *= 0.5
	if math.Abs(x) <= 0.5 {
		return math.Sinh(x), e + half // a polynomial
	}
	return e - half, e + half
}

// powComplex is [cmplx.Pow] of a base that is not 0, with this exp and power.
func powComplex(x, y complex128) complex128 {
	modulus := cmplx.Abs(x)
	r := power(modulus, real(y))
	arg := cmplx.Phase(x)
	theta := float64(real(y) * arg)
	if imag(y) != 0 {
		r *= exp(-imag(y) * arg)
		theta += float64(imag(y) * log(modulus))
	}
	return polar(r, theta)
}
