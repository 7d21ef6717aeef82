package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSumInt(t *testing.T) {
	testSumInt[int8](t)
	testSumInt[uint8](t)
	testSumInt[int16](t)
	testSumInt[uint16](t)
	testSumInt[int32](t)
	testSumInt[uint32](t)
	testSumInt[int64](t)
	testSumInt[uint64](t)
}

func testSumInt[T Integer](t *testing.T) {
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, cols := range []bool{false, true} {
			want := lines(x, g, cols)
			acc := fill(len(want), uint64(1000))
			if cols {
				SumIntCols(acc, x, g.m)
			} else {
				SumIntRows(acc, x, g.m)
			}
			for i, line := range want {
				sum := uint64(1000)
				for _, v := range line {
					sum += uint64(v)
				}
				if acc[i] != sum {
					t.Errorf("cols=%v output %d: got %d, want %d", cols, i, acc[i], sum)
					return
				}
			}
		}
	})
}

// TestSumLanesFull sums nothing but the largest lanes, for which bands are made.
func TestSumLanesFull(t *testing.T) {
	testSumLanesFull[uint8](t, math.MaxUint8)
	testSumLanesFull[int8](t, math.MaxInt8)
	testSumLanesFull[int8](t, math.MinInt8)
	testSumLanesFull[uint16](t, math.MaxUint16)
	testSumLanesFull[int16](t, math.MaxInt16)
	testSumLanesFull[int16](t, math.MinInt16)
}

func testSumLanesFull[T Integer](t *testing.T, v T) {
	const n, m = 1 << 21, 16
	x := fill(n, v)
	row, cols := make([]uint64, 1), make([]uint64, m)
	SumIntRows(row, x, n)
	sumLaneCols(cols, x, m) // what narrow columns would otherwise never see
	if row[0] != uint64(v)*n {
		t.Errorf("%T row: got %d, want %d", v, row[0], uint64(v)*n)
	}
	for j, s := range cols {
		if Shares() && s != uint64(v)*(n/m) {
			t.Errorf("%T column %d: got %d, want %d", v, j, s, uint64(v)*(n/m))
		}
	}
}

func TestSumFloat(t *testing.T) {
	testSumFloat[float32](t)
	testSumFloat[float64](t)
}

func testSumFloat[T Float](t *testing.T) {
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, cols := range []bool{false, true} {
			want := lines(x, g, cols)
			hi, lo := make([]float64, len(want)), make([]float64, len(want))
			if cols {
				SumFloatCols(hi, lo, x, g.m)
			} else {
				SumFloatRows(hi, lo, x, g.m)
			}
			for i, line := range want {
				got := FinishSum(hi[i], lo[i])
				sum, scale := exactSum(line)
				// 18 additions precede the compensated sum: leaf/8 and what joins the eight.
				if tol := 20 * 0x1p-53 * scale; !(math.Abs(got-sum) <= tol) && !sameBits(got, sum) {
					t.Errorf("cols=%v output %d: got %v, want %v ± %v", cols, i, got, sum, tol)
					return
				}
			}
		}
	})
}

// exactSum is the sum of x, and that of the magnitudes. It is Shewchuk's, as in
// Python's fsum: the partial sums do not overlap and together are exact.
func exactSum[T Float](x []T) (sum, scale float64) {
	var partials []float64
	var special float64
	for _, v := range x {
		s := float64(v)
		if s-s != 0 {
			special += s
			continue
		}
		scale += math.Abs(s)
		n := 0
		for _, p := range partials {
			if math.Abs(s) < math.Abs(p) {
				s, p = p, s
			}
			hi := s + p
			if lo := p - (hi - s); lo != 0 {
				partials[n] = lo
				n++
			}
			s = hi
		}
		partials = append(partials[:n], s)
	}
	if special != 0 {
		return special, scale
	}
	for _, p := range partials {
		sum += p // the smallest first
	}
	return sum, scale
}

