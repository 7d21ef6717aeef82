package kernel

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// histData is the data that histGolden is of: 2000 numbers made from xorshift64*.
func histData(kind string, seed uint64) []float64 {
	x := make([]float64, 2000)
	for i := range x {
		seed ^= seed >> 12
		seed ^= seed << 25
		seed ^= seed >> 27
		u := seed * 0x2545F4914F6CDD1D
		switch kind {
		case "unit":
			x[i] = float64(u>>11) * 0x1p-53
		case "tenths":
			x[i] = float64(u%41)/10 - 2
		case "ints":
			x[i] = float64(u%301) - 20
		case "large":
			x[i] = 1e15 + float64(u%1000)/8
		}
	}
	return x
}

func TestHistNumPy(t *testing.T) {
	for _, g := range histGolden {
		b, err := NewBins(g.lo, g.hi, g.n)
		if err != nil {
			t.Errorf("%+v: %v", g, err)
			continue
		}
		if got := crc32.ChecksumIEEE(littleEndianBytes(b.Edges())); got != g.edges {
			t.Errorf("%+v: edges have sum %#x: %v", g, got, b.Edges())
		}
		x := histData(g.data, uint64(g.n+17))
		var counts []int64
		switch g.elem {
		case Float64:
			counts = histOf(x, b)
		case Float32:
			counts = histOf(convertAll[float32](x), b)
		case Int8:
			counts = histOf(convertAll[int8](x), b)
		case Uint8:
			counts = histOf(convertAll[uint8](x), b)
		case Int16:
			counts = histOf(convertAll[int16](x), b)
		case Uint16:
			counts = histOf(convertAll[uint16](x), b)
		case Int32:
			counts = histOf(convertAll[int32](x), b)
		case Uint64:
			counts = histOf(convertAll[uint64](x), b)
		}
		if got := crc32.ChecksumIEEE(littleEndianBytes(counts)); got != g.counts {
			t.Errorf("%+v: counts have sum %#x: %v", g, got, counts)
		}
	}
}

func littleEndianBytes[T any](x []T) []byte {
	b := slices.Clone(Bytes(x))
	if bigEndian {
		SwapBytes(b, b, 8)
	}
	return b
}

func histOf[T Real](x []T, b Bins) []int64 {
	counts := make([]int64, b.Len())
	HistRows(counts, x, len(x), b)
	return counts
}

// convertAll wraps what does not fit, as astype from int64 does.
func convertAll[T Real](x []float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		if isFloat[T]() {
			y[i] = T(v)
		} else {
			y[i] = T(int64(v))
		}
	}
	return y
}

func TestHist(t *testing.T) {
	testHist[int8](t)
	testHist[uint8](t)
	testHist[int16](t)
	testHist[uint16](t)
	testHist[int32](t)
	testHist[float32](t)
	testHist[float64](t)
}

// testHist compares rows and columns with one search among the edges for every
// element.
func testHist[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 17))
	for _, g := range []geometry{{1, 8500}, {600, 1}, {700, 3}, {40, 40}, {5, 600}, {1, 0}} {
		for _, n := range []int{1, 2, 10, 511, 600} {
			for kind := range kinds {
				x := sample[T](rng, g.rows*g.m, kind)
				lo, hi := -100.5, 100.0
				if kind == few {
					lo, hi = 0, 3
				}
				b, err := NewBins(lo, hi, n)
				if err != nil {
					t.Fatal(err)
				}
				edges := slices.Clone(b.Edges())
				if _, is := any(x).([]float32); is {
					for i, e := range edges {
						edges[i] = float64(float32(e))
					}
				}
				rows, cols := make([]int64, g.rows*n), make([]int64, min(g.m, 1000)*n)
				HistRows(rows, x, g.m, b)
				if g.m <= 1000 { // else it takes long to look at all those counts
					HistCols(cols, x, g.m, b)
				}
				for i, v := range x {
					if k := naiveBin(edges, float64(v)); k >= 0 {
						rows[i/g.m*n+k]--
						if g.m <= 1000 {
							cols[i%g.m*n+k]--
						}
					}
				}
				if slices.ContainsFunc(append(rows, cols...), func(c int64) bool { return c != 0 }) {
					t.Fatalf("%T, kind %d, %+v, %d bins: counts are off", x, kind, g, n)
				}
			}
		}
	}
}

func naiveBin(edges []float64, v float64) int {
	last := len(edges) - 1
	if !(v >= edges[0] && v <= edges[last]) {
		return -1
	}
	k, found := slices.BinarySearch(edges, v)
	if !found {
		k--
	}
	return min(k, last-1)
}

// TestHistEdges counts the edges themselves and their neighbours, for ranges
// whose bins are comfortably wide and for such that are hardly wider than the
// numbers.
func TestHistEdges(t *testing.T) {
	for _, r := range []struct {
		lo, hi float64
		n      int
	}{{0, 1, 10}, {0.1, 0.7, 6}, {-1e300, 1e300, 999}, {1e15, 1e15 + 125, 1000}, {0, 1e-310, 3}, {5, 5, 2}, {-7, 1e9, 1 << 16}} {
		b, err := NewBins(r.lo, r.hi, r.n)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		var x []float64
		for _, e := range b.Edges() {
			x = append(x, math.Nextafter(e, math.Inf(-1)), e, math.Nextafter(e, math.Inf(1)))
		}
		found := make([]int32, len(x))
		findBins(found, x, b)
		for i, v := range x {
			want := naiveBin(b.Edges(), v)
			if want < 0 {
				want = r.n
			}
			if int(found[i]) != want {
				t.Fatalf("%+v: %v is in bin %d, want %d", r, v, found[i], want)
			}
		}
	}
}

func TestNewBins(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		lo, hi float64
		n      int
		ok     bool
	}{
		{0, 1, 1, true},
		{0, 1, 0, false},
		{0, 1, -1, false},
		{0, 1, MaxBins + 1, false},
		{1, 0, 10, false},
		{nan, 1, 10, false},
		{0, inf, 10, false},
		{-inf, 0, 10, false},
		{-math.MaxFloat64, math.MaxFloat64, 10, true},
		{3, 3, 10, true},
		{1e17, 1e17, 10, false}, // a half on either side is nothing there
		{1e15, 1e15 + 1, 100, false},
		{0, 5e-324, 2, false},
	} {
		b, err := NewBins(tt.lo, tt.hi, tt.n)
		if (err == nil) != tt.ok {
			t.Errorf("NewBins(%v, %v, %d): %v", tt.lo, tt.hi, tt.n, err)
		}
		if err == nil && b.Len() != tt.n {
			t.Errorf("NewBins(%v, %v, %d) has %d bins", tt.lo, tt.hi, tt.n, b.Len())
		}
	}
}
