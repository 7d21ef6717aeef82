package kernel

// LabelRows adds, for every row i of x, x[i,p] to acc[i*k+labels[from+p]], as np.bincount does
// with weights. Rows have m consecutive pixels that begin at pixel from; labels are in [0, k),
// and pixels of negative labels do not count.
func LabelRows[T Real](acc []float64, x []T, m int, labels []int32, from, k int) {
	labels = labels[from:][:m]
	for len(x) >= m && m > 0 {
		sums, row := acc[:k], x[:m]
		for p, l := range labels {
			if l >= 0 {
				sums[l] += float64(row[p])
			}
		}
		x, acc = x[m:], acc[k:]
	}
}

// LabelCols adds, for every row i of x, x[i,f] to acc[labels[from+i*step]*stride+f]: a row is the
// same pixel of m frames. Pixels of negative labels do not count.
func LabelCols[T Real](acc []float64, stride int, x []T, m int, labels []int32, from, step int) {
	for p := from; len(x) >= m && m > 0; p += step {
		if l := int(labels[p]); l >= 0 {
			sums, row := acc[l*stride:][:m], x[:m]
			for f, v := range row {
				sums[f] += float64(v)
			}
		}
		x = x[m:]
	}
}
