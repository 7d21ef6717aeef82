package kernel

// compareReal is every comparison of numbers with an order; NaN is unequal to all
// and in no order with any.
func compareReal[T Real](op BinaryOp, dst []byte, x, y []T) {
	switch {
	case len(dst) == 0:
	case len(x) == 1 && len(y) == 1:
		// x may lie where dst begins.
		var one [1]byte
		comparePairs(op, one[:], x, y)
		setAll(dst, one[0])
	case len(x) == 1:
		compareScalar(op.Reversed(), dst, y, x[0])
	case len(y) == 1:
		compareScalar(op, dst, x, y[0])
	default:
		comparePairs(op, dst, x, y)
	}
}

func comparePairs[T Real](op BinaryOp, d []byte, x, y []T) {
	switch op {
	case Equal:
		equalPairs(d, x, y)
	case NotEqual:
		notEqualPairs(d, x, y)
	case Less:
		lessPairs(d, x, y)
	case LessEqual:
		lessEqualPairs(d, x, y)
	case Greater:
		lessPairs(d, y, x)
	case GreaterEqual:
		lessEqualPairs(d, y, x)
	}
}

func compareScalar[T Real](op BinaryOp, d []byte, x []T, y T) {
	switch op {
	case Equal:
		equalScalar(d, x, y)
	case NotEqual:
		notEqualScalar(d, x, y)
	case Less:
		lessScalar(d, x, y)
	case LessEqual:
		lessEqualScalar(d, x, y)
	case Greater:
		greaterScalar(d, x, y)
	case GreaterEqual:
		greaterEqualScalar(d, x, y)
	}
}

func equalPairs[T Real](d []byte, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = bit(x[i] == y[i])
	}
}

func notEqualPairs[T Real](d []byte, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = bit(x[i] != y[i])
	}
}

func lessPairs[T Real](d []byte, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = bit(x[i] < y[i])
	}
}

func lessEqualPairs[T Real](d []byte, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = bit(x[i] <= y[i])
	}
}

func equalScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] == y)
	}
}

func notEqualScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] != y)
	}
}

func lessScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] < y)
	}
}

func lessEqualScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] <= y)
	}
}

func greaterScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] > y)
	}
}

func greaterEqualScalar[T Real](d []byte, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = bit(x[i] >= y)
	}
}

// bit is 1 for true; it compiles to one instruction.
func bit(b bool) byte {
	var v byte
	if b {
		v = 1
	}
	return v
}
