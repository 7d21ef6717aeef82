package kernel

import (
	"math"
	"slices"
)

// MaskSet is k weight vectors over n pixels, laid out for [MultiplyMasks]. It does
// not change, and any number of goroutines may use it.
//
// Masks of few different weights, as those of disks, rings and sectors, are flat:
// pixels that have the same weights in all flat masks form a group, whose elements
// are added up once for all masks. Others are dense: every element is multiplied
// by every weight. A pixel that has no weight in any mask is skipped.
type MaskSet struct {
	n, k   int
	groups []maskGroup
	panels []maskPanel
}

const (
	// flatValues is how many different weights, besides zero, a flat mask has at most.
	flatValues = 4
	// groupPixels is how many pixels there have to be for each group. With fewer it
	// would take longer to multiply the sums than the pixels.
	groupPixels = 32
	// fewGroups is how many groups are fine for any number of pixels.
	fewGroups = 16
)

// NewMaskSet copies the weights of k masks over n pixels, weights[j][p] being that
// of pixel p in mask j. It panics where the masks are not of equal length. It takes
// time and memory in proportion to k*n.
func NewMaskSet(weights [][]float64) *MaskSet {
	s := &MaskSet{k: len(weights)}
	if s.k == 0 {
		return s
	}
	s.n = len(weights[0])
	var flat, dense []int
	for j, w := range weights {
		if len(w) != s.n {
			panic("kernel: masks of different length")
		}
		if isFlat(w) {
			flat = append(flat, j)
		} else {
			dense = append(dense, j)
		}
	}
	if !s.group(weights, flat) {
		dense = append(dense, flat...)
		slices.Sort(dense)
	}
	for len(dense) > 0 {
		k := panelMasks(len(dense))
		s.panels = append(s.panels, newPanel(weights, dense[:k]))
		dense = dense[k:]
	}
	return s
}

// Len is the number of masks.
func (s *MaskSet) Len() int { return s.k }

// Pixels is the number of pixels that every mask has weights for.
func (s *MaskSet) Pixels() int { return s.n }

// isFlat reports whether w has few different weights.
func isFlat(w []float64) bool {
	var seen [flatValues]float64
	n := 0
	for _, v := range w {
		if v == 0 || slices.Contains(seen[:n], v) {
			continue
		}
		if n == flatValues {
			return false
		}
		seen[n] = v
		n++
	}
	return true
}

// MultiplyMasks multiplies rows of pixels by masks: for every row i of x, which are
// m consecutive pixels that begin at pixel from of the frame, and every mask j it
// adds Σ x[i,p]*w[j,from+p] over p < m to acc[i*k+j]. A frame may come in pieces. It
// panics where the pixels are not within the masks or acc is too short.
//
// The sum is taken in float64. It is exact where elements and weights are integers
// and no sum of products reaches 2^53. For others its error is that of a dot
// product with four partial sums or, in flat masks, sixteen: at most n/4 or n/16
// roundings follow each other.
//
// A weight of 0 means that the pixel is not in the mask: a NaN or an infinity there
// does not get into the result.
func MultiplyMasks[T Real](acc []float64, x []T, m int, s *MaskSet, from int) {
	if m <= 0 || len(x) < m || s.k == 0 {
		return
	}
	if from < 0 || m > s.n-from {
		panic("kernel: pixels beyond the masks")
	}
	acc = acc[:len(x)/m*s.k]
	for i := range s.groups {
		multiplyGroup(acc, x, m, s.k, &s.groups[i], from)
	}
	for i := range s.panels {
		multiplyPanel(acc, x, m, s.k, &s.panels[i], from)
	}
}

// weightBits tells weights apart; both zeros are the same.
func weightBits(w float64) uint64 {
	if w == 0 {
		return 0
	}
	return math.Float64bits(w)
}
