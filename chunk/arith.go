package chunk

import "math/bits"

// mul is a*b for a, b >= 0, and whether it fits in an int64.
func mul(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int64(lo), hi == 0 && lo < 1<<63
}

// product is the product of non-negative numbers, and whether it, and the product
// of those that are not zero, fits in an int64. Zeros do not excuse the others:
// strides and prefixes are products too.
func product(ns []int64) (int64, bool) {
	p, empty := int64(1), false
	for _, n := range ns {
		if n == 0 {
			empty = true
			continue
		}
		var ok bool
		if p, ok = mul(p, n); !ok {
			return 0, false
		}
	}
	if empty {
		return 0, true
	}
	return p, true
}

// ceilDiv is a/b rounded up, for a >= 0 and b > 0.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 {
		q++
	}
	return q
}
