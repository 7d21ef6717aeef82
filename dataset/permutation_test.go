package dataset

import (
	"math"
	"testing"
)

// TestPermutation: it has each number once.
func TestPermutation(t *testing.T) {
	for n := int64(0); n < 300; n++ {
		p := newPermutation(n, uint64(n))
		seen := make([]bool, n)
		for i := range n {
			k := p.at(i)
			if k < 0 || k >= n || seen[k] {
				t.Fatalf("of %d, %d goes to %d", n, i, k)
			}
			seen[k] = true
		}
	}
	for _, n := range []int64{1 << 40, math.MaxInt64} {
		p := newPermutation(n, 1)
		seen := map[int64]bool{}
		for i := range int64(1000) {
			for _, x := range []int64{i, n - 1 - i} {
				k := p.at(x)
				if k < 0 || k >= n || seen[k] {
					t.Fatalf("of %d, %d goes to %d", n, x, k)
				}
				seen[k] = true
			}
		}
	}
}

// TestPermutationLooksRandom: over many keys each number goes everywhere as often, alone and in
// pairs of neighbours.
func TestPermutationLooksRandom(t *testing.T) {
	for _, n := range []int64{2, 3, 5, 8, 12} {
		const keys = 40000
		places, pairs := make([]float64, n*n), make([]float64, n*n)
		for key := range uint64(keys) {
			p := newPermutation(n, mix(7, key))
			for i := range n {
				places[i*n+p.at(i)]++
			}
			pairs[p.at(0)*n+p.at(1)]++
		}
		chi := func(counts []float64, want float64, skip bool) float64 {
			sum := 0.0
			for i, c := range counts {
				if skip && int64(i)/n == int64(i)%n {
					continue
				}
				sum += (c - want) * (c - want) / want
			}
			return sum
		}
		// Chi-square of f degrees of freedom is f, give or take sqrt(2f); six of these are out of
		// the question.
		limit := func(f float64) float64 { return f + 6*math.Sqrt(2*f) + 6 }
		if x, f := chi(places, keys/float64(n), false), float64(n-1)*float64(n-1); x > limit(f) {
			t.Errorf("places of %d: chi-square %.0f of %.0f degrees", n, x, f)
		}
		if x, f := chi(pairs, keys/float64(n*(n-1)), true), float64(n*(n-1)-1); x > limit(f) {
			t.Errorf("pairs of %d: chi-square %.0f of %.0f degrees", n, x, f)
		}
	}
}

// TestBlocks: a shuffle by blocks has each number once, and neighbours within a group.
func TestBlocks(t *testing.T) {
	for n := int64(1); n < 90; n++ {
		for _, size := range []int64{1, 2, 7, 16, 90} {
			for _, mixed := range []int64{1, 2, 5} {
				size, mixed := min(size, n), min(mixed, (n+min(size, n)-1)/min(size, n))
				b := newBlocks(n, size, mixed, uint64(n))
				seen := make([]bool, n)
				var inGroup map[int64]bool
				group := int64(-1)
				for i := range n {
					k := b.at(i)
					if k < 0 || k >= n || seen[k] {
						t.Fatalf("%d in blocks of %d, %d mixed: %d goes to %d", n, size, mixed, i, k)
					}
					seen[k] = true
					if b.group != group {
						group, inGroup = b.group, map[int64]bool{}
					}
					if inGroup[k/size] = true; int64(len(inGroup)) > mixed {
						t.Fatalf("%d blocks in a group of %d", len(inGroup), mixed)
					}
				}
			}
		}
	}
}
