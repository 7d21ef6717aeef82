package kernel

import "math"

// The moments of n values are their mean and m2, the sum of the squares of their
// differences from it; the variance is m2/n or m2/(n-1). Both are taken in two
// passes over what fits the first-level cache, and joined by Chan's formula, so
// that nothing cancels. Integers of 8 and 16 bits are summed exactly, values and
// squares, in a single pass. A NaN makes both moments NaN, and an infinity m2.
//
// Products are rounded before they are added (the conversions say so): the same
// data have the same moments on machines that would fuse the two.

const (
	// momentLeaf is how many elements of a row are taken at a time. The exact
	// sums of 16-bit elements would allow 2^16: n*Σv² and (Σv)² stay below 2^64.
	momentLeaf = 1024
	// momentTile and momentBand are how many columns, and how many bytes of them,
	// are taken at a time: rows are read in long runs, and are in the second-level
	// cache for the second pass. momentRows is where the exact sums end.
	momentTile = 1024
	momentBand = 128 << 10
	momentRows = 1 << 16
)

// MomentRows adds the m elements of row i of x to the moments (mean[i], m2[i])
// of n values. The caller adds m to n.
func MomentRows[T Real](mean, m2 []float64, n int64, x []T, m int) {
	if m <= 0 {
		return
	}
	m2 = m2[:len(mean)]
	if m == 1 {
		j := newJoin(n, 1)
		for i, v := range x[:len(mean)] {
			j.add(&mean[i], &m2[i], moments{float64(v), 0})
		}
		return
	}
	if m < narrowRow {
		j := newJoin(n, int64(m))
		for i := range mean {
			j.add(&mean[i], &m2[i], narrowMoments(x[:m]))
			x = x[m:]
		}
		return
	}
	for i := range mean {
		row, k := x[i*m:i*m+m], n
		for len(row) > 0 {
			l := row[:min(len(row), momentLeaf)]
			j := newJoin(k, int64(len(l)))
			j.add(&mean[i], &m2[i], leafMoments(l))
			row, k = row[len(l):], k+int64(len(l))
		}
	}
}

// MomentCols adds column j of x, whose rows have m elements, to the moments
// (mean[j], m2[j]) of n values, for all j < m. The caller adds the number of
// rows to n. scratch has room for 2*m numbers.
func MomentCols[T Real](mean, m2 []float64, n int64, x []T, m int, scratch []float64) {
	switch {
	case m <= 0 || len(x) == 0:
	case m == 1:
		MomentRows(mean[:1], m2[:1], n, x, len(x))
	case m < narrowCol && len(x) >= wideEnough:
		var wideMean, wideM2 [maxWide]float64
		var room [2 * maxWide]float64
		w := widen(m)
		body := len(x) / w * w
		momentCols(wideMean[:w], wideM2[:w], 0, x[:body], w, room[:])
		k := int64(body / w)
		for i := 0; i < w; i += m {
			MergeMoments(mean[:m], m2[:m], n, wideMean[i:i+m], wideM2[i:i+m], k)
			n += k
		}
		momentCols(mean[:m], m2[:m], n, x[body:], m, scratch)
	default:
		momentCols(mean[:m], m2[:m], n, x, m, scratch)
	}
}

// MergeMoments adds the moments (mean2[i], m22[i]) of n2 values to the moments
// (mean[i], m2[i]) of n values.
func MergeMoments(mean, m2 []float64, n int64, mean2, m22 []float64, n2 int64) {
	if n2 == 0 {
		return
	}
	m2, mean2, m22 = m2[:len(mean)], mean2[:len(mean)], m22[:len(mean)]
	j := newJoin(n, n2)
	for i := range mean {
		j.add(&mean[i], &m2[i], moments{mean2[i], m22[i]})
	}
}

type moments struct{ mean, m2 float64 }

// join holds what Chan's formula needs of the numbers of values on both sides.
type join struct{ share, weight float64 }

