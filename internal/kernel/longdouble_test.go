package kernel

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigFromX87 and bigFromQuad decode finite numbers without rounding.
func bigFromX87(b []byte) *big.Float {
	mant, top := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:])
	f := new(big.Float).SetPrec(64).SetUint64(mant)
	f.SetMantExp(f, max(int(top&0x7fff), 1)-16383-63)
	if top>>15 != 0 {
		f.Neg(f)
	}
	return f
}

func bigFromQuad(b []byte) *big.Float {
	lo, hi := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	exp := int(hi >> 48 & 0x7fff)
	m := new(big.Int).SetUint64(hi & (1<<48 - 1))
	if exp != 0 {
		m.SetBit(m, 48, 1)
	}
	m.Lsh(m, 64)
	m.Or(m, new(big.Int).SetUint64(lo))
	f := new(big.Float).SetPrec(113).SetInt(m)
	f.SetMantExp(f, max(exp, 1)-16383-112)
	if hi>>63 != 0 {
		f.Neg(f)
	}
	return f
}

func x87Bytes(top uint16, mant uint64) []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint64(b, mant)
	binary.LittleEndian.PutUint16(b[8:], top)
	return b
}

func quadBytes(hi, lo uint64) []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint64(b, lo)
	binary.LittleEndian.PutUint64(b[8:], hi)
	return b
}

// randomWide is a finite number in both formats with an exponent that float64,
// float32 and the 16-bit formats have, or nearly, and a fraction near a tie for
// one of them.
func randomWide(rng *rand.Rand) (x87, quad []byte) {
	exp := uint16(16383 + rng.IntN(2400) - 1200)
	switch rng.IntN(4) {
	case 0:
		exp = uint16(16383 + rng.IntN(320) - 160)
	case 1:
		exp = uint16(16383 + rng.IntN(60) - 30)
	}
	sign := uint16(rng.IntN(2)) << 15
	keep := []int{53, 24, 11, 8, 64, 40}[rng.IntN(6)]
	hi := 1<<63 | rng.Uint64()
	lo := rng.Uint64()
	if rng.IntN(3) > 0 && keep < 64 { // a tie, or all but
		hi = hi>>(64-keep)<<(64-keep) | 1<<(63-keep)
		lo = uint64(rng.IntN(2))
		hi += uint64(rng.IntN(3) - 1)
		hi |= 1 << 63
	}
	x87 = x87Bytes(sign|exp, hi)
	quad = quadBytes(uint64(sign|exp)<<48|hi<<1>>16, hi<<49|lo>>15)
	return x87, quad
}

func TestLongDoubleToFloat(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 11))
	half, brain := newNearest(Half2Float32, 0x7c00), newNearest(BFloat16ToFloat32, 0x7f80)
	for range 200000 {
		x87, quad := randomWide(rng)
		for _, tt := range []struct {
			elem  Elem
			bytes []byte
			exact *big.Float
		}{{X87, x87, bigFromX87(x87)}, {Quad, quad, bigFromQuad(quad)}} {
			want, _ := tt.exact.Float64()
			got := X87ToFloat64(tt.bytes)
			if tt.elem == Quad {
				got = QuadToFloat64(tt.bytes)
			}
			if !sameBits(got, want) {
				t.Fatalf("%v % x: got %v, want %v", tt.elem, tt.bytes, got, want)
			}
			var b [8]byte
			Convert(b[:4], Float32, native(tt.bytes), tt.elem, false)
			want32, _ := tt.exact.Float32()
			if got := math.Float32frombits(binary.NativeEndian.Uint32(b[:])); !sameBits(got, want32) {
				t.Fatalf("%v % x: got float32 %v, want %v", tt.elem, tt.bytes, got, want32)
			}
			// What is beyond float64 is beyond the others as well; what has been
			// rounded to it is on the same side of every tie, or was on one.
			odd := oddFloat64(tt.exact)
			for elem, oracle := range map[Elem]nearest{Float16: half, BFloat16: brain} {
				Convert(b[:2], elem, native(tt.bytes), tt.elem, false)
				if got, want := binary.NativeEndian.Uint16(b[:]), oracle.bits(odd); got != want {
					t.Fatalf("%v % x: got %v %#04x, want %#04x", tt.elem, tt.bytes, elem, got, want)
				}
			}
			// And back, where it is exact.
			Convert(b[:], Float64, native(tt.bytes), tt.elem, false)
			var again [16]byte
			Convert(again[:], tt.elem, b[:], Float64, false)
			Convert(b[:], Float64, again[:], tt.elem, false)
			if got := math.Float64frombits(binary.NativeEndian.Uint64(b[:])); !sameBits(got, want) {
				t.Fatalf("%v: %v came back as %v", tt.elem, want, got)
			}
		}
	}
}

