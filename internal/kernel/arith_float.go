package kernel

import "math"

// floatBinary is [Binary] for floats.
func floatBinary[T Float](op BinaryOp, dst, a, b []byte) {
	x, y := Slice[T](a), Slice[T](b)
	if op.IsComparison() {
		compareReal(op, dst, x, y)
		return
	}
	d := Slice[T](dst)
	if op != Power || len(y) != 1 || len(x) != len(d) || !powerScalar(d, x, y[0]) {
		floatOperands(op, d, x, y)
	}
	finish(dst, d)
}

// floatOperands finds the loop for the lengths of the operands.
func floatOperands[T Float](op BinaryOp, d, x, y []T) {
	switch {
	case len(d) == 0:
	case len(x) == 1 && len(y) == 1 && len(d) > 1:
		floatPairs(op, d[:1], x, y)
		setAll(d[1:], d[0])
	case len(d) == 1:
		floatPairs(op, d, x, y)
	case len(x) == 1:
		floatOfScalar(op, d, x[0], y)
	case len(y) == 1:
		floatByScalar(op, d, x, y[0])
	default:
		floatPairs(op, d, x, y)
	}
}

func floatPairs[T Float](op BinaryOp, d, x, y []T) {
	n := pairVectors(op, d, x, y)
	d, x, y = d[n:], x[n:], y[n:]
	switch op {
	case Add:
		addPairs(d, x, y)
	case Subtract:
		subtractPairs(d, x, y)
	case Multiply:
		multiplyPairs(d, x, y)
	case Divide:
		dividePairs(d, x, y)
	case FloorDivide:
		floorDivideFloats(d, x, y)
	case Remainder:
		remainderFloats(d, x, y)
	case Power:
		powerFloats(d, x, y)
	case Minimum:
		minimumPairs(d, x, y)
	case Maximum:
		maximumPairs(d, x, y)
	}
}

func floatByScalar[T Float](op BinaryOp, d, x []T, y T) {
	if op == Subtract {
		op, y = Add, -y
	}
	n := scalarVectors(op, d, x, y)
	d, x = d[n:], x[n:]
	switch op {
	case Add:
		addScalar(d, x, y)
	case Multiply:
		multiplyScalar(d, x, y)
	case Divide:
		divideScalar(d, x, y)
	case Minimum:
		minimumScalar(d, x, y)
	case Maximum:
		maximumScalar(d, x, y)
	default:
		var buf [spread]T
		setAll(buf[:min(spread, len(d))], y)
		for len(d) > 0 {
			n := min(spread, len(d))
			floatPairs(op, d[:n], x[:n], buf[:n])
			d, x = d[n:], x[n:]
		}
	}
}

func floatOfScalar[T Float](op BinaryOp, d []T, x T, y []T) {
	switch op {
	case Add, Multiply, Minimum, Maximum:
		floatByScalar(op, d, y, x)
	case Subtract:
		subtractFrom(d, x, y)
	case Divide:
		divideInto(d, x, y)
	default:
		var buf [spread]T
		setAll(buf[:min(spread, len(d))], x)
		for len(d) > 0 {
			n := min(spread, len(d))
			floatPairs(op, d[:n], buf[:n], y[:n])
			d, y = d[n:], y[n:]
		}
	}
}

func dividePairs[T Float](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] / y[i]
	}
}

func divideScalar[T Float](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] / y
	}
}

func divideInto[T Float](d []T, x T, y []T) {
	y = y[:len(d)]
	for i := range d {
		d[i] = x / y[i]
	}
}

func floorDivideFloats[T Float](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i], _ = divmod(x[i], y[i])
	}
}

func remainderFloats[T Float](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		_, d[i] = divmod(x[i], y[i])
	}
}

// divmod is npy_divmod of NumPy's npy_math_internal.h.src, itself Python's: the
// remainder has the sign of y, and the quotient is what x less the remainder is
// in units of y.
func divmod[T Float](x, y T) (quotient, remainder T) {
	mod := fmod(x, y)
	if y == 0 {
		return x / y, mod
	}
	div := (x - mod) / y
	if mod != 0 {
		if (y < 0) != (mod < 0) {
			mod += y
			div--
		}
	} else {
		mod = T(math.Copysign(0, float64(y)))
	}
	if div == 0 {
		return T(math.Copysign(0, float64(x/y))), mod
	}
	floor := T(math.Floor(float64(div)))
	if div-floor > 0.5 {
		floor++
	}
	return floor, mod
}

// fmod is C's: exact, with the sign of x. What a float64 fmod makes of float32s is
// a float32.
func fmod[T Float](x, y T) T {
	a, b := math.Abs(float64(x)), math.Abs(float64(y))
	if a < b {
		return x // and y may be infinite
	}
	q := math.Trunc(a / b)
	if !(q < 1<<52) || b < 0x1p-960 {
		return T(math.Mod(float64(x), float64(y)))
	}
	// The quotient is right or one too large, and either way what is left is a
	// multiple of the last place of b no larger than b, so that nothing is rounded.
	r := math.FMA(-q, b, a)
	if r < 0 {
		r += b
	}
	return T(math.Copysign(r, float64(x)))
}

func powerFloats[T Float](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = T(power(float64(x[i]), float64(y[i])))
	}
}

// powerScalar has the exponents that NumPy treats apart if they are scalars, so that
// the square root of -Inf is NaN although its power of 0.5 is Inf; it is false for
// others. NumPy does not do so for float16.
func powerScalar[T Float](d, x []T, y T) bool {
	switch y {
	case -1:
		divideInto(d, 1, x)
	case 0:
		setAll(d, 1)
	case 0.5:
		sqrtFloats(d, x)
	case 1:
		copy(d, x)
	case 2:
		multiplyPairs(d, x, x)
	default:
		return false
	}
	return true
}
