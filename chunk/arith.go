package chunk

import "github.com/lazynpy/lazynpy/internal/arith"

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
		if p, ok = arith.Mul(p, n); !ok {
			return 0, false
		}
	}
	if empty {
		return 0, true
	}
	return p, true
}
