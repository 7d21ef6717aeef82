//go:build !purego

package kernel

// powerVectors are the sums of as many elements of x, integers of 8 or 16 bits, as fill
// vectors, and of their squares; rest are the others, or all where there are no vectors.
func powerVectors[T Real](x []T) (s int64, q uint64, rest []T) {
	const (
		unit = 16      // elements
		most = 1 << 13 // units in a call, so that no lane overflows
	)
	if !hasVectors || sizeOf[T]() > 2 || isFloat[T]() {
		return 0, 0, x
	}
	for len(x) >= unit {
		n := min(len(x)/unit, most)
		var us, uq uint64
		if sizeOf[T]() == 1 {
			us, uq = powers8(first(x), n, vectorFlip[T]())
		} else {
			us, uq = powers16(first(x), n, vectorFlip[T]())
		}
		// What was summed is v-c: Σv² = Σ(v-c)² + 2c·Σ(v-c) + c²·n, modulo 2^64.
		c, k := unflip[T](0, 1), uint64(n*unit)
		s += int64(us + c*k)
		q += uq + 2*c*us + c*c*k
		x = x[n*unit:]
	}
	return s, q, x
}
