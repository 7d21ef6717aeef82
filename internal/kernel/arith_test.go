package kernel

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"
)

// pair runs op on two operands of one element each.
func pair[T, U any](op BinaryOp, e Elem, x, y T) U {
	_, out, _ := op.Types(e)
	dst := make([]byte, out.Size())
	Binary(op, e, dst, Bytes([]T{x}), Bytes([]T{y}))
	return Slice[U](dst)[0]
}

func TestBinaryIntegers(t *testing.T) {
	for _, tt := range []struct {
		op         BinaryOp
		x, y, want int8
	}{
		{Add, 127, 1, -128},
		{Subtract, -128, 1, 127},
		{Multiply, -128, -1, -128},
		{FloorDivide, 7, 2, 3},
		{FloorDivide, -7, 2, -4},
		{FloorDivide, 7, -2, -4},
		{FloorDivide, -7, -2, 3},
		{FloorDivide, -8, 2, -4},
		{FloorDivide, 5, 0, 0},
		{FloorDivide, -128, -1, -128},
		{Remainder, 7, 3, 1},
		{Remainder, -7, 3, 2},
		{Remainder, 7, -3, -2},
		{Remainder, -7, -3, -1},
		{Remainder, 6, -3, 0},
		{Remainder, 5, 0, 0},
		{Remainder, -128, -1, 0},
		{Power, 3, 4, 81},
		{Power, 2, 7, -128},
		{Power, 3, 5, -13},
		{Power, 0, 0, 1},
		{Power, -1, -3, -1},
		{Power, -1, -2, 1},
		{Power, 1, -128, 1},
		{Power, 2, -1, 0},
		{Power, 0, -1, 0},
		{Minimum, -128, 127, -128},
		{Maximum, -128, 127, 127},
		{BitwiseAnd, 12, 10, 8},
		{BitwiseOr, 12, 10, 14},
		{BitwiseXor, 12, 10, 6},
		{LeftShift, 1, 7, -128},
		{LeftShift, 1, 8, 0},
		{LeftShift, 1, -1, 0},
		{RightShift, -128, 7, -1},
		{RightShift, -128, 8, -1},
		{RightShift, -128, -1, -1},
		{RightShift, 127, 100, 0},
	} {
		if got := pair[int8, int8](tt.op, Int8, tt.x, tt.y); got != tt.want {
			t.Errorf("%v(%d, %d) = %d, want %d", tt.op, tt.x, tt.y, got, tt.want)
		}
	}
	if got := pair[uint64, uint64](FloorDivide, Uint64, math.MaxUint64, 2); got != math.MaxInt64 {
		t.Errorf("floor_divide(2^64-1, 2) = %d", got)
	}
	if got := pair[uint64, uint64](RightShift, Uint64, math.MaxUint64, 64); got != 0 {
		t.Errorf("right_shift(2^64-1, 64) = %d", got)
	}
}

func TestBinaryFloats(t *testing.T) {
	inf, nan, negZero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	for _, tt := range []struct {
		op         BinaryOp
		x, y, want float64
	}{
		{Divide, 1, 0, inf},
		{Divide, 1, negZero, -inf},
		{Divide, 0, 0, nan},
		{FloorDivide, 7.5, -2, -4},
		{FloorDivide, -1, inf, -1},
		{FloorDivide, 1, inf, 0},
		{FloorDivide, inf, 2, nan},
		{FloorDivide, 1, 0, inf},
		{FloorDivide, -1, 0, -inf},
		{FloorDivide, 0, 0, nan},
		{FloorDivide, negZero, 3, negZero},
		{FloorDivide, 0, -3, negZero},
		{FloorDivide, 1, 0.1, 9},
		{Remainder, 7.5, -2, -0.5},
		{Remainder, -7.5, 2, 0.5},
		{Remainder, -1, inf, inf},
		{Remainder, 1, inf, 1},
		{Remainder, 6, -3, negZero},
		{Remainder, negZero, 3, 0},
		{Remainder, 1, 0, nan},
		{Remainder, inf, 2, nan},
		{Remainder, 5e-324, 1.5e-323, 5e-324},
		{Minimum, 1, nan, nan},
		{Minimum, nan, 1, nan},
		{Maximum, 1, nan, nan},
		{Maximum, nan, -inf, nan},
		{Maximum, -inf, 1, 1},
		{Power, 2, 0.5, math.Sqrt2},
		{Power, -8, 3, -512},
		{Power, nan, 0, 1},
		{Power, 1, nan, 1},
		{Power, -1, inf, 1},
		{Power, 0, -1, inf},
		{Power, negZero, -3, -inf},
		{Power, 10, 22, 1e22},
		{Power, 2, -1074, 5e-324},
		{Power, 5e-324, -1, inf},
		{Power, 5e-324, 2, 0},
	} {
		got := pair[float64, float64](tt.op, Float64, tt.x, tt.y)
		if math.Float64bits(got) != math.Float64bits(tt.want) && !(got != got && tt.want != tt.want) {
			t.Errorf("%v(%v, %v) = %v, want %v", tt.op, tt.x, tt.y, got, tt.want)
		}
		got = float64(pair[float32, float32](tt.op, Float32, float32(tt.x), float32(tt.y)))
		if want := float64(float32(tt.want)); tt.x > 1e-300 && got != want && !(got != got && want != want) && tt.y != 0.1 {
			t.Errorf("float32: %v(%v, %v) = %v, want %v", tt.op, tt.x, tt.y, got, want)
		}
	}
}

