//go:build !purego

package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// withoutVectors runs f as on a processor that has none.
func withoutVectors(f func()) {
	vectors, fma := hasVectors, hasFMA
	hasVectors, hasFMA = false, false
	defer func() { hasVectors, hasFMA = vectors, fma }()
	f()
}

// needVectors says so where the tests compare the Go code with itself.
func needVectors(t *testing.T) {
	t.Helper()
	if !hasVectors || !hasFMA {
		t.Log("this processor has no AVX2 or no FMA: the same code runs twice")
	}
}

// vectorGeometries are all short lengths, in both patterns, and some long ones.
func vectorGeometries() []geometry {
	var g []geometry
	for n := 0; n <= 200; n++ {
		g = append(g, geometry{1, n}, geometry{9, n})
		if n%5 == 0 {
			g = append(g, geometry{n, 37})
		}
	}
	return append(g, geometry{2, 1024}, geometry{4, 1030}, geometry{129, 520}, geometry{300, 33}, geometry{3, 5001}, geometry{11, 2049})
}

// TestVectors compares all results with those of the Go code, bit for bit, over data at
// odd addresses that ends where memory ends: nothing beyond is ever touched.
func TestVectors(t *testing.T) {
	needVectors(t)
	testVectors[int8](t)
	testVectors[uint8](t)
	testVectors[int16](t)
	testVectors[uint16](t)
	testVectors[int32](t)
	testVectors[uint32](t)
	testVectors[int64](t)
	testVectors[float32](t)
	testVectors[float64](t)
}

func testVectors[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	room := newCage(t, 129*520*sizeOf[T]())
	for i, g := range vectorGeometries() {
		x := sample[T](rng, g.rows*g.m, i%kinds)
		if i%11 == 0 { // the ends of the range, where lanes overflow first
			copy(x, fill(len(x), MaxIdentity[T]()))
		}
		x = Slice[T](room.put(Bytes(x)))
		var want []uint64
		withoutVectors(func() { want = vectorOutputs(x, g) })
		if got := vectorOutputs(x, g); !equalWords(got, want) {
			t.Fatalf("%T, %d rows of %d: vectors make a difference", x, g.rows, g.m)
		}
	}
}

// vectorOutputs are the bits of everything that vectors have a part in.
func vectorOutputs[T Real](x []T, g geometry) (out []uint64) {
	if g.m == 0 {
		return nil
	}
	out = outputs(x, g.m)
	most, least := fill(g.m, MaxIdentity[T]()), fill(g.m, MinIdentity[T]())
	MaxCols(most, x, g.m)
	MinCols(least, x, g.m)
	rows := fill(g.rows, MaxIdentity[T]())
	MaxRows(rows, x, g.m)
	for _, v := range append(append(most, least...), rows...) {
		f := float64(v)
		if f != f {
			f = math.NaN()
		}
		out = append(out, math.Float64bits(f))
	}
	return append(out, integerSums(x, g.m)...)
}

// integerSums are the sums of x, if they are integers.
func integerSums[T Real](x []T, m int) []uint64 {
	switch x := any(x).(type) {
	case []int8:
		return intSums(x, m)
	case []uint8:
		return intSums(x, m)
	case []int16:
		return intSums(x, m)
	case []uint16:
		return intSums(x, m)
	case []int32:
		return intSums(x, m)
	case []uint32:
		return intSums(x, m)
	}
	return nil
}

// TestVectorsFull sums nothing but the ends of the range, over more rows than a lane of
// 16 or 32 bits holds the sum of.
func TestVectorsFull(t *testing.T) {
	testVectorsFull(t, uint8(math.MaxUint8))
	testVectorsFull(t, int8(math.MinInt8))
	testVectorsFull(t, int8(math.MaxInt8))
	testVectorsFull(t, uint16(math.MaxUint16))
	testVectorsFull(t, int16(math.MinInt16))
	testVectorsFull(t, int16(math.MaxInt16))
	testVectorsFull(t, uint32(math.MaxUint32))
	testVectorsFull(t, int32(math.MinInt32))
}

func testVectorsFull[T Integer](t *testing.T, v T) {
	const rows, m = 70000, 33 // more than 2^16 rows
	x := fill(rows*m, v)
	cols, row := make([]uint64, m), make([]uint64, 1)
	sumIntCols(cols, x, m)
	SumIntRows(row, x, len(x))
	for j, s := range cols {
		if s != uint64(v)*rows {
			t.Fatalf("%T, column %d: got %d, want %d", v, j, s, uint64(v)*rows)
		}
	}
	if row[0] != uint64(v)*rows*m {
		t.Errorf("%T, row: got %d, want %d", v, row[0], uint64(v)*rows*m)
	}
}

func TestMaskVectors(t *testing.T) {
	needVectors(t)
	testMaskVectors[uint8](t)
	testMaskVectors[int8](t)
	testMaskVectors[uint16](t)
	testMaskVectors[int16](t)
	testMaskVectors[uint32](t)
	testMaskVectors[int32](t)
	testMaskVectors[float32](t)
	testMaskVectors[float64](t)
}

