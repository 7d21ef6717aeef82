package kernel

// boolBinary is [Binary] for bools, of which any byte but 0 is true.
func boolBinary(op BinaryOp, dst, a, b []byte) {
	switch {
	case len(dst) == 0:
	case len(a) == 1 && len(b) == 1:
		setAll(dst, boolOp(op, a[0], b[0]))
	case len(a) == 1:
		boolScalar(op.Reversed(), dst, b, a[0])
	case len(b) == 1:
		boolScalar(op, dst, a, b[0])
	default:
		boolPairs(op, dst, a, b)
	}
}

// nonzero is 1 for true and 0 for false.
func nonzero(b byte) byte { return (b | -b) >> 7 }

// truths is [truth] of each byte of a word.
func truths(w uint64) uint64 {
	return (w&0x7f7f7f7f7f7f7f7f + 0x7f7f7f7f7f7f7f7f | w) >> 7 & 0x0101010101010101
}

// boolScalar finds out what op makes of false and true, which leaves little choice.
func boolScalar(op BinaryOp, d, x []byte, y byte) {
	of0, of1 := boolOp(op, 0, y), boolOp(op, 1, y)
	if of0 == of1 {
		setAll(d, of0)
		return
	}
	truthXor(d, x, of0)
}

// truthXor is the truth of x, or with flip 1 the opposite.
func truthXor(d, x []byte, flip byte) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	xw = xw[:len(dw)]
	for i := range dw {
		dw[i] = truths(xw[i]) ^ splat(flip)
	}
	for i := range dr {
		dr[i] = nonzero(xr[i]) ^ flip
	}
}

func boolOp(op BinaryOp, x, y byte) byte {
	var d [1]byte
	boolPairs(op, d[:], []byte{x}, []byte{y})
	return d[0]
}

// boolPairs knows two loops: every operation is the exclusive or of two bools, or the
// and of them, with operands and result flipped as needed.
func boolPairs(op BinaryOp, d, x, y []byte) {
	var flipX, flipY, flip byte
	switch op {
	case BitwiseXor, NotEqual, Equal:
		boolXor(d, x, y, bit(op == Equal))
		return
	case Add, Maximum, BitwiseOr:
		flipX, flipY, flip = 1, 1, 1
	case Less:
		flipX = 1
	case LessEqual:
		flipY, flip = 1, 1
	case Greater:
		flipY = 1
	case GreaterEqual:
		flipX, flip = 1, 1
	}
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	yw, yr := words(y[:len(d)])
	xw, yw = xw[:len(dw)], yw[:len(dw)]
	for i := range dw {
		dw[i] = (truths(xw[i])^splat(flipX))&(truths(yw[i])^splat(flipY)) ^ splat(flip)
	}
	for i := range dr {
		dr[i] = (nonzero(xr[i])^flipX)&(nonzero(yr[i])^flipY) ^ flip
	}
}

func boolXor(d, x, y []byte, flip byte) {
	dw, dr := words(d)
	xw, xr := words(x[:len(d)])
	yw, yr := words(y[:len(d)])
	xw, yw = xw[:len(dw)], yw[:len(dw)]
	for i := range dw {
		dw[i] = truths(xw[i]) ^ truths(yw[i]) ^ splat(flip)
	}
	for i := range dr {
		dr[i] = nonzero(xr[i]) ^ nonzero(yr[i]) ^ flip
	}
}
