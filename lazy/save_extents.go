package lazy

import "slices"

// blockExtents chooses the lengths of blocks of at most room elements, through which elements go
// that are read in one order of axes and written in another, each slowest axis first.
//
// Seen from one side, a block is runs: whole axes from the fastest on, and a part of the next.
// Every run costs the same, however short it is, so that a block is best if the sum of the inverse
// lengths of its runs on both sides is least. In two dimensions that is a square, as in the
// two-level transposition of Aggarwal and Vitter ("The input/output complexity of sorting and
// related problems", 1988); with more axes it is all combinations of an aim for either side that
// fit, of which there are some thousands.
func blockExtents(shape []int64, read, write []int, itemsize, room int64) []int64 {
	best, cost, volume := make([]int64, len(shape)), 0.0, int64(0)
	for i := range best {
		best[i] = 1
	}
	ext := make([]int64, len(shape))
	writes := runAims(shape, write, writeRun/itemsize)
	for _, r := range runAims(shape, read, readRun/itemsize) {
		for _, w := range writes {
			for d := range ext {
				ext[d] = 1
			}
			cover(ext, shape, read, r)
			cover(ext, shape, write, w)
			n := product(ext)
			if n > room {
				break // and longer runs need more
			}
			c := 1/float64(min(runLen(ext, shape, read)*itemsize, readRun)) +
				1/float64(min(runLen(ext, shape, write)*itemsize, writeRun))
			if volume == 0 || c < cost || c == cost && n > volume {
				cost, volume = c, n
				copy(best, ext)
			}
		}
	}
	return enlarge(best, shape, write, room)
}

// runAims lists lengths of runs to try, in elements: from one up, each about a sixth longer than
// the one before, and those that are whole axes.
func runAims(shape []int64, order []int, most int64) []int64 {
	total := product(shape)
	most = min(max(most, 1), total)
	var aims []int64
	for n := int64(1); n < most; n = max(n+1, n*7/6) {
		aims = append(aims, n)
	}
	n := int64(1)
	for _, d := range slices.Backward(order) {
		if n *= shape[d]; n < most {
			aims = append(aims, n)
		}
	}
	slices.Sort(aims)
	return slices.Compact(append(aims, most))
}

// cover makes a block at least so long that it has runs of n elements. An axis that is cut is cut
// into equal parts.
func cover(ext, shape []int64, order []int, n int64) {
	for _, d := range slices.Backward(order) {
		if n <= 1 {
			return
		}
		take := min(n, shape[d])
		ext[d] = max(ext[d], evenPart(shape[d], take))
		n /= shape[d]
	}
}

// evenPart is the length of the parts of an axis of n if they are to have about most, in whole
// lines of cache where they are long.
func evenPart(n, most int64) int64 {
	parts := (n + most - 1) / most
	even := (n + parts - 1) / parts
	if whole := (even + 63) &^ 63; even >= 512 && whole <= n {
		return whole
	}
	return even
}

// runLen is how many elements of a block lie together.
func runLen(ext, shape []int64, order []int) int64 {
	n := int64(1)
	for _, d := range slices.Backward(order) {
		n *= ext[d]
		if ext[d] != shape[d] {
			break
		}
	}
	return n
}

// enlarge uses the room that is left for more of the slower axes as they are written: blocks
// that are larger than they need to be are fewer.
func enlarge(ext, shape []int64, order []int, room int64) []int64 {
	for _, d := range slices.Backward(order) {
		if n := product(ext) / ext[d]; n*ext[d] < room {
			ext[d] = max(ext[d], evenPart(shape[d], min(room/n, shape[d])))
		}
		for product(ext) > room && ext[d] > 1 {
			ext[d]-- // the rounding of parts to whole lines
		}
		if ext[d] != shape[d] {
			break
		}
	}
	return ext
}
