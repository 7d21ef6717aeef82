package kernel

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"
)

// single runs op on one element.
func single[T, U any](op UnaryOp, e Elem, x T) U {
	_, out, _ := op.Types(e)
	dst := make([]byte, out.Size())
	Unary(op, e, dst, Bytes([]T{x}))
	return Slice[U](dst)[0]
}

func TestUnaryIntegers(t *testing.T) {
	for _, tt := range []struct {
		op      UnaryOp
		x, want int16
	}{
		{Negative, 5, -5},
		{Negative, math.MinInt16, math.MinInt16},
		{Positive, -5, -5},
		{Absolute, -5, 5},
		{Absolute, math.MinInt16, math.MinInt16},
		{Square, 300, 24464},
		{Floor, -7, -7},
		{Invert, 0, -1},
		{Sign, -300, -1},
		{Sign, 0, 0},
		{Sign, 300, 1},
		{Conjugate, 3, 3},
		{RealPart, 3, 3},
		{ImagPart, 3, 0},
	} {
		if got := single[int16, int16](tt.op, Int16, tt.x); got != tt.want {
			t.Errorf("%v(%d) = %d, want %d", tt.op, tt.x, got, tt.want)
		}
	}
	if got := single[uint8, uint8](Negative, Uint8, 1); got != 255 {
		t.Errorf("negative(1) = %d", got)
	}
	if got := single[uint8, uint8](Absolute, Uint8, 200); got != 200 {
		t.Errorf("absolute(200) = %d", got)
	}
	if single[int16, byte](LogicalNot, Int16, 256) != 0 || single[int16, byte](LogicalNot, Int16, 0) != 1 ||
		single[int16, byte](IsFinite, Int16, 1) != 1 || single[int16, byte](IsNaN, Int16, 1) != 0 || single[int16, byte](IsInf, Int16, 1) != 0 {
		t.Error("bools of integers")
	}
}

func TestUnaryFloats(t *testing.T) {
	inf, nan, negZero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	for _, tt := range []struct {
		op      UnaryOp
		x, want float64
	}{
		{Negative, 0, negZero},
		{Absolute, negZero, 0},
		{Absolute, -inf, inf},
		{Sqrt, -1, nan},
		{Sqrt, negZero, negZero},
		{Rint, 2.5, 2},
		{Rint, -0.5, negZero},
		{Floor, -0.5, -1},
		{Ceil, -0.5, negZero},
		{Trunc, -1.5, -1},
		{Sign, negZero, 0},
		{Sign, nan, nan},
		{Sign, -inf, -1},
		{Exp, -inf, 0},
		{Exp2, 10, 1024},
		{Expm1, 0, 0},
		{Log, 0, -inf},
		{Log, 5e-324, -744.4400719213812},
		{Log2, 8, 3},
		{Log2, 5e-324, -1074},
		{Log10, 5e-324, -323.3062153431158},
		{Log10, 1000, 3},
		{Log1p, -1, -inf},
		{Sin, 0, 0},
		{Cos, 0, 1},
		{Tan, 0, 0},
		{Tanh, inf, 1},
		{ImagPart, 3, 0},
	} {
		got := single[float64, float64](tt.op, Float64, tt.x)
		near := math.Abs(got-tt.want) <= 0x1p-52*math.Abs(tt.want) && tt.want != 0
		if math.Float64bits(got) != math.Float64bits(tt.want) && (got == got || tt.want == tt.want) && !near {
			t.Errorf("%v(%v) = %v, want %v", tt.op, tt.x, got, tt.want)
		}
	}
	for op, want := range map[UnaryOp][]byte{
		LogicalNot: {1, 1, 0, 0, 0, 0}, IsNaN: {0, 0, 0, 0, 0, 1},
		IsInf: {0, 0, 0, 1, 1, 0}, IsFinite: {1, 1, 1, 0, 0, 0},
	} {
		x := []float64{0, negZero, math.MaxFloat64, inf, -inf, nan}
		got := make([]byte, len(x))
		Unary(op, Float64, got, Bytes(x))
		if string(got) != string(want) {
			t.Errorf("%v: %v, want %v", op, got, want)
		}
	}
}

