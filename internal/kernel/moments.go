package kernel

import "math"

// Moments are those of several sets of values: of set i the mean, Mean[i]+MeanLo[i], and the sum of
// the squares of the differences from it, M2[i]+M2Lo[i]. The variance is that sum divided by n or
// n-1. All slices have one length; zeros are the moments of no values.
//
// Both are kept with what their additions round off, since a mean that is rounded to float64 spoils
// the squares of all that follows as soon as it is much larger than the deviations. Values are
// taken as many at a time as fit the first-level cache, as differences d from a number near the
// mean: Σd corrects the mean, and Σd²-(Σd)²/n are the squares. That number is the mean of what came
// before, and where little or nothing did, the mean of the values themselves, in a pass of its own.
// Chan's formula joins the parts, so that nothing cancels but what is far below the result. Rows of
// integers of 8 and 16 bits are summed exactly instead, values and squares.
//
// The error of M2 is that of adding up some 32 squares in plain floating point, one by one: about 1
// unit in the last place, and no more where the mean is far from zero or the values are many.
// Values that are all equal have an M2 of zero. A NaN or an infinity makes M2 NaN; what overflows
// float64 is infinite.
//
// Products are rounded before they are added (the conversions say so): the same data have the same
// moments on machines that would fuse the two.
type Moments struct{ Mean, MeanLo, M2, M2Lo []float64 }

// Slice are the moments of the sets from..to-1.
func (s Moments) Slice(from, to int) Moments {
	return Moments{s.Mean[from:to], s.MeanLo[from:to], s.M2[from:to], s.M2Lo[from:to]}
}

const (
	// momentLeaf is how many elements of a row are taken at a time, and exactLeaf how many narrow
	// integers. Their exact sums would allow 2^16: n*Σv² and (Σv)² stay below 2^64.
	momentLeaf = 256
	exactLeaf  = 1 << 15
	// momentTile and momentBand are how many columns, and how many bytes of them,
	// are taken at a time: rows are read in long runs, and are in the second-level
	// cache for the second pass. momentRows is how many rows at most are added up in plain floating
	// point.
	momentTile = 1024
	momentBand = 128 << 10
	momentRows = 128
	// momentBatch is how many short rows are taken at a time.
	momentBatch = 128
)

// MomentScratch is how many numbers MomentCols takes as scratch for each column.
const MomentScratch = 3

// MomentRows adds the m elements of row i of x to the moments of set i, which has n values. The
// caller adds m to n.
func MomentRows[T Real](s Moments, n int64, x []T, m int) {
	switch {
	case m <= 0 || len(s.Mean) == 0:
	case m < narrowRow && n == 0:
		narrowFirst(s, x, m)
	case m < narrowRow && n >= int64(m):
		narrowRows(s, n, x, m)
	case sizeOf[T]() <= 2:
		exactRows(s, n, x, m)
	default:
		wideRows(s, n, x, m)
	}
}

// narrowFirst does MomentRows for short rows and sets without values.
func narrowFirst[T Real](s Moments, x []T, m int) {
	meanLo, m2, m2Lo := s.MeanLo[:len(s.Mean)], s.M2[:len(s.Mean)], s.M2Lo[:len(s.Mean)]
	if m == 1 {
		for i, v := range x[:len(s.Mean)] {
			d := float64(v) - float64(v) // a NaN for an infinity
			s.Mean[i], meanLo[i], m2[i], m2Lo[i] = float64(v), 0, d, 0
		}
		return
	}
	k := float64(m)
	inverse := 1 / k // the mean of the differences corrects what this rounds off
	for i := range s.Mean {
		var mean, a, b float64
		row := x[:m]
		x = x[m:]
		for _, v := range row {
			mean += float64(v)
		}
		mean *= inverse
		for _, v := range row {
			d := float64(v) - mean
			a += d
			b += float64(d * d)
		}
		r := a / k
		s.Mean[i], meanLo[i] = TwoSum(mean, r)
		m2[i], m2Lo[i] = without(b, a*r), 0
	}
}