// TestPowerScalars has the exponents that NumPy treats apart.
func TestPowerScalars(t *testing.T) {
	x := []float64{4, math.Inf(-1), math.Copysign(0, -1), 3}
	for y, want := range map[float64][]float64{
		-1:  {0.25, math.Copysign(0, -1), math.Inf(-1), 1. / 3},
		0:   {1, 1, 1, 1},
		0.5: {2, math.NaN(), math.Copysign(0, -1), math.Sqrt(3)},
		1:   x,
		2:   {16, math.Inf(1), 0, 9},
	} {
		got := make([]byte, 32)
		Binary(Power, Float64, got, Bytes(x), Bytes([]float64{y}))
		for i, v := range Slice[float64](got) {
			if math.Float64bits(v) != math.Float64bits(want[i]) && (v == v || want[i] == want[i]) {
				t.Errorf("power(%v, %v) = %v, want %v", x[i], y, v, want[i])
			}
		}
	}
}

// TestPowerAccuracy compares with exact powers, and their square roots, rounded.
func TestPowerAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	worst := 0.0
	for range 1000 {
		x := math.Ldexp(1+rng.Float64(), rng.IntN(40)-20)
		n := rng.IntN(60) + 1
		exact := new(big.Float).SetPrec(4000).SetInt64(1)
		for range n {
			exact.Mul(exact, big.NewFloat(x))
		}
		y := float64(n)
		if n%2 == 1 {
			exact.SetPrec(200).Sqrt(exact)
			y /= 2
		}
		if rng.IntN(2) == 0 {
			exact = exact.SetPrec(200).Quo(big.NewFloat(1), exact)
			y = -y
		}
		want, _ := exact.Float64()
		if want < 0x1p-1000 || math.IsInf(want, 0) {
			continue
		}
		distance, _ := new(big.Float).Sub(exact, big.NewFloat(power(x, y))).Float64()
		unit := math.Ldexp(1, math.Ilogb(want)-52)
		units, limit := math.Abs(distance)/unit, 0.9
		if want < 0x1p64 && want > 0x1p-64 {
			limit = 0.53
			worst = max(worst, units)
		}
		if units > limit {
			t.Errorf("power(%v, %v) is %.3f units away", x, y, units)
		}
	}
	t.Logf("at most %.4f units", worst)
}

// TestFmod compares with package math.
func TestFmod(t *testing.T) {
	rng := rand.New(rand.NewPCG(73, 74))
	for range 20000 {
		x := math.Ldexp(rng.Float64()-0.5, rng.IntN(120)-60)
		y := math.Ldexp(rng.Float64()-0.5, rng.IntN(120)-60)
		if rng.IntN(4) == 0 {
			x, y = math.Round(x), math.Round(y*8)/8
		}
		if got, want := fmod(x, y), math.Mod(x, y); math.Float64bits(got) != math.Float64bits(want) && want == want {
			t.Fatalf("fmod(%v, %v) = %v, want %v", x, y, got, want)
		}
	}
}

