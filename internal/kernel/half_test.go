package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"
)

func TestHalfToFloat32(t *testing.T) {
	for h := range 1 << 16 {
		got, want := Half2Float32(uint16(h)), float16.Frombits(uint16(h)).Float32()
		if !sameBits(got, want) || math.Signbit(float64(got)) != (h>>15 != 0) {
			t.Fatalf("%#04x: got %v, want %v", h, got, want)
		}
	}
}

// TestFloat32ToHalf takes every binary16, every midpoint of two, and what is next
// to these; and all the float32 that a stride meets.
func TestFloat32ToHalf(t *testing.T) {
	check := func(f float32) {
		t.Helper()
		got, want := Float32ToHalf(f), float16.Fromfloat32(f).Bits()
		if f != f {
			if got&0x7fff <= 0x7c00 || got>>15 != want>>15 {
				t.Fatalf("%#x (NaN): got %#04x", math.Float32bits(f), got)
			}
		} else if got != want {
			t.Fatalf("%v: got %#04x, want %#04x", f, got, want)
		}
		if back := Float64ToHalf(float64(f)); f == f && back != want {
			t.Fatalf("float64 %v: got %#04x, want %#04x", f, back, want)
		}
	}
	for h := range 1 << 16 {
		a, b := Half2Float32(uint16(h)), Half2Float32(uint16(h+1))
		if math.IsInf(float64(b), 0) {
			// so that the midpoint is where Inf begins
			b = float32(math.Copysign(0x1p16, float64(b)))
		}
		if a-a != 0 || b-b != 0 {
			continue
		}
		mid := float32((float64(a) + float64(b)) / 2)
		for _, f := range []float32{a, mid} {
			check(f)
			check(math.Nextafter32(f, float32(math.Inf(1))))
			check(math.Nextafter32(f, float32(math.Inf(-1))))
		}
	}
	for b := uint64(0); b < 1<<32; b += 1021 {
		check(math.Float32frombits(uint32(b)))
	}
	if got := Float32ToHalf(Half2Float32(0x7c01)); got != 0x7c01 {
		t.Errorf("a NaN's payload came back as %#04x", got)
	}
}

func TestBFloat16(t *testing.T) {
	for h := range 1 << 16 {
		f := BFloat16ToFloat32(uint16(h))
		if math.Float32bits(f)>>16 != uint32(h) {
			t.Fatalf("%#04x: got %v", h, f)
		}
		got, wide := Float32ToBFloat16(f), Float64ToBFloat16(float64(f))
		if f != f {
			if BFloat16ToFloat32(got) == BFloat16ToFloat32(got) || BFloat16ToFloat32(wide) == BFloat16ToFloat32(wide) {
				t.Fatalf("%#04x (NaN): got %#04x and %#04x", h, got, wide)
			}
		} else if int(got) != h || int(wide) != h {
			t.Fatalf("%#04x: came back as %#04x and %#04x", h, got, wide)
		}
	}
}

// nearest rounds to the nearest of the numbers a 16-bit float has, by looking it
// up among them.
type nearest struct {
	values []float64 // those that are not negative, ascending; so are their bits
	limit  float64   // where Inf begins: midway to what would be the next one
}

func newNearest(decode func(uint16) float32, inf uint16) nearest {
	n := nearest{}
	for h := range inf {
		n.values = append(n.values, float64(decode(h)))
	}
	last := len(n.values) - 1
	n.limit = n.values[last] + (n.values[last]-n.values[last-1])/2
	return n
}

func (n nearest) bits(f float64) uint16 {
	sign := uint16(0)
	if math.Signbit(f) {
		sign, f = 0x8000, -f
	}
	if f >= n.limit {
		return sign | uint16(len(n.values))
	}
	i, found := slices.BinarySearch(n.values, f)
	switch {
	case found:
	case i == len(n.values):
		i--
	case f-n.values[i-1] < n.values[i]-f || f-n.values[i-1] == n.values[i]-f && i%2 == 1:
		i--
	}
	return sign | uint16(i)
}

// TestFloat64To16 takes what rounding twice, by way of float32, gets wrong.
func TestFloat64To16(t *testing.T) {
	for _, format := range []struct {
		name   string
		decode func(uint16) float32
		encode func(float64) uint16
		narrow func(float32) uint16
		inf    uint16
	}{
		{"binary16", Half2Float32, Float64ToHalf, Float32ToHalf, 0x7c00},
		{"bfloat16", BFloat16ToFloat32, Float64ToBFloat16, Float32ToBFloat16, 0x7f80},
	} {
		oracle := newNearest(format.decode, format.inf)
		check := func(f float64) {
			t.Helper()
			for _, f := range []float64{f, -f} {
				want := oracle.bits(f)
				if got := format.encode(f); got != want {
					t.Fatalf("%s: float64 %v (%#x): got %#04x, want %#04x", format.name, f, math.Float64bits(f), got, want)
				}
				if f32 := float32(f); float64(f32) == f {
					if got := format.narrow(f32); got != want {
						t.Fatalf("%s: float32 %v: got %#04x, want %#04x", format.name, f, got, want)
					}
				}
			}
		}
		for i, v := range oracle.values {
			mid := oracle.limit
			if i+1 < len(oracle.values) {
				mid = (v + oracle.values[i+1]) / 2
			}
			for _, f := range []float64{v, mid} {
				check(f)
				check(math.Nextafter(f, math.Inf(1)))
				check(math.Nextafter(f, 0))
				check(f * (1 + 0x1p-30)) // float32 rounds this to f
				check(f * (1 - 0x1p-30))
			}
		}
		rng := rand.New(rand.NewPCG(8, 9))
		for range 200000 {
			if f := math.Float64frombits(rng.Uint64()); f == f {
				check(f)
			}
			check(math.Abs(rng.NormFloat64() * math.Exp2(float64(rng.IntN(60)-30))))
		}
		if f := format.decode(format.encode(math.NaN())); f == f {
			t.Errorf("%s: NaN became %v", format.name, f)
		}
		if f := format.decode(format.encode(math.Float64frombits(0x7ff0000000000001))); f == f {
			t.Errorf("%s: a NaN whose payload is low became %v", format.name, f)
		}
	}
}