// narrowRows does MomentRows for short rows and sets with at least as many values.
func narrowRows[T Real](s Moments, n int64, x []T, m int) {
	j := newJoin(n, int64(m))
	if len(s.Mean) == 1 && m == 1 { // one element at a time should not clear room for many
		a := s.at(0)
		a.difference(j, (float64(x[0])-a.mean)-a.meanLo, 0)
		s.set(0, a)
		return
	}
	var a, b [momentBatch]float64
	for i := 0; i < len(s.Mean); i += momentBatch {
		part := s.Slice(i, min(i+momentBatch, len(s.Mean)))
		for k, shift := range part.Mean {
			var sum, squares float64
			for _, v := range x[:m] {
				d := float64(v) - shift
				sum += d
				squares += float64(d * d)
			}
			a[k], b[k] = sum, squares
			x = x[m:]
		}
		j.addShifted(part, a[:len(part.Mean)], b[:len(part.Mean)], 1/float64(m))
	}
}

// exactRows does MomentRows for narrow integers.
func exactRows[T Real](s Moments, n int64, x []T, m int) {
	if n == 0 && m <= exactLeaf {
		for i := range s.Mean {
			sum, squares := intPowers(x[i*m : i*m+m])
			p := exactMoments(sum, squares, uint64(m))
			mean, rest := TwoSum(p.mean, p.rest)
			s.set(i, one{mean, rest, p.m2, 0})
		}
		return
	}
	first := newJoin(n, int64(min(m, exactLeaf)))
	for i := range s.Mean {
		row, k, j, a := x[i*m:i*m+m], n, first, s.at(i)
		for len(row) > 0 {
			l := row[:min(len(row), exactLeaf)]
			sum, squares := intPowers(l)
			a.join(j, exactMoments(sum, squares, uint64(len(l))))
			if row, k = row[len(l):], k+int64(len(l)); len(row) > 0 {
				j = newJoin(k, int64(min(len(row), exactLeaf)))
			}
		}
		s.set(i, a)
	}
}

// wideRows does MomentRows for floats and wide integers.
func wideRows[T Real](s Moments, n int64, x []T, m int) {
	var room [momentLeaf]float64
	first := newJoin(n, int64(min(m, momentLeaf)))
	for i := range s.Mean {
		row, k, j, a := x[i*m:i*m+m], n, first, s.at(i)
		for len(row) > 0 {
			l := row[:min(len(row), momentLeaf)]
			a.join(j, leafMoments(l, k, a.mean, &room))
			if row, k = row[len(l):], k+int64(len(l)); len(row) > 0 {
				j = newJoin(k, int64(min(len(row), momentLeaf)))
			}
		}
		s.set(i, a)
	}
}

// MomentCols adds column j of x, whose rows have m elements, to the moments of set j, which has n
// values, for all j < m. The caller adds the number of rows to n. scratch has room for
// MomentScratch*m numbers.
func MomentCols[T Real](s Moments, n int64, x []T, m int, scratch []float64) {
	switch {
	case m <= 0 || len(x) == 0:
	case m == 1:
		MomentRows(s.Slice(0, 1), n, x, len(x))
	case m < narrowCol && len(x) >= wideEnough:
		var sums [4][maxWide]float64
		var room [MomentScratch * maxWide]float64
		w := widen(m)
		wide := Moments{sums[0][:w], sums[1][:w], sums[2][:w], sums[3][:w]}
		body := len(x) / w * w
		momentCols(wide, 0, x[:body], w, room[:])
		k := int64(body / w)
		for i := 0; i < w; i += m {
			MergeMoments(s.Slice(0, m), n, wide.Slice(i, i+m), k)
			n += k
		}
		momentCols(s.Slice(0, m), n, x[body:], m, scratch)
	default:
		momentCols(s.Slice(0, m), n, x, m, scratch)
	}
}

// MergeMoments adds the moments o, of n2 values each, to the moments s, of n values each.
func MergeMoments(s Moments, n int64, o Moments, n2 int64) {
	switch {
	case n2 == 0:
	case n == 0:
		copy(s.Mean, o.Mean)
		copy(s.MeanLo, o.MeanLo)
		copy(s.M2, o.M2)
		copy(s.M2Lo, o.M2Lo)
	default:
		newJoin(n, n2).merge(s, o)
	}
}

