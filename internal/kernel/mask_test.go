package kernel

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// maskCase is masks over the pixels of a frame.
type maskCase struct {
	name    string
	weights [][]float64
}

// maskCases has masks of all kinds, over n pixels in lines of side.
func maskCases(rng *rand.Rand, n, side int) []maskCase {
	make2 := func(k int, f func(j, p int) float64) [][]float64 {
		w := make([][]float64, k)
		for j := range w {
			w[j] = make([]float64, n)
			for p := range w[j] {
				w[j][p] = f(j, p)
			}
		}
		return w
	}
	radius2 := func(p int) float64 { // in units of a quarter of the side, squared; exact
		x, y := 2*(p%side)-side, 2*(p/side)-n/side
		return float64(4*(x*x+y*y)) / float64(side*side)
	}
	indicator := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	disk := func(_, p int) float64 { return indicator(radius2(p) < 2.5) }
	rings := func(j, p int) float64 { return indicator(int(radius2(p)*2) == j) }
	return []maskCase{
		{"disk", make2(1, disk)},
		{"everything", make2(1, func(int, int) float64 { return 1 })},
		{"nothing", make2(3, func(int, int) float64 { return 0 })},
		{"rings", make2(8, rings)},
		{"disks", make2(8, func(j, p int) float64 { return indicator(radius2(p)*2 < float64(j+1)) })},
		{"quadrants", make2(2, func(j, p int) float64 {
			return []float64{indicator(p%side < side/2) - indicator(p%side >= side/2), indicator(p < n/2)}[j]
		})},
		{"salt", make2(3, func(_, p int) float64 { return indicator(rng.IntN(3) == 0) })},
		{"smooth", make2(1, func(_, p int) float64 { return 1 / (1 + radius2(p)) })},
		{"normal", make2(8, func(int, int) float64 { return rng.NormFloat64() })},
		{"odd number", make2(15, func(j, p int) float64 { return rng.NormFloat64() * indicator(p%(j+2) < 2) })},
		{"a disk and centers of mass", make2(3, func(j, p int) float64 {
			return []float64{disk(0, p), disk(0, p) * float64(p%side), disk(0, p) * float64(p/side)}[j]
		})},
		{"far apart", make2(2, func(j, p int) float64 { return indicator(p < 9 || p >= n-7) * rng.NormFloat64() })},
		{"no mask", nil},
	}
}

// multiplySlowly is the definition: sums over pixels with weight, and of the magnitudes.
func multiplySlowly[T Real](x []T, m int, weights [][]float64, from int) (sums, scale []float64) {
	for i := range len(x) / m {
		for _, w := range weights {
			var terms []float64
			for p, v := range x[i*m:][:m] {
				if w[from+p] != 0 {
					terms = append(terms, float64(v)*w[from+p])
				}
			}
			s, a := exactSum(terms)
			sums, scale = append(sums, s), append(scale, a)
		}
	}
	return sums, scale
}

// framePieces are rows of the pixels of a frame that begin at a place.
func framePieces(n int) []struct{ rows, from, m int } {
	return []struct{ rows, from, m int }{
		{1, 0, n}, {3, 0, n}, {4, 0, n}, {9, 0, n}, {0, 0, n},
		{1, 5, n - 5}, {2, 0, n - 3}, {5, 7, n - 20}, {4, 16, 16}, {6, 3, 9}, {40, n / 2, 21}, {150, n - 1, 1}, {1, 0, 0},
	}
}

func TestMultiplyMasks(t *testing.T) {
	testMultiplyMasks[uint8](t)
	testMultiplyMasks[int8](t)
	testMultiplyMasks[uint16](t)
	testMultiplyMasks[int16](t)
	testMultiplyMasks[uint32](t)
	testMultiplyMasks[int32](t)
	testMultiplyMasks[int64](t)
	testMultiplyMasks[uint64](t)
	testMultiplyMasks[float32](t)
	testMultiplyMasks[float64](t)
}

