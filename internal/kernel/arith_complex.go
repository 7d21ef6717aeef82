package kernel

import (
	"math"
)

// complexBinary is [Binary] for complex numbers with parts of T, one after the other.
func complexBinary[T Float](op BinaryOp, dst, a, b []byte) {
	x, y := Slice[T](a), Slice[T](b)
	if op.IsComparison() {
		compareComplex(op, dst, x, y)
		return
	}
	d := Slice[T](dst)
	if len(d) == 0 {
		return
	}
	if len(x) > 2 && len(y) > 2 || len(d) == 2 {
		complexPairs(op, d, x, y)
		finish(dst, d)
		return
	}
	var bufX, bufY [spread]T
	for rest := d; len(rest) > 0; {
		n := min(spread, len(rest))
		var u, v []T
		u, x = takePairs(x, bufX[:n])
		v, y = takePairs(y, bufY[:n])
		complexPairs(op, rest[:n], u, v)
		rest = rest[n:]
	}
	finish(dst, d)
}

// takePairs gives the next len(buf)/2 complex numbers of x and the rest of it. One
// alone is a scalar and fills buf; it stays what it is.
func takePairs[T Float](x, buf []T) (next, rest []T) {
	if len(x) > 2 {
		return x[:len(buf)], x[len(buf):]
	}
	for i := 0; i+1 < len(buf); i += 2 {
		buf[i], buf[i+1] = x[0], x[1]
	}
	return buf, x
}

func complexPairs[T Float](op BinaryOp, d, x, y []T) {
	switch op {
	case Add:
		addPairs(d, x, y)
	case Subtract:
		subtractPairs(d, x, y)
	case Multiply:
		x, y = x[:len(d)], y[:len(d)]
		for i := 0; i+1 < len(d); i += 2 {
			d[i], d[i+1] = multiplyComplex(x[i], x[i+1], y[i], y[i+1])
		}
	case Divide:
		x, y = x[:len(d)], y[:len(d)]
		for i := 0; i+1 < len(d); i += 2 {
			d[i], d[i+1] = divideComplex(x[i], x[i+1], y[i], y[i+1])
		}
	case Power:
		x, y = x[:len(d)], y[:len(d)]
		for i := 0; i+1 < len(d); i += 2 {
			d[i], d[i+1] = powerComplex(x[i], x[i+1], y[i], y[i+1])
		}
	case Minimum:
		extremeComplex(LessEqual, d, x, y)
	case Maximum:
		extremeComplex(GreaterEqual, d, x, y)
	}
}

func multiplyComplex[T Float](a, b, c, d T) (re, im T) {
	return product(a, c) - product(b, d), product(a, d) + product(b, c)
}

// product is x*y, rounded before anything is added to it.
func product[T Float](x, y T) T {
	return T(x * y) //nolint:unconvert // A conversion keeps Go from fusing it with a sum.
}

// divideComplex is the loop of NumPy's true_divide: R. L. Smith's algorithm 116
// (CACM 5, 1962), with a division by zero left to the machine.
func divideComplex[T Float](a, b, c, d T) (re, im T) {
	absC, absD := magnitude(c), magnitude(d)
	if absC >= absD {
		if absC == 0 && absD == 0 {
			return a / absC, b / absC
		}
		ratio := d / c
		scale := 1 / (c + product(d, ratio))
		return (a + product(b, ratio)) * scale, (b - product(a, ratio)) * scale
	}
	ratio := c / d
	scale := 1 / (d + product(c, ratio))
	return (product(a, ratio) + b) * scale, (product(b, ratio) - a) * scale
}

func magnitude[T Float](x T) T { return T(math.Abs(float64(x))) }

// powerComplex follows npy_cpow: powers of 0 are 0 or nothing, small integer
// exponents are products, and the rest is the exponential of a logarithm.
func powerComplex[T Float](a, b, c, d T) (re, im T) {
	nan := T(math.NaN())
	switch {
	case c == 0 && d == 0:
		return 1, 0
	case a == 0 && b == 0:
		if c > 0 {
			return 0, 0
		}
		return nan, nan
	case d == 0 && c > -100 && c < 100 && c == T(int(c)):
		return integerPower(a, b, int(c))
	}
	z := powComplex(complex(float64(a), float64(b)), complex(float64(c), float64(d)))
	return T(real(z)), T(imag(z))
}

func integerPower[T Float](a, b T, n int) (re, im T) {
	switch n {
	case 1:
		return a, b
	case 2:
		return multiplyComplex(a, b, a, b)
	case 3:
		re, im = multiplyComplex(a, b, a, b)
		return multiplyComplex(a, b, re, im)
	}
	re, im = 1, 0
	for k := max(n, -n); k > 0; k >>= 1 {
		if k&1 != 0 {
			re, im = multiplyComplex(re, im, a, b)
		}
		a, b = multiplyComplex(a, b, a, b)
	}
	if n < 0 {
		return divideComplex(1, 0, re, im)
	}
	return re, im
}

// extremeComplex keeps x where it is a NaN or op holds.
func extremeComplex[T Float](op BinaryOp, d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := 0; i+1 < len(d); i += 2 {
		re, im := x[i], x[i+1]
		if re == re && im == im && !complexHolds(op, re, im, y[i], y[i+1]) {
			re, im = y[i], y[i+1]
		}
		d[i], d[i+1] = re, im
	}
}
