package kernel

// SumIntRows adds the m elements of row i of x to acc[i]. Elements are
// sign-extended and sums wrap modulo 2^64, so that for signed T the
// accumulator is an int64 in disguise.
func SumIntRows[T Integer](acc []uint64, x []T, m int) {
	switch {
	case m <= 0:
	case m == 1:
		sumIntCols(acc, x[:len(acc)], len(acc))
	case m < narrowRow:
		for i := range acc {
			var s uint64
			for _, v := range x[:m] {
				s += uint64(v)
			}
			acc[i] += s
			x = x[m:]
		}
	default:
		for i := range acc {
			acc[i] += sumInt(x[i*m : i*m+m])
		}
	}
}

// SumIntCols adds column j of x, whose rows have m elements, to acc[j] for all
// j < m. Sums are as in [SumIntRows].
func SumIntCols[T Integer](acc []uint64, x []T, m int) {
	switch {
	case m <= 0:
	case m == 1:
		acc[0] += sumInt(x)
	case m < narrowCol && len(x) >= wideEnough:
		var wide [maxWide]uint64
		w := widen(m)
		body := len(x) / w * w
		sumIntCols(wide[:w], x[:body], w)
		for i := 0; i < w; i += m {
			for j, s := range wide[i : i+m] {
				acc[j] += s
			}
		}
		sumIntCols(acc[:m], x[body:], m)
	default:
		sumIntCols(acc[:m], x, m)
	}
}

// sumInt is the sum of x, which are integers.
func sumInt[T Real](x []T) (sum uint64) {
	sum, x = sumVectors(x)
	if sizeOf[T]() <= 2 {
		var w []uint64
		w, x = words(x)
		sum += sumLanes[T](w)
	}
	var s0, s1, s2, s3 uint64
	for len(x) >= 16 {
		p := (*[16]T)(x)
		s0 += uint64(p[0])
		s1 += uint64(p[1])
		s2 += uint64(p[2])
		s3 += uint64(p[3])
		s0 += uint64(p[4])
		s1 += uint64(p[5])
		s2 += uint64(p[6])
		s3 += uint64(p[7])
		s0 += uint64(p[8])
		s1 += uint64(p[9])
		s2 += uint64(p[10])
		s3 += uint64(p[11])
		s0 += uint64(p[12])
		s1 += uint64(p[13])
		s2 += uint64(p[14])
		s3 += uint64(p[15])
		x = x[16:]
	}
	for _, v := range x {
		s0 += uint64(v)
	}
	return sum + (s0 + s1) + (s2 + s3)
}

// sumIntCols adds to acc[j] the column j of the rows that start every pitch
// elements of x; rows may be longer than acc.
func sumIntCols[T Integer](acc []uint64, x []T, pitch int) {
	if done := sumVectorCols(acc, x, pitch); done > 0 {
		acc, x = acc[done:], x[min(done, len(x)):]
	}
	if sizeOf[T]() <= 2 && len(x) >= 8*pitch {
		done := sumLaneCols(acc, x, pitch)
		acc, x = acc[done:], x[min(done, len(x)):]
	}
	m := len(acc)
	if m == 0 {
		return
	}
	for rows := (len(x) + pitch - m) / pitch; rows >= 4; rows = (len(x) + pitch - m) / pitch {
		q := apart(rows, 4, pitch*sizeOf[T]())
		for i := range q {
			addIntRows(acc, x[i*pitch:], q*pitch)
		}
		x = x[min(4*q*pitch, len(x)):]
	}
	for ; len(x) >= m; x = x[min(pitch, len(x)):] {
		for j, v := range x[:m] {
			acc[j] += uint64(v)
		}
	}
}

// addIntRows adds to acc[j] the four elements of x at j, j+pitch, ...
func addIntRows[T Integer](acc []uint64, x []T, pitch int) {
	r0, r1 := x[:len(acc)], x[pitch:][:len(acc)]
	r2, r3 := x[2*pitch:][:len(acc)], x[3*pitch:][:len(acc)]
	for j := range acc {
		acc[j] += (uint64(r0[j]) + uint64(r1[j])) + (uint64(r2[j]) + uint64(r3[j]))
	}
}
