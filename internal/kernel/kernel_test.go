package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// geometry is a number of rows of m elements.
type geometry struct{ rows, m int }

// geometries has every way a kernel can go: no rows, narrow rows, rows that end
// in the middle of words and groups, many rows, long rows.
func geometries() []geometry {
	var g []geometry
	for m := 1; m <= 20; m++ {
		for _, rows := range []int{0, 1, 3, 9, wideEnough/m + 5} {
			g = append(g, geometry{rows, m})
		}
	}
	for _, m := range []int{31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 500, 515} {
		for _, rows := range []int{1, 3, 4, 6, 8, 17, 70} {
			g = append(g, geometry{rows, m})
		}
	}
	return append(g, geometry{1, 20000}, geometry{20000, 1}, geometry{9, 3000}, geometry{300, 129})
}

// sample is seeded random data. The kinds of data are those where kernels could
// go wrong: all values of the type, few values so that there are ties and
// extremes, and for floats those that are no numbers, rarely or often.
func sample[T Real](rng *rand.Rand, n, kind int) []T {
	x := make([]T, n)
	for i := range x {
		switch {
		case kind == few:
			x[i] = T(rng.IntN(5))
		case isFloat[T]():
			x[i] = T(rng.NormFloat64() * math.Exp2(float64(rng.IntN(40))))
			if kind == odd && rng.IntN(10) == 0 || kind == rare && rng.IntN(500) == 0 {
				x[i] = []T{T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1)), 0, T(math.Copysign(0, -1))}[rng.IntN(5)]
			}
		default:
			x[i] = T(rng.Uint64() >> (64 - 8*sizeOf[T]()))
			if kind == odd && rng.IntN(3) == 0 {
				x[i] = 0
			}
		}
	}
	return x
}

const (
	allSizes = iota // numbers of all sizes
	few             // five values
	rare            // with rare NaN, infinities, zeros
	odd             // with frequent ones
	kinds
)

// eachSample calls do with data for every geometry and kind.
func eachSample[T Real](t *testing.T, do func(t *testing.T, x []T, g geometry)) {
	t.Helper()
	var zero T
	rng := rand.New(rand.NewPCG(7, uint64(sizeOf[T]())))
	for kind := range kinds {
		for _, g := range geometries() {
			x := sample[T](rng, g.rows*g.m, kind)
			do(t, x, g)
			if t.Failed() {
				t.Fatalf("with %T, kind of data %d, %d rows of %d", zero, kind, g.rows, g.m)
			}
		}
	}
}

// column is column j of rows of m elements.
func column[T any](x []T, m, j int) []T {
	c := make([]T, 0, len(x)/m)
	for ; len(x) > 0; x = x[m:] {
		c = append(c, x[j])
	}
	return c
}

// lines are the rows of x, or its columns.
func lines[T any](x []T, g geometry, cols bool) [][]T {
	var l [][]T
	if cols {
		for j := range g.m {
			l = append(l, column(x, g.m, j))
		}
		return l
	}
	return slices.Collect(slices.Chunk(x, g.m))
}

// sameBits is equality of values, all NaNs being equal, and zeros by sign.
func sameBits[T Real](a, b T) bool {
	return a != a && b != b || a == b && 1/float64(a) == 1/float64(b)
}

func fill[T any](n int, v T) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// shifted is a copy of x that begins off bytes past an aligned address, where
// the machine reads from there.
func shifted[T Real](x []T, off int) []T {
	b := make([]byte, len(x)*sizeOf[T]()+off)
	copy(b[off:], Bytes(x))
	return Slice[T](b[off:])
}
