//go:build !purego

package kernel

// pairVectors does op for as many pairs of floats as fill vectors, and returns how many these are:
// none of an operation that has no vectors. d may be x or y.
func pairVectors[T Float](op BinaryOp, d, x, y []T) int {
	per := vectorBytes / sizeOf[T]()
	n := len(d) / per
	if !hasVectors || n == 0 {
		return 0
	}
	_, _ = x[per*n-1], y[per*n-1]
	to, a, b, wide := first(d), first(x), first(y), sizeOf[T]() == 8
	switch {
	case op == Add && wide:
		addFloats64(to, a, b, n)
	case op == Add:
		addFloats32(to, a, b, n)
	case op == Subtract && wide:
		subtractFloats64(to, a, b, n)
	case op == Subtract:
		subtractFloats32(to, a, b, n)
	case op == Multiply && wide:
		multiplyFloats64(to, a, b, n)
	case op == Multiply:
		multiplyFloats32(to, a, b, n)
	case op == Divide && wide:
		divideFloats64(to, a, b, n)
	case op == Divide:
		divideFloats32(to, a, b, n)
	default:
		return 0
	}
	return per * n
}

// scalarVectors is pairVectors with one number for all of y.
func scalarVectors[T Float](op BinaryOp, d, x []T, y T) (done int) {
	var buf [spread]T
	if !hasVectors || len(d) < len(buf) {
		return 0
	}
	setAll(buf[:], y)
	for len(d)-done >= len(buf) {
		n := pairVectors(op, d[done:done+len(buf)], x[done:], buf[:])
		if n == 0 {
			break
		}
		done += n
	}
	return done
}

// castVectors does cast for as many elements as fill vectors, and returns how many these are: of
// integers of up to 16 bits as floats, and of what is narrower than float64.
func castVectors[D, S Real](dst []D, src []S) int {
	switch to := any(dst).(type) {
	case []float64:
		return floatVectors(to, src)
	case []float32:
		n := len(src) / 8
		if !hasVectors || n == 0 || isFloat[S]() || sizeOf[S]() > 2 {
			return 0
		}
		_ = to[8*n-1]
		switch p := first(src); {
		case sizeOf[S]() == 1 && isSigned[S]():
			float32OfInt8(&to[0], p, n)
		case sizeOf[S]() == 1:
			float32OfUint8(&to[0], p, n)
		case isSigned[S]():
			float32OfInt16(&to[0], p, n)
		default:
			float32OfUint16(&to[0], p, n)
		}
		return 8 * n
	}
	return 0
}
