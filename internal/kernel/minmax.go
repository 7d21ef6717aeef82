package kernel

// end is which end of the order a kernel looks for. It is a type so that every
// kernel is written once and compiled twice: the length of the array is a
// constant in each instantiation, and what the other end needs falls away.
type end interface{ least | most }

type (
	least = [0]byte
	most  = [1]byte
)

func isMost[E end]() bool {
	var e E
	return len(e) != 0
}

// MinRows lowers acc[i] to the least element of row i of x, rows having m
// elements. An accumulator that has seen nothing holds [MinIdentity]. NaN is
// less than everything, and stays.
func MinRows[T Real](acc, x []T, m int) { extremeRows[T, least](acc, x, m) }

// MinCols lowers acc[j] to the least element of column j of x, as [MinRows].
func MinCols[T Real](acc, x []T, m int) { extremeCols[T, least](acc, x, m) }

// MaxRows raises acc[i] to the greatest element of row i of x. An accumulator
// that has seen nothing holds [MaxIdentity]. NaN is greater than everything,
// and stays.
func MaxRows[T Real](acc, x []T, m int) { extremeRows[T, most](acc, x, m) }

// MaxCols raises acc[j] to the greatest element of column j of x, as [MaxRows].
func MaxCols[T Real](acc, x []T, m int) { extremeCols[T, most](acc, x, m) }

func extremeRows[T Real, E end](acc, x []T, m int) {
	up := isMost[E]()
	switch {
	case m <= 0:
	case m == 1:
		extremeRow[T, E](acc, x[:len(acc)])
	case m < narrowRow:
		for i, a := range acc {
			for _, v := range x[:m] {
				if up {
					a = max(a, v)
				} else {
					a = min(a, v)
				}
			}
			acc[i] = a
			x = x[m:]
		}
	default:
		for i, a := range acc {
			acc[i] = extreme[T, E](a, x[i*m:i*m+m])
		}
	}
}

func extremeCols[T Real, E end](acc, x []T, m int) {
	switch {
	case m <= 0:
	case m == 1:
		acc[0] = extreme[T, E](acc[0], x)
	case m < narrowCol && len(x) >= wideEnough:
		var wide [maxWide]T
		w := widen(m)
		body := len(x) / w * w
		copy(wide[:w], x)
		extremeRowwise[T, E](wide[:w], x[w:body])
		extremeRowwise[T, E](acc[:m], wide[:w])
		extremeRowwise[T, E](acc[:m], x[body:])
	default:
		extremeRowwise[T, E](acc[:m], x)
	}
}

// extreme is the least or greatest of a and all elements of x.
func extreme[T Real, E end](a T, x []T) T {
	a, _ = findExtreme[T, E](a, x)
	return a
}

// findExtreme is the least or greatest of a and all elements of x, and where it
// came from: the start of the block of elements that have the first
// of those that are equal to it, or -1 if that is a.
//
// New extremes are rare, so that the loop only asks whether an element is one: a
// comparison and a branch that is not taken are faster than any way of
// selecting, the more so for floats, where min and max are three instructions
// and a longer wait. A NaN compares false, and so is found out by the same
// comparison.
func findExtreme[T Real, E end](a T, x []T) (best T, at int) {
	if a != a {
		return a, -1
	}
	i := 0
	at = -1
	if sizeOf[T]() <= 2 {
		a, i, at = findLanes[T, E](a, x)
	}
	up := isMost[E]()
	for len(x)-i >= 16 {
		if i += skipElements[T, E](a, x[i:]); len(x)-i < 16 {
			break
		}
		p := (*[16]T)(x[i : i+16])
		i += 16
		if up {
			if p[0] <= a && p[1] <= a && p[2] <= a && p[3] <= a &&
				p[4] <= a && p[5] <= a && p[6] <= a && p[7] <= a &&
				p[8] <= a && p[9] <= a && p[10] <= a && p[11] <= a &&
				p[12] <= a && p[13] <= a && p[14] <= a && p[15] <= a {
				continue
			}
		} else {
			if p[0] >= a && p[1] >= a && p[2] >= a && p[3] >= a &&
				p[4] >= a && p[5] >= a && p[6] >= a && p[7] >= a &&
				p[8] >= a && p[9] >= a && p[10] >= a && p[11] >= a &&
				p[12] >= a && p[13] >= a && p[14] >= a && p[15] >= a {
				continue
			}
		}
		a, at = extremeOf[T, E](a, p[:]), i-16
		if a != a {
			return a, at
		}
	}
	if b := extremeOf[T, E](a, x[i:]); !same(a, b) {
		a, at = b, i
	}
	return a, at
}

