package kernel

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// TestSameEverywhere compares what all kernels compute from the same data with
// what they computed when this was written: on every machine and with every tag
// the results are the same to the last bit.
func TestSameEverywhere(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{digest[int8](), "int8 e6bcb124bcd275ac"},
		{digest[uint8](), "uint8 4bce46b8bda88487"},
		{digest[int16](), "int16 802ff83e83bdd2f7"},
		{digest[uint16](), "uint16 65184f14247f85d0"},
		{digest[int32](), "int32 133d05c91c989563"},
		{digest[uint32](), "uint32 8733a974fc3376f2"},
		{digest[int64](), "int64 24a8206e3de188ab"},
		{digest[uint64](), "uint64 6113f9e723e63b76"},
		{digest[float32](), "float32 5293050660b8c0b9"},
		{digest[float64](), "float64 a5a98b15b2a3e267"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

// TestSameAnywhere compares results over the same data at different addresses.
func TestSameAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 27))
	for i, g := range geometries() {
		if i%7 != 0 {
			continue
		}
		x := sample[float64](rng, g.rows*g.m, rare)
		y := sample[uint8](rng, g.rows*g.m, rare)
		wantX, wantY := outputs(x, g.m), outputs(y, g.m)
		for off := 1; off < 8; off += 3 {
			if got := outputs(shifted(x, off), g.m); !equalWords(got, wantX) {
				t.Fatalf("%d rows of %d float64 at an address + %d: results differ", g.rows, g.m, off)
			}
			if got := outputs(shifted(y, off), g.m); !equalWords(got, wantY) {
				t.Fatalf("%d rows of %d uint8 at an address + %d: results differ", g.rows, g.m, off)
			}
		}
	}
}

func equalWords(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func digest[T Real]() string {
	rng := rand.New(rand.NewPCG(28, 29))
	h := fnv.New64a()
	for _, kind := range []int{allSizes, rare} {
		for i, g := range geometries() {
			if i%5 != 0 {
				continue
			}
			for _, w := range outputs(sample[T](rng, g.rows*g.m, kind), g.m) {
				h.Write(binary.LittleEndian.AppendUint64(nil, w))
			}
		}
	}
	var zero T
	return fmt.Sprintf("%T %x", zero, h.Sum64())
}

// outputs are the bits of what the kernels make of x. All NaNs are the same.
func outputs[T Real](x []T, m int) []uint64 {
	var out []uint64
	put := func(s ...float64) {
		for _, f := range s {
			if f != f {
				f = math.NaN()
			}
			out = append(out, math.Float64bits(f))
		}
	}
	rows := len(x) / m
	val, idx := make([]T, m), fill(m, int64(-1))
	ArgMaxCols(val, idx, x, m, 0, 1)
	least := fill(rows, MinIdentity[T]())
	MinRows(least, x, m)
	for i, v := range least {
		put(float64(v), float64(i))
	}
	for _, i := range idx {
		put(float64(i))
	}
	for _, cols := range []bool{false, true} {
		sums := newMoments(rows + m)
		if cols {
			scratch := make([]float64, MomentScratch*m)
			MomentCols(sums.Slice(0, m), 0, x, m, scratch)
			MomentCols(sums.Slice(0, m), int64(rows), x, m, scratch)
		} else {
			MomentRows(sums.Slice(0, rows), 0, x, m)
			MomentRows(sums.Slice(0, rows), int64(m), x, m)
		}
		for i := range sums.Mean {
			mean, m2 := sums.finish(i)
			put(mean, m2)
		}
	}
	b, _ := NewBins(-10, 100, 7)
	counts := make([]int64, m*7)
	HistCols(counts, x, m, b)
	for _, c := range counts {
		put(float64(c))
	}
	switch x := any(x).(type) {
	case []float32:
		put(floatSums(x, m)...)
	case []float64:
		put(floatSums(x, m)...)
	case []uint8:
		out = append(out, intSums(x, m)...)
	case []int16:
		out = append(out, intSums(x, m)...)
	}
	return out
}

func floatSums[T Float](x []T, m int) []float64 {
	rows := len(x) / m
	hi, lo := make([]float64, rows+m), make([]float64, rows+m)
	SumFloatRows(hi[:rows], lo[:rows], x, m)
	SumFloatCols(hi[rows:], lo[rows:], x, m)
	for i := range hi {
		hi[i] = FinishSum(hi[i], lo[i])
	}
	return hi
}

func intSums[T Integer](x []T, m int) []uint64 {
	rows := len(x) / m
	acc := make([]uint64, rows+m)
	SumIntRows(acc[:rows], x, m)
	SumIntCols(acc[rows:], x, m)
	return acc
}
