package kernel

import "sort"

// MaskSet is k weight vectors over n pixels, laid out for [MultiplyMasks].
type MaskSet struct{ masks [][]maskSpan }

// maskSpan is consecutive weights that are not zero.
type maskSpan struct {
	start   int
	weights []float64
}

// NewMaskSet lays out weight vectors, all of equal length.
func NewMaskSet(weights [][]float64) *MaskSet {
	s := &MaskSet{masks: make([][]maskSpan, len(weights))}
	for j, w := range weights {
		for p := 0; p < len(w); p++ {
			start := p
			for p < len(w) && w[p] != 0 {
				p++
			}
			if p > start {
				s.masks[j] = append(s.masks[j], maskSpan{start, w[start:p]})
			}
		}
	}
	return s
}

// MultiplyMasks adds, for every row i of x, Σ_p x[i,p]*w[j,from+p] to acc[i*k+j]. Rows have m
// consecutive pixels that begin at pixel from. What is in a pixel of weight zero, NaN too,
// does not count. Products are rounded before they are added, everywhere.
func MultiplyMasks[T Real](acc []float64, x []T, m int, s *MaskSet, from int) {
	k := len(s.masks)
	for len(x) >= m && m > 0 {
		row := x[:m]
		for j, spans := range s.masks {
			first := sort.Search(len(spans), func(i int) bool { return spans[i].start+len(spans[i].weights) > from })
			for _, span := range spans[first:] {
				if span.start >= from+m {
					break
				}
				acc[j] += multiplySpan(row, span, from)
			}
		}
		x, acc = x[m:], acc[k:]
	}
}

// multiplySpan is the part of a span that a row from pixel `from` on has.
func multiplySpan[T Real](row []T, span maskSpan, from int) float64 {
	w := span.weights
	if skip := from - span.start; skip > 0 {
		w = w[skip:]
	} else {
		row = row[-skip:]
	}
	w = w[:min(len(w), len(row))]
	row = row[:len(w)]
	var sum [4]float64
	for len(row) >= 4 && len(w) >= 4 {
		sum[0] += float64(float64(row[0]) * w[0])
		sum[1] += float64(float64(row[1]) * w[1])
		sum[2] += float64(float64(row[2]) * w[2])
		sum[3] += float64(float64(row[3]) * w[3])
		row, w = row[4:], w[4:]
	}
	for i, v := range row {
		sum[0] += float64(float64(v) * w[i])
	}
	return sum[0] + sum[1] + (sum[2] + sum[3])
}
