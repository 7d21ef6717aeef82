package dataset

import "math/bits"

// permutation is a bijection of 0 to n-1 that looks random and is computed in constant time and
// memory: an alternating Feistel network over the product of two ranges, which is walked until it
// ends below n.
//
// A number x below a*b is a pair (x / b, x % b). Each round adds a random function of one half to
// the other half, modulo the range of that, which can be undone, so that all rounds together are a
// bijection of a*b numbers. With a = ⌈√n⌉ and b = ⌈n/a⌉, a*b is less than n+a. A number that lands
// at n or above is sent through again (J. Black and P. Rogaway, "Ciphers with Arbitrary Finite
// Domains", 2002: cycle walking): walking along a cycle of a bijection gives a bijection of those
// of its members that are below n.
type permutation struct {
	n, a, b uint64
	keys    [rounds]uint64
}

// rounds are as many as the network needs to look random also for few samples; Grain's
// index_shuffle recommends 8 of another kind, and the tests of permutation_test.go fail with 8
// here.
const rounds = 10

// newPermutation is the one of n numbers that a key chooses.
func newPermutation(n int64, key uint64) permutation {
	p := permutation{n: uint64(n)}
	p.a = max(sqrtUp(p.n), 1)
	p.b = max((p.n+p.a-1)/p.a, 1)
	for i := range p.keys {
		p.keys[i] = mix(key, uint64(i))
	}
	return p
}

// at is where i goes; i is below n.
func (p *permutation) at(i int64) int64 {
	x := uint64(i)
	for {
		left, right := x/p.b, x%p.b
		for r := 0; r < rounds; r += 2 {
			if left += below(finish(right^p.keys[r]), p.a); left >= p.a {
				left -= p.a
			}
			if right += below(finish(left^p.keys[r+1]), p.b); right >= p.b {
				right -= p.b
			}
		}
		if x = left*p.b + right; x < p.n {
			return int64(x)
		}
	}
}

// below maps 64 random bits to a number below n.
func below(random, n uint64) uint64 {
	hi, _ := bits.Mul64(random, n)
	return hi
}

// mix makes a random number of several: a key of a key and a number.
func mix(key uint64, numbers ...uint64) uint64 {
	for _, n := range numbers {
		key = finish(key + 0x9e3779b97f4a7c15 ^ finish(n+0xd1b54a32d192ed03))
	}
	return key
}

// finish is the finalizer of SplitMix64: a bijection of 64 bits in which each bit of x changes half
// of all.
func finish(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// sqrtUp is the smallest number whose square is at least n.
func sqrtUp(n uint64) uint64 {
	lo, hi := uint64(0), uint64(1)<<32
	for lo < hi {
		mid := (lo + hi) / 2
		if h, l := bits.Mul64(mid, mid); h > 0 || l >= n {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