func testMaskVectors[T Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(63, 64))
	const n = 37 * 31
	room := newCage(t, 9*n*sizeOf[T]())
	for _, c := range maskCases(rng, n, 37) {
		set := NewMaskSet(c.weights)
		for i, g := range framePieces(n) {
			x := Slice[T](room.put(Bytes(sample[T](rng, g.rows*g.m, i%kinds))))
			got, want := make([]float64, g.rows*set.Len()), make([]float64, g.rows*set.Len())
			withoutVectors(func() { MultiplyMasks(want, x, g.m, set, g.from) })
			MultiplyMasks(got, x, g.m, set, g.from)
			for o := range got {
				if !sameBits(got[o], want[o]) {
					t.Fatalf("%T, %s, %+v, output %d: %v with vectors, %v without", x, c.name, g, o, got[o], want[o])
				}
			}
		}
	}
}

// TestHalfVectors decodes every binary16 number, NaNs to their last bit.
func TestHalfVectors(t *testing.T) {
	x := make([]uint16, 1<<16)
	for i := range x {
		x[i] = uint16(i)
	}
	got := make([]float32, len(x))
	decode16(got[3:], x[3:], Float16)
	decode16(got[:3], x[:3], Float16)
	for i, h := range x {
		if g, w := math.Float32bits(got[i]), math.Float32bits(Half2Float32(h)); g != w {
			t.Fatalf("%#04x: got %#08x, want %#08x", h, g, w)
		}
	}
}

// TestVectorPairs compares arithmetic and casts with those of the Go code, bit for bit, payloads of
// NaNs included, at odd addresses up to the end of memory, and where the result takes the place of
// an operand.
func TestVectorPairs(t *testing.T) {
	needVectors(t)
	testVectorPairs[float32](t)
	testVectorPairs[float64](t)
	testVectorCasts[float32](t)
	testVectorCasts[float64](t)
}

func testVectorPairs[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	size := sizeOf[T]()
	rooms := [3]cage{newCage(t, 200*size), newCage(t, 200*size), newCage(t, 200*size)}
	for n := range 200 {
		var operands [2][]byte
		for k := range operands {
			b := make([]byte, n*size)
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			for i := 0; i < n; i += 1 + rng.IntN(9) { // NaN, Inf, zero, one
				copy(b[i*size:], Bytes([]T{[]T{T(math.NaN()), T(math.Inf(1)), 0, 1}[rng.IntN(4)]}))
			}
			operands[k] = rooms[k].put(b)
		}
		for _, op := range []BinaryOp{Add, Subtract, Multiply, Divide} {
			want := make([]byte, n*size)
			withoutVectors(func() { floatPairs(op, Slice[T](want), Slice[T](operands[0]), Slice[T](operands[1])) })
			got := rooms[2].put(make([]byte, n*size))
			floatPairs(op, Slice[T](got), Slice[T](operands[0]), Slice[T](operands[1]))
			inPlace := append([]byte(nil), operands[0]...)
			floatPairs(op, Slice[T](inPlace), Slice[T](inPlace), Slice[T](operands[1]))
			if !bytes.Equal(got, want) || !bytes.Equal(inPlace, want) {
				t.Fatalf("operation %v of %d floats of %d bytes: %x, in place %x, want %x", op, n, size, got, inPlace, want)
			}
		}
	}
}

// TestVectorScalars is TestVectorPairs with a number for one of the operands.
func TestVectorScalars(t *testing.T) {
	needVectors(t)
	testVectorScalars[float32](t)
	testVectorScalars[float64](t)
}

func testVectorScalars[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(75, 76))
	for _, n := range []int{0, 1, 511, 512, 513, 1537, 2048} {
		x := make([]T, n)
		for i := range x {
			x[i] = []T{T(math.NaN()), T(math.Inf(-1)), 0, T(rng.NormFloat64())}[min(rng.IntN(9), 3)]
		}
		for _, y := range []T{T(math.NaN()), T(math.Inf(1)), 0, 3.25, T(rng.NormFloat64())} {
			for _, op := range []BinaryOp{Add, Subtract, Multiply, Divide, Maximum, FloorDivide} {
				want, got := make([]T, n), make([]T, n)
				withoutVectors(func() { floatByScalar(op, want, x, y) })
				floatByScalar(op, got, x, y)
				if !bytes.Equal(Bytes(got), Bytes(want)) {
					t.Fatalf("operation %v of %d floats and %v: %v, want %v", op, n, y, got, want)
				}
			}
		}
	}
}

func testVectorCasts[D Float](t *testing.T) {
	testVectorCast[D, int8](t)
	testVectorCast[D, uint8](t)
	testVectorCast[D, int16](t)
	testVectorCast[D, uint16](t)
	testVectorCast[D, int32](t)
	testVectorCast[D, uint32](t)
	testVectorCast[D, int64](t)
	testVectorCast[D, uint64](t)
	testVectorCast[D, float32](t)
	testVectorCast[D, float64](t)
}

func testVectorCast[D Float, S Real](t *testing.T) {
	rng := rand.New(rand.NewPCG(73, 74))
	from, to := newCage(t, 100*sizeOf[S]()), newCage(t, 100*sizeOf[D]())
	for n := range 100 {
		b := make([]byte, n*sizeOf[S]())
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		src := Slice[S](from.put(b))
		want, got := make([]D, n), Slice[D](to.put(make([]byte, n*sizeOf[D]())))
		withoutVectors(func() { cast(want, src) })
		cast(got, src)
		if !bytes.Equal(Bytes(got), Bytes(want)) {
			t.Fatalf("%d casts of %T to %T: %v, want %v", n, src, got, got, want)
		}
	}
}