func TestBinaryComplex(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct {
		op         BinaryOp
		x, y, want complex128
	}{
		{Multiply, 1 + 2i, 3 - 1i, 5 + 5i},
		{Divide, 1 + 2i, 0, complex(inf, inf)},
		{Divide, 5 + 5i, 1 + 2i, 3 - 1i},
		{Divide, 1e300 + 1e300i, 1e300 + 1e300i, 1},
		{Power, 2i, 2, -4},
		{Power, 1 + 1i, 3, -2 + 2i},
		{Power, 0, 1i, cmplx.NaN()},
		{Power, 0, 2 + 1i, 0},
		{Power, 2, -2, 0.25},
		{Maximum, 1 + 2i, 1 + 3i, 1 + 3i},
		{Minimum, 1 + 2i, 0 + 3i, 3i},
		{Minimum, complex(0, nan), -1, complex(0, nan)},
		{Maximum, 1, complex(nan, 0), complex(nan, 0)},
	} {
		if got := pair[complex128, complex128](tt.op, Complex128, tt.x, tt.y); !alike(got, tt.want) {
			t.Errorf("%v(%v, %v) = %v, want %v", tt.op, tt.x, tt.y, got, tt.want)
		}
	}
}

// alike takes NaNs for equal.
func alike(x, y complex128) bool {
	same := func(v, w float64) bool { return v == w || v != v && w != w }
	return same(real(x), real(y)) && same(imag(x), imag(y)) || cmplx.IsNaN(x) && cmplx.IsNaN(y)
}

// TestBinaryBools tries all pairs, any byte but 0 being true.
func TestBinaryBools(t *testing.T) {
	for op, want := range map[BinaryOp][4]byte{ // of (0, 0), (0, 1), (1, 0), (1, 1)
		Add: {0, 1, 1, 1}, Multiply: {0, 0, 0, 1}, Minimum: {0, 0, 0, 1}, Maximum: {0, 1, 1, 1},
		BitwiseAnd: {0, 0, 0, 1}, BitwiseOr: {0, 1, 1, 1}, BitwiseXor: {0, 1, 1, 0},
		Equal: {1, 0, 0, 1}, NotEqual: {0, 1, 1, 0},
		Less: {0, 1, 0, 0}, LessEqual: {1, 1, 0, 1}, Greater: {0, 0, 1, 0}, GreaterEqual: {1, 0, 1, 1},
	} {
		var x, y []byte
		for i := range 65 { // more than words and not as many as words
			x, y = append(x, []byte{0, 0, 0x80, 1}[i%4]), append(y, []byte{0, 3, 0, 0xff}[i%4])
		}
		d := make([]byte, 65)
		Binary(op, Bool, d, x, y)
		for i, v := range d {
			if v != want[i%4] {
				t.Fatalf("%v(%d, %d) = %d", op, x[i], y[i], v)
			}
		}
		Binary(op, Bool, d, x, y[1:2])
		for i, v := range d {
			if v != want[i%4/2*2+1] {
				t.Fatalf("%v(%d, true) = %d", op, x[i], v)
			}
		}
		Binary(op, Bool, d, x[:1], y)
		for i, v := range d {
			if v != want[i%2] {
				t.Fatalf("%v(false, %d) = %d", op, y[i], v)
			}
		}
	}
}

// TestHalves computes 16-bit floats one by one as float32.
func TestHalves(t *testing.T) {
	rng := rand.New(rand.NewPCG(75, 76))
	for _, e := range []Elem{Float16, BFloat16} {
		decode, encode := Half2Float32, Float32ToHalf
		if e == BFloat16 {
			decode, encode = BFloat16ToFloat32, Float32ToBFloat16
		}
		x, y := make([]uint16, 2500), make([]uint16, 2500)
		for i := range x {
			x[i], y[i] = uint16(rng.Uint32()), uint16(rng.Uint32())
		}
		for op := Add; op <= GreaterEqual; op++ {
			_, out, ok := op.Types(e)
			if !ok {
				continue
			}
			dst := make([]byte, len(x)*out.Size())
			Binary(op, e, dst, Bytes(x), Bytes(y))
			for i := range x {
				u, v := decode(x[i]), decode(y[i])
				if out == Bool {
					if want := pair[float32, byte](op, Float32, u, v); dst[i] != want {
						t.Fatalf("%v: %v(%v, %v) = %v", e, op, u, v, dst[i])
					}
					continue
				}
				got := binary.NativeEndian.Uint16(dst[2*i:])
				want := encode(power32(op, u, v))
				if f := decode(got); got != want && !(f != f && decode(want) != decode(want)) {
					t.Fatalf("%v: %v(%v, %v) = %v, want %v", e, op, u, v, f, decode(want))
				}
			}
		}
	}
}

