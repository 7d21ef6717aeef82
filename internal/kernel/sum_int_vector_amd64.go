//go:build !purego

package kernel

// sumVectors is the sum of as many elements, integers, as fill vectors; rest are
// the others, or all where there are no vectors.
func sumVectors[T Real](x []T) (sum uint64, rest []T) {
	const most = 1 << 14 // vectors in a call, so that no lane of 32 bits overflows
	per := vectorBytes / sizeOf[T]()
	if !hasVectors || sizeOf[T]() > 4 || len(x) < 2*per {
		return 0, x
	}
	for len(x) >= per {
		n := min(len(x)/per, most)
		var s uint64
		switch sizeOf[T]() {
		case 1:
			s = sum8(first(x), n, vectorFlip[T]())
		case 2:
			s = sum16(first(x), n, vectorFlip[T]())
		case 4:
			s = sum32(first(x), n, vectorFlip[T]())
		}
		sum += unflip[T](s, n*per)
		x = x[n*per:]
	}
	return sum, x
}

// sumVectorCols does what sumIntCols does for as many columns as fill vectors, and
// returns how many these are.
func sumVectorCols[T Integer](acc []uint64, x []T, pitch int) int {
	const (
		fewest = 8   // rows in a call: the accumulators are read and written once for them
		most   = 128 // rows in a call, so that no lane of 16 bits overflows
		// bytes in a call, if there are enough rows: they stay in the first-level cache
		block = 32 << 10
	)
	per := vectorBytes / sizeOf[T]()
	n := len(acc) / per
	if !hasVectors || sizeOf[T]() > 4 || n == 0 || len(x) < 2*pitch {
		return 0
	}
	rows := (len(x) + pitch - len(acc)) / pitch
	together := fewest * max(1, 2/sizeOf[T]())
	together = min(max(together, block/(pitch*sizeOf[T]())), most)
	for r := 0; r < rows; r += together {
		colVectors(acc, x[r*pitch:], pitch, min(together, rows-r), n)
	}
	return n * per
}

// colVectors adds n vectors of columns of a few rows to acc.
func colVectors[T Integer](acc []uint64, x []T, pitch, rows, n int) {
	_ = x[(rows-1)*pitch+n*vectorBytes/sizeOf[T]()-1]
	_ = acc[n*vectorBytes/sizeOf[T]()-1]
	pitch *= sizeOf[T]()
	flip, bias := laneFlip[T](), uint64(0)
	if flip != 0 {
		bias = -uint64(rows) << (laneBits[T]() - 1)
	}
	switch {
	case sizeOf[T]() == 1:
		cols8(&acc[0], first(x), pitch, rows, n, flip, bias&0xffff*0x0001000100010001)
	case sizeOf[T]() == 2:
		cols16(&acc[0], first(x), pitch, rows, n, flip, bias&0xffffffff*0x0000000100000001)
	case isSigned[T]():
		colsSigned32(&acc[0], first(x), pitch, rows, n)
	default:
		cols32(&acc[0], first(x), pitch, rows, n)
	}
}
