package kernel

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

var allElems = []Elem{
	Bool, Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64, Float16, BFloat16, Float32, Float64,
	X87, Quad, Complex64, Complex128, ComplexX87, ComplexQuad,
}

func TestConvertNumPy(t *testing.T) {
	for _, g := range convertGolden {
		values := Bytes(convertValues)
		src := make([]byte, len(convertValues)*g.from.Size())
		Convert(src, g.from, values, Float64, false)
		dst := make([]byte, len(convertValues)*g.to.Size())
		Convert(dst, g.to, src, g.from, false)
		for i, want := range g.want {
			got := wordAt(dst, i, g.to.Size())
			if got != want {
				t.Errorf("%v %v to %v: got %#x, want %#x", g.from, math.Float64frombits(convertValues[i]), g.to, got, want)
			}
		}
	}
}

// wordAt is the i-th of words of so many bytes.
func wordAt(b []byte, i, size int) uint64 {
	b = b[i*size:]
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// number is a real number as the oracle has it: without rounding.
type number struct {
	f    *big.Float // nil if it is not finite
	nf   float64    // then an infinity or NaN
	neg  bool       // tells zeros apart
	full bool       // an integer that came from an integer type, and wraps
}

// decodeNumber reads a little-endian element.
func decodeNumber(b []byte, e Elem) number {
	le := binary.LittleEndian
	integer := func(i *big.Int) number {
		return number{f: new(big.Float).SetPrec(128).SetInt(i), neg: i.Sign() < 0, full: true}
	}
	float := func(f float64) number {
		n := number{nf: f, neg: math.Signbit(f)}
		if f-f == 0 {
			n.f = new(big.Float).SetFloat64(f)
		}
		return n
	}
	switch e {
	case Bool:
		return integer(big.NewInt(int64(min(b[0], 1))))
	case Int8:
		return integer(big.NewInt(int64(int8(b[0]))))
	case Uint8:
		return integer(big.NewInt(int64(b[0])))
	case Int16:
		return integer(big.NewInt(int64(int16(le.Uint16(b)))))
	case Uint16:
		return integer(big.NewInt(int64(le.Uint16(b))))
	case Int32:
		return integer(big.NewInt(int64(int32(le.Uint32(b)))))
	case Uint32:
		return integer(big.NewInt(int64(le.Uint32(b))))
	case Int64:
		return integer(big.NewInt(int64(le.Uint64(b))))
	case Uint64:
		return integer(new(big.Int).SetUint64(le.Uint64(b)))
	case Float16:
		return float(float64(Half2Float32(le.Uint16(b))))
	case BFloat16:
		return float(float64(math.Float32frombits(uint32(le.Uint16(b)) << 16)))
	case Float32:
		return float(float64(math.Float32frombits(le.Uint32(b))))
	case Float64:
		return float(math.Float64frombits(le.Uint64(b)))
	}
	top, isNaN := le.Uint16(b[8:]), le.Uint64(b)<<1 != 0
	f := bigFromX87
	if e == Quad {
		top, isNaN = le.Uint16(b[14:]), le.Uint64(b)|le.Uint64(b[8:])<<16 != 0
		f = bigFromQuad
	}
	n := number{neg: top>>15 != 0}
	switch {
	case top&0x7fff != 0x7fff:
		n.f = f(b)
	case isNaN:
		n.nf = math.NaN()
	default:
		n.nf = math.Inf(1 - 2*int(top>>15))
	}
	return n
}

// integer is n as an integer type of so many bits would have it, by way of the
// type that the processor converts to: via bits, signed.
func (n number) integer(via int) *big.Int {
	smallest := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), uint(via-1)))
	if n.f == nil {
		return smallest
	}
	i, _ := n.f.Int(nil)
	if !n.full && (i.Cmp(smallest) < 0 || i.Cmp(new(big.Int).Neg(smallest)) >= 0) {
		return smallest
	}
	return i
}

// check compares a little-endian element with n.
func (n number) check(b []byte, e, from Elem, half, brain nearest) bool {
	if e.IsLong() {
		got := decodeNumber(b, e)
		if n.f == nil || got.f == nil {
			return n.f == nil && got.f == nil && sameBits(n.nf, got.nf)
		}
		want := new(big.Float).SetPrec(64)
		if e == Quad {
			want.SetPrec(113)
		}
		return got.f.Cmp(want.Set(n.f)) == 0 && (got.neg == n.neg || n.full)
	}
	float := func() float64 {
		if n.f == nil {
			return n.nf
		}
		f := oddFloat64(n.f)
		if n.neg {
			f = math.Copysign(f, -1)
		}
		return f
	}
	size := e.Size()
	var got, want uint64
	switch size {
	case 1:
		got = uint64(b[0])
	case 2:
		got = uint64(binary.LittleEndian.Uint16(b))
	case 4:
		got = uint64(binary.LittleEndian.Uint32(b))
	case 8:
		got = binary.LittleEndian.Uint64(b)
	}
	via := 32
	switch e {
	case Bool:
		if n.f == nil || n.f.Sign() != 0 {
			want = 1
		}
		return got == want
	case Float16, BFloat16:
		oracle := half
		if e == BFloat16 {
			oracle = brain
		}
		if n.f == nil && n.nf != n.nf {
			return got&0x7fff > uint64(len(oracle.values))
		}
		return got == uint64(oracle.bits(float()))
	case Float32:
		f := math.Float32frombits(uint32(got))
		if n.f == nil {
			return sameBits(f, float32(n.nf))
		}
		w, _ := n.f.Float32()
		return f == w
	case Float64:
		f := math.Float64frombits(got)
		if n.f == nil {
			return sameBits(f, n.nf)
		}
		w, _ := n.f.Float64()
		return f == w
	case Int64, Uint32:
		via = 64
	case Int8, Uint8, Int16:
		if from.IsLong() {
			via = 16
		}
	case Uint64:
		if limit := new(big.Float).SetMantExp(big.NewFloat(1), 63); n.f != nil && n.f.Cmp(limit) >= 0 && !n.full {
			moved := number{f: new(big.Float).SetPrec(200).Sub(n.f, limit)}
			want = moved.integer(64).Uint64()
			if moved.integer(64).Sign() < 0 {
				want = 1 << 63
			}
			return got == want^1<<63
		}
		if n.f == nil && n.nf > 0 {
			return got == 0
		}
		via = 64
	}
	i := n.integer(via)
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*size)), big.NewInt(1))
	return got == i.And(i, mask).Uint64()
}

