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

// runner measures f, which goes through so many bytes.
type runner func(name string, bytes int, f func())

func goRunner(b *testing.B) runner {
	return func(name string, bytes int, f func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(bytes))
			for b.Loop() {
				f()
			}
		})
	}
}

// bench runs fold over rows of m elements with acc wide enough for either
// pattern; m = 0 stands for a single row.
func bench[T Real, A any](run runner, kernel string, ms []int, fold func(acc []A, x []T, m int)) {
	for _, size := range benchSizes {
		x := benchData[T](size.bytes)
		for _, m := range ms {
			name := fmt.Sprintf("%s/%T/%s/m=%d", kernel, x[0], size.name, m)
			if m == 0 {
				m = len(x)
				name = fmt.Sprintf("%s/%T/%s", kernel, x[0], size.name)
			}
			acc, x := make([]A, max(m, len(x)/m)), x[:len(x)/m*m]
			run(name, size.bytes, func() { fold(acc, x, m) })
		}
	}
}

var (
	rowLengths = []int{0, 256, 8, 3, 1}
	colLengths = []int{256, 3, 65536 / 8}
)

func benchSumInt[T Integer](run runner) {
	bench(run, "rows", rowLengths, func(acc []uint64, x []T, m int) { SumIntRows(acc[:len(x)/m], x, m) })
	bench(run, "cols", colLengths, func(acc []uint64, x []T, m int) { SumIntCols(acc[:m], x, m) })
}

func BenchmarkSumInt(b *testing.B) { eachSumInt(goRunner(b)) }

func eachSumInt(run runner) {
	benchSumInt[int8](run)
	benchSumInt[uint8](run)
	benchSumInt[int16](run)
	benchSumInt[uint16](run)
	benchSumInt[int32](run)
	benchSumInt[uint32](run)
	benchSumInt[int64](run)
}

func benchSumFloat[T Float](run runner) {
	lo := make([]float64, benchSizes[len(benchSizes)-1].bytes/4)
	bench(run, "rows", rowLengths, func(acc []float64, x []T, m int) { SumFloatRows(acc[:len(x)/m], lo[:len(x)/m], x, m) })
	bench(run, "cols", colLengths, func(acc []float64, x []T, m int) { SumFloatCols(acc[:m], lo[:m], x, m) })
}

func BenchmarkSumFloat(b *testing.B) { eachSumFloat(goRunner(b)) }

func eachSumFloat(run runner) {
	benchSumFloat[float32](run)
	benchSumFloat[float64](run)
}

func benchMax[T Real](run runner) {
	bench(run, "rows", rowLengths, func(acc []T, x []T, m int) { MaxRows(acc[:len(x)/m], x, m) })
	bench(run, "cols", colLengths, func(acc []T, x []T, m int) { MaxCols(acc[:m], x, m) })
}

func BenchmarkMax(b *testing.B) { eachMax(goRunner(b)) }

func eachMax(run runner) {
	benchMax[int8](run)
	benchMax[uint8](run)
	benchMax[uint16](run)
	benchMax[int32](run)
	benchMax[int64](run)
	benchMax[float32](run)
	benchMax[float64](run)
}

func benchArgMax[T Real](run runner) {
	idx := make([]int64, benchSizes[len(benchSizes)-1].bytes)
	base := int64(0) // grows: what has been seen before has smaller indices
	bench(run, "rows", rowLengths, func(acc []T, x []T, m int) {
		base += 1 << 30
		ArgMaxRows(acc[:len(x)/m], idx, x, m, base, 1)
	})
	clear(idx)
	bench(run, "cols", colLengths, func(acc []T, x []T, m int) {
		base += 1 << 30
		ArgMaxCols(acc[:m], idx[:m], x, m, base, 1)
	})
}

func BenchmarkArgMax(b *testing.B) { eachArgMax(goRunner(b)) }

func eachArgMax(run runner) {
	benchArgMax[uint8](run)
	benchArgMax[uint16](run)
	benchArgMax[int32](run)
	benchArgMax[float32](run)
	benchArgMax[float64](run)
}

func benchMoment[T Real](run runner) {
	s := newMoments(benchSizes[len(benchSizes)-1].bytes)
	scratch := make([]float64, MomentScratch*65536)
	bench(run, "rows", rowLengths, func(_ []float64, x []T, m int) { MomentRows(s.Slice(0, len(x)/m), 1000, x, m) })
	bench(run, "cols", colLengths, func(_ []float64, x []T, m int) { MomentCols(s.Slice(0, m), 1000, x, m, scratch) })
}

func BenchmarkMoment(b *testing.B) { eachMoment(goRunner(b)) }

func eachMoment(run runner) {
	benchMoment[uint8](run)
	benchMoment[uint16](run)
	benchMoment[int16](run)
	benchMoment[int32](run)
	benchMoment[float32](run)
	benchMoment[float64](run)
}