func newJoin(n, n2 int64) join {
	share := float64(n2) / float64(n+n2)
	return join{share, float64(n) * share}
}

// add adds b to (mean, m2).
func (j join) add(mean, m2 *float64, b moments) {
	d := b.mean - *mean
	*mean += float64(d * j.share)
	*m2 += b.m2 + float64(float64(d*j.weight)*d) // d*d could overflow for a weight of 0
}

// narrowMoments are the moments of few elements.
func narrowMoments[T Real](x []T) (m moments) {
	for _, v := range x {
		m.mean += float64(v)
	}
	m.mean /= float64(len(x))
	for _, v := range x {
		d := float64(v) - m.mean
		m.m2 += float64(d * d)
	}
	return m
}

// leafMoments are the moments of at most momentLeaf elements.
func leafMoments[T Real](x []T) moments {
	n := float64(len(x))
	if sizeOf[T]() <= 2 {
		s, q := intPowers(x)
		return exactMoments(s, q, uint64(len(x)))
	}
	var mean float64
	if sizeOf[T]() == 4 && !isFloat[T]() {
		mean = float64(int64(sumInt(x))) / n // exact, and faster than to convert
	} else {
		mean = sumReal(x) / n
	}
	return moments{mean, squares(x, mean)}
}

// exactMoments are the moments of n values with s = Σv and q = Σv².
func exactMoments(s int64, q, n uint64) moments {
	return moments{float64(s) / float64(n), float64(n*q-uint64(s*s)) / float64(n)}
}

// intPowers are Σv and Σv².
func intPowers[T Real](x []T) (s int64, q uint64) {
	s, q, x = powerVectors(x)
	var s1 int64
	var q1 uint64
	i := 0
	for ; i <= len(x)-4; i += 4 {
		p := (*[4]T)(x[i:])
		v0, v1, v2, v3 := int64(p[0]), int64(p[1]), int64(p[2]), int64(p[3])
		s += v0 + v1
		q += uint64(v0*v0) + uint64(v1*v1)
		s1 += v2 + v3
		q1 += uint64(v2*v2) + uint64(v3*v3)
	}
	for _, v := range x[i:] {
		s += int64(v)
		q += uint64(int64(v) * int64(v))
	}
	return s + s1, q + q1
}

// sumReal is Σv.
func sumReal[T Real](x []T) float64 {
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

// squares is Σ(v-mean)².
func squares[T Real](x []T, mean float64) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i <= len(x)-4; i += 4 {
		p := (*[4]T)(x[i:])
		d0, d1 := float64(p[0])-mean, float64(p[1])-mean
		d2, d3 := float64(p[2])-mean, float64(p[3])-mean
		s0 += float64(d0 * d0)
		s1 += float64(d1 * d1)
		s2 += float64(d2 * d2)
		s3 += float64(d3 * d3)
	}
	s := (s0 + s1) + (s2 + s3)
	for _, v := range x[i:] {
		d := float64(v) - mean
		s += float64(d * d)
	}
	return s
}

func momentCols[T Real](mean, m2 []float64, n int64, x []T, m int, scratch []float64) {
	rows := len(x) / m
	for c := 0; c < m; c += momentTile {
		w := min(momentTile, m-c)
		band := min(max(16, momentBand/(w*sizeOf[T]())), momentRows)
		a, b := scratch[:w], scratch[w:2*w]
		for r := 0; r < rows; r += band {
			k := min(band, rows-r)
			clear(scratch[:2*w])
			tile := x[r*m+c:]
			if sizeOf[T]() <= 2 {
				colPowers(a, b, tile, m, k)
			} else {
				colMoments(a, b, tile, m, k)
			}
			j := newJoin(n+int64(r), int64(k))
			for i := range w {
				j.add(&mean[c+i], &m2[c+i], moments{a[i], b[i]})
			}
		}
	}
}

