package kernel

// leaf is how many elements are added up in plain floating point, with eight
// accumulators, before the sum goes into a compensated one. It is the leaf of
// NumPy's pairwise summation too, so that the errors within leaves are alike;
// those between leaves vanish here and grow with log n there.
const leaf = 128

// SumFloatRows adds the m elements of row i of x to the sum hi[i]+lo[i]. Sums
// are kept in float64 for either T, and compensated: see [TwoSum]. Their error
// is that within leaves of 128 elements. [FinishSum] makes numbers of them.
func SumFloatRows[T Float](hi, lo []float64, x []T, m int) {
	lo = lo[:len(hi)]
	switch {
	case m <= 0:
	case m == 1:
		addRow(hi, lo, x[:len(hi)])
	case m < narrowRow:
		for i := range hi {
			var s float64
			for _, v := range x[:m] {
				s += float64(v)
			}
			add(&hi[i], &lo[i], s)
			x = x[m:]
		}
	default:
		for i := range hi {
			h, l := hi[i], lo[i]
			row := addLeaves(&h, &l, x[i*m:i*m+m])
			for ; len(row) > leaf; row = row[leaf:] {
				add(&h, &l, sumFloat(row[:leaf]))
			}
			add(&h, &l, sumFloat(row))
			hi[i], lo[i] = h, l
		}
	}
}

// SumFloatCols adds column j of x, whose rows have m elements, to the sum
// hi[j]+lo[j] for all j < m; eight elements are added pairwise before they go
// into the sum. Sums are as in [SumFloatRows].
func SumFloatCols[T Float](hi, lo []float64, x []T, m int) {
	switch {
	case m <= 0:
	case m == 1:
		SumFloatRows(hi[:1], lo[:1], x, len(x))
	case m < narrowCol && len(x) >= wideEnough:
		var wideHi, wideLo [maxWide]float64
		w := widen(m)
		body := len(x) / w * w
		sumFloatCols(wideHi[:w], wideLo[:w], x[:body])
		for i := 0; i < w; i += m {
			MergeSum(hi[:m], lo[:m], wideHi[i:i+m], wideLo[i:i+m])
		}
		sumFloatCols(hi[:m], lo[:m], x[body:])
	default:
		sumFloatCols(hi[:m], lo[:m], x)
	}
}

// MergeSum adds the sums hi2[i]+lo2[i] to hi[i]+lo[i].
func MergeSum(hi, lo, hi2, lo2 []float64) {
	lo, hi2, lo2 = lo[:len(hi)], hi2[:len(hi)], lo2[:len(hi)]
	for i := range hi {
		add(&hi[i], &lo[i], hi2[i])
		lo[i] += lo2[i]
	}
}

// TwoSum is s = a+b as rounded, and the error e of that: a+b = s+e exactly
// (Knuth). Where s is not finite, e is not meaningful.
func TwoSum(a, b float64) (s, e float64) {
	s = a + b
	t := s - a
	return s, (a - (s - t)) + (b - t)
}

// FinishSum is the number that the sum (hi, lo) stands for. Once the sum is
// infinite or NaN it is hi that says so; lo is then NaN.
func FinishSum(hi, lo float64) float64 {
	if lo-lo != 0 {
		return hi
	}
	return hi + lo
}

// add adds s to the sum (hi, lo).
func add(hi, lo *float64, s float64) {
	h, e := TwoSum(*hi, s)
	*hi = h
	*lo += e
}

// addRow adds x[j] to the sum (hi[j], lo[j]).
func addRow[T Float](hi, lo []float64, x []T) {
	hi, lo = hi[:len(x)], lo[:len(x)]
	done := addVectorRows(hi, lo, x, 1, 0)
	hi, lo, x = hi[done:], lo[done:], x[done:]
	for j, v := range x {
		add(&hi[j], &lo[j], float64(v))
	}
}

// sumFloat is the sum of at most a leaf of x. A float64 is not converted even
// though that would change nothing: the compiler takes a conversion for an order
// to round here and now, and no longer adds straight from memory.
func sumFloat[T Float](x []T) float64 {
	if sizeOf[T]() == 8 {
		return sumFloat64(x)
	}
	// Converting is what takes the time; four accumulators leave enough registers.
	var s0, s1, s2, s3 float64
	i := 0
	for ; i <= len(x)-8; i += 8 {
		p := (*[8]T)(x[i:])
		s0 += float64(p[0]) + float64(p[1])
		s1 += float64(p[2]) + float64(p[3])
		s2 += float64(p[4]) + float64(p[5])
		s3 += float64(p[6]) + float64(p[7])
	}
	s := (s0 + s1) + (s2 + s3)
	for _, v := range x[i:] {
		s += float64(v)
	}
	return s
}

