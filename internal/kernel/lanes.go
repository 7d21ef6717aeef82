package kernel

// Several narrow integers share a 64-bit word and are worked on together. What
// follows describes such a word by the type of its lanes; all of it is constant
// in an instantiation. Lane 0 is the lowest, and the first in memory, since
// [words] offers words on little-endian machines only.

// laneBits is the width of a lane.
func laneBits[T Real]() int { return 8 * sizeOf[T]() }

// laneOnes has a one in every lane.
func laneOnes[T Real]() uint64 { return ^uint64(0) / (1<<(8*sizeOf[T]()) - 1) }

// laneTops has the top bit of every lane.
func laneTops[T Real]() uint64 { return laneOnes[T]() << (8*sizeOf[T]() - 1) }

// laneEvens has all bits of the lanes 0, 2, 4, ... of narrow integers.
func laneEvens[T Real]() uint64 { return ^uint64(0) / (1<<laneBits[T]() + 1) }

// laneFlip turns signed lanes into unsigned ones of the same order, each larger
// by half the range.
func laneFlip[T Real]() uint64 {
	if isSigned[T]() {
		return laneTops[T]()
	}
	return 0
}

// laneBand is how many lanes a lane of twice the width adds up without overflow.
func laneBand[T Real]() int { return 1 << laneBits[T]() }

// sumLanes is the sum of all lanes of w, which are 8 or 16 bits wide.
func sumLanes[T Real](w []uint64) (sum uint64) {
	bias := uint64(len(w)*8/sizeOf[T]()) << (laneBits[T]() - 1)
	for len(w) > 0 {
		band := w[:min(len(w), laneBand[T]())]
		w = w[len(band):]
		sum += addLanes[T](band)
	}
	if isSigned[T]() {
		sum -= bias
	}
	return sum
}

// addLanes is the sum of all lanes of at most one band, flipped. It adds up
// whole words, and apart from them the odd lanes moved to even places: the even
// lanes are the difference.
func addLanes[T Real](w []uint64) uint64 {
	flip, evens, shift := laneFlip[T](), laneEvens[T](), laneBits[T]()
	var all0, all1, odd0, odd1 uint64
	i := 0
	for ; i <= len(w)-4; i += 4 {
		p := (*[4]uint64)(w[i:])
		v0, v1, v2, v3 := p[0]^flip, p[1]^flip, p[2]^flip, p[3]^flip
		all0 += v0
		odd0 += v0 >> shift & evens
		all1 += v1
		odd1 += v1 >> shift & evens
		all0 += v2
		odd0 += v2 >> shift & evens
		all1 += v3
		odd1 += v3 >> shift & evens
	}
	for _, v := range w[i:] {
		v ^= flip
		all0 += v
		odd0 += v >> shift & evens
	}
	odd := odd0 + odd1
	even := all0 + all1 - odd<<shift
	if sizeOf[T]() == 1 {
		const low = 0x0000ffff0000ffff
		even = even&low + even>>16&low
		odd = odd&low + odd>>16&low
	}
	return even>>32 + even&0xffffffff + odd>>32 + odd&0xffffffff
}

// laneSums holds the sums of a tile of columns, as addLanes does: those of whole
// words, and those of their odd lanes.
type laneSums struct{ all, odd []uint64 }

// sumLaneCols does what sumIntCols does for as many columns as fill words, and
// returns how many these are.
func sumLaneCols[T Integer](acc []uint64, x []T, pitch int) int {
	per := 8 / sizeOf[T]()
	done := len(acc) / per * per
	if w, _ := words(x); len(w) == 0 || done == 0 {
		return 0
	}
	// Short rows are not made to pay for clearing what long rows need in order to
	// be read in long runs.
	if done <= 64*per {
		var all, odd [64]uint64
		sumLaneTiles(acc[:done], x, pitch, laneSums{all[:], odd[:]})
	} else {
		var all, odd [512]uint64
		sumLaneTiles(acc[:done], x, pitch, laneSums{all[:], odd[:]})
	}
	return done
}

// sumLaneTiles goes through the columns in tiles of as many words as s has room
// for, and through the rows in bands that s can hold.
func sumLaneTiles[T Integer](acc []uint64, x []T, pitch int, s laneSums) {
	band := laneBand[T]()
	rows := (len(x) + pitch - len(acc)) / pitch
	tile := len(s.all) * 8 / sizeOf[T]()
	for c := 0; c < len(acc); c += tile {
		a := acc[c:min(c+tile, len(acc))]
		for r := 0; r < rows; r += band {
			sumLaneTile(a, x[r*pitch+c:], pitch, min(band, rows-r), s)
		}
	}
}

// sumLaneTile sums one tile of columns over one band of rows.
func sumLaneTile[T Integer](acc []uint64, x []T, pitch, rows int, s laneSums) {
	shift, per := laneBits[T](), 8/sizeOf[T]()
	s = laneSums{s.all[:len(acc)/per], s.odd[:len(acc)/per]}
	clear(s.all)
	clear(s.odd)
	r := 0
	for rows-r >= 4 {
		q := apart(rows-r, 4, pitch*sizeOf[T]())
		for i := range q {
			addLaneRows(s, x[(r+i)*pitch:], q*pitch)
		}
		r += 4 * q
	}
	for ; r < rows; r++ {
		addLaneRow(s, x[r*pitch:])
	}
	lane := uint64(1)<<(2*shift) - 1
	bias := uint64(0)
	if isSigned[T]() {
		bias = uint64(rows) << (shift - 1)
	}
	for j, o := range s.odd {
		a, e := acc[j*per:][:per], s.all[j]-o<<shift
		for l := 0; l < per; l += 2 {
			a[l] += e&lane - bias
			a[l+1] += o&lane - bias
			e >>= 2 * shift
			o >>= 2 * shift
		}
	}
}