// power32 is the operation on two float32s; Power as of pairs, which NumPy's float16 takes for
// scalars as well.
func power32(op BinaryOp, u, v float32) float32 {
	if op == Power {
		return float32(power(float64(u), float64(v)))
	}
	return pair[float32, float32](op, Float32, u, v)
}

// TestBinaryShapes compares pairs, scalars on either side and operation in place with
// one element at a time, for all operations on all elements.
func TestBinaryShapes(t *testing.T) {
	for op := Add; op <= GreaterEqual; op++ {
		for e := Bool; e <= Complex128; e++ {
			if in, out, ok := op.Types(e); ok && in == e {
				for _, n := range []int{0, 1, 2, 7, 1043} {
					checkShapes(t, op, e, out, n)
				}
			}
		}
	}
}

func checkShapes(t *testing.T, op BinaryOp, e, out Elem, n int) {
	t.Helper()
	a, b := numbersOf(e, n, 77), numbersOf(e, n, 78)
	w, v := e.Size(), out.Size()
	check := func(what string, got []byte, x, y []byte) {
		t.Helper()
		for i := range n {
			want := make([]byte, v)
			Binary(op, e, want, x[i*w%len(x):][:w], y[i*w%len(y):][:w])
			if g := got[i*v:][:v]; !sameNumber(out, g, want) {
				t.Fatalf("%v of %v, %s, %d: number %d is % x, alone % x", op, e, what, n, i, g, want)
			}
		}
	}
	d := make([]byte, n*v)
	Binary(op, e, d, a, b)
	if n == 0 {
		return
	}
	check("pairs", d, a, b)
	if !(op == Power && (e == Float32 || e == Float64)) { // whose scalars are treated apart
		Binary(op, e, d, a, b[:w])
		check("by a scalar", d, a, b[:w])
	}
	Binary(op, e, d, a[:w], b)
	check("of a scalar", d, a[:w], b)
	Binary(op, e, d, a[:w], b[:w])
	if n > 1 && !(op == Power && e >= Float32) {
		check("of scalars", d, a[:w], b[:w])
	}
	at := slices.Clone(a)
	Binary(op, e, at[:n*v], at, b)
	check("in the place of a", at, a, b)
	at = slices.Clone(b)
	Binary(op, e, at[:n*v], a, at)
	check("in the place of b", at, a, b)
}