// colMoments leaves the moments of the columns of rows rows, which lie pitch
// elements apart, in mean and m2, both zero.
func colMoments[T Real](mean, m2 []float64, x []T, pitch, rows int) {
	for r := 0; r < rows; {
		if q := apart(rows-r, 4, pitch*sizeOf[T]()); q > 0 {
			for i := range q {
				add4(mean, x[(r+i)*pitch:], q*pitch)
			}
			r += 4 * q
			continue
		}
		for j, v := range x[r*pitch:][:len(mean)] {
			mean[j] += float64(v)
		}
		r++
	}
	for j := range mean {
		mean[j] /= float64(rows)
	}
	r := 0
	for ; rows-r >= 4; r += 4 {
		square4(m2, mean, x[r*pitch:], pitch)
	}
	for ; r < rows; r++ {
		for j, v := range x[r*pitch:][:len(mean)] {
			d := float64(v) - mean[j]
			m2[j] += float64(d * d)
		}
	}
}

// add4 adds to sum[j] the four elements of x at j, j+pitch, ...
func add4[T Real](sum []float64, x []T, pitch int) {
	r0, r1 := x[:len(sum)], x[pitch:][:len(sum)]
	r2, r3 := x[2*pitch:][:len(sum)], x[3*pitch:][:len(sum)]
	for j := range sum {
		sum[j] += (float64(r0[j]) + float64(r1[j])) + (float64(r2[j]) + float64(r3[j]))
	}
}

// square4 adds to m2[j] the squares of the differences from mean[j] of the four
// elements of x at j, j+pitch, ...
func square4[T Real](m2, mean []float64, x []T, pitch int) {
	mean = mean[:len(m2)]
	r0, r1 := x[:len(m2)], x[pitch:][:len(m2)]
	r2, r3 := x[2*pitch:][:len(m2)], x[3*pitch:][:len(m2)]
	for j, m := range mean {
		d0, d1 := float64(r0[j])-m, float64(r1[j])-m
		d2, d3 := float64(r2[j])-m, float64(r3[j])-m
		m2[j] += (float64(d0*d0) + float64(d1*d1)) + (float64(d2*d2) + float64(d3*d3))
	}
}

// colPowers is colMoments for narrow integers. Until it is done, mean and m2 hold
// the bits of the integers Σv and Σv².
func colPowers[T Real](mean, m2 []float64, x []T, pitch, rows int) {
	m2 = m2[:len(mean)]
	for r := 0; r < rows; {
		if q := apart(rows-r, 4, pitch*sizeOf[T]()); q > 0 {
			for i := range q {
				powers4(mean, m2, x[(r+i)*pitch:], q*pitch)
			}
			r += 4 * q
			continue
		}
		for j, v := range x[r*pitch:][:len(mean)] {
			addBits(&mean[j], int64(v))
			addBits(&m2[j], int64(v)*int64(v))
		}
		r++
	}
	for j, s := range mean {
		m := exactMoments(int64(math.Float64bits(s)), math.Float64bits(m2[j]), uint64(rows))
		mean[j], m2[j] = m.mean, m.m2
	}
}

// powers4 adds the four elements of x at j, j+pitch, ... and their squares.
func powers4[T Real](sum, sum2 []float64, x []T, pitch int) {
	sum2 = sum2[:len(sum)]
	r0, r1 := x[:len(sum)], x[pitch:][:len(sum)]
	r2, r3 := x[2*pitch:][:len(sum)], x[3*pitch:][:len(sum)]
	for j := range sum {
		v0, v1, v2, v3 := int64(r0[j]), int64(r1[j]), int64(r2[j]), int64(r3[j])
		addBits(&sum[j], (v0+v1)+(v2+v3))
		addBits(&sum2[j], (v0*v0+v1*v1)+(v2*v2+v3*v3))
	}
}

// addBits adds i to the integer whose bits f holds.
func addBits(f *float64, i int64) {
	*f = math.Float64frombits(math.Float64bits(*f) + uint64(i))
}
