package kernel

// An argument is a pair of a value and the index where it is; an index below
// zero says that nothing has been seen. Of two arguments the one with the better
// value wins, NaN being better than everything; of two with the same value, or
// of two NaNs, the one with the smaller index. So the order in which arguments
// come does not matter, and the result is NumPy's: the first of equals.

// ArgMinRows folds row i of x, rows having m elements, into the argument
// (val[i], idx[i]) of the minimum. Element j of every row has the index
// base+j*step, which must not be negative.
func ArgMinRows[T Real](val []T, idx []int64, x []T, m int, base, step int64) {
	argRows[T, least](val, idx, x, m, base, step)
}

// ArgMinCols folds column j of x, whose rows have m elements, into the argument
// (val[j], idx[j]) of the minimum for all j < m. Row i has the index base+i*step,
// which must not be negative.
func ArgMinCols[T Real](val []T, idx []int64, x []T, m int, base, step int64) {
	argCols[T, least](val, idx, x, m, base, step)
}

// ArgMaxRows is [ArgMinRows] for the maximum.
func ArgMaxRows[T Real](val []T, idx []int64, x []T, m int, base, step int64) {
	argRows[T, most](val, idx, x, m, base, step)
}

// ArgMaxCols is [ArgMinCols] for the maximum.
func ArgMaxCols[T Real](val []T, idx []int64, x []T, m int, base, step int64) {
	argCols[T, most](val, idx, x, m, base, step)
}

// MergeArgMin folds the arguments (val2[i], idx2[i]) of the minimum into
// (val[i], idx[i]).
func MergeArgMin[T Real](val []T, idx []int64, val2 []T, idx2 []int64) {
	mergeArg[T, least](val, idx, val2, idx2)
}

// MergeArgMax is [MergeArgMin] for the maximum.
func MergeArgMax[T Real](val []T, idx []int64, val2 []T, idx2 []int64) {
	mergeArg[T, most](val, idx, val2, idx2)
}

func mergeArg[T Real, E end](val []T, idx []int64, val2 []T, idx2 []int64) {
	for i := range val {
		if idx2[i] >= 0 {
			val[i], idx[i] = betterArg[T, E](val[i], idx[i], val2[i], idx2[i])
		}
	}
}

// betterArg is the one of two arguments that wins; (w, j) has been seen.
func betterArg[T Real, E end](v T, i int64, w T, j int64) (T, int64) {
	if i < 0 || beats[T, E](w, v) || j < i && !beats[T, E](v, w) {
		return w, j
	}
	return v, i
}

// beats reports whether w is better than v.
func beats[T Real, E end](w, v T) bool {
	if w != w {
		return v == v
	}
	if isMost[E]() {
		return w > v
	}
	return w < v
}

func argRows[T Real, E end](val []T, idx []int64, x []T, m int, base, step int64) {
	if m <= 0 {
		return
	}
	if m == 1 {
		argAnyRow[T, E](val, idx, x[:len(val)], base)
		return
	}
	for i := range val {
		row := x[i*m : i*m+m]
		var j int
		switch {
		case m < narrowRow:
			j = narrowExtreme[T, E](row, step < 0)
		case step < 0: // the first of equals is the last in memory
			j = lastExtreme[T, E](row)
		default:
			j = firstExtreme[T, E](row)
		}
		val[i], idx[i] = betterArg[T, E](val[i], idx[i], row[j], base+int64(j)*step)
	}
}

// narrowExtreme is the index of the extreme of few elements, the first or the
// last of equals.
func narrowExtreme[T Real, E end](x []T, last bool) int {
	at := 0
	for j, v := range x {
		if beats[T, E](v, x[at]) || last && !beats[T, E](x[at], v) {
			at = j
		}
	}
	return at
}

// firstExtreme is the first index of the extreme of x.
func firstExtreme[T Real, E end](x []T) int {
	v, at := findExtreme[T, E](x[0], x)
	at = max(at, 0)
	for !same(x[at], v) {
		at++
	}
	return at
}