func sumFloat64[T Float](x []T) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	i := 0
	for ; i <= len(x)-8; i += 8 {
		p := (*[8]T)(x[i:])
		s0 += p[0]
		s1 += p[1]
		s2 += p[2]
		s3 += p[3]
		s4 += p[4]
		s5 += p[5]
		s6 += p[6]
		s7 += p[7]
	}
	s := ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
	for _, v := range x[i:] {
		s += v
	}
	return float64(s)
}

func sumFloatCols[T Float](hi, lo []float64, x []T) {
	m := len(hi)
	for rows := len(x) / m; rows >= 8; rows = len(x) / m {
		q := apart(rows, 8, m*sizeOf[T]())
		for i := range q {
			add8Rows(hi, lo, x[i*m:], q*m)
		}
		x = x[8*q*m:]
	}
	if len(x) >= 4*m {
		add4Rows(hi, lo, x, m)
		x = x[4*m:]
	}
	for ; len(x) > 0; x = x[m:] {
		addRow(hi, lo, x[:m])
	}
}

// add4Rows adds to (hi[j], lo[j]) the four elements of x at j, j+pitch, ...
func add4Rows[T Float](hi, lo []float64, x []T, pitch int) {
	done := addVectorRows(hi, lo, x, 4, pitch)
	hi, lo, x = hi[done:], lo[done:len(hi)], x[done:]
	r0, r1 := x[:len(hi)], x[pitch:][:len(hi)]
	r2, r3 := x[2*pitch:][:len(hi)], x[3*pitch:][:len(hi)]
	for j := range hi {
		s := (float64(r0[j]) + float64(r1[j])) + (float64(r2[j]) + float64(r3[j]))
		add(&hi[j], &lo[j], s)
	}
}

// add8Rows adds to (hi[j], lo[j]) the eight elements of x at j, j+pitch, ...
func add8Rows[T Float](hi, lo []float64, x []T, pitch int) {
	done := addVectorRows(hi, lo, x, 8, pitch)
	hi, lo, x = hi[done:], lo[done:], x[done:]
	if sizeOf[T]() == 8 {
		add8Rows64(hi, lo, x, pitch)
	} else {
		add8Rows32(hi, lo, x, pitch)
	}
}

// add8Rows64 adds to (hi[j], lo[j]) the eight elements of x at j, j+pitch, ...
func add8Rows64[T Float](hi, lo []float64, x []T, pitch int) {
	lo = lo[:len(hi)]
	r0, r1 := x[:len(hi)], x[pitch:][:len(hi)]
	r2, r3 := x[2*pitch:][:len(hi)], x[3*pitch:][:len(hi)]
	r4, r5 := x[4*pitch:][:len(hi)], x[5*pitch:][:len(hi)]
	r6, r7 := x[6*pitch:][:len(hi)], x[7*pitch:][:len(hi)]
	for j := range hi {
		s := ((r0[j] + r1[j]) + (r2[j] + r3[j])) + ((r4[j] + r5[j]) + (r6[j] + r7[j]))
		add(&hi[j], &lo[j], float64(s))
	}
}

// add8Rows32 is add8Rows64 for elements that are converted first.
func add8Rows32[T Float](hi, lo []float64, x []T, pitch int) {
	lo = lo[:len(hi)]
	r0, r1 := x[:len(hi)], x[pitch:][:len(hi)]
	r2, r3 := x[2*pitch:][:len(hi)], x[3*pitch:][:len(hi)]
	r4, r5 := x[4*pitch:][:len(hi)], x[5*pitch:][:len(hi)]
	r6, r7 := x[6*pitch:][:len(hi)], x[7*pitch:][:len(hi)]
	for j := range hi {
		s := ((float64(r0[j]) + float64(r1[j])) + (float64(r2[j]) + float64(r3[j]))) +
			((float64(r4[j]) + float64(r5[j])) + (float64(r6[j]) + float64(r7[j])))
		add(&hi[j], &lo[j], s)
	}
}