// numbersOf are n elements, of which some are small and some are anything.
func numbersOf(e Elem, n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, uint64(e)))
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Round(rng.NormFloat64()*20) / 2
	}
	b := make([]byte, n*e.Size())
	Convert(b, e, Bytes(values), Float64, false)
	if e == Bool {
		return b
	}
	for i := range b[:len(b)/3] {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// sameNumber takes NaNs for equal.
func sameNumber(e Elem, x, y []byte) bool {
	if string(x) == string(y) {
		return true
	}
	if e < Float16 {
		return false
	}
	var u, v [16]byte
	Convert(u[:], Complex128, x, e, false)
	Convert(v[:], Complex128, y, e, false)
	for i := range 2 {
		p := math.Float64frombits(binary.NativeEndian.Uint64(u[8*i:]))
		q := math.Float64frombits(binary.NativeEndian.Uint64(v[8*i:]))
		if math.Float64bits(p) != math.Float64bits(q) && !(p != p && q != q) {
			return false
		}
	}
	return true
}

// TestNarrowWords compares all pairs of bytes computed in words with one at a time.
func TestNarrowWords(t *testing.T) {
	var x, y []uint8
	for i := range 1 << 16 {
		x, y = append(x, uint8(i)), append(y, uint8(i>>8))
	}
	d := make([]uint8, len(x))
	addInts(d, x, y)
	for i := range d {
		if d[i] != x[i]+y[i] {
			t.Fatalf("%d + %d = %d", x[i], y[i], d[i])
		}
	}
	subtractInts(d, x, y)
	for i := range d {
		if d[i] != x[i]-y[i] {
			t.Fatalf("%d - %d = %d", x[i], y[i], d[i])
		}
	}
	for v := range 256 {
		addInt(d[:300], x[:300], uint8(v))
		for i := range 300 {
			if d[i] != x[i]+uint8(v) {
				t.Fatalf("%d + %d = %d", x[i], v, d[i])
			}
		}
	}
}

func TestHasNegative(t *testing.T) {
	for _, tt := range []struct {
		e    Elem
		b    []byte
		want bool
	}{
		{Int8, Bytes([]int8{0, 1, 127}), false},
		{Int8, Bytes([]int8{0, 1, -1}), true},
		{Int16, Bytes([]int16{math.MinInt16, 1}), true},
		{Int32, Bytes([]int32{1, 2, -3}), true},
		{Int64, Bytes([]int64{1, math.MaxInt64}), false},
		{Int64, Bytes([]int64{-1}), true},
		{Uint8, []byte{255}, false},
		{Int16, nil, false},
	} {
		if got := HasNegative(tt.e, tt.b); got != tt.want {
			t.Errorf("%v % x: %v", tt.e, tt.b, got)
		}
	}
}

func TestBinaryNames(t *testing.T) {
	if Add.String() != "add" || GreaterEqual.String() != "greater_equal" || BinaryOp(200).String() != "invalid" {
		t.Error("names are out of step")
	}
	if ImagPart.String() != "imag" || IsNaN.String() != "isnan" || UnaryOp(200).String() != "invalid" {
		t.Error("names are out of step")
	}
	if _, _, ok := BinaryOp(200).Types(Int8); ok {
		t.Error("an unknown operation has types")
	}
	if _, _, ok := Add.Types(Invalid); ok {
		t.Error("an invalid element has types")
	}
	if _, _, ok := Add.Types(200); ok {
		t.Error("an unknown element has types")
	}
}

func TestNoLoopPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"subtract of bools": func() { Binary(Subtract, Bool, nil, nil, nil) },
		"in differs":        func() { Binary(Divide, Int8, nil, nil, nil) },
		"invert of floats":  func() { Unary(Invert, Float32, nil, nil) },
		"mixed add":         func() { CompareMixed(Add, nil, nil, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestElementwiseSameEverywhere compares what all operations compute from the same data
// with what they computed when this was written; those that package math computes
// are left out.
func TestElementwiseSameEverywhere(t *testing.T) {
	h := fnv.New64a()
	add := func(e Elem, b []byte) {
		for i := 0; i < len(b); i += e.Part().Size() {
			v := slices.Clone(b[i:][:e.Part().Size()])
			var f [8]byte
			if e >= Float16 {
				if Convert(f[:], Float64, v, e.Part(), false); math.IsNaN(math.Float64frombits(binary.NativeEndian.Uint64(f[:]))) {
					clear(v)
				}
			}
			littleEndian(v)
			h.Write(v)
		}
	}
	for e := Bool; e <= Complex128; e++ {
		if e.IsLong() {
			continue
		}
		a, b := sameNumbers(e, 79), sameNumbers(e, 80)
		for op := Add; op <= GreaterEqual; op++ {
			if in, out, ok := op.Types(e); ok && in == e && !(op == Power && e.IsComplex()) {
				d := make([]byte, len(a)/e.Size()*out.Size())
				Binary(op, e, d, a, b)
				add(out, d)
			}
		}
		for op := Negative; op <= ImagPart; op++ {
			in, out, ok := op.Types(e)
			library := op >= Exp && op <= Tanh || e.IsComplex() && (op == Absolute || op == Sqrt || op == Sign)
			if ok && in == e && !library {
				d := make([]byte, len(a)/e.Size()*out.Size())
				Unary(op, e, d, a)
				add(out, d)
			}
		}
	}
	if got, want := fmt.Sprintf("%x", h.Sum64()), "99774cd56cb38f59"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// sameNumbers are the same on machines of either byte order.
func sameNumbers(e Elem, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, uint64(e)))
	values := make([]float64, 600)
	for i := range values {
		values[i] = math.Trunc(math.Ldexp(rng.Float64()-0.4, rng.IntN(60))) / 8
	}
	b := make([]byte, len(values)*e.Size())
	Convert(b, e, Bytes(values), Float64, false)
	return b
}
