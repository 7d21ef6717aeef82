package kernel

// CountNaNRows adds to acc[i] how many of the m elements of row i of x are NaN.
func CountNaNRows[T Float](acc []int64, x []T, m int) { countRows[T, notNumber](acc, x, m) }

// CountNaNCols adds to acc[j] how many elements of column j of x, whose rows
// have m elements, are NaN.
func CountNaNCols[T Float](acc []int64, x []T, m int) { countCols[T, notNumber](acc, x, m) }

// CountInfRows is [CountNaNRows] for infinities of either sign.
func CountInfRows[T Float](acc []int64, x []T, m int) { countRows[T, infinity](acc, x, m) }

// CountInfCols is [CountNaNCols] for infinities of either sign.
func CountInfCols[T Float](acc []int64, x []T, m int) { countCols[T, infinity](acc, x, m) }

// CountZeroRows is [CountNaNRows] for zeros of either sign.
func CountZeroRows[T Real](acc []int64, x []T, m int) { countRows[T, null](acc, x, m) }

// CountZeroCols is [CountNaNCols] for zeros of either sign.
func CountZeroCols[T Real](acc []int64, x []T, m int) { countCols[T, null](acc, x, m) }

// trait is what elements are counted for: a type, as end is.
type trait interface{ notNumber | infinity | null }

type (
	notNumber = [0]byte
	infinity  = [1]byte
	null      = [2]byte
)

func traitOf[K trait]() int {
	var k K
	return len(k)
}

// has is 1 if v has the trait, else 0.
func has[T Real, K trait](v T) int64 {
	var is bool
	switch traitOf[K]() {
	case len(notNumber{}):
		is = v != v
	case len(infinity{}):
		is = v-v != 0 && v == v
	case len(null{}):
		is = v == 0
	}
	if is {
		return 1
	}
	return 0
}

func countRows[T Real, K trait](acc []int64, x []T, m int) {
	if m <= 0 {
		return
	}
	for i := range acc {
		row := x[i*m : i*m+m]
		if m >= narrowRow {
			w, rest := words(row)
			acc[i] += countLanes[T, K](w)
			row = rest
		}
		for _, v := range row {
			acc[i] += has[T, K](v)
		}
	}
}

func countCols[T Real, K trait](acc []int64, x []T, m int) {
	switch {
	case m <= 0:
	case m == 1:
		countRows[T, K](acc[:1], x, len(x))
	case m < narrowCol && len(x) >= wideEnough:
		var wide [maxWide]int64
		w := widen(m)
		body := len(x) / w * w
		countRowwise[T, K](wide[:w], x[:body], w)
		for i := 0; i < w; i += m {
			for j, n := range wide[i : i+m] {
				acc[j] += n
			}
		}
		countRowwise[T, K](acc[:m], x[body:], m)
	default:
		countRowwise[T, K](acc[:m], x, m)
	}
}

// countRowwise counts along columns, row by row. Lanes are counted in lanes, and
// these added up once a lane may be full.
func countRowwise[T Real, K trait](acc []int64, x []T, m int) {
	per := 8 / sizeOf[T]()
	done := 0
	if w, _ := words(x); len(w) > 0 && len(x) >= 8*m {
		done = m / per * per
	}
	var sums [512]uint64
	for c := 0; c < done; c += len(sums) * per {
		a := acc[c:min(c+len(sums)*per, done)]
		s := sums[:len(a)/per]
		for r := 0; r < len(x)/m; r += 255 {
			clear(s)
			for i := r; i < min(r+255, len(x)/m); i++ {
				w, _ := words(x[i*m+c:][:len(a)])
				addTraits[T, K](s, w)
			}
			for j, n := range s {
				for l := range per {
					a[j*per+l] += int64(n & (1<<laneBits[T]() - 1))
					n >>= laneBits[T]()
				}
			}
		}
	}
	for i := 0; done < m && i < len(x); i += m {
		for j, v := range x[i+done : i+m] {
			acc[done+j] += has[T, K](v)
		}
	}
}

// addTraits adds to every lane of s 1 if the lane of w has the trait.
func addTraits[T Real, K trait](s, w []uint64) {
	ones, tops, inf, shift := laneOnes[T](), laneTops[T](), laneInf[T](), laneBits[T]()-1
	s = s[:len(w)]
	for j, v := range w {
		s[j] += traits[T, K](v, tops, inf) >> shift & ones
	}
}

// countLanes is the number of lanes of w with the trait.
func countLanes[T Real, K trait](w []uint64) (n int64) {
	for len(w) > 0 {
		band := w[:min(len(w), 255)]
		w = w[len(band):]
		s := countBand[T, K](band)
		for range 8 / sizeOf[T]() {
			n += int64(s & (1<<laneBits[T]() - 1))
			s >>= laneBits[T]()
		}
	}
	return n
}

// countBand counts the lanes with the trait, in lanes, which 255 words fill.
func countBand[T Real, K trait](w []uint64) uint64 {
	ones, tops, inf, shift := laneOnes[T](), laneTops[T](), laneInf[T](), laneBits[T]()-1
	var s0, s1 uint64
	i := 0
	for ; i <= len(w)-4; i += 4 {
		p := (*[4]uint64)(w[i:])
		s0 += traits[T, K](p[0], tops, inf) >> shift & ones
		s1 += traits[T, K](p[1], tops, inf) >> shift & ones
		s0 += traits[T, K](p[2], tops, inf) >> shift & ones
		s1 += traits[T, K](p[3], tops, inf) >> shift & ones
	}
	for _, v := range w[i:] {
		s0 += traits[T, K](v, tops, inf) >> shift & ones
	}
	return s0 + s1
}

// traits has the top bit of every lane of v that has the trait, where tops are
// the top bits and inf an infinity in every lane. The right number added to what
// is below the top bit carries into it: from anything above infinity if the
// trait is NaN, else from anything but the one pattern, and then it is those
// without a carry that have the trait.
func traits[T Real, K trait](v, tops, inf uint64) uint64 {
	low, full := v&^tops, ^tops
	switch traitOf[K]() {
	case len(notNumber{}):
		return low + (full - inf)
	case len(infinity{}):
		return ^((low ^ inf) + full)
	}
	if isFloat[T]() {
		return ^(low + full)
	}
	return ^(low + full | v)
}

// laneInf has a float's infinity in every lane.
func laneInf[T Real]() uint64 {
	if sizeOf[T]() == 4 {
		return 0x7f800000_7f800000
	}
	return 0x7ff0000000000000
}
