package kernel

import (
	"math"
	"testing"
)

func TestMinMax(t *testing.T) {
	testMinMax[int8](t)
	testMinMax[uint8](t)
	testMinMax[int16](t)
	testMinMax[uint16](t)
	testMinMax[int32](t)
	testMinMax[uint32](t)
	testMinMax[int64](t)
	testMinMax[uint64](t)
	testMinMax[float32](t)
	testMinMax[float64](t)
}

func testMinMax[T Real](t *testing.T) {
	eachSample(t, func(t *testing.T, x []T, g geometry) {
		for _, cols := range []bool{false, true} {
			want := lines(x, g, cols)
			least, most := fill(len(want), MinIdentity[T]()), fill(len(want), MaxIdentity[T]())
			if cols {
				MinCols(least, x, g.m)
				MaxCols(most, x, g.m)
			} else {
				MinRows(least, x, g.m)
				MaxRows(most, x, g.m)
			}
			for i, line := range want {
				lo, hi := MinIdentity[T](), MaxIdentity[T]()
				for _, v := range line {
					lo, hi = min(lo, v), max(hi, v)
				}
				if !same(least[i], lo) || !same(most[i], hi) {
					t.Errorf("cols=%v output %d: got %v and %v, want %v and %v", cols, i, least[i], most[i], lo, hi)
					return
				}
			}
		}
	})
}

// TestMinMaxKeeps checks that what is in the accumulator counts.
func TestMinMaxKeeps(t *testing.T) {
	nan := math.NaN()
	x := fill(1000, 1.0)
	for _, tt := range []struct{ acc, least, most float64 }{{0, 0, 1}, {1, 1, 1}, {2, 1, 2}, {nan, nan, nan}} {
		for _, m := range []int{1, 5, 100, 1000} {
			rows, cols := fill(1000/m, tt.acc), fill(m, tt.acc)
			MinRows(rows, x, m)
			MinCols(cols, x, m)
			if !same(rows[0], tt.least) || !same(cols[m-1], tt.least) {
				t.Errorf("minimum of %v and ones, m=%d: got %v and %v, want %v", tt.acc, m, rows[0], cols[m-1], tt.least)
			}
			rows, cols = fill(1000/m, tt.acc), fill(m, tt.acc)
			MaxRows(rows, x, m)
			MaxCols(cols, x, m)
			if !same(rows[0], tt.most) || !same(cols[m-1], tt.most) {
				t.Errorf("maximum of %v and ones, m=%d: got %v and %v, want %v", tt.acc, m, rows[0], cols[m-1], tt.most)
			}
		}
	}
}

// TestExtremeLanes checks every threshold against every element, in every lane.
func TestExtremeLanes(t *testing.T) {
	x := make([]uint8, 64+7)
	for acc := range 256 {
		for v := range 256 {
			for i := range x {
				x[i] = uint8(min(acc, 200))
			}
			x[(acc+v)%len(x)] = uint8(v)
			most := []uint8{uint8(acc)}
			MaxRows(most, x, len(x))
			if want := uint8(max(acc, v)); most[0] != want {
				t.Fatalf("maximum of %d and %d: got %d", acc, v, most[0])
			}
			y := Slice[int8](x)
			least := []int8{int8(acc)}
			MinRows(least, y, len(y))
			if want := min(int8(acc), int8(v), y[0], y[1]); least[0] != want {
				t.Fatalf("minimum of %d and %d: got %d, want %d", int8(acc), int8(v), least[0], want)
			}
		}
	}
}

func TestIdentities(t *testing.T) {
	testIdentity[int8](t, math.MaxInt8, math.MinInt8)
	testIdentity[uint8](t, math.MaxUint8, 0)
	testIdentity[int16](t, math.MaxInt16, math.MinInt16)
	testIdentity[uint16](t, math.MaxUint16, 0)
	testIdentity[int32](t, math.MaxInt32, math.MinInt32)
	testIdentity[uint32](t, math.MaxUint32, 0)
	testIdentity[int64](t, math.MaxInt64, math.MinInt64)
	testIdentity[uint64](t, math.MaxUint64, 0)
	testIdentity(t, float32(math.Inf(1)), float32(math.Inf(-1)))
	testIdentity(t, math.Inf(1), math.Inf(-1))
}

func testIdentity[T Real](t *testing.T, least, most T) {
	if got := MinIdentity[T](); got != least {
		t.Errorf("MinIdentity[%T]: got %v, want %v", got, got, least)
	}
	if got := MaxIdentity[T](); got != most {
		t.Errorf("MaxIdentity[%T]: got %v, want %v", got, got, most)
	}
}
