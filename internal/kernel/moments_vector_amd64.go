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

// shiftVectors does deviations for as many elements of x as fill pairs of vectors, floats of 32 or
// 64 bits; rest are the others, or all where there are no vectors.
func shiftVectors[T Real](x []T, shift float64) (s, q float64, rest []T) {
	n := len(x) / 8
	if !hasVectors || !isFloat[T]() || n == 0 {
		return 0, 0, x
	}
	if sizeOf[T]() == 8 {
		s, q = deviations64(first(x), n, shift)
	} else {
		s, q = deviations32(first(x), n, shift)
	}
	return s, q, x[8*n:]
}

// shiftVectorRows does what shift4 and shift1 do, for 4 rows and 1, for as many columns as fill
// vectors, and returns how many these are.
func shiftVectorRows[T Real](s, q, shift []float64, x []T, rows, pitch int) int {
	n := len(s) / 4
	if !hasVectors || !isFloat[T]() || n == 0 {
		return 0
	}
	_, _, _ = q[4*n-1], shift[4*n-1], x[(rows-1)*pitch+4*n-1]
	pitch *= sizeOf[T]()
	wide := sizeOf[T]() == 8
	switch p := first(x); {
	case rows == 4 && wide:
		shift4Rows64(&s[0], &q[0], &shift[0], p, pitch, n)
	case rows == 4:
		shift4Rows32(&s[0], &q[0], &shift[0], p, pitch, n)
	case wide:
		shift1Rows64(&s[0], &q[0], &shift[0], p, pitch, n)
	default:
		shift1Rows32(&s[0], &q[0], &shift[0], p, pitch, n)
	}
	return 4 * n
}

// joinVectors does what addShifted does for as many columns as fill vectors, and returns how many
// these are.
func joinVectors(s Moments, a, b []float64, inverse float64, j join) int {
	n := len(s.Mean) / 4
	if !hasVectors || n == 0 {
		return 0
	}
	_, _, _, _, _ = s.MeanLo[4*n-1], s.M2[4*n-1], s.M2Lo[4*n-1], a[4*n-1], b[4*n-1]
	joinShifted(&s.Mean[0], &s.MeanLo[0], &s.M2[0], &s.M2Lo[0], &a[0], &b[0], n, inverse, j.share, j.weight)
	return 4 * n
}
