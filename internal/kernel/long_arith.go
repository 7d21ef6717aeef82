package kernel

// Long doubles are computed with in software, on every processor alike: every operation rounds
// half to even once, as the x87 and NumPy's binary128 do. A NaN that comes out of one is positive
// and quiet.

// readLong is a long double in this machine's byte order.
func readLong(b []byte, e Elem) wide {
	var word [16]byte
	copy(word[:], b)
	littleEndian(word[:])
	return decodeWide(word[:], e)
}

// writeLong rounds w to a long double in this machine's byte order.
func writeLong(b []byte, e Elem, w wide) {
	if w.class == notANumber {
		w.neg = false
	}
	var word [16]byte
	encodeWide(word[:], e, w)
	littleEndian(word[:])
	copy(b, word[:])
}

// rounded is the long double nearest to w.
func (w wide) rounded(e Elem) wide {
	var word [16]byte
	encodeWide(word[:], e, w)
	return decodeWide(word[:], e)
}

// longPair is a complex number, or a real one with no imaginary part.
type longPair struct{ re, im wide }

func readPair(b []byte, e Elem) (p longPair) {
	part := e.Part()
	p.re = readLong(b, part)
	if e.IsComplex() {
		p.im = readLong(b[part.Size():], part)
	}
	return p
}

func writePair(b []byte, e Elem, p longPair) {
	part := e.Part()
	writeLong(b, part, p.re)
	if e.IsComplex() {
		writeLong(b[part.Size():], part, p.im)
	}
}

func (p longPair) isNaN() bool { return p.re.class == notANumber || p.im.class == notANumber }

// longBinary is [Binary] for long doubles.
func longBinary(op BinaryOp, e Elem, dst, a, b []byte) {
	size := e.Size()
	stepA, stepB := step(len(a), size), step(len(b), size)
	out := size
	if op.IsComparison() {
		out = 1
	}
	for i := range len(dst) / out {
		x, y := readPair(a[i*stepA:], e), readPair(b[i*stepB:], e)
		if op.IsComparison() {
			dst[i] = bit(longHolds(op, x, y))
			continue
		}
		writePair(dst[i*size:], e, longCombine(op, e, x, y))
	}
}

func longCombine(op BinaryOp, e Elem, x, y longPair) longPair {
	part := e.Part()
	switch op {
	case Add:
		return longPair{x.re.add(y.re), x.im.add(y.im)}
	case Subtract:
		return longPair{x.re.subtract(y.re), x.im.subtract(y.im)}
	case Multiply:
		if !e.IsComplex() {
			return longPair{re: x.re.multiply(y.re)}
		}
		product := func(u, v wide) wide { return u.multiply(v).rounded(part) }
		return longPair{product(x.re, y.re).subtract(product(x.im, y.im)), product(x.re, y.im).add(product(x.im, y.re))}
	case Divide:
		if !e.IsComplex() {
			return longPair{re: x.re.divide(y.re)}
		}
		return longQuotient(part, x, y)
	case Minimum:
		if x.isNaN() || longHolds(LessEqual, x, y) {
			return x
		}
	case Maximum:
		if x.isNaN() || longHolds(GreaterEqual, x, y) {
			return x
		}
	}
	return y
}

// longQuotient is [divideComplex].
func longQuotient(e Elem, x, y longPair) longPair {
	absRe, absIm := y.re, y.im
	absRe.neg, absIm.neg = false, false
	one := wideFromUint64(1)
	product := func(u, v wide) wide { return u.multiply(v).rounded(e) }
	if order := compareWide(absRe, absIm); order == greater || order == equalTo {
		if absRe.class == zero {
			return longPair{x.re.divide(absRe), x.im.divide(absRe)}
		}
		ratio := y.im.divide(y.re).rounded(e)
		scale := one.divide(y.re.add(product(y.im, ratio)).rounded(e)).rounded(e)
		return longPair{
			x.re.add(product(x.im, ratio)).rounded(e).multiply(scale),
			x.im.subtract(product(x.re, ratio)).rounded(e).multiply(scale),
		}
	}
	ratio := y.re.divide(y.im).rounded(e)
	scale := one.divide(y.im.add(product(y.re, ratio)).rounded(e)).rounded(e)
	return longPair{
		product(x.re, ratio).add(x.im).rounded(e).multiply(scale),
		product(x.im, ratio).subtract(x.re).rounded(e).multiply(scale),
	}
}

// longHolds is [complexHolds]; for real numbers all imaginary parts are zero.
func longHolds(op BinaryOp, x, y longPair) bool {
	re, im := compareWide(x.re, y.re), compareWide(x.im, y.im)
	same := re == equalTo
	switch op {
	case Equal:
		return same && im == equalTo
	case NotEqual:
		return !same || im != equalTo
	case Less:
		return re == lesser && im != unordered || same && im == lesser
	case LessEqual:
		return re == lesser && im != unordered || same && (im == lesser || im == equalTo)
	case Greater:
		return re == greater && im != unordered || same && im == greater
	}
	return re == greater && im != unordered || same && (im == greater || im == equalTo)
}

// longHas reports whether there is a loop of op for long doubles.
func longHas(op UnaryOp, complex bool) bool {
	switch op {
	case Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Sin, Cos, Tan, Tanh:
		return false
	case Absolute, Sqrt, Sign:
		return !complex
	}
	return true
}

// longUnary is [Unary] for long doubles.
func longUnary(op UnaryOp, e Elem, dst, a []byte) {
	_, result, _ := op.Types(e)
	out, size := result.Size(), e.Size()
	for i := range len(dst) / out {
		x := readPair(a[i*size:], e)
		if result == Bool {
			dst[i] = bit(longIs(op, x))
			continue
		}
		writePair(dst[i*out:], result, longMap(op, e, x))
	}
}

func longIs(op UnaryOp, x longPair) bool {
	switch op {
	case LogicalNot:
		return x.re.class == zero && x.im.class == zero
	case IsNaN:
		return x.isNaN()
	case IsInf:
		return x.re.class == infinite || x.im.class == infinite
	}
	return max(x.re.class, x.im.class) < infinite
}

func longMap(op UnaryOp, e Elem, x longPair) longPair {
	switch op {
	case Negative:
		return longPair{x.re.negated(), x.im.negated()}
	case Absolute:
		x.re.neg = false
	case Square:
		return longCombine(Multiply, e, x, x)
	case Sqrt:
		x.re = x.re.sqrt()
	case Rint:
		return longPair{x.re.rint(), x.im.rint()}
	case Floor:
		x.re = x.re.floor()
	case Ceil:
		x.re = x.re.negated().floor().negated()
	case Trunc:
		x.re = x.re.truncated()
	case Sign:
		if x.re.class == finite || x.re.class == infinite {
			return longPair{re: wideFromInt64(int64(x.re.sign()))}
		}
		if x.re.class == zero {
			return longPair{} // +0
		}
	case Conjugate:
		x.im = x.im.negated()
	case ImagPart:
		return longPair{re: x.im}
	}
	return x
}
