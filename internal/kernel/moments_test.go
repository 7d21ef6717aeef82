package kernel

import (
	"math"
	"testing"
)

func TestMoments(t *testing.T) {
	testMoments[int8](t)
	testMoments[uint8](t)
	testMoments[int16](t)
	testMoments[uint16](t)
	testMoments[int32](t)
	testMoments[int64](t)
	testMoments[float32](t)
	testMoments[float64](t)
}

func testMoments[T Real](t *testing.T) {
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, cols := range []bool{false, true} {
			want := lines(x, g, cols)
			s := newMoments(len(want))
			// Every line is seen twice.
			var n int64
			if cols {
				MomentCols(s, 0, x, g.m, make([]float64, MomentScratch*g.m))
				n = int64(g.rows)
				MomentCols(s, n, x, g.m, make([]float64, MomentScratch*g.m))
			} else {
				MomentRows(s, 0, x, g.m)
				n = int64(g.m)
				MomentRows(s, n, x, g.m)
			}
			for i, line := range want {
				if len(line) == 0 {
					continue
				}
				wantMean, wantM2, finite := naiveMoments(line)
				wantM2 *= 2
				mean, m2 := s.finish(i)
				scale := math.Abs(wantMean) + math.Sqrt(wantM2/float64(2*len(line)))
				// of the mean, squared
				noise := float64(len(line)) * (0x1p-50 * scale) * (0x1p-50 * scale)
				switch {
				case !finite && m2 == m2:
					t.Errorf("cols=%v output %d: got m2 %v of what is not finite", cols, i, m2)
					return
				case finite && !(math.Abs(mean-wantMean) <= 1e-14*scale):
					t.Errorf("cols=%v output %d: got mean %v, want %v", cols, i, mean, wantMean)
					return
				case finite && !(math.Abs(m2-wantM2) <= 1e-13*wantM2+noise):
					t.Errorf("cols=%v output %d: got m2 %v, want %v", cols, i, m2, wantM2)
					return
				}
			}
		}
	})
}

// newMoments are those of n sets without values.
func newMoments(n int) Moments {
	return Moments{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
}

func (s Moments) finish(i int) (mean, m2 float64) {
	return s.Mean[i] + s.MeanLo[i], s.Squares(i)
}

// naiveMoments are the moments of x from exact sums.
func naiveMoments[T Real](x []T) (mean, m2 float64, finite bool) {
	d := make([]float64, len(x))
	for i, v := range x {
		d[i] = float64(v)
	}
	mean, _ = exactSum(d)
	mean /= float64(len(x))
	for i, v := range d {
		d[i] = (v - mean) * (v - mean)
	}
	m2, _ = exactSum(d)
	return mean, m2, m2-m2 == 0
}

// TestMomentsStable has a mean much larger than the deviations.
func TestMomentsStable(t *testing.T) {
	const n, m = 4096, 64
	x := make([]float64, n*m)
	for i := range x {
		x[i] = 1e9 + float64(i%2)
	}
	s := newMoments(1)
	MomentRows(s, 0, x, len(x))
	if mean, m2 := s.finish(0); mean != 1e9+0.5 || m2 != n*m/4 {
		t.Errorf("row: got %v, %v; want %v, %v", mean, m2, 1e9+0.5, n*m/4)
	}
	// Constant columns, and a range whose squares overflow.
	for i := range x {
		x[i] = 0x1p700 * float64(1+i%m)
	}
	s = newMoments(m)
	MomentCols(s, 0, x, m, make([]float64, MomentScratch*m))
	for j := range m {
		if mean, m2 := s.finish(j); mean != 0x1p700*float64(1+j) || m2 != 0 {
			t.Errorf("column %d: got %v, %v; want %v, 0", j, mean, m2, 0x1p700*float64(1+j))
		}
	}
}

func TestMergeMoments(t *testing.T) {
	x := []float64{1, 5, 2, 8, 3, 3, 9}
	wantMean, wantM2, _ := naiveMoments(x)
	for k := range len(x) + 1 {
		a, b := newMoments(1), newMoments(1)
		MomentRows(a, 0, x[:k], k)
		MomentRows(b, 0, x[k:], len(x)-k)
		MergeMoments(a, int64(k), b, int64(len(x)-k))
		if mean, m2 := a.finish(0); math.Abs(mean-wantMean) > 1e-15*wantMean || math.Abs(m2-wantM2) > 1e-15*wantM2 {
			t.Errorf("split at %d: got %v, %v; want %v, %v", k, mean, m2, wantMean, wantM2)
		}
	}
}
