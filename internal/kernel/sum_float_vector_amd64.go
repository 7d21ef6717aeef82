//go:build !purego

package kernel

// addLeaves adds whole leaves of x to the sum (hi, lo) and returns what is left,
// which is all where there are no vectors.
func addLeaves[T Float](hi, lo *float64, x []T) []T {
	if !hasVectors {
		return x
	}
	var sums [16]float64
	for len(x) >= leaf {
		n := min(len(x)/leaf, len(sums))
		if sizeOf[T]() == 8 {
			leaves64(&sums[0], first(x), n)
		} else {
			leaves32(&sums[0], first(x), n)
		}
		for _, s := range sums[:n] {
			add(hi, lo, s)
		}
		x = x[n*leaf:]
	}
	return x
}

// addVectorRows does what addRow, add4Rows and add8Rows do, for 1, 4 and 8 rows, for as
// many columns as fill vectors, and returns how many these are.
func addVectorRows[T Float](hi, lo []float64, x []T, rows, pitch int) int {
	n := len(hi) / 4
	if !hasVectors || n == 0 {
		return 0
	}
	_, _ = lo[4*n-1], x[(rows-1)*pitch+4*n-1]
	pitch *= sizeOf[T]()
	wide := sizeOf[T]() == 8
	switch p := first(x); {
	case rows == 8 && wide:
		add8Rows64Vectors(&hi[0], &lo[0], p, pitch, n)
	case rows == 8:
		add8Rows32Vectors(&hi[0], &lo[0], p, pitch, n)
	case rows == 4 && wide:
		add4Rows64Vectors(&hi[0], &lo[0], p, pitch, n)
	case rows == 4:
		add4Rows32Vectors(&hi[0], &lo[0], p, pitch, n)
	case wide:
		add1Rows64Vectors(&hi[0], &lo[0], p, pitch, n)
	default:
		add1Rows32Vectors(&hi[0], &lo[0], p, pitch, n)
	}
	return 4 * n
}
