package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestArg(t *testing.T) {
	testArg[int8](t)
	testArg[uint8](t)
	testArg[int16](t)
	testArg[uint32](t)
	testArg[int64](t)
	testArg[float32](t)
	testArg[float64](t)
}

func testArg[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, cols := range []bool{false, true} {
			for _, most := range []bool{false, true} {
				want := lines(x, g, cols)
				n := g.m // along which indices count
				if cols {
					n = g.rows
				}
				base, step := int64(rng.IntN(1000)), int64(1+rng.IntN(3))
				if rng.IntN(2) == 0 {
					base, step = base+int64(n)*step, -step
				}
				// Some accumulators have seen something, at any index.
				val, idx := make([]T, len(want)), fill(len(want), int64(-1))
				wantVal, wantIdx := make([]T, len(want)), fill(len(want), int64(-1))
				for i := range val {
					if rng.IntN(4) == 0 {
						val[i], idx[i] = T(rng.IntN(5)), int64(rng.IntN(2000))
						wantVal[i], wantIdx[i] = val[i], idx[i]
					}
				}
				fold := ArgMinRows[T]
				switch {
				case most && cols:
					fold = ArgMaxCols[T]
				case most:
					fold = ArgMaxRows[T]
				case cols:
					fold = ArgMinCols[T]
				}
				fold(val, idx, x, g.m, base, step)
				for i, line := range want {
					for k, v := range line {
						naiveArg(&wantVal[i], &wantIdx[i], v, base+int64(k)*step, most)
					}
					if idx[i] != wantIdx[i] || idx[i] >= 0 && !same(val[i], wantVal[i]) {
						t.Errorf("cols=%v most=%v base=%d step=%d output %d: got %v at %d, want %v at %d",
							cols, most, base, step, i, val[i], idx[i], wantVal[i], wantIdx[i])
						return
					}
				}
			}
		}
	})
}

func naiveArg[T Real](val *T, idx *int64, v T, i int64, most bool) {
	better := v < *val
	if most {
		better = v > *val
	}
	if v != v {
		better = *val == *val
	}
	if *idx < 0 || better || same(v, *val) && i < *idx {
		*val, *idx = v, i
	}
}

func TestMergeArg(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		v       float64
		i       int64
		w       float64
		j       int64
		min     int64
		max     int64
		whenNew string
	}{
		{1, 5, 2, 3, 5, 3, "values differ"},
		{1, 5, 1, 3, 3, 3, "tie goes to the smaller index"},
		{1, 3, 1, 5, 3, 3, "and stays there"},
		{1, -1, 1, 5, 5, 5, "nothing seen yet"},
		{1, 5, 0, -1, 5, 5, "nothing to merge"},
		{nan, 5, 0, 3, 5, 5, "NaN stays"},
		{0, 3, nan, 5, 5, 5, "NaN wins"},
		{nan, 5, nan, 3, 3, 3, "the first NaN"},
		{0, 5, math.Copysign(0, -1), 3, 3, 3, "zeros are equal"},
	} {
		val, idx := []float64{tt.v}, []int64{tt.i}
		MergeArgMin(val, idx, []float64{tt.w}, []int64{tt.j})
		got := fmt.Sprint(idx[0])
		val, idx = []float64{tt.v}, []int64{tt.i}
		MergeArgMax(val, idx, []float64{tt.w}, []int64{tt.j})
		got += fmt.Sprint(" ", idx[0])
		if want := fmt.Sprint(tt.min, " ", tt.max); got != want {
			t.Errorf("%s: got %s, want %s", tt.whenNew, got, want)
		}
	}
}