// addLaneRow adds the words at the start of x.
func addLaneRow[T Integer](s laneSums, x []T) {
	flip, evens, shift := laneFlip[T](), laneEvens[T](), laneBits[T]()
	w, _ := words(x)
	all, odd := s.all, s.odd[:len(s.all)]
	for j, v := range w[:len(all)] {
		v ^= flip
		all[j] += v
		odd[j] += v >> shift & evens
	}
}

// addLaneRows adds the words at the start of x, and those pitch, 2*pitch and
// 3*pitch elements from there.
func addLaneRows[T Integer](s laneSums, x []T, pitch int) {
	flip, evens, shift := laneFlip[T](), laneEvens[T](), laneBits[T]()
	w0, _ := words(x)
	w1, _ := words(x[pitch:])
	w2, _ := words(x[2*pitch:])
	w3, _ := words(x[3*pitch:])
	all, odd := s.all, s.odd[:len(s.all)]
	w0, w1, w2, w3 = w0[:len(all)], w1[:len(all)], w2[:len(all)], w3[:len(all)]
	for j, v0 := range w0 {
		v0 ^= flip
		v1, v2, v3 := w1[j]^flip, w2[j]^flip, w3[j]^flip
		all[j] += (v0 + v1) + (v2 + v3)
		odd[j] += (v0>>shift&evens + v1>>shift&evens) + (v2>>shift&evens + v3>>shift&evens)
	}
}

// findLanes is findExtreme for as many elements of x as it can take, eight words
// at a time; next is the first of the others.
func findLanes[T Real, E end](a T, x []T) (best T, next, at int) {
	w, _ := words(x)
	per, all := 8/sizeOf[T](), uint64(1)<<laneBits[T]()-1
	at = -1
	i := 0
	for len(w)-i >= 8 {
		n := (uint64(a) ^ laneFlip[T]() ^ endFlip[E]()) & all
		if n == all { // nothing exceeds this
			return a, len(x), at
		}
		next, skipped := skipWords[T](w, i, laneFlip[T]()^endFlip[E](), n)
		i = next
		switch {
		case skipped:
		case n <= all/2:
			i = skipLow[T, E](w, i, all/2-n)
		default:
			i = skipHigh[T, E](w, i, all-n)
		}
		if len(w)-i >= 8 {
			at = i * per
			a = extremeOf[T, E](a, x[at:at+8*per])
			i += 8
		}
	}
	return a, i * per, at
}

// endFlip turns unsigned lanes into such whose greatest is the extreme.
func endFlip[E end]() uint64 {
	if isMost[E]() {
		return 0
	}
	return ^uint64(0)
}

// skipLow is the first i, in steps of eight, where one of the eight words has a
// lane that exceeds n; gap is how far n is below the top bit. A lane exceeds n
// if it has the top bit, or gets it when the gap is added to its other bits.
func skipLow[T Real, E end](w []uint64, i int, gap uint64) int {
	order, tops := laneFlip[T]()^endFlip[E](), laneTops[T]()
	gap *= laneOnes[T]()
	for ; len(w)-i >= 8; i += 8 {
		p := (*[8]uint64)(w[i : i+8])
		v0, v1, v2, v3 := p[0]^order, p[1]^order, p[2]^order, p[3]^order
		t := (v0&^tops + gap) | v0 | (v1&^tops + gap) | v1 | (v2&^tops + gap) | v2 | (v3&^tops + gap) | v3
		v0, v1, v2, v3 = p[4]^order, p[5]^order, p[6]^order, p[7]^order
		t |= (v0&^tops + gap) | v0 | (v1&^tops + gap) | v1 | (v2&^tops + gap) | v2 | (v3&^tops + gap) | v3
		if t&tops != 0 {
			break
		}
	}
	return i
}

// skipHigh is skipLow for an n that has the top bit; gap is how far it is below
// all ones. Here a lane exceeds n if it has the top bit, and gets it again.
func skipHigh[T Real, E end](w []uint64, i int, gap uint64) int {
	order, tops := laneFlip[T]()^endFlip[E](), laneTops[T]()
	gap *= laneOnes[T]()
	for ; len(w)-i >= 8; i += 8 {
		p := (*[8]uint64)(w[i : i+8])
		v0, v1, v2, v3 := p[0]^order, p[1]^order, p[2]^order, p[3]^order
		t := (v0&^tops+gap)&v0 | (v1&^tops+gap)&v1 | (v2&^tops+gap)&v2 | (v3&^tops+gap)&v3
		v0, v1, v2, v3 = p[4]^order, p[5]^order, p[6]^order, p[7]^order
		t |= (v0&^tops+gap)&v0 | (v1&^tops+gap)&v1 | (v2&^tops+gap)&v2 | (v3&^tops+gap)&v3
		if t&tops != 0 {
			break
		}
	}
	return i
}