func testMultiplyMasks[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 52))
	const side = 33
	const n = side * side
	for _, c := range maskCases(rng, n, side) {
		set := NewMaskSet(c.weights)
		k := len(c.weights)
		if set.Len() != k || k > 0 && set.Pixels() != n {
			t.Fatalf("%s: %d masks of %d pixels", c.name, set.Len(), set.Pixels())
		}
		for i, g := range framePieces(n) {
			x := sample[T](rng, g.rows*g.m, []int{allSizes, few, odd}[i%3])
			acc := fill(g.rows*k, 3.0)
			MultiplyMasks(acc, x, g.m, set, g.from)
			if g.m == 0 {
				continue
			}
			want, scale := multiplySlowly(x, g.m, c.weights, g.from)
			for o, got := range acc {
				tol := float64(n) * 0x1p-53 * (scale[o] + 3)
				if !(math.Abs(got-(3+want[o])) <= tol) && !sameBits(got, 3+want[o]) {
					t.Fatalf("%T, %s, %+v, mask %d of row %d: got %v, want %v", x, c.name, g, o%k, o/k, got, 3+want[o])
				}
			}
		}
	}
}

// TestMultiplyMasksExact has sums that are integers below 2^53, with the largest
// elements there are.
func TestMultiplyMasksExact(t *testing.T) {
	testMultiplyExact(t, uint8(math.MaxUint8))
	testMultiplyExact(t, int8(math.MinInt8))
	testMultiplyExact(t, uint16(math.MaxUint16))
	testMultiplyExact(t, int16(math.MinInt16))
	testMultiplyExact(t, uint32(math.MaxUint32))
	testMultiplyExact(t, int32(math.MinInt32))
	testMultiplyExact(t, int64(-1)<<32+1)
	testMultiplyExact(t, float32(1<<24-1))
}

func testMultiplyExact[T Real](t *testing.T, v T) {
	const n = 300005 // more blocks than a lane of 32 bits can take
	all, ramp := fill(n, 1.0), make([]float64, n)
	for i := range ramp {
		ramp[i] = float64(i % 7)
	}
	set := NewMaskSet([][]float64{all, ramp, fill(n, -1.0)})
	x := fill(n, v)
	acc := make([]float64, 3)
	MultiplyMasks(acc, x, n, set, 0)
	var weights float64
	for _, w := range ramp {
		weights += w
	}
	for j, want := range []float64{float64(v) * n, float64(v) * weights, -float64(v) * n} {
		if acc[j] != want {
			t.Errorf("%T, mask %d: got %v, want %v", v, j, acc[j], want)
		}
	}
}

func TestMultiplyMasksOutside(t *testing.T) {
	n := 500
	weights := [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}
	for p := 100; p < 300; p++ {
		weights[0][p], weights[1][p] = 1, float64(p)+0.5
		weights[2][p-90] = float64(p) + 0.5
	}
	x := fill(n, float32(2))
	x[0], x[99], x[300], x[499] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())
	acc := make([]float64, 3)
	MultiplyMasks(acc, x, n, NewMaskSet(weights), 0)
	if acc[0] != 400 || acc[1] != 2*200*200 || !math.IsInf(acc[2], 1) {
		t.Errorf("got %v", acc)
	}
}

func TestMaskPanics(t *testing.T) {
	set := NewMaskSet([][]float64{make([]float64, 10)})
	for name, f := range map[string]func(){
		"length": func() { NewMaskSet([][]float64{{1}, {1, 2}}) },
		"before": func() { MultiplyMasks(make([]float64, 1), make([]int8, 4), 4, set, -1) },
		"beyond": func() { MultiplyMasks(make([]float64, 1), make([]int8, 4), 4, set, 7) },
		"short":  func() { MultiplyMasks(make([]float64, 1), make([]int8, 8), 4, set, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

// TestMasksSameEverywhere is TestSameEverywhere for masks.
func TestMasksSameEverywhere(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{maskDigest[uint16](), "uint16 d92d3dc9cd8126a0"},
		{maskDigest[float32](), "float32 add8d8565f746e83"},
		{maskDigest[float64](), "float64 8a17ce5b989aca2c"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func maskDigest[T Real]() string {
	rng := rand.New(rand.NewPCG(53, 54))
	h := fnv.New64a()
	const side = 33
	for _, c := range maskCases(rng, side*side, side) {
		set := NewMaskSet(c.weights)
		for _, g := range framePieces(side * side) {
			acc := make([]float64, g.rows*len(c.weights))
			MultiplyMasks(acc, sample[T](rng, g.rows*g.m, rare), g.m, set, g.from)
			for _, v := range acc {
				if v != v {
					v = math.NaN()
				}
				fmt.Fprintf(h, "%x ", math.Float64bits(v))
			}
		}
	}
	var zero T
	return fmt.Sprintf("%T %x", zero, h.Sum64())
}
