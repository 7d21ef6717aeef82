package dataset

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Subset is which of the samples are used.
type Subset struct {
	fraction bool
	lo, hi   float64
	seed     uint64
	listed   bool
	indices  []int64
	path     string
}

// Fraction is a random part of the samples: of those that a seed puts in an order of its own, the
// ones from the fraction lo to hi. Fraction(0, 0.8, seed) and Fraction(0.8, 1, seed) have no sample
// in common and none left over.
func Fraction(lo, hi float64, seed uint64) Subset {
	return Subset{fraction: true, lo: lo, hi: hi, seed: seed}
}

// Indices are the samples with these numbers, which must differ. Their order is that of the data
// set.
func Indices(samples []int64) Subset { return Subset{listed: true, indices: slices.Clone(samples)} }

// IndexFile are the samples with the numbers that an array of integers has ([lazy.Open]), or for
// which one of booleans is true.
func IndexFile(path string) Subset { return Subset{path: path} }

// resolve lists the samples of a subset of n, in order; nil is all.
func (s Subset) resolve(ctx context.Context, n int64) ([]int64, error) {
	switch {
	case s.fraction:
		return s.part(n)
	case s.path != "":
		indices, err := readIndices(ctx, s.path)
		if err != nil {
			return nil, err
		}
		return checkIndices(indices, n, s.path)
	case s.listed:
		return checkIndices(s.indices, n, "subset")
	}
	return nil, nil
}

func (s Subset) part(n int64) ([]int64, error) {
	if !(s.lo >= 0 && s.lo <= s.hi && s.hi <= 1) {
		return nil, fmt.Errorf("fractions %g to %g are not within 0 to 1", s.lo, s.hi)
	}
	from, to := int64(math.Round(s.lo*float64(n))), int64(math.Round(s.hi*float64(n)))
	if from == 0 && to == n {
		return nil, nil
	}
	p := newPermutation(n, mix(s.seed, 's', 'u', 'b'))
	list := make([]int64, 0, to-from)
	for i := range n {
		if k := p.at(i); k >= from && k < to {
			list = append(list, i)
		}
	}
	return list, nil
}

func checkIndices(list []int64, n int64, what string) ([]int64, error) {
	list = append([]int64{}, list...) // nil is all
	slices.Sort(list)
	for i, k := range list {
		switch {
		case k < 0 || k >= n:
			return nil, fmt.Errorf("%s: index %d is out of bounds for %d samples", what, k, n)
		case i > 0 && list[i-1] == k:
			return nil, fmt.Errorf("%s: index %d is there twice", what, k)
		}
	}
	return list, nil
}

func readIndices(ctx context.Context, path string) ([]int64, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	r, err := a.Load(ctx)
	if err != nil {
		return nil, err
	}
	k := r.DType().Kind()
	if k != mmapnpy.KindBool && k != mmapnpy.KindInt && k != mmapnpy.KindUint {
		return nil, fileerr.Errorf(path, "indices of %s; they are integers, or booleans of all samples", r.DType())
	}
	values, err := mmapnpy.Numbers[int64](r.Buffer())
	if err != nil {
		return nil, err
	}
	var list []int64
	i := int64(0)
	for v := range values.All() {
		if k != mmapnpy.KindBool {
			list = append(list, v)
		} else if v != 0 {
			list = append(list, i)
		}
		i++
	}
	return list, nil
}