// extremeOf is extreme for few elements.
func extremeOf[T Real, E end](a T, x []T) T {
	up := isMost[E]()
	b, c, d := a, a, a
	for len(x) >= 4 {
		p := (*[4]T)(x)
		if up {
			a, b, c, d = max(a, p[0]), max(b, p[1]), max(c, p[2]), max(d, p[3])
		} else {
			a, b, c, d = min(a, p[0]), min(b, p[1]), min(c, p[2]), min(d, p[3])
		}
		x = x[4:]
	}
	for _, v := range x {
		if up {
			a = max(a, v)
		} else {
			a = min(a, v)
		}
	}
	if up {
		return max(a, b, c, d)
	}
	return min(a, b, c, d)
}

// extremeRowwise folds rows of len(acc) elements into acc, several at a time, as
// extreme does. Folding a row twice does no harm: the last rows that make up a
// group may have been in the one before.
func extremeRowwise[T Real, E end](acc, x []T) {
	m := len(acc)
	switch rows := len(x) / m; {
	case rows >= 8:
		last := x[len(x)-8*m:]
		for ; rows >= 8; rows = len(x) / m {
			q := apart(rows, 8, m*sizeOf[T]())
			for i := range q {
				extreme8Rows[T, E](acc, x[i*m:], q*m)
			}
			x = x[8*q*m:]
		}
		if rows > 0 {
			extreme8Rows[T, E](acc, last, m)
		}
	case rows >= 4:
		extreme4Rows[T, E](acc, x, m)
		extreme4Rows[T, E](acc, x[len(x)-4*m:], m)
	default:
		for ; len(x) > 0; x = x[m:] {
			extremeRow[T, E](acc, x[:m])
		}
	}
}

// extremeRow folds x[j] into acc[j].
func extremeRow[T Real, E end](acc, x []T) {
	up := isMost[E]()
	acc = acc[:len(x)]
	for j, v := range x {
		if up {
			acc[j] = max(acc[j], v)
		} else {
			acc[j] = min(acc[j], v)
		}
	}
}

// extreme4Rows folds into acc[j] the four elements of x at j, j+pitch, ...
func extreme4Rows[T Real, E end](acc, x []T, pitch int) {
	up := isMost[E]()
	r0, r1 := x[:len(acc)], x[pitch:][:len(acc)]
	r2, r3 := x[2*pitch:][:len(acc)], x[3*pitch:][:len(acc)]
	for j, a := range acc {
		if up {
			if r0[j] <= a && r1[j] <= a && r2[j] <= a && r3[j] <= a {
				continue
			}
			acc[j] = max(a, max(max(r0[j], r1[j]), max(r2[j], r3[j])))
		} else {
			if r0[j] >= a && r1[j] >= a && r2[j] >= a && r3[j] >= a {
				continue
			}
			acc[j] = min(a, min(min(r0[j], r1[j]), min(r2[j], r3[j])))
		}
	}
}

// extreme8Rows folds into acc[j] the eight elements of x at j, j+pitch, ...
func extreme8Rows[T Real, E end](acc, x []T, pitch int) {
	done := extremeVectors[T, E](acc, x, pitch)
	extreme8Scalars[T, E](acc[done:], x[done:], pitch)
}

// extreme8Scalars is extreme8Rows, one column at a time.
func extreme8Scalars[T Real, E end](acc, x []T, pitch int) {
	up := isMost[E]()
	r0, r1 := x[:len(acc)], x[pitch:][:len(acc)]
	r2, r3 := x[2*pitch:][:len(acc)], x[3*pitch:][:len(acc)]
	r4, r5 := x[4*pitch:][:len(acc)], x[5*pitch:][:len(acc)]
	r6, r7 := x[6*pitch:][:len(acc)], x[7*pitch:][:len(acc)]
	for j, a := range acc {
		if up {
			if r0[j] <= a && r1[j] <= a && r2[j] <= a && r3[j] <= a &&
				r4[j] <= a && r5[j] <= a && r6[j] <= a && r7[j] <= a {
				continue
			}
			acc[j] = max(a, max(max(r0[j], r1[j]), max(r2[j], r3[j])), max(max(r4[j], r5[j]), max(r6[j], r7[j])))
		} else {
			if r0[j] >= a && r1[j] >= a && r2[j] >= a && r3[j] >= a &&
				r4[j] >= a && r5[j] >= a && r6[j] >= a && r7[j] >= a {
				continue
			}
			acc[j] = min(a, min(min(r0[j], r1[j]), min(r2[j], r3[j])), min(min(r4[j], r5[j]), min(r6[j], r7[j])))
		}
	}
}
