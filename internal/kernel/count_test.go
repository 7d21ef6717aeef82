package kernel

import (
	"math"
	"testing"
)

func TestCount(t *testing.T) {
	testCountFloat[float32](t)
	testCountFloat[float64](t)
	testCountZero[int8](t)
	testCountZero[uint8](t)
	testCountZero[int16](t)
	testCountZero[uint16](t)
	testCountZero[int32](t)
	testCountZero[uint64](t)
}

func testCountFloat[T Float](t *testing.T) {
	testCount(t, CountNaNRows[T], CountNaNCols[T], func(v T) bool { return v != v })
	testCount(t, CountInfRows[T], CountInfCols[T], func(v T) bool { return math.IsInf(float64(v), 0) })
	testCountZero[T](t)
}

func testCountZero[T Real](t *testing.T) {
	testCount(t, CountZeroRows[T], CountZeroCols[T], func(v T) bool { return v == 0 })
}

func testCount[T Real](t *testing.T, rows, cols func([]int64, []T, int), is func(T) bool) {
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, byCols := range []bool{false, true} {
			want := lines(x, g, byCols)
			acc := fill(len(want), int64(3))
			if byCols {
				cols(acc, x, g.m)
			} else {
				rows(acc, x, g.m)
			}
			for i, line := range want {
				n := int64(3)
				for _, v := range line {
					if is(v) {
						n++
					}
				}
				if acc[i] != n {
					t.Errorf("cols=%v output %d: got %d, want %d", byCols, i, acc[i], n)
					return
				}
			}
		}
	})
}

// TestCountBits counts every pattern of a float32's sign, exponent, and the
// fraction's ends.
func TestCountBits(t *testing.T) {
	var x []float32
	var nan, inf, null int64
	for top := range 1 << 9 {
		for _, fraction := range []uint32{0, 1, 1 << 22, 1<<23 - 1} {
			v := math.Float32frombits(uint32(top)<<23 | fraction)
			x = append(x, v)
			switch {
			case v != v:
				nan++
			case math.IsInf(float64(v), 0):
				inf++
			case v == 0:
				null++
			}
		}
	}
	acc := make([]int64, 3)
	CountNaNRows(acc[:1], x, len(x))
	CountInfRows(acc[1:2], x, len(x))
	CountZeroRows(acc[2:], x, len(x))
	if acc[0] != nan || acc[1] != inf || acc[2] != null {
		t.Errorf("got %d NaN, %d Inf, %d zeros; want %d, %d, %d", acc[0], acc[1], acc[2], nan, inf, null)
	}
}

// TestCountFull counts nothing but zeros, for which bands are made.
func TestCountFull(t *testing.T) {
	testCountFull[uint8](t)
	testCountFull[int16](t)
	testCountFull[float32](t)
}

func testCountFull[T Real](t *testing.T) {
	const n, m = 1 << 16, 64
	x := make([]T, n)
	row, cols := make([]int64, 1), make([]int64, m)
	CountZeroRows(row, x, n)
	CountZeroCols(cols, x, m)
	if row[0] != n {
		t.Errorf("%T row: got %d, want %d", x[0], row[0], n)
	}
	for j, c := range cols {
		if c != n/m {
			t.Errorf("%T column %d: got %d, want %d", x[0], j, c, n/m)
		}
	}
}