// lastExtreme is the last index of the extreme of x, which it searches in pieces
// that stay in the cache.
func lastExtreme[T Real, E end](x []T) int {
	const piece = 1024
	at := len(x) - 1
	best := x[at]
	for hi := len(x); hi > 0 && best == best; hi -= piece {
		v := extreme[T, E](best, x[max(hi-piece, 0):hi])
		if !beats[T, E](v, best) {
			continue
		}
		best = v
		for at = hi - 1; !same(x[at], v); at-- {
		}
	}
	return at
}

// same is equality under which a NaN is the same as another.
func same[T Real](v, w T) bool { return v == w || v != v && w != w }

func argCols[T Real, E end](val []T, idx []int64, x []T, m int, base, step int64) {
	if m <= 0 || len(x) == 0 {
		return
	}
	if m == 1 {
		argRows[T, E](val[:1], idx[:1], x, len(x), base, step)
		return
	}
	r := rowsByIndex[T]{x, m, base, step, step < 0}
	if r.back {
		r.base, r.step = base+int64(r.len()-1)*step, -step
	}
	val, idx = val[:m], idx[:m]
	late := argAnyRow[T, E](val, idx, r.at(0), r.base)
	switch {
	case late: // then what is there loses against equals
		for i := 1; i < r.len(); i++ {
			argAnyRow[T, E](val, idx, r.at(i), r.base+int64(i)*r.step)
		}
	case m < narrowRow:
		argNarrowCols[T, E](val, idx, r)
	default:
		for i := 1; i < r.len(); i++ {
			argRow[T, E](val, idx, r.at(i), r.base+int64(i)*r.step)
		}
	}
}

// rowsByIndex are rows of m elements in the order of their indices, which is
// that of memory or its reverse: the i-th has the index base+i*step, step >= 0.
type rowsByIndex[T Real] struct {
	x          []T
	m          int
	base, step int64
	back       bool
}

func (r *rowsByIndex[T]) len() int { return len(r.x) / r.m }

func (r *rowsByIndex[T]) at(i int) []T {
	if r.back {
		i = r.len() - 1 - i
	}
	return r.x[i*r.m:][:r.m]
}

// argAnyRow folds x[j], all of index i, into any arguments, and reports whether
// there are some with larger indices.
func argAnyRow[T Real, E end](val []T, idx []int64, x []T, i int64) (late bool) {
	up := isMost[E]()
	val, idx = val[:len(x)], idx[:len(x)]
	for j, v := range x {
		late = late || idx[j] > i
		if a := val[j]; idx[j] >= 0 && (up && v < a || !up && v > a) {
			continue
		}
		val[j], idx[j] = betterArg[T, E](val[j], idx[j], v, i)
	}
	return late
}

// argRow folds x[j], all of index i, into arguments with smaller indices.
func argRow[T Real, E end](val []T, idx []int64, x []T, i int64) {
	up := isMost[E]()
	val, idx = val[:len(x)], idx[:len(x)]
	for j, v := range x {
		if a := val[j]; up && v <= a || !up && v >= a {
			continue
		}
		if beats[T, E](v, val[j]) {
			val[j], idx[j] = v, i
		}
	}
}

// argNarrowCols does what argRow does for row after row, but column by column,
// in blocks of rows that stay in the cache.
func argNarrowCols[T Real, E end](val []T, idx []int64, r rowsByIndex[T]) {
	up := isMost[E]()
	rows := r.len()
	block := (16 << 10) / (r.m * sizeOf[T]())
	for lo := 0; lo < rows; lo += block {
		for j := range val {
			a, at := val[j], -1
			for i := lo; i < min(lo+block, rows); i++ {
				k := i*r.m + j
				if r.back {
					k = (rows-1-i)*r.m + j
				}
				v := r.x[k]
				if up && v <= a || !up && v >= a {
					continue
				}
				if beats[T, E](v, a) {
					a, at = v, i
				}
			}
			if at >= 0 {
				val[j], idx[j] = a, r.base+int64(at)*r.step
			}
		}
	}
}
