package kernel

// intUnary is [Unary] for integers.
func intUnary[T Integer](op UnaryOp, dst, a []byte) {
	switch op {
	case IsNaN, IsInf:
		clear(dst)
		return
	case IsFinite:
		setAll(dst, 1)
		return
	case LogicalNot:
		equalScalar(dst, Slice[T](a), 0)
		return
	}
	d, x := Slice[T](dst), Slice[T](a)
	x = x[:len(d)]
	switch op {
	case Negative:
		subtractFrom(d, 0, x)
	case Absolute:
		absoluteInts(d, x)
	case Square:
		multiplyPairs(d, x, x)
	case Invert:
		bitsByScalar(BitwiseXor, d, x, ^T(0))
	case Sign:
		signInts(d, x)
	case ImagPart:
		clear(d)
	default:
		copy(d, x)
	}
	finish(dst, d)
}

// absoluteInts leaves the smallest integer, which has no positive counterpart.
func absoluteInts[T Integer](d, x []T) {
	if !isSigned[T]() {
		copy(d, x)
		return
	}
	x = x[:len(d)]
	for i := range d {
		d[i] = max(x[i], -x[i])
	}
}

func signInts[T Integer](d, x []T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = T(bit(x[i] > 0)) - T(bit(x[i] < 0))
	}
}