// merge adds to each set of s that of o.
func (j join) merge(s, o Moments) {
	k := len(s.Mean)
	meanLo, m2, m2Lo := s.MeanLo[:k], s.M2[:k], s.M2Lo[:k]
	oMean, oMeanLo, oM2, oM2Lo := o.Mean[:k], o.MeanLo[:k], o.M2[:k], o.M2Lo[:k]
	for i, mean := range s.Mean { // as one.difference, in place
		d := (oMean[i] - mean) + (oMeanLo[i] - meanLo[i])
		h, e := TwoSum(mean, float64(d*j.share))
		e += meanLo[i]
		s.Mean[i] = h + e
		meanLo[i] = e - (s.Mean[i] - h)
		add(&m2[i], &m2Lo[i], oM2[i]+float64(float64(d*j.weight)*d))
		m2Lo[i] += oM2Lo[i]
	}
}

// Squares is the sum of the squares of set i, which rounding cannot make negative, and is NaN where
// the mean is not finite.
func (s Moments) Squares(i int) float64 {
	if s.Mean[i]-s.Mean[i] != 0 {
		return math.NaN()
	}
	if m2 := FinishSum(s.M2[i], s.M2Lo[i]); m2 > 0 || m2 != m2 {
		return m2
	}
	return 0
}

// one are the moments of one set.
type one struct{ mean, meanLo, m2, m2Lo float64 }

func (s Moments) at(i int) one { return one{s.Mean[i], s.MeanLo[i], s.M2[i], s.M2Lo[i]} }

func (s Moments) set(i int, a one) {
	s.Mean[i], s.MeanLo[i], s.M2[i], s.M2Lo[i] = a.mean, a.meanLo, a.m2, a.m2Lo
}

// part are the moments of some values: the mean is mean+rest.
type part struct{ mean, rest, m2 float64 }

// join holds what Chan's formula needs of the numbers of values on both sides.
type join struct {
	share, weight float64
	first         bool
}

func newJoin(n, n2 int64) join {
	if n == 0 {
		return join{first: true}
	}
	share := float64(n2) / float64(n+n2)
	return join{share, float64(n) * share, false}
}

// join adds b to the set.
func (a *one) join(j join, b part) {
	if j.first {
		a.mean, a.meanLo = TwoSum(b.mean, b.rest)
		a.m2, a.m2Lo = b.m2, 0
		return
	}
	a.difference(j, (b.mean-a.mean)+(b.rest-a.meanLo), b.m2)
}

// difference adds values whose mean differs by d. The mean is normalized, so that meanLo is far
// below mean.
func (a *one) difference(j join, d, m2 float64) {
	h, e := TwoSum(a.mean, float64(d*j.share))
	e += a.meanLo
	a.mean = h + e
	a.meanLo = e - (a.mean - h)
	add(&a.m2, &a.m2Lo, m2+float64(float64(d*j.weight)*d)) // d*d could overflow for a weight of 0
}

// about are the moments of n values whose differences from shift add up to s, and their squares to
// q. The division, and not a multiplication, makes the moments of equal values exact.
func about(shift, s, q, n float64) part {
	r := s / n
	return part{shift, r, without(q, s*r)}
}

// without is q-c, where c is the smaller but for rounding, and infinite where q is and c overflows
// with it.
func without(q, c float64) float64 {
	if c > math.MaxFloat64 {
		c = math.MaxFloat64
	}
	return q - float64(c)
}

// leafMoments are the moments of at most momentLeaf elements. The mean of the n values before them
// is near shift.
func leafMoments[T Real](x []T, n int64, shift float64, room *[momentLeaf]float64) part {
	if !isFloat[T]() {
		wide := room[:len(x)]
		toFloats(wide, x)
		return leafMoments(wide, n, shift, room)
	}
	k := float64(len(x))
	if n < int64(len(x)) {
		shift = rowSum(x) / k
	}
	s, q := deviations(x, shift)
	return about(shift, s, q, k)
}

