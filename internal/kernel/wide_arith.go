package kernel

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// Sums, differences, products, quotients and roots of wide numbers have 128 bits, the last of
// which is set if what follows them is not zero. Of operands of up to 113 bits, which both long
// doubles have, such a result is rounded to a long double as the exact one would be.

var notWide = wide{class: notANumber}

// negated is -w.
func (w wide) negated() wide {
	w.neg = !w.neg
	return w
}

// jam shifts w right by n > 0 bits, and keeps in the last one that something was lost.
func (w wide) jam(n int) wide {
	hi, lo := shiftRight(w.hi, w.lo, n)
	if backHi, backLo := shiftLeft(hi, lo, n); backHi != w.hi || backLo != w.lo {
		lo |= 1
	}
	w.hi, w.lo, w.exp = hi, lo, w.exp+n
	return w
}

func (w wide) add(o wide) wide {
	switch {
	case w.class == notANumber || o.class == notANumber || w.class == infinite && o.class == infinite && w.neg != o.neg:
		return notWide
	case w.class == zero && o.class == zero:
		w.neg = w.neg && o.neg
		return w
	case w.class == infinite || o.class == zero:
		return w
	case o.class == infinite || w.class == zero:
		return o
	}
	if compareMagnitudes(w, o) < 0 {
		w, o = o, w
	}
	if n := w.exp - o.exp; n > 0 {
		o = o.jam(n)
	}
	if w.neg != o.neg {
		var borrow uint64
		w.lo, borrow = bits.Sub64(w.lo, o.lo, 0)
		w.hi -= o.hi + borrow
		if w.hi|w.lo == 0 {
			return wide{} // +0, as rounding to nearest has it
		}
		return w.normal()
	}
	lo, carry := bits.Add64(w.lo, o.lo, 0)
	hi, carry := bits.Add64(w.hi, o.hi, carry)
	if carry > 0 {
		hi, lo = hi>>1|1<<63, lo>>1|hi<<63|lo&1
		w.exp++
	}
	w.hi, w.lo = hi, lo
	return w
}

func (w wide) subtract(o wide) wide { return w.add(o.negated()) }

func (w wide) multiply(o wide) wide {
	neg := w.neg != o.neg
	switch low, high := min(w.class, o.class), max(w.class, o.class); {
	case high == notANumber || low == zero && high == infinite:
		return notWide
	case low == zero:
		return wide{neg: neg}
	case high == infinite:
		return wide{class: infinite, neg: neg}
	}
	h, hl := bits.Mul64(w.hi, o.hi)
	a, al := bits.Mul64(w.hi, o.lo)
	b, bl := bits.Mul64(w.lo, o.hi)
	l, rest := bits.Mul64(w.lo, o.lo)
	l, carry1 := bits.Add64(l, al, 0)
	l, carry2 := bits.Add64(l, bl, 0)
	hl, carry1 = bits.Add64(hl, a, carry1)
	hl, carry2 = bits.Add64(hl, b, carry2)
	h += carry1 + carry2
	if h>>63 == 0 { // the product of two numbers from [1, 2) is in [1, 4)
		h, hl, l = h<<1|hl>>63, hl<<1|l>>63, l<<1
		w.exp--
	}
	if l|rest != 0 {
		hl |= 1
	}
	return wide{hi: h, lo: hl, exp: w.exp + o.exp + 128, neg: neg, class: finite}
}

func (w wide) divide(o wide) wide {
	neg := w.neg != o.neg
	switch {
	case w.class == notANumber || o.class == notANumber || w.class == o.class && w.class != finite:
		return notWide
	case w.class == zero || o.class == infinite:
		return wide{neg: neg}
	case w.class == infinite || o.class == zero:
		return wide{class: infinite, neg: neg}
	}
	shift := 127 // so that the quotient has 128 bits
	if w.hi < o.hi || w.hi == o.hi && w.lo < o.lo {
		shift++
	}
	q, rest := w.mantissa(), new(big.Int)
	q.QuoRem(q.Lsh(q, uint(shift)), o.mantissa(), rest)
	return wideOfInts(q, rest, w.exp-o.exp-shift, neg)
}

func (w wide) sqrt() wide {
	switch {
	case w.class == zero || w.class == infinite && !w.neg:
		return w
	case w.class != finite || w.neg:
		return notWide
	}
	shift := 127 + (w.exp-127)&1 // the exponent becomes even, and the root has 128 bits
	square := w.mantissa()
	square.Lsh(square, uint(shift))
	root := new(big.Int).Sqrt(square)
	return wideOfInts(root, square.Sub(square, new(big.Int).Mul(root, root)), (w.exp-shift)/2, false)
}

// mantissa is (hi, lo) as one integer.
func (w wide) mantissa() *big.Int {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], w.hi)
	binary.BigEndian.PutUint64(b[8:], w.lo)
	return new(big.Int).SetBytes(b[:])
}

// wideOfInts is m × 2^exp for an m of 128 bits and what it leaves.
func wideOfInts(m, rest *big.Int, exp int, neg bool) wide {
	var b [16]byte
	m.FillBytes(b[:])
	w := wide{hi: binary.BigEndian.Uint64(b[:]), lo: binary.BigEndian.Uint64(b[8:]), exp: exp, neg: neg, class: finite}
	if rest.Sign() != 0 {
		w.lo |= 1
	}
	return w
}

// rint is the nearest integer, of two the even one.
func (w wide) rint() wide {
	if w.class == finite && w.exp < 0 {
		w.hi, w.lo = w.shift(-w.exp)
		w.exp = 0
	}
	return w.normal()
}

// truncated is w without its fraction.
func (w wide) truncated() wide {
	if w.class == finite && w.exp < 0 {
		w.hi, w.lo = shiftRight(w.hi, w.lo, -w.exp)
		w.exp = 0
	}
	return w.normal()
}

// floor is the largest integer not above w.
func (w wide) floor() wide {
	t := w.truncated()
	if w.neg && compareWide(t, w) == greater {
		return t.subtract(wideFromUint64(1))
	}
	return t
}