// randomElem is an element whose value is often near a limit of some type.
func randomElem(rng *rand.Rand, e Elem) []byte {
	b := make([]byte, e.Size())
	for i := range b {
		b[i] = byte(rng.Uint32() >> rng.IntN(9))
	}
	interesting := []float64{
		0, math.Copysign(0, -1), 1, -1, 0.5, 127.5, 128, -128.9, -129, 255.9, 256, 32767.5, 32768, -32769, 65535, 65536,
		0x1p31 - 1, 0x1p31, -0x1p31, -0x1p31 - 1, 0x1p32, 0x1p53 + 2, 0x1p63, -0x1p63, 0x1p64, 0x1p65, 1e30, -1e30,
		65504, 65520, 3.4e38, 3.5e38, 1e-40, 6e-8, 3e-8, math.Inf(1), math.Inf(-1), math.NaN(), 0x1.8p63, 0x1p16 - 16.001,
	}
	if rng.IntN(2) == 0 {
		f := interesting[rng.IntN(len(interesting))]
		switch e {
		case Float16:
			binary.LittleEndian.PutUint16(b, Float64ToHalf(f))
		case BFloat16:
			binary.LittleEndian.PutUint16(b, Float64ToBFloat16(f))
		case Float32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(float32(f)))
		case Float64:
			binary.LittleEndian.PutUint64(b, math.Float64bits(f))
		case X87:
			wideFromFloat64(f).putX87(b)
		case Quad:
			wideFromFloat64(f).putQuad(b)
		}
	} else if e.IsLong() {
		x87, quad := randomWide(rng)
		copy(b, x87)
		if e == Quad {
			copy(b, quad)
		}
	}
	if e == X87 {
		clear(b[10:])
	}
	return b
}

// TestConvert converts everything to everything, in either byte order, and
// compares with an oracle that computes without rounding.
func TestConvert(t *testing.T) {
	half, brain := newNearest(Half2Float32, 0x7c00), newNearest(BFloat16ToFloat32, 0x7f80)
	rng := rand.New(rand.NewPCG(18, 19))
	for _, from := range allElems {
		const n = 700 // more than fits a chunk of some
		size, part := from.Size(), from.Part().Size()
		le := make([]byte, 0, n*size)
		for range n * size / part {
			le = append(le, randomElem(rng, from.Part())...)
		}
		ours, theirs := le, make([]byte, len(le))
		SwapBytes(theirs, le, part)
		if bigEndian {
			ours, theirs = theirs, ours
		}
		for _, to := range allElems {
			dst, swapped := make([]byte, n*to.Size()), make([]byte, n*to.Size())
			Convert(dst, to, ours, from, false)
			Convert(swapped, to, theirs, from, true)
			if string(dst) != string(swapped) {
				t.Errorf("%v to %v: differs when the source is swapped", from, to)
			}
			if bigEndian {
				SwapBytes(dst, dst, to.Part().Size())
			}
			if to == from {
				if string(dst) != string(le) {
					t.Errorf("%v to itself differs", from)
				}
				continue
			}
			for i := range n {
				re := decodeNumber(le[i*size:][:part], from.Part())
				im := number{f: new(big.Float), full: true}
				if from.IsComplex() {
					im = decodeNumber(le[i*size+part:][:part], from.Part())
				}
				out := dst[i*to.Size():][:to.Size()]
				w := to.Part().Size()
				ok := re.check(out[:w], to.Part(), from.Part(), half, brain)
				switch {
				case to.IsComplex():
					ok = ok && im.check(out[w:], to.Part(), from.Part(), half, brain)
				case to == Bool && from.IsComplex():
					want := im.f == nil || im.f.Sign() != 0 || re.f == nil || re.f.Sign() != 0
					ok = want == (out[0] == 1) && out[0] <= 1
				}
				if !ok {
					t.Fatalf("%v % x to %v: got % x", from, le[i*size:][:size], to, out)
				}
			}
		}
	}
}

func TestConvertShort(t *testing.T) {
	dst := []byte{9, 9, 9, 9, 9, 9, 9}
	Convert(dst, Uint16, []byte{1, 2, 3, 4, 5}, Uint8, false) // three fit
	if got := Slice[uint16](dst[:6]); got[0] != 1 || got[1] != 2 || got[2] != 3 || dst[6] != 9 {
		t.Errorf("got % x", dst)
	}
	Convert(dst, Invalid, dst, Uint8, false)
	Convert(dst, Uint8, dst, Elem(200), false)
	if dst[6] != 9 {
		t.Errorf("an unknown element was converted: % x", dst)
	}
}