func TestUnaryComplex(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		op      UnaryOp
		x, want complex128
	}{
		{Negative, 1 - 2i, -1 + 2i},
		{Square, 1 + 2i, -3 + 4i},
		{Sqrt, -4, 2i},
		{Rint, 2.5 + 3.5i, 2 + 4i},
		{Conjugate, 1 + 2i, 1 - 2i},
		{Sign, 3 + 4i, 0.6 + 0.8i},
		{Sign, 0, 0},
		{Sign, complex(-inf, nan), -1},
		{Sign, complex(2, -inf), -1i},
		{Sign, complex(inf, inf), cmplx.NaN()},
		{Exp, 0, 1},
		{Log, 1, 0},
		{Sin, 0, 0},
		{Cos, 0, 1},
	} {
		if got := single[complex128, complex128](tt.op, Complex128, tt.x); !alike(got, tt.want) {
			t.Errorf("%v(%v) = %v, want %v", tt.op, tt.x, got, tt.want)
		}
	}
	z := complex64(complex(3, -4))
	if single[complex64, float32](Absolute, Complex64, z) != 5 || single[complex64, float32](RealPart, Complex64, z) != 3 ||
		single[complex64, float32](ImagPart, Complex64, z) != -4 {
		t.Error("parts of a complex64")
	}
	for op, want := range map[UnaryOp][]byte{
		LogicalNot: {1, 0, 0, 0}, IsNaN: {0, 0, 1, 1}, IsInf: {0, 0, 0, 1}, IsFinite: {1, 1, 0, 0},
	} {
		x := []complex128{0, 1i, complex(nan, 0), complex(nan, -inf)}
		got := make([]byte, len(x))
		Unary(op, Complex128, got, Bytes(x))
		if string(got) != string(want) {
			t.Errorf("%v: %v, want %v", op, got, want)
		}
	}
}

// TestUnaryPlaces compares all operations on many elements, and in place, with one element
// at a time.
func TestUnaryPlaces(t *testing.T) {
	for op := Negative; op <= ImagPart; op++ {
		for e := Bool; e <= Complex128; e++ {
			in, out, ok := op.Types(e)
			if !ok || in != e {
				continue
			}
			a := numbersOf(e, 1100, 81)
			want := make([]byte, 1100*out.Size())
			for i := range 1100 {
				Unary(op, e, want[i*out.Size():][:out.Size()], a[i*e.Size():][:e.Size()])
			}
			apart, at := make([]byte, len(want)), slices.Clone(a)
			Unary(op, e, apart, a)
			Unary(op, e, at[:len(want)], at)
			for name, got := range map[string][]byte{"apart": apart, "in place": at[:len(want)]} {
				for i := 0; i < len(want); i += out.Size() {
					if g, w := got[i:][:out.Size()], want[i:][:out.Size()]; !sameNumber(out, g, w) {
						t.Fatalf("%v of %v, %s: number %d is % x, alone % x", op, e, name, i/out.Size(), g, w)
					}
				}
			}
		}
	}
}

// TestSelect compares with one element at a time, for sizes with loops of their own and others.
func TestSelect(t *testing.T) {
	const n = 1100
	cond := make([]byte, n)
	for i := range cond {
		cond[i] = byte(i * i % 3 * 100)
	}
	for _, size := range []int{1, 2, 3, 4, 8, 16, 32} {
		a, b := make([]byte, n*size), make([]byte, n*size)
		for i := range a {
			a[i], b[i] = byte(i), ^byte(i*7)
		}
		check := func(what string, cond, a, b []byte) {
			t.Helper()
			d := make([]byte, n*size)
			Select(d, cond, a, b, size)
			for i := range n {
				want := b[i*size%len(b):][:size]
				if cond[i%len(cond)] != 0 {
					want = a[i*size%len(a):][:size]
				}
				if string(d[i*size:][:size]) != string(want) {
					t.Fatalf("%s of %d bytes: element %d", what, size, i)
				}
			}
		}
		check("arrays", cond, a, b)
		check("scalar a", cond, a[:size], b)
		check("scalar b", cond, a, b[:size])
		check("scalars", cond, a[:size], b[:size])
		check("scalar cond", cond[1:2], a, b)
		check("scalar false", cond[:1], a, b)
		at := slices.Clone(a)
		Select(at, cond, at, b, size)
		check("in place", cond, at, b)
		Select(nil, cond, a, b, size)
	}
}

func ExampleBinaryOp_Types() {
	in, out, _ := Divide.Types(Int16)
	fmt.Println(in, out)
	in, out, _ = Less.Types(Int16)
	fmt.Println(in, out)
	_, _, ok := Subtract.Types(Bool)
	fmt.Println(ok)
	// Output:
	// float64 float64
	// int16 bool
	// false
}