// oddFloat64 is f rounded toward zero, and to an odd fraction if that is not f:
// rounding it further gives what rounding f does.
func oddFloat64(f *big.Float) float64 {
	d, acc := f.Float64()
	if math.IsInf(d, 0) || acc == big.Exact {
		return d
	}
	if (acc == big.Above) == (d > 0) {
		d = math.Nextafter(d, 0)
	}
	return math.Float64frombits(math.Float64bits(d) | 1)
}

// native is a little-endian word in this machine's order.
func native(b []byte) []byte {
	n := append([]byte(nil), b...)
	littleEndian(n)
	return n
}

func TestLongDoubleSpecial(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct {
		name string
		elem Elem
		b    []byte
		want float64
	}{
		{"zero", X87, x87Bytes(0, 0), 0},
		{"negative zero", X87, x87Bytes(0x8000, 0), math.Copysign(0, -1)},
		{"one", X87, x87Bytes(0x3fff, 1<<63), 1},
		{"-2.5", X87, x87Bytes(0xc000, 5<<61), -2.5},
		{"Inf", X87, x87Bytes(0x7fff, 1<<63), inf},
		{"-Inf", X87, x87Bytes(0xffff, 1<<63), -inf},
		{"NaN", X87, x87Bytes(0x7fff, 3<<62), nan},
		{"signalling NaN", X87, x87Bytes(0x7fff, 1<<63|1), nan},
		{"pseudo-infinity", X87, x87Bytes(0x7fff, 0), nan},
		{"unnormal", X87, x87Bytes(0x3fff, 1), nan},
		{"pseudo-denormal", X87, x87Bytes(0, 1<<63), 0},
		{"too large", X87, x87Bytes(0x7ffe, 1<<63), inf},
		{"too small", X87, x87Bytes(1, 1<<63), 0},
		{"half the least float64", X87, x87Bytes(16383-1075, 1<<63), 0},
		{"a little more", X87, x87Bytes(16383-1075, 1<<63|1), 0x1p-1074},
		{"largest float64 and half a unit", X87, x87Bytes(16383+1023, 1<<64-1<<10), inf},
		{"a little less", X87, x87Bytes(16383+1023, 1<<64-1<<10-1), math.MaxFloat64},
		{"zero", Quad, quadBytes(0, 0), 0},
		{"negative zero", Quad, quadBytes(1<<63, 0), math.Copysign(0, -1)},
		{"one", Quad, quadBytes(0x3fff<<48, 0), 1},
		{"Inf", Quad, quadBytes(0x7fff<<48, 0), inf},
		{"-Inf", Quad, quadBytes(0xffff<<48, 0), -inf},
		{"NaN", Quad, quadBytes(0x7fff<<48, 1), nan},
		{"least subnormal", Quad, quadBytes(0, 1), 0},
		{"largest subnormal", Quad, quadBytes(1<<48-1, 1<<64-1), 0},
	} {
		got := X87ToFloat64(tt.b)
		if tt.elem == Quad {
			got = QuadToFloat64(tt.b)
		}
		if !sameBits(got, tt.want) {
			t.Errorf("%v %s: got %v, want %v", tt.elem, tt.name, got, tt.want)
		}
	}
}

