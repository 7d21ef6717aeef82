package kernel

// Narrow rows would spend their time on the loop around the loop. A narrow row
// is therefore folded where it stands, without a call; and narrow columns are
// folded as if many short rows were one wide row, into as many accumulators,
// which are merged at the end.
const (
	narrowRow  = 16  // rows shorter than this are folded in place
	narrowCol  = 64  // rows shorter than this are widened
	maxWide    = 512 // room for the accumulators of a widened row
	wideEnough = 4 * maxWide
)

// widen is the length of the wide row that stands for many rows of m < narrowCol
// elements: a multiple of m, and of 8 so that narrow elements fill whole words.
func widen(m int) int {
	w := 8 * m
	return w * max(1, 128/w)
}

// apart is how many rows lie between the k rows that a column kernel folds
// together, and how many such groups follow each other, where there are rows
// rows of size bytes. Short rows next to each other would make k streams that
// end before the processor's prefetcher knows them; so each of the k rows comes
// from a band of its own, and memory is read in k long streams. The span is no
// power of two lest the streams share their places in the cache.
func apart(rows, k, size int) int {
	const span = 33 << 10
	return min(rows/k, max(1, span/size))
}
