package chunk

// NextIndex advances an index of a shape to the next one in C order, and is the axis that it has
// advanced; along those behind it the index starts anew at 0. Behind the last index it is -1, and
// all start anew. No length may be 0.
//
// The loops that move offsets along with every index (runs, reductions, elements of a buffer) have
// theirs written out: a call for each index costs them.
func NextIndex(index, shape []int64) (axis int) {
	for d := len(shape) - 1; d >= 0; d-- {
		if index[d]++; index[d] < shape[d] {
			return d
		}
		index[d] = 0
	}
	return -1
}
