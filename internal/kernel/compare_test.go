package kernel

import (
	"math"
	"testing"
)

// TestCompare tries every operation on less, equal, greater and unordered numbers.
func TestCompare(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	x := []float64{1, 2, 3, nan, 1, nan, -inf, math.Copysign(0, -1)}
	y := []float64{2, 2, 2, 1, nan, nan, inf, 0}
	for op, want := range map[BinaryOp][]byte{
		Equal:        {0, 1, 0, 0, 0, 0, 0, 1},
		NotEqual:     {1, 0, 1, 1, 1, 1, 1, 0},
		Less:         {1, 0, 0, 0, 0, 0, 1, 0},
		LessEqual:    {1, 1, 0, 0, 0, 0, 1, 1},
		Greater:      {0, 0, 1, 0, 0, 0, 0, 0},
		GreaterEqual: {0, 1, 1, 0, 0, 0, 0, 1},
	} {
		got := make([]byte, len(x))
		Binary(op, Float64, got, Bytes(x), Bytes(y))
		if string(got) != string(want) {
			t.Errorf("%v: %v, want %v", op, got, want)
		}
		Binary(op.Reversed(), Float64, got, Bytes(y), Bytes(x))
		if string(got) != string(want) {
			t.Errorf("reversed %v: %v, want %v", op, got, want)
		}
	}
}

// TestCompareComplex has NaN in one part, which NumPy orders in a way of its own.
func TestCompareComplex(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		op   BinaryOp
		x, y complex128
		want byte
	}{
		{Less, 1 + 5i, 2, 1},
		{Less, 1 + 5i, 1 + 6i, 1},
		{Less, 1 + 5i, 1 + 5i, 0},
		{LessEqual, 1 + 5i, 1 + 5i, 1},
		{Greater, 2, 1 + 5i, 1},
		{GreaterEqual, 1, 1i, 1},
		{Equal, 1 + 5i, 1 + 5i, 1},
		{NotEqual, 1 + 5i, 1 + 4i, 1},
		{Less, complex(1, nan), 2, 0},
		{LessEqual, 1, complex(2, nan), 0},
		{Less, complex(nan, 1), 2, 0},
		{Equal, complex(1, nan), complex(1, nan), 0},
		{NotEqual, complex(1, nan), complex(1, nan), 1},
	} {
		if got := pair[complex128, byte](tt.op, Complex128, tt.x, tt.y); got != tt.want {
			t.Errorf("%v(%v, %v) = %d", tt.op, tt.x, tt.y, got)
		}
	}
}

// TestCompareMixed has numbers that float64 takes for one.
func TestCompareMixed(t *testing.T) {
	x := []int64{-1, 0, math.MaxInt64, math.MaxInt64, 5, math.MinInt64}
	y := []uint64{math.MaxUint64, 0, 1 << 63, math.MaxInt64, 4, 0}
	for op, want := range map[BinaryOp][]byte{
		Equal:        {0, 1, 0, 1, 0, 0},
		NotEqual:     {1, 0, 1, 0, 1, 1},
		Less:         {1, 0, 1, 0, 0, 1},
		LessEqual:    {1, 1, 1, 1, 0, 1},
		Greater:      {0, 0, 0, 0, 1, 0},
		GreaterEqual: {0, 1, 0, 1, 1, 0},
	} {
		got := make([]byte, len(x))
		CompareMixed(op, got, Bytes(x), Bytes(y))
		if string(got) != string(want) {
			t.Errorf("%v: %v, want %v", op, got, want)
		}
		CompareMixed(op, got, Bytes(x), Bytes(y[1:2]))
		for i, v := range x {
			if want := boolOf(op, float64(v), 0); got[i] != want {
				t.Errorf("%v(%d, 0) = %d", op, v, got[i])
			}
		}
	}
}

func boolOf(op BinaryOp, x, y float64) byte { return pair[float64, byte](op, Float64, x, y) }
