package kernel

// compareComplex compares lexicographically, as NumPy does: by the real parts, and
// of equal ones by the imaginary parts.
func compareComplex[T Float](op BinaryOp, dst []byte, x, y []T) {
	stepX, stepY := step(len(x), 2), step(len(y), 2)
	for i := range dst {
		u, v := i*stepX, i*stepY
		dst[i] = bit(complexHolds(op, x[u], x[u+1], y[v], y[v+1]))
	}
}

// complexHolds is CEQ, CNE, CLT, CLE, CGT and CGE of NumPy's loops.c.src: numbers
// with a NaN in an imaginary part have no order, even if the real parts have one.
func complexHolds[T Float](op BinaryOp, a, b, c, d T) bool {
	ordered := b == b && d == d
	switch op {
	case Equal:
		return a == c && b == d
	case NotEqual:
		return a != c || b != d
	case Less:
		return a < c && ordered || a == c && b < d
	case LessEqual:
		return a < c && ordered || a == c && b <= d
	case Greater:
		return a > c && ordered || a == c && b > d
	case GreaterEqual:
		return a > c && ordered || a == c && b >= d
	}
	return false
}