func benchCount[T Real](run runner) {
	bench(run, "rows", rowLengths, func(acc []int64, x []T, m int) { CountZeroRows(acc[:len(x)/m], x, m) })
	bench(run, "cols", colLengths, func(acc []int64, x []T, m int) { CountZeroCols(acc[:m], x, m) })
}

func benchCountNaN[T Float](run runner) {
	bench(run, "nan-rows", rowLengths, func(acc []int64, x []T, m int) { CountNaNRows(acc[:len(x)/m], x, m) })
	bench(run, "nan-cols", colLengths, func(acc []int64, x []T, m int) { CountNaNCols(acc[:m], x, m) })
}

func BenchmarkCount(b *testing.B) { eachCount(goRunner(b)) }

func eachCount(run runner) {
	benchCountNaN[float32](run)
	benchCountNaN[float64](run)
	benchCount[uint8](run)
	benchCount[uint16](run)
	benchCount[int32](run)
	benchCount[float64](run)
}

func benchHist[T Real](run runner, lo, hi float64) {
	bins, err := NewBins(lo, hi, 256)
	if err != nil {
		panic(err)
	}
	bench(run, "rows", []int{0, 4096}, func(acc []int64, x []T, m int) {
		for ; len(x) > 0; x = x[m:] {
			HistRows(acc[:256], x[:m], m, bins)
		}
	})
}

func BenchmarkHist(b *testing.B) { eachHist(goRunner(b)) }

func eachHist(run runner) {
	benchHist[uint8](run, 0, 256)
	benchHist[uint16](run, 0, 65536)
	benchHist[int32](run, 0, 1<<31)
	benchHist[float32](run, -4, 4)
	benchHist[float64](run, -4, 4)
}

func BenchmarkConvert(b *testing.B) { eachConvert(goRunner(b)) }

func eachConvert(run runner) {
	for _, tt := range []struct {
		from, to Elem
		swap     bool
	}{
		{Uint8, Float32, false}, {Uint16, Float32, false}, {Uint16, Float64, false}, {Int32, Float64, false},
		{Float32, Float64, false}, {Float64, Float32, false}, {Float32, Uint16, false}, {Float64, Int32, false},
		{Float64, Uint8, false}, {Float16, Float32, false}, {Float16, Float64, false}, {BFloat16, Float32, false},
		{Float32, Float16, false}, {Float64, Float16, false}, {Float32, BFloat16, false}, {Uint16, Uint16, true},
		{Uint16, Float32, true}, {Float64, Float32, true}, {Complex64, Complex128, false}, {Complex128, Float64, false},
		{Bool, Float64, false}, {X87, Float64, false},
	} {
		for _, size := range benchSizes {
			src := make([]byte, size.bytes)
			Convert(src, tt.from, Bytes(benchData[float64](size.bytes/tt.from.Size()*8)), Float64, false)
			dst := make([]byte, len(src)/tt.from.Size()*tt.to.Size())
			name := fmt.Sprintf("%v-%v/swap=%v/%s", tt.from, tt.to, tt.swap, size.name)
			run(name, size.bytes, func() { Convert(dst, tt.to, src, tt.from, tt.swap) })
		}
	}
}

func BenchmarkSwapBytes(b *testing.B) { eachSwapBytes(goRunner(b)) }

func eachSwapBytes(run runner) {
	for _, width := range []int{2, 4, 8, 16} {
		for _, size := range benchSizes {
			x := make([]byte, size.bytes)
			y := make([]byte, size.bytes)
			run(fmt.Sprintf("%d/%s", width, size.name), size.bytes, func() { SwapBytes(y, x, width) })
		}
	}
}

func BenchmarkGather(b *testing.B) { eachGather(goRunner(b)) }

func eachGather(run runner) {
	for _, item := range []int{1, 2, 4, 8, 16} {
		for _, size := range benchSizes {
			src, dst := make([]byte, size.bytes), make([]byte, size.bytes)
			n := int64(256)
			rows := int64(size.bytes/item) / n
			w := int64(item)
			for _, tt := range []struct {
				name           string
				shape, strides []int64
			}{
				{"transpose", []int64{rows, n}, []int64{w, rows * w}},
				{"every-second", []int64{rows, n / 2}, []int64{n * w, 2 * w}},
				{"runs-of-32", []int64{rows, 32}, []int64{n * w, w}},
				{"swap-outer", []int64{16, rows / 16, n}, []int64{n * w, 16 * n * w, w}},
				{"reversed", []int64{rows * n}, []int64{-w}},
			} {
				bytes := w
				for _, s := range tt.shape {
					bytes *= s
				}
				base := 0
				if tt.name == "reversed" {
					base = size.bytes - item
				}
				run(fmt.Sprintf("%s/item=%d/%s", tt.name, item, size.name), int(bytes), func() {
					Gather(dst, src, base, tt.shape, tt.strides, item)
				})
			}
		}
	}
}