// exactMoments are the moments of n < 2^17 values with s = Σv and q = Σv². The mean is rounded to
// 24 bits, for which n times it is exact, and with it what is left.
func exactMoments(s int64, q, n uint64) part {
	k := float64(n)
	inverse := 1 / k
	mean := float64(float32(float64(s) * inverse))
	return part{mean, (float64(s) - float64(mean*k)) * inverse, float64(n*q-uint64(s*s)) / k}
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

// rowSum is Σv of floats.
func rowSum[T Real](x []T) float64 {
	switch x := any(x).(type) {
	case []float64:
		return floatRowSum(x)
	case []float32:
		return floatRowSum(x)
	}
	panic("kernel: no float") // others are converted
}

func floatRowSum[T Float](x []T) float64 {
	if len(x) < leaf {
		return sumFloat(x)
	}
	var hi, lo [1]float64
	SumFloatRows(hi[:], lo[:], x, len(x))
	return hi[0] + lo[0]
}

// deviations are Σ(v-shift) and Σ(v-shift)², each in eight parts.
func deviations[T Real](x []T, shift float64) (s, q float64) {
	s, q, x = shiftVectors(x, shift)
	if len(x) >= 8 {
		var tail []T
		s, q, tail = shiftEights(x, shift)
		x = tail
	}
	for _, v := range x {
		d := float64(v) - shift
		s += d
		q += float64(d * d)
	}
	return s, q
}

// shiftEights does deviations for as many eights as there are.
func shiftEights[T Real](x []T, shift float64) (s, q float64, rest []T) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	var q0, q1, q2, q3, q4, q5, q6, q7 float64
	for ; len(x) >= 8; x = x[8:] {
		p := (*[8]T)(x)
		d0, d1, d2, d3 := float64(p[0])-shift, float64(p[1])-shift, float64(p[2])-shift, float64(p[3])-shift
		s0 += d0
		s1 += d1
		s2 += d2
		s3 += d3
		q0 += float64(d0 * d0)
		q1 += float64(d1 * d1)
		q2 += float64(d2 * d2)
		q3 += float64(d3 * d3)
		d4, d5, d6, d7 := float64(p[4])-shift, float64(p[5])-shift, float64(p[6])-shift, float64(p[7])-shift
		s4 += d4
		s5 += d5
		s6 += d6
		s7 += d7
		q4 += float64(d4 * d4)
		q5 += float64(d5 * d5)
		q6 += float64(d6 * d6)
		q7 += float64(d7 * d7)
	}
	s = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
	q = ((q0 + q4) + (q2 + q6)) + ((q1 + q5) + (q3 + q7))
	return s, q, x
}

func momentCols[T Real](s Moments, n int64, x []T, m int, scratch []float64) {
	rows := len(x) / m
	for c := 0; c < m; c += momentTile {
		w := min(momentTile, m-c)
		band := min(max(16, momentBand/(w*sizeOf[T]())), momentRows)
		part, a, b, mu := s.Slice(c, c+w), scratch[:w], scratch[w:2*w], scratch[2*w:3*w]
		for r := 0; r < rows; r += band {
			k := min(band, rows-r)
			tile, seen := x[r*m+c:], n+int64(r)
			if k == 1 && seen == 0 {
				narrowFirst(part, tile[:w], 1)
				continue
			}
			clear(scratch[:2*w])
			j := newJoin(seen, int64(k))
			if seen < int64(k) {
				colMeans(mu, tile, m, k)
				colDeviations(a, b, mu, tile, m, k)
				j.addApart(part, mu, a, b, float64(k))
			} else {
				colDeviations(a, b, part.Mean, tile, m, k)
				j.addShifted(part, a, b, 1/float64(k))
			}
		}
	}
}

// addApart adds, to set i, n values whose differences from mu[i] add up to a[i], and their squares
// to b[i].
func (j join) addApart(s Moments, mu, a, b []float64, n float64) {
	if j.first {
		meanLo, m2, m2Lo := s.MeanLo[:len(s.Mean)], s.M2[:len(s.Mean)], s.M2Lo[:len(s.Mean)]
		a, b, mu = a[:len(s.Mean)], b[:len(s.Mean)], mu[:len(s.Mean)]
		for i := range s.Mean {
			r := a[i] / n
			s.Mean[i], meanLo[i] = TwoSum(mu[i], r)
			m2[i], m2Lo[i] = without(b[i], a[i]*r), 0
		}
		return
	}
	for i := range s.Mean {
		o := s.at(i)
		o.join(j, about(mu[i], a[i], b[i], n))
		s.set(i, o)
	}
}