func TestSumFloatNotFinite(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{1, inf, 2}, inf},
		{[]float64{1, -inf, 2}, -inf},
		{[]float64{inf, 1, inf}, inf},
		{[]float64{inf, 1, -inf}, nan},
		{[]float64{nan, 1}, nan},
		{[]float64{nan, inf}, nan},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, inf},
		{nil, 0},
	} {
		for _, pad := range []int{0, 5, 1000} { // whole leaves, groups and columns around it
			x := append(append(make([]float64, pad), tt.x...), make([]float64, pad)...)
			hi, lo := make([]float64, 2), make([]float64, 2)
			SumFloatRows(hi[:1], lo[:1], x, len(x))
			SumFloatCols(hi[1:], lo[1:], x, 1)
			for i := range hi {
				if got := FinishSum(hi[i], lo[i]); !sameBits(got, tt.want) {
					t.Errorf("sum %d of %v among zeros: got %v, want %v", i, tt.x, got, tt.want)
				}
			}
			wide := make([]float64, 0, 2*len(x))
			for _, v := range x {
				wide = append(wide, v, 1)
			}
			hi, lo = make([]float64, 2), make([]float64, 2)
			SumFloatCols(hi, lo, wide, 2)
			if got := FinishSum(hi[0], lo[0]); !sameBits(got, tt.want) {
				t.Errorf("column of %v among zeros: got %v, want %v", tt.x, got, tt.want)
			}
			if got := FinishSum(hi[1], lo[1]); got != float64(len(x)) {
				t.Errorf("column beside %v: got %v, want %v", tt.x, got, len(x))
			}
		}
	}
}

func TestMergeSum(t *testing.T) {
	hi, lo := []float64{1, math.Inf(1), 1e16}, []float64{0x1p-60, math.NaN(), 0}
	MergeSum(hi, lo, []float64{0x1p-70, 1, 1}, []float64{0x1p-130, 0, 0})
	if hi[0] != 1 || lo[0] != 0x1p-60+0x1p-70+0x1p-130 {
		t.Errorf("got %v + %v", hi[0], lo[0])
	}
	if got := FinishSum(hi[1], lo[1]); got != math.Inf(1) {
		t.Errorf("got %v, want +Inf", got)
	}
	MergeSum(hi, lo, []float64{0, 0, -1e16}, []float64{0, 0, 0})
	if got := FinishSum(hi[2], lo[2]); got != 1 {
		t.Errorf("1e16 + 1 - 1e16: got %v, want 1", got)
	}
}

// TestSumAccuracy compares errors with those of NumPy's pairwise summation, in
// the type of the elements as there, on sums that nearly cancel.
func TestSumAccuracy(t *testing.T) {
	testSumAccuracy[float32](t)
	testSumAccuracy[float64](t)
}

func testSumAccuracy[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{7, 100, 128, 1000, 4096, 50000, 1 << 17} {
		var ours, columns, theirs float64 // sums of errors over all trials
		for range 20 {
			x := make([]T, n)
			for i := range x {
				x[i] = T(rng.NormFloat64() * math.Exp2(float64(rng.IntN(30))))
			}
			want, _ := exactSum(x)
			x[n-1] -= T(want) // condition number about 2^24 or 2^53
			want, _ = exactSum(x)

			hi, lo := make([]float64, 2), make([]float64, 2)
			SumFloatRows(hi[:1], lo[:1], x, n)
			pairs := make([]T, 0, 2*n)
			for _, v := range x {
				pairs = append(pairs, v, 0)
			}
			hi2, lo2 := make([]float64, 2), make([]float64, 2)
			SumFloatCols(hi2, lo2, pairs, 2)
			ours += math.Abs(FinishSum(hi[0], lo[0]) - want)
			columns += math.Abs(FinishSum(hi2[0], lo2[0]) - want)
			theirs += math.Abs(float64(pairwise(x)) - want)
		}
		if ours > theirs || columns > theirs && n > 8 {
			var zero T
			t.Errorf("%T, n=%d: error %g by rows, %g by columns, NumPy's %g", zero, n, ours, columns, theirs)
		}
	}
}

// pairwise is NumPy's pairwise summation (loops_utils.h.src).
func pairwise[T Float](x []T) T {
	n := len(x)
	switch {
	case n < 8:
		var s T
		for _, v := range x {
			s += v
		}
		return s
	case n <= 128:
		r := [8]T(x)
		i := 8
		for ; i < n-n%8; i += 8 {
			for k := range r {
				r[k] += x[i+k]
			}
		}
		s := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			s += x[i]
		}
		return s
	}
	half := n / 2
	half -= half % 8
	return pairwise(x[:half]) + pairwise(x[half:])
}
