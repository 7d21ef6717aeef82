package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Every kernel runs over data that fits the second-level cache, where the
// kernel is what is measured, and over data that fits no cache, where memory
// is; as one row (or single columns), as rows of 256 and as narrow rows.
var benchSizes = []struct {
	name  string
	bytes int
}{{"256KiB", 256 << 10}, {"64MiB", 64 << 20}}

// benchData is filled once per type and size: filling takes longer than any
// kernel. Integers stay away from the ends of their range,
// beyond which there is nothing to look for; floats are normally distributed.
func benchData[T Real](bytes int) []T {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]T, bytes/sizeOf[T]())
	for i := range x[:min(len(x), 1<<18)] {
		if isFloat[T]() {
			x[i] = T(rng.NormFloat64())
		} else {
			x[i] = T(rng.Uint64()>>(66-8*sizeOf[T]())) + 1
		}
	}
	for i := 1 << 18; i < len(x); i *= 2 {
		copy(x[i:], x[:i])
	}
	return x
}

// benchRows runs fold over rows of m elements with acc wide enough for either
// pattern; m = 0 stands for a single row.
func bench[T Real, A any](b *testing.B, kernel string, ms []int, fold func(acc []A, x []T, m int)) {
	for _, size := range benchSizes {
		x := benchData[T](size.bytes)
		for _, m := range ms {
			name := fmt.Sprintf("%s/%T/%s/m=%d", kernel, x[0], size.name, m)
			if m == 0 {
				m = len(x)
				name = fmt.Sprintf("%s/%T/%s", kernel, x[0], size.name)
			}
			acc, x := make([]A, max(m, len(x)/m)), x[:len(x)/m*m]
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(size.bytes))
				for b.Loop() {
					fold(acc, x, m)
				}
			})
		}
	}
}

var (
	rowLengths = []int{0, 256, 8, 3, 1}
	colLengths = []int{256, 3, 65536 / 8}
)

func benchSumInt[T Integer](b *testing.B) {
	bench(b, "rows", rowLengths, func(acc []uint64, x []T, m int) { SumIntRows(acc[:len(x)/m], x, m) })
	bench(b, "cols", colLengths, func(acc []uint64, x []T, m int) { SumIntCols(acc[:m], x, m) })
}

func BenchmarkSumInt(b *testing.B) {
	benchSumInt[int8](b)
	benchSumInt[uint8](b)
	benchSumInt[int16](b)
	benchSumInt[uint16](b)
	benchSumInt[int32](b)
	benchSumInt[uint32](b)
	benchSumInt[int64](b)
}

func benchSumFloat[T Float](b *testing.B) {
	lo := make([]float64, benchSizes[len(benchSizes)-1].bytes/4)
	bench(b, "rows", rowLengths, func(acc []float64, x []T, m int) { SumFloatRows(acc[:len(x)/m], lo[:len(x)/m], x, m) })
	bench(b, "cols", colLengths, func(acc []float64, x []T, m int) { SumFloatCols(acc[:m], lo[:m], x, m) })
}

func BenchmarkSumFloat(b *testing.B) {
	benchSumFloat[float32](b)
	benchSumFloat[float64](b)
}

func benchMax[T Real](b *testing.B) {
	bench(b, "rows", rowLengths, func(acc []T, x []T, m int) { MaxRows(acc[:len(x)/m], x, m) })
	bench(b, "cols", colLengths, func(acc []T, x []T, m int) { MaxCols(acc[:m], x, m) })
}

func BenchmarkMax(b *testing.B) {
	benchMax[int8](b)
	benchMax[uint8](b)
	benchMax[uint16](b)
	benchMax[int32](b)
	benchMax[int64](b)
	benchMax[float32](b)
	benchMax[float64](b)
}
