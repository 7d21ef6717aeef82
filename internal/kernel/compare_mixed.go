package kernel

// CompareMixed is the comparison op of int64 elements a with uint64 elements b,
// exact as in NumPy 2, where their common type, float64, would round. Lengths and
// scalars are as in [Binary]; of (uint64, int64), ask [BinaryOp.Reversed]. It
// panics if op is no comparison.
func CompareMixed(op BinaryOp, dst, a, b []byte) {
	if !op.IsComparison() {
		panic("kernel: CompareMixed of " + op.String())
	}
	x, y := Slice[int64](a), Slice[uint64](b)
	if len(dst) == 0 {
		return
	}
	// What op says where x is less than, equal to and greater than y.
	less := bit(op == Less || op == LessEqual || op == NotEqual)
	equal := bit(op == Equal || op == LessEqual || op == GreaterEqual)
	greater := bit(op == Greater || op == GreaterEqual || op == NotEqual)
	stepX, stepY := 1, 1
	if len(x) == 1 {
		stepX = 0
	}
	if len(y) == 1 {
		stepY = 0
	}
	for i := range dst {
		v, w := x[i*stepX], y[i*stepY]
		switch {
		case v < 0 || uint64(v) < w:
			dst[i] = less
		case uint64(v) == w:
			dst[i] = equal
		default:
			dst[i] = greater
		}
	}
}
