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
			mean, m2 := make([]float64, len(want)), make([]float64, len(want))
			// Every line is seen twice.
			var n int64
			if cols {
				MomentCols(mean, m2, 0, x, g.m, make([]float64, 2*g.m))
				n = int64(g.rows)
				MomentCols(mean, m2, n, x, g.m, make([]float64, 2*g.m))
			} else {
				MomentRows(mean, m2, 0, x, g.m)
				n = int64(g.m)
				MomentRows(mean, m2, n, x, g.m)
			}
			for i, line := range want {
				if len(line) == 0 {
					continue
				}
				wantMean, wantM2, finite := naiveMoments(line)
				wantM2 *= 2
				scale := math.Abs(wantMean) + math.Sqrt(wantM2/float64(2*len(line)))
				noise := float64(len(line)) * (0x1p-50 * scale) * (0x1p-50 * scale) // of the mean, squared
				switch {
				case !finite && m2[i] == m2[i]:
					t.Errorf("cols=%v output %d: got m2 %v of what is not finite", cols, i, m2[i])
					return
				case finite && !(math.Abs(mean[i]-wantMean) <= 1e-14*scale):
					t.Errorf("cols=%v output %d: got mean %v, want %v", cols, i, mean[i], wantMean)
					return
				case finite && !(math.Abs(m2[i]-wantM2) <= 1e-13*wantM2+noise):
					t.Errorf("cols=%v output %d: got m2 %v, want %v", cols, i, m2[i], wantM2)
					return
				}
			}
		}
	})
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
	mean, m2 := make([]float64, 1), make([]float64, 1)
	MomentRows(mean, m2, 0, x, len(x))
	if mean[0] != 1e9+0.5 || m2[0] != n*m/4 {
		t.Errorf("row: got %v, %v; want %v, %v", mean[0], m2[0], 1e9+0.5, n*m/4)
	}
	// Constant columns, and a range whose squares overflow.
	for i := range x {
		x[i] = 0x1p700 * float64(1+i%m)
	}
	mean, m2 = make([]float64, m), make([]float64, m)
	MomentCols(mean, m2, 0, x, m, make([]float64, 2*m))
	for j := range mean {
		if mean[j] != 0x1p700*float64(1+j) || m2[j] != 0 {
			t.Errorf("column %d: got %v, %v; want %v, 0", j, mean[j], m2[j], 0x1p700*float64(1+j))
		}
	}
}

func TestMergeMoments(t *testing.T) {
	x := []float64{1, 5, 2, 8, 3, 3, 9}
	wantMean, wantM2, _ := naiveMoments(x)
	for k := range len(x) + 1 {
		a, a2, b, b2 := make([]float64, 1), make([]float64, 1), make([]float64, 1), make([]float64, 1)
		MomentRows(a, a2, 0, x[:k], k)
		MomentRows(b, b2, 0, x[k:], len(x)-k)
		MergeMoments(a, a2, int64(k), b, b2, int64(len(x)-k))
		if math.Abs(a[0]-wantMean) > 1e-15*wantMean || math.Abs(a2[0]-wantM2) > 1e-15*wantM2 {
			t.Errorf("split at %d: got %v, %v; want %v, %v", k, a[0], a2[0], wantMean, wantM2)
		}
	}
}
