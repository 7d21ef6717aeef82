package kernel

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// wide is a number of any of our types without rounding: (hi, lo) × 2^exp with
// the top bit of hi set, unless it is zero, infinite or not a number.
type wide struct {
	hi, lo uint64
	exp    int
	neg    bool
	class  class
}

type class uint8

const (
	zero class = iota
	finite
	infinite
	notANumber
)

// X87ToFloat64 is the float64 nearest to the 80-bit extended number in the
// first ten bytes of b, little-endian. Encodings that the processor rejects
// (unnormals, pseudo-infinities) are NaN.
func X87ToFloat64(b []byte) float64 { return math.Float64frombits(wideFromX87(b).pack(11, 52)) }

// QuadToFloat64 is the float64 nearest to the binary128 in the first sixteen
// bytes of b, little-endian.
func QuadToFloat64(b []byte) float64 { return math.Float64frombits(wideFromQuad(b).pack(11, 52)) }

func wideFromX87(b []byte) wide {
	mant, top := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:])
	w := wide{hi: mant, neg: top>>15 != 0, class: finite}
	exp := int(top & 0x7fff)
	switch {
	case exp == 0x7fff && mant == 1<<63:
		w.class = infinite
	case exp != 0 && mant>>63 == 0:
		w.class = notANumber
	case exp == 0x7fff:
		w.class = notANumber
	}
	w.exp = max(exp, 1) - 16383 - 127
	return w.normal()
}

func wideFromQuad(b []byte) wide {
	lo, hi := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	w := wide{hi: hi & (1<<48 - 1), lo: lo, neg: hi>>63 != 0, class: finite}
	exp := int(hi >> 48 & 0x7fff)
	switch {
	case exp == 0x7fff && w.hi|w.lo == 0:
		w.class = infinite
	case exp == 0x7fff:
		w.class = notANumber
	case exp != 0:
		w.hi |= 1 << 48
	}
	w.exp = max(exp, 1) - 16383 - 112
	return w.normal()
}

func wideFromFloat64(f float64) wide {
	b := math.Float64bits(f)
	w := wide{lo: b & (1<<52 - 1), neg: b>>63 != 0, class: finite}
	exp := int(b >> 52 & 0x7ff)
	switch {
	case exp == 0x7ff && w.lo == 0:
		w.class = infinite
	case exp == 0x7ff:
		w.class = notANumber
	case exp != 0:
		w.lo |= 1 << 52
	}
	w.exp = max(exp, 1) - 1023 - 52
	return w.normal()
}

func wideFromUint64(u uint64) wide { return wide{lo: u, class: finite}.normal() }

func wideFromInt64(i int64) wide {
	w := wide{lo: uint64(i), neg: i < 0, class: finite}
	if w.neg {
		w.lo = -w.lo
	}
	return w.normal()
}

// normal shifts the leading one to the top.
func (w wide) normal() wide {
	if w.class != finite {
		return w
	}
	if w.hi == 0 {
		w.hi, w.lo, w.exp = w.lo, 0, w.exp-64
	}
	if w.hi == 0 {
		w.class = zero
		return w
	}
	n := bits.LeadingZeros64(w.hi)
	w.hi = w.hi<<n | w.lo>>(64-n)
	w.lo <<= n
	w.exp -= n
	return w
}

// shift is (hi, lo) >> n, rounded half to even.
func (w wide) shift(n int) (hi, lo uint64) {
	if n <= 0 {
		return w.hi, w.lo
	}
	if n > 128 {
		return 0, 0
	}
	// The part that is cut off, its top bit aligned to bit 127.
	restHi, restLo := shiftLeft(w.hi, w.lo, 128-n)
	hi, lo = shiftRight(w.hi, w.lo, n)
	const tie = 1 << 63
	if restHi > tie || restHi == tie && (restLo != 0 || lo&1 != 0) {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	return hi, lo
}

func shiftLeft(hi, lo uint64, n int) (uint64, uint64) {
	if n >= 64 {
		return lo << (n - 64), 0
	}
	return hi<<n | lo>>(64-n), lo << n
}

func shiftRight(hi, lo uint64, n int) (uint64, uint64) {
	if n >= 64 {
		return 0, hi >> (n - 64)
	}
	return hi >> n, lo>>n | hi<<(64-n)
}

// encode is the IEEE 754 magnitude with ebits of exponent and mbits <= 112 of
// fraction, rounded half to even once. The sign is left to the caller.
func (w wide) encode(ebits, mbits int) (hi, lo uint64) {
	infHi, infLo := shiftLeft(0, 1<<ebits-1, mbits)
	switch w.class {
	case zero:
		return 0, 0
	case infinite:
		return infHi, infLo
	case notANumber:
		return shiftLeft(0, (1<<ebits-1)<<1|1, mbits-1)
	}
	exp := w.exp + 127 + 1<<(ebits-1) - 1
	drop := 127 - mbits
	if exp < 1 { // subnormal: fewer bits of fraction, and no leading one
		exp, drop = 1, drop+1-exp
	}
	// The leading one adds one to the exponent field, and so does a carry.
	hi, lo = w.shift(drop)
	expHi, expLo := shiftLeft(0, uint64(exp-1), mbits)
	lo, carry := bits.Add64(lo, expLo, 0)
	hi += expHi + carry
	if hi > infHi || hi == infHi && lo > infLo {
		return infHi, infLo
	}
	return hi, lo
}

// pack is encode with the sign, for formats of up to 64 bits.
func (w wide) pack(ebits, mbits int) uint64 {
	_, lo := w.encode(ebits, mbits)
	if w.neg {
		lo |= 1 << (ebits + mbits)
	}
	return lo
}

// putX87 writes the nearest 80-bit extended number to b, and zeros to its padding.
func (w wide) putX87(b []byte) {
	hi, lo := w.encode(15, 63)
	top := uint16(hi<<1 | lo>>63)
	lo &^= 1 << 63
	if top != 0 {
		lo |= 1 << 63 // this format spells its leading one out
	}
	if w.neg {
		top |= 1 << 15
	}
	binary.LittleEndian.PutUint64(b, lo)
	binary.LittleEndian.PutUint64(b[8:], uint64(top))
}

// putQuad writes the nearest binary128 to b.
func (w wide) putQuad(b []byte) {
	hi, lo := w.encode(15, 112)
	if w.neg {
		hi |= 1 << 63
	}
	binary.LittleEndian.PutUint64(b, lo)
	binary.LittleEndian.PutUint64(b[8:], hi)
}

// trunc is w toward zero as a two's complement integer of n bits, and the
// smallest of them if w does not fit, as the x87's FISTP has it.
func (w wide) trunc(n int) int64 {
	lead := w.exp + 127
	switch {
	case w.class == zero || w.class == finite && lead < 0:
		return 0
	case w.class != finite || lead >= n-1:
		return -1 << (n - 1)
	case w.neg:
		return -int64(w.hi >> (63 - lead))
	}
	return int64(w.hi >> (63 - lead))
}

// truncUint64 is w toward zero; what does not fit is as [truncUint64] has it.
func (w wide) truncUint64() uint64 {
	if w.neg || w.class == notANumber || w.class != infinite && w.exp+127 < 63 {
		return uint64(w.trunc(64))
	}
	if w.class == finite && w.exp+127 == 63 {
		return w.hi
	}
	return 0
}