// TestLongDoubleToEachOther covers what float64 cannot hold.
func TestLongDoubleToEachOther(t *testing.T) {
	convert := func(b []byte, from, to Elem) []byte {
		out := make([]byte, 16)
		Convert(out, to, native(b), from, false)
		return native(out)
	}
	rng := rand.New(rand.NewPCG(12, 13))
	for range 20000 {
		x87 := x87Bytes(uint16(rng.IntN(1<<16)), 1<<63|rng.Uint64())
		if binary.LittleEndian.Uint16(x87[8:])&0x7fff == 0x7fff {
			continue
		}
		if rng.IntN(20) == 0 {
			x87 = x87Bytes(uint16(rng.IntN(2))<<15, rng.Uint64()>>(1+rng.IntN(63))) // subnormal
		}
		quad := convert(x87, X87, Quad)
		if want, got := bigFromX87(x87), bigFromQuad(quad); got.Cmp(want) != 0 {
			t.Fatalf("% x became % x", x87[:10], quad)
		}
		back := convert(quad, Quad, X87)
		if bigFromX87(back).Cmp(bigFromX87(x87)) != 0 {
			t.Fatalf("% x came back as % x", x87[:10], back[:10])
		}
	}
	// Rounding: 64 bits and a half, to even; and into Inf.
	for _, tt := range []struct{ quad, want []byte }{
		{quadBytes(0x3fff<<48, 1<<48), x87Bytes(0x3fff, 1<<63)},
		{quadBytes(0x3fff<<48, 1<<48+1), x87Bytes(0x3fff, 1<<63+1)},
		{quadBytes(0x3fff<<48, 3<<48), x87Bytes(0x3fff, 1<<63+2)},
		{quadBytes(0x7ffe<<48|1<<48-1, 1<<64-1), x87Bytes(0x7fff, 1<<63)},
		{quadBytes(1<<48-1, 1<<64-1), x87Bytes(1, 1<<63)}, // the largest subnormal becomes normal
		{quadBytes(0, 1<<48), x87Bytes(0, 0)},
		{quadBytes(0, 3<<48), x87Bytes(0, 2)},
	} {
		if got := convert(tt.quad, Quad, X87); string(got) != string(tt.want) {
			t.Errorf("% x: got % x, want % x", tt.quad, got, tt.want)
		}
	}
}

func TestLongDoubleToInt(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 15))
	ints := []Elem{Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64}
	for range 20000 {
		i := int64(rng.Uint64()) >> rng.IntN(64)
		u := rng.Uint64() >> rng.IntN(64)
		for _, elem := range []Elem{X87, Quad} {
			var word [16]byte
			var b [8]byte
			// All integers of 64 bits fit, and come back.
			binary.NativeEndian.PutUint64(b[:], uint64(i))
			Convert(word[:], elem, b[:], Int64, false)
			Convert(b[:], Int64, word[:], elem, false)
			if got := int64(binary.NativeEndian.Uint64(b[:])); got != i {
				t.Fatalf("%v: int64 %d came back as %d", elem, i, got)
			}
			// Narrower ones are what float64 makes of them.
			quarters := i >> 11
			binary.NativeEndian.PutUint64(b[:], math.Float64bits(float64(quarters)/4))
			Convert(word[:], elem, b[:], Float64, false)
			fits := quarters/4 == int64(int16(quarters/4))
			for _, to := range ints {
				var got, want [8]byte
				Convert(got[:to.Size()], to, word[:], elem, false)
				Convert(want[:to.Size()], to, b[:], Float64, false)
				// these differ where it does not fit 16 bits
				narrow := to == Int8 || to == Uint8 || to == Int16
				if got != want && (fits || !narrow) {
					t.Fatalf("%v: %v to %v: got % x, want % x", elem, float64(quarters)/4, to, got, want)
				}
			}
			binary.NativeEndian.PutUint64(b[:], u)
			Convert(word[:], elem, b[:], Uint64, false)
			Convert(b[:], Uint64, word[:], elem, false)
			if got := binary.NativeEndian.Uint64(b[:]); got != u {
				t.Fatalf("%v: uint64 %d came back as %d", elem, u, got)
			}
		}
	}
}