// addShifted adds, to set i, 1/inverse values whose differences from Mean[i] add up to a[i], and
// their squares to b[i].
func (j join) addShifted(s Moments, a, b []float64, inverse float64) {
	done := joinVectors(s, a, b, inverse, j)
	s, a, b = s.Slice(done, len(s.Mean)), a[done:], b[done:]
	for i := range s.Mean {
		o, r := s.at(i), a[i]*inverse
		o.difference(j, r-o.meanLo, without(b[i], a[i]*r))
		s.set(i, o)
	}
}

// colMeans leaves the means of the columns of rows rows, which lie pitch elements apart, in mean.
func colMeans[T Real](mean []float64, x []T, pitch, rows int) {
	clear(mean)
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
}

// add4 adds to sum[j] the four elements of x at j, j+pitch, ...
func add4[T Real](sum []float64, x []T, pitch int) {
	r0, r1 := x[:len(sum)], x[pitch:][:len(sum)]
	r2, r3 := x[2*pitch:][:len(sum)], x[3*pitch:][:len(sum)]
	for j := range sum {
		sum[j] += (float64(r0[j]) + float64(r1[j])) + (float64(r2[j]) + float64(r3[j]))
	}
}

// colDeviations adds to s[j] the differences from shift[j] of the elements of column j, in rows
// rows that lie pitch elements apart, and to q[j] their squares.
func colDeviations[T Real](s, q, shift []float64, x []T, pitch, rows int) {
	if !isFloat[T]() {
		convertedDeviations(s, q, shift, x, pitch, rows)
		return
	}
	r := 0
	for ; rows-r >= 4; r += 4 {
		shift4(s, q, shift, x[r*pitch:], pitch)
	}
	for ; r < rows; r++ {
		shift1(s, q, shift, x[r*pitch:][:len(s)])
	}
}

// convertedDeviations does colDeviations for integers.
func convertedDeviations[T Real](s, q, shift []float64, x []T, pitch, rows int) {
	const width = 256
	var room [4 * width]float64
	for c := 0; c < len(s); c += width {
		w := min(width, len(s)-c)
		a, b, mu := s[c:c+w], q[c:c+w], shift[c:c+w]
		for r := 0; r < rows; {
			k := 1
			if rows-r >= 4 {
				k = 4
			}
			for i := range k {
				toFloats(room[i*width:][:w], x[(r+i)*pitch+c:][:w])
			}
			if k == 4 {
				shift4(a, b, mu, room[:], width)
			} else {
				shift1(a, b, mu, room[:w])
			}
			r += k
		}
	}
}

// shift4 adds the differences of the four elements of x at j, j+pitch, ...
func shift4[T Real](s, q, shift []float64, x []T, pitch int) {
	done := shiftVectorRows(s, q, shift, x, 4, pitch)
	s, q, shift, x = s[done:], q[done:len(s)], shift[done:len(s)], x[done:]
	r0, r1 := x[:len(s)], x[pitch:][:len(s)]
	r2, r3 := x[2*pitch:][:len(s)], x[3*pitch:][:len(s)]
	for j, m := range shift {
		d0, d1 := float64(r0[j])-m, float64(r1[j])-m
		d2, d3 := float64(r2[j])-m, float64(r3[j])-m
		s[j] += (d0 + d1) + (d2 + d3)
		q[j] += (float64(d0*d0) + float64(d1*d1)) + (float64(d2*d2) + float64(d3*d3))
	}
}

// shift1 adds the differences of one row.
func shift1[T Real](s, q, shift []float64, x []T) {
	done := shiftVectorRows(s, q, shift, x, 1, 0)
	s, q, shift = s[done:], q[done:len(s)], shift[done:len(s)]
	for j, v := range x[done:] {
		d := float64(v) - shift[j]
		s[j] += d
		q[j] += float64(d * d)
	}
}
