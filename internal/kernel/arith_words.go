package kernel

// Narrow integers are computed several to a 64-bit word, where words may be had: with
// the highest bit of every element out of the way, carries and borrows stay within
// elements (L. Lamport, "Multiple byte processing with full-word instructions", CACM
// 18, 1975). The bits of all integers are.

// highBits has the highest bit of every T of one or two bytes in a word.
func highBits[T Integer]() uint64 {
	if sizeOf[T]() == 1 {
		return 0x8080808080808080
	}
	return 0x8000800080008000
}

// isNarrow is a constant in every instantiation.
func isNarrow[T Integer]() bool { return sizeOf[T]() <= 2 }

// splat is a word of as many v as it holds.
func splat[T Integer](v T) uint64 {
	switch sizeOf[T]() {
	case 1:
		return uint64(uint8(v)) * 0x0101010101010101
	case 2:
		return uint64(uint16(v)) * 0x0001000100010001
	case 4:
		return uint64(uint32(v)) * 0x0000000100000001
	}
	return uint64(v)
}

func addInts[T Integer](d, x, y []T) {
	if isNarrow[T]() {
		dw, dr := words(d)
		xw, xr := words(x[:len(d)])
		yw, yr := words(y[:len(d)])
		xw, yw = xw[:len(dw)], yw[:len(dw)]
		for i := range dw {
			dw[i] = (xw[i]&^highBits[T]() + yw[i]&^highBits[T]()) ^ (xw[i]^yw[i])&highBits[T]()
		}
		d, x, y = dr, xr, yr
	}
	addPairs(d, x, y)
}

func addInt[T Integer](d, x []T, y T) {
	if isNarrow[T]() {
		dw, dr := words(d)
		xw, xr := words(x[:len(d)])
		xw = xw[:len(dw)]
		low, high := splat(y)&^highBits[T](), splat(y)&highBits[T]()
		for i := range dw {
			dw[i] = (xw[i]&^highBits[T]() + low) ^ xw[i]&highBits[T]() ^ high
		}
		d, x = dr, xr
	}
	addScalar(d, x, y)
}

func subtractInts[T Integer](d, x, y []T) {
	if isNarrow[T]() {
		dw, dr := words(d)
		xw, xr := words(x[:len(d)])
		yw, yr := words(y[:len(d)])
		xw, yw = xw[:len(dw)], yw[:len(dw)]
		for i := range dw {
			dw[i] = ((xw[i] | highBits[T]()) - yw[i]&^highBits[T]()) ^ (xw[i]^^yw[i])&highBits[T]()
		}
		d, x, y = dr, xr, yr
	}
	subtractPairs(d, x, y)
}

func andInts[T Integer](d, x, y []T) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	yw, yr := words(y[:len(d)])
	andPairs(dw, xw, yw)
	andPairs(dr, xr, yr)
}

func orInts[T Integer](d, x, y []T) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	yw, yr := words(y[:len(d)])
	orPairs(dw, xw, yw)
	orPairs(dr, xr, yr)
}

func xorInts[T Integer](d, x, y []T) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	yw, yr := words(y[:len(d)])
	xorPairs(dw, xw, yw)
	xorPairs(dr, xr, yr)
}

// bitsByScalar is the one of BitwiseAnd, BitwiseOr and BitwiseXor that op is.
func bitsByScalar[T Integer](op BinaryOp, d, x []T, y T) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	switch op {
	case BitwiseAnd:
		andScalar(dw, xw, splat(y))
		andScalar(dr, xr, y)
	case BitwiseOr:
		orScalar(dw, xw, splat(y))
		orScalar(dr, xr, y)
	default:
		xorScalar(dw, xw, splat(y))
		xorScalar(dr, xr, y)
	}
}
