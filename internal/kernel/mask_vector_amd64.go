//go:build !purego

package kernel

// exactVectors sets sums[i] to the sum of the elements that a group has in its whole
// blocks of row i of x, and reports whether it has.
func exactVectors[T Real](sums *[4]uint64, g *maskGroup, s pixelSpan, x []T, m, from int) bool {
	if !hasVectors || s.first == s.last {
		return false
	}
	blocks, set := g.blocks[s.first:s.last], g.bits[s.first:s.last]
	_ = x[int(blocks[0])*maskBlock-from : m][:int(blocks[len(blocks)-1]-blocks[0])*maskBlock+maskBlock]
	if len(x) == len(sums)*m {
		rowSums(sums, first(x), m*sizeOf[T](), blocks, set, from, sizeOf[T](), vectorFlip[T]())
	} else { // the same row four times takes as long as once
		for i := 0; i < len(x)/m; i++ {
			var same [4]uint64
			rowSums(&same, first(x[i*m:]), 0, blocks, set, from, sizeOf[T](), vectorFlip[T]())
			sums[i] = same[0]
		}
	}
	n := g.before[s.last] - g.before[s.first]
	for i := range sums {
		sums[i] = unflip[T](sums[i], n)
	}
	return true
}

// rowSums adds up four rows of elements of size bytes.
func rowSums(sums *[4]uint64, x *byte, pitch int, blocks []uint32, set []uint16, from, size int, flip uint64) {
	const most = 1 << 14 // blocks in a call, so that no lane of 32 bits overflows
	for len(blocks) > 0 {
		var part [4]uint64
		n := min(len(blocks), most)
		switch size {
		case 1:
			flat8(&part, x, pitch, &blocks[0], &set[0], n, from, flip)
		case 2:
			flat16(&part, x, pitch, &blocks[0], &set[0], n, from, flip)
		default:
			flat32(&part, x, pitch, &blocks[0], &set[0], n, from, flip)
		}
		for i, v := range part {
			sums[i] += v
		}
		blocks, set = blocks[n:], set[n:]
	}
}

// laneVectors adds the elements that a group has in its whole blocks of row x to the
// lanes, and reports whether it has.
func laneVectors[T Real](lanes *[maskBlock]float64, g *maskGroup, s pixelSpan, x []T, from int) bool {
	if !hasVectors || !isFloat[T]() || s.first == s.last {
		return false
	}
	blocks, set := g.blocks[s.first:s.last], g.bits[s.first:s.last]
	_ = x[int(blocks[len(blocks)-1])*maskBlock-from+maskBlock-1]
	if sizeOf[T]() == 4 {
		flatFloat32(lanes, first(x), &blocks[0], &set[0], len(blocks), from)
	} else {
		flatFloat64(lanes, first(x), &blocks[0], &set[0], len(blocks), from)
	}
	return true
}

// floatVectors sets to[i] to x[i] for as many elements as fill vectors, and returns
// how many these are.
func floatVectors[T Real](to []float64, x []T) int {
	n := len(x) / 4
	if !hasVectors || sizeOf[T]() == 8 || n == 0 {
		return 0
	}
	_ = to[4*n-1]
	switch p := first(x); {
	case isFloat[T]():
		float64OfFloat32(&to[0], p, n)
	case sizeOf[T]() == 1 && isSigned[T]():
		float64OfInt8(&to[0], p, n)
	case sizeOf[T]() == 1:
		float64OfUint8(&to[0], p, n)
	case sizeOf[T]() == 2 && isSigned[T]():
		float64OfInt16(&to[0], p, n)
	case sizeOf[T]() == 2:
		float64OfUint16(&to[0], p, n)
	case isSigned[T]():
		float64OfInt32(&to[0], p, n)
	default:
		float64OfUint32(&to[0], p, n)
	}
	return 4 * n
}

// dotVectors does what dot does for panelLanes/k rows, and reports whether it has.
func dotVectors(lanes, w []float64, x *[panelLanes * panelChunk]float64, k int) bool {
	n := len(w) / (k * panelWidth)
	if !hasFMA || n == 0 {
		return false
	}
	_ = lanes[panelLanes*panelWidth-1]
	switch k {
	case 8:
		dot8(&lanes[0], &w[0], &x[0], n)
	case 4:
		dot4(&lanes[0], &w[0], &x[0], n)
	case 2:
		dot2(&lanes[0], &w[0], &x[0], n)
	default:
		dot1(&lanes[0], &w[0], &x[0], n)
	}
	return true
}
