//go:build !purego

package kernel

import "math"

// skipWords is the first i, in steps of eight words, where one of eight words has a
// lane that exceeds n, as unsigned lanes after order changed them; ok is false where
// there are no vectors to look.
func skipWords[T Real](w []uint64, i int, order, n uint64) (next int, ok bool) {
	if !hasVectors || len(w)-i < 8 {
		return i, false
	}
	n *= laneOnes[T]()
	p, units := first(w[i:]), (len(w)-i)/8
	if sizeOf[T]() == 1 {
		return i + 8*skip8(p, units, order, n), true
	}
	return i + 8*skip16(p, units, order, n), true
}

// skipElements is how many elements of x, in steps of sixteen, come before one that
// exceeds a, or is NaN; it is 0 where there are no vectors to look.
func skipElements[T Real, E end](a T, x []T) int {
	units := len(x) / 16
	if !hasVectors || units == 0 || sizeOf[T]() < 4 || sizeOf[T]() == 8 && !isFloat[T]() {
		return 0
	}
	p, up := first(x), isMost[E]()
	switch {
	case sizeOf[T]() == 8 && up:
		return 16 * skipMost64(p, units, math.Float64bits(float64(a)))
	case sizeOf[T]() == 8:
		return 16 * skipLeast64(p, units, math.Float64bits(float64(a)))
	case isFloat[T]() && up:
		return 16 * skipMost32(p, units, math.Float32bits(float32(a)))
	case isFloat[T]():
		return 16 * skipLeast32(p, units, math.Float32bits(float32(a)))
	}
	order := laneFlip[T]() ^ endFlip[E]()
	return 16 * skip32(p, units, order, (uint64(a)^order)&0xffffffff*laneOnes[T]())
}

// extremeVectors does what extreme8Rows does for as many columns as fill vectors, and
// returns how many these are.
func extremeVectors[T Real, E end](acc, x []T, pitch int) int {
	per := vectorBytes / sizeOf[T]()
	n := len(acc) / per
	if !hasVectors || n == 0 || sizeOf[T]() == 8 && !isFloat[T]() {
		return 0
	}
	_ = x[7*pitch+n*per-1]
	if isFloat[T]() {
		for done := 0; done < n; {
			done += exceedVectors[T, E](acc[done*per:n*per], x[done*per:], pitch*sizeOf[T](), n-done)
			if done < n {
				at := done * per
				extreme8Scalars[T, E](acc[at:at+per], x[at:], pitch)
				done++
			}
		}
		return n * per
	}
	order, to, from := laneFlip[T]()^endFlip[E](), first(acc), first(x)
	switch pitch *= sizeOf[T](); sizeOf[T]() {
	case 1:
		extreme8(to, from, pitch, n, order)
	case 2:
		extreme16(to, from, pitch, n, order)
	default:
		extreme32(to, from, pitch, n, order)
	}
	return n * per
}

// exceedVectors is how many of n vectors of columns of eight rows have nothing that
// exceeds acc.
func exceedVectors[T Real, E end](acc, x []T, pitch, n int) int {
	to, from, up := first(acc), first(x), isMost[E]()
	switch {
	case sizeOf[T]() == 8 && up:
		return exceedMost64(to, from, pitch, n)
	case sizeOf[T]() == 8:
		return exceedLeast64(to, from, pitch, n)
	case up:
		return exceedMost32(to, from, pitch, n)
	}
	return exceedLeast32(to, from, pitch, n)
}
