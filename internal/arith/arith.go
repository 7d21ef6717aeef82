// Package arith holds the arithmetic of lengths, counts and sizes: numbers of int64 that are not
// negative. Functions keep no state and may be called from any goroutine.
package arith

import (
	"math"
	"math/bits"
)

// CeilDiv is a/b rounded up, for b > 0.
func CeilDiv(a, b int64) int64 { return a/b + min(a%b, 1) }

// GCD is the greatest common divisor. That of 0 and n is n.
func GCD(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// LCM is the least common multiple of positive numbers, and [math.MaxInt64] where that is too
// large.
func LCM(a, b int64) int64 { return Times(a/GCD(a, b), b) }

// Mul is a*b, and whether an int64 holds it.
func Mul(a, b int64) (n int64, ok bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int64(lo), hi == 0 && lo <= math.MaxInt64
}

// Times is the product, and [math.MaxInt64] where that is too large.
func Times(factors ...int64) int64 {
	n := int64(1)
	for _, f := range factors {
		if f == 0 {
			return 0
		}
		var ok bool
		if n, ok = Mul(n, f); !ok {
			n = math.MaxInt64
		}
	}
	return n
}
