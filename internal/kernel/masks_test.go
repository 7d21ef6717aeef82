package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomWeights are k masks over n pixels, of which about half are zero, many one and the
// others fractions that products with small integers are exact of.
func randomWeights(rng *rand.Rand, k, n int) [][]float64 {
	weights := make([][]float64, k)
	for j := range weights {
		weights[j] = make([]float64, n)
		for p := range weights[j] {
			weights[j][p] = []float64{0, 0, 0, 1, 1, 0.5, -3}[rng.IntN(7)]
		}
	}
	return weights
}

// TestMasksAgainstDefinition compares both mask kernels, and those of labels, with their
// definitions.
func TestMasksAgainstDefinition(t *testing.T) {
	masksAgainstDefinition[uint8](t)
	masksAgainstDefinition[int16](t)
	masksAgainstDefinition[uint64](t)
	masksAgainstDefinition[float32](t)
	masksAgainstDefinition[float64](t)
}

func masksAgainstDefinition[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for range 300 {
		k, n, rows := 1+rng.IntN(9), 1+rng.IntN(70), rng.IntN(5)
		weights := randomWeights(rng, k, n)
		labels := make([]int32, n)
		for p := range labels {
			labels[p] = int32(rng.IntN(k+1)) - 1
		}
		from := rng.IntN(n)
		m := 1 + rng.IntN(n-from)
		x := make([]T, rows*m)
		for i := range x {
			x[i] = T(rng.IntN(100))
		}
		got, want := make([]float64, rows*k+1), make([]float64, rows*k+1)
		counted, counts := make([]float64, rows*k+1), make([]float64, rows*k+1)
		for i, v := range x {
			p := from + i%m
			for j, w := range weights {
				want[i/m*k+j] += w[p] * float64(v)
			}
			if labels[p] >= 0 {
				counts[i/m*k+int(labels[p])] += float64(v)
			}
		}
		MultiplyMasks(got, x, m, NewMaskSet(weights), from)
		LabelRows(counted, x, m, labels, from, k)
		equalFloats(t, got, want)
		equalFloats(t, counted, counts)
		maskColsAgainstDefinition[T](t, rng, weights, labels)
	}
}

func maskColsAgainstDefinition[T Real](t *testing.T, rng *rand.Rand, weights [][]float64, labels []int32) {
	t.Helper()
	k, n := len(weights), len(labels)
	from, step, m := rng.IntN(n), 1+rng.IntN(3), 1+rng.IntN(20)
	rows := 1 + rng.IntN(1+(n-1-from)/step)
	stride := m + rng.IntN(3)
	x := make([]T, rows*m)
	for i := range x {
		x[i] = T(rng.IntN(100))
	}
	got, want := make([]float64, k*stride), make([]float64, k*stride)
	counted, counts := make([]float64, k*stride), make([]float64, k*stride)
	for i, v := range x {
		p := from + i/m*step
		for j, w := range weights {
			want[j*stride+i%m] += w[p] * float64(v)
		}
		if labels[p] >= 0 {
			counts[int(labels[p])*stride+i%m] += float64(v)
		}
	}
	MultiplyMaskCols(got, stride, x, m, NewMaskColumns(weights), from, step)
	LabelCols(counted, stride, x, m, labels, from, step)
	equalFloats(t, got, want)
	equalFloats(t, counted, counts)
}

func equalFloats(t *testing.T, got, want []float64) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sum %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

// TestMasksLeaveOut has what is not a number under weights of zero.
func TestMasksLeaveOut(t *testing.T) {
	weights := [][]float64{{0, 1, 0}, {0, 0, 0}}
	nan := math.NaN()
	rows, cols := make([]float64, 4), make([]float64, 4)
	MultiplyMasks(rows, []float64{nan, 2, math.Inf(1), 1, 3, nan}, 3, NewMaskSet(weights), 0)
	MultiplyMaskCols(cols, 2, []float64{nan, 1, 2, 3, math.Inf(1), nan}, 2, NewMaskColumns(weights), 0, 1)
	equalFloats(t, rows, []float64{2, 0, 3, 0})
	equalFloats(t, cols, []float64{2, 3, 0, 0})
}

func BenchmarkMaskCols(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const pixels, frames = 512, 64
	x := make([]uint16, pixels*frames)
	c := NewMaskColumns(randomWeights(rng, 4, pixels))
	acc := make([]float64, 4*frames)
	b.SetBytes(int64(2 * len(x)))
	for b.Loop() {
		MultiplyMaskCols(acc, frames, x, frames, c, 0, 1)
	}
}

func BenchmarkLabelRows(b *testing.B) {
	labels := make([]int32, 128*128)
	for p := range labels {
		labels[p] = int32(math.Hypot(float64(p/128-64), float64(p%128-64)))
	}
	x := make([]uint16, 8*len(labels))
	acc := make([]float64, 8*128)
	b.SetBytes(int64(2 * len(x)))
	for b.Loop() {
		LabelRows(acc, x, len(labels), labels, 0, 128)
	}
}
