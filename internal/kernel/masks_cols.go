package kernel

// MaskColumns is k weight vectors over n pixels, laid out for [MultiplyMaskCols]: for every
// pixel the masks in which it has a weight.
type MaskColumns struct {
	first []int // of every pixel, and of the one after the last
	parts []maskPart
}

// maskPart is what a pixel counts in one mask.
type maskPart struct {
	mask   int
	weight float64
}

// NewMaskColumns lays out weight vectors, all of equal length.
func NewMaskColumns(weights [][]float64) *MaskColumns {
	c := &MaskColumns{first: []int{0}}
	if len(weights) == 0 {
		return c
	}
	for p := range weights[0] {
		for j, w := range weights {
			if w[p] != 0 {
				c.parts = append(c.parts, maskPart{j, w[p]})
			}
		}
		c.first = append(c.first, len(c.parts))
	}
	return c
}

// MultiplyMaskCols adds, for every row i of x, x[i,f]*w[j,from+i*step] to acc[j*stride+f]: a row
// is the same pixel of m frames. What is in a pixel of weight zero, NaN too, does not count.
// Products are rounded before they are added, everywhere.
func MultiplyMaskCols[T Real](acc []float64, stride int, x []T, m int, c *MaskColumns, from, step int) {
	for p := from; len(x) >= m && m > 0; p += step {
		row := x[:m]
		for _, part := range c.parts[c.first[p]:c.first[p+1]] {
			sums := acc[part.mask*stride:][:len(row)]
			if part.weight == 1 {
				for f, v := range row {
					sums[f] += float64(v)
				}
				continue
			}
			for f, v := range row {
				sums[f] += float64(float64(v) * part.weight)
			}
		}
		x = x[m:]
	}
}
