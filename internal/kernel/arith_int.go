package kernel

// intBinary is [Binary] for integers.
func intBinary[T Integer](op BinaryOp, dst, a, b []byte) {
	x, y := Slice[T](a), Slice[T](b)
	if op.IsComparison() {
		compareReal(op, dst, x, y)
		return
	}
	d := Slice[T](dst)
	switch {
	case len(d) == 0:
		return
	case len(x) == 1:
		intOfScalar(op, d, x[0], y)
	case len(y) == 1:
		intByScalar(op, d, x, y[0])
	default:
		intPairs(op, d, x, y)
	}
	finish(dst, d)
}

// intPairs is the operation of two operands of equal length.
func intPairs[T Integer](op BinaryOp, d, x, y []T) {
	switch op {
	case Add:
		addInts(d, x, y)
	case Subtract:
		subtractInts(d, x, y)
	case Multiply:
		multiplyPairs(d, x, y)
	case FloorDivide:
		floorDividePairs(d, x, y)
	case Remainder:
		remainderPairs(d, x, y)
	case Power:
		powerPairs(d, x, y)
	case Minimum:
		minimumPairs(d, x, y)
	case Maximum:
		maximumPairs(d, x, y)
	case BitwiseAnd:
		andInts(d, x, y)
	case BitwiseOr:
		orInts(d, x, y)
	case BitwiseXor:
		xorInts(d, x, y)
	case LeftShift:
		leftShiftPairs(d, x, y)
	case RightShift:
		rightShiftPairs(d, x, y)
	}
}

// intByScalar has loops of its own where the loop is faster than the operation.
func intByScalar[T Integer](op BinaryOp, d, x []T, y T) {
	switch op {
	case Add:
		addInt(d, x, y)
	case Subtract:
		addInt(d, x, -y)
	case Multiply:
		multiplyScalar(d, x, y)
	case Minimum:
		minimumScalar(d, x, y)
	case Maximum:
		maximumScalar(d, x, y)
	case BitwiseAnd, BitwiseOr, BitwiseXor:
		bitsByScalar(op, d, x, y)
	default:
		var buf [spread]T
		setAll(buf[:min(spread, len(d))], y)
		for len(d) > 0 {
			n := min(spread, len(d))
			intPairs(op, d[:n], x[:n], buf[:n])
			d, x = d[n:], x[n:]
		}
	}
}

func intOfScalar[T Integer](op BinaryOp, d []T, x T, y []T) {
	if len(y) == 1 {
		var one [1]T // apart from d, which may lie where y does
		intPairs(op, one[:], []T{x}, y)
		setAll(d, one[0])
		return
	}
	switch op {
	case Add, Multiply, Minimum, Maximum, BitwiseAnd, BitwiseOr, BitwiseXor:
		intByScalar(op, d, y, x)
	case Subtract:
		subtractFrom(d, x, y)
	default:
		var buf [spread]T
		setAll(buf[:min(spread, len(d))], x)
		for len(d) > 0 {
			n := min(spread, len(d))
			intPairs(op, d[:n], buf[:n], y[:n])
			d, y = d[n:], y[n:]
		}
	}
}

func floorDividePairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = floorDivideInt(x[i], y[i])
	}
}

// floorDivideInt rounds toward minus infinity. The smallest integer by -1 wraps to
// itself, in Go as in NumPy.
func floorDivideInt[T Integer](x, y T) T {
	if y == 0 {
		return 0
	}
	q := x / y
	if isSigned[T]() && (x < 0) != (y < 0) && q*y != x {
		q--
	}
	return q
}

func remainderPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = remainderInt(x[i], y[i])
	}
}

func remainderInt[T Integer](x, y T) T {
	if y == 0 {
		return 0
	}
	r := x % y
	if isSigned[T]() && r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func powerPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = powerInt(x[i], y[i])
	}
}

// powerInt squares and multiplies. NumPy refuses exponents below 0; here they give
// the integer part of the power, and that of 0 is 0.
func powerInt[T Integer](x, y T) T {
	if y < 0 {
		switch {
		case x == 1 || x+1 == 0 && y&1 == 0:
			return 1
		case x+1 == 0:
			return x
		}
		return 0
	}
	var p T = 1
	for ; y > 0; y >>= 1 {
		if y&1 != 0 {
			p *= x
		}
		x *= x
	}
	return p
}

// HasNegative reports whether any element of a, integers of element e, is below 0.
// NumPy refuses integer powers with such exponents: "Integers to negative integer
// powers are not allowed".
func HasNegative(e Elem, a []byte) bool {
	switch e {
	case Int8:
		return hasNegative(Slice[int8](a))
	case Int16:
		return hasNegative(Slice[int16](a))
	case Int32:
		return hasNegative(Slice[int32](a))
	case Int64:
		return hasNegative(Slice[int64](a))
	}
	return false
}

func hasNegative[T Signed](x []T) bool {
	var all T
	for _, v := range x {
		all |= v
	}
	return all < 0
}

func leftShiftPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] << shiftCount(y[i])
	}
}

func rightShiftPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] >> shiftCount(y[i])
	}
}

// shiftCount makes negative counts large, which is what NumPy takes them for; Go
// shifts all bits out by large ones, as NumPy does.
func shiftCount[T Integer](y T) uint64 { return uint64(y) }
