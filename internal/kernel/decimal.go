package kernel

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
)

// Number is one element of a floating-point type as it is: nothing of it has been rounded. The zero
// value is not valid.
type Number struct {
	elem Elem
	f    float64 // of all but long doubles
	w    wide    // of long doubles
}

// NumberOf reads an element of a real floating type, in this machine's byte order.
func NumberOf(b []byte, e Elem) Number {
	n := Number{elem: e}
	switch e {
	case Float32:
		n.f = float64(math.Float32frombits(binary.NativeEndian.Uint32(b)))
	case Float64:
		n.f = math.Float64frombits(binary.NativeEndian.Uint64(b))
	case X87, Quad:
		var word [16]byte
		copy(word[:], b)
		littleEndian(word[:])
		n.w = decodeWide(word[:], e)
	default:
		var out [8]byte
		Convert(out[:], Float64, b[:e.Size()], e, false)
		n.f = Slice[float64](out[:])[0]
	}
	return n
}

// IsNaN reports whether n is not a number.
func (n Number) IsNaN() bool { return n.f != n.f || n.w.class == notANumber }

// IsInf reports whether n is infinite.
func (n Number) IsInf() bool { return math.IsInf(n.f, 0) || n.w.class == infinite }

// IsZero reports whether n is 0 of either sign.
func (n Number) IsZero() bool {
	if n.elem.IsLong() {
		return n.w.class == zero
	}
	return n.f == 0
}

// Signbit reports whether n is negative, or -0, or a NaN with a sign.
func (n Number) Signbit() bool {
	if n.elem.IsLong() {
		return n.w.neg
	}
	return math.Signbit(n.f)
}

// Abs is n without its sign.
func (n Number) Abs() Number {
	n.f, n.w.neg = math.Abs(n.f), false
	return n
}

// Float64 is the float64 nearest to n.
func (n Number) Float64() float64 {
	if n.elem.IsLong() {
		return math.Float64frombits(n.w.pack(11, 52))
	}
	return n.f
}

// wide is n as wide number, exact.
func (n Number) wide() wide {
	if n.elem.IsLong() {
		return n.w
	}
	return wideFromFloat64(n.f)
}

// Less reports whether n < o; never if either is NaN.
func (n Number) Less(o Number) bool { return compareWide(n.wide(), o.wide()) == lesser }

// Over is n / o of finite numbers that are not 0, rounded once, in the type of n.
func (n Number) Over(o Number) Number {
	switch n.elem {
	case X87, Quad:
		q := new(big.Float).SetPrec(n.elem.precision()).Quo(n.w.big(), o.wide().big())
		n.w = wideFromBig(q)
	case Float64:
		n.f /= o.f
	default: // twice the precision and two bits: the first rounding does not change the second
		n = n.round(n.f / o.f)
	}
	return n
}

// round is v as a number of n's type.
func (n Number) round(v float64) Number {
	var word [16]byte
	b := word[:n.elem.Size()]
	Convert(b, n.elem, Bytes([]float64{v}), Float64, false)
	return NumberOf(b, n.elem)
}

// Like is the number of n's type nearest to v.
func (n Number) Like(v float64) Number { return n.round(v) }

// Append appends n to dst as [strconv.AppendFloat] does, in format 'e' or 'f'. A negative precision
// asks for the fewest digits that tell n from its neighbours of the same type, and of those the
// nearest to n, as NumPy prints numbers; any other for so many digits behind the point of the exact
// value, rounded half to even.
func (n Number) Append(dst []byte, format byte, precision int) []byte {
	switch {
	case n.IsNaN():
		return append(dst, "NaN"...)
	case n.IsInf() && n.Signbit():
		return append(dst, "-Inf"...)
	case n.IsInf():
		return append(dst, "+Inf"...)
	case n.elem.IsLong() && precision < 0 && !n.IsZero():
		digits, exp := n.w.shortest(int(n.elem.precision()))
		if n.w.neg {
			dst = append(dst, '-')
		}
		return appendDigits(dst, digits, exp, format)
	case n.elem.IsLong():
		return n.w.big().Append(dst, format, precision)
	case precision >= 0 || n.elem == Float64:
		return strconv.AppendFloat(dst, n.f, format, precision, 64)
	case n.elem == Float32:
		return strconv.AppendFloat(dst, n.f, format, -1, 32)
	}
	return strconv.AppendFloat(dst, n.fewestDigits(), format, -1, 64)
}

// String is n as fmt prints floats: in the fewest digits, with an exponent below 1e-4 and from 1e21
// on.
func (n Number) String() string {
	scientific := n.Append(nil, 'e', -1)
	at := bytes.IndexByte(scientific, 'e')
	if at < 0 { // NaN and infinities
		return string(scientific)
	}
	if exp, err := strconv.Atoi(string(scientific[at+1:])); err != nil || exp < -4 || exp >= 21 {
		return string(scientific)
	}
	return string(n.Append(nil, 'f', -1))
}

// ComplexString is a complex number as fmt prints it, with parts as [Number.String] has them.
func ComplexString(re, im Number) string {
	sign := "+"
	text := im.String()
	if text[0] == '-' || text[0] == '+' {
		sign = ""
	}
	return "(" + re.String() + sign + text + "i)"
}

// fewestDigits is the float64 that prints like n, whose type has 16 bits.
func (n Number) fewestDigits() float64 {
	const most = 5 // which always suffices
	for k := range most {
		// cannot fail on what FormatFloat wrote
		f, _ := strconv.ParseFloat(strconv.FormatFloat(n.f, 'e', k, 64), 64)
		if n.round(f).f == n.f {
			return f
		}
	}
	return n.f
}

// precision is the number of bits in the fraction of a long double, with the leading one.
func (e Elem) precision() uint {
	if e == Quad {
		return 113
	}
	return 64
}

// longDoubleBias is that of the exponents of both formats of long doubles.
const longDoubleBias = 16383

// big is w, which is not NaN, exactly.
func (w wide) big() *big.Float {
	f := new(big.Float).SetPrec(128)
	switch w.class {
	case infinite:
		return f.SetInf(w.neg)
	case finite:
		f.SetInt(w.int())
		f.SetMantExp(f, w.exp)
	}
	if w.neg {
		f.Neg(f)
	}
	return f
}

// int is the 128 bits of w.
func (w wide) int() *big.Int {
	i := new(big.Int).SetUint64(w.hi)
	return i.Or(i.Lsh(i, 64), new(big.Int).SetUint64(w.lo))
}

// wideFromBig is f rounded to 128 bits.
func wideFromBig(f *big.Float) wide {
	w := wide{neg: f.Signbit(), class: finite}
	switch {
	case f.IsInf():
		w.class = infinite
	case f.Sign() == 0:
		w.class = zero
	default:
		g := new(big.Float).SetPrec(128).Abs(f)
		exp := g.MantExp(g)
		m, _ := g.SetMantExp(g, 128).Int(nil)
		if m.BitLen() > 128 { // cannot be: the mantissa is below one
			return w
		}
		w.lo, w.hi = m.Uint64(), new(big.Int).Rsh(m, 64).Uint64()
		w.exp = exp - 128
	}
	return w
}

// shortest returns the fewest decimal digits that tell w, a finite number of so many bits of
// precision, from its neighbours, and their exponent: 0.d₁d₂… × 10^exp. It is the algorithm of
// Steele and White, as in NumPy ("Dragon4").
func (w wide) shortest(precision int) (digits []byte, exp int) {
	// w is mant × 2^unit, and its neighbours are one mant away; below a power of two half of that.
	lead := w.exp + 127
	unit := max(lead-precision+1, 1-longDoubleBias-precision+1)
	mant := w.int()
	mant.Rsh(mant, uint(unit-w.exp))
	even := mant.Bit(0) == 0
	narrow := mant.TrailingZeroBits() == uint(precision-1) && unit > 1-longDoubleBias-precision+1

	// num/den is w, and above and below are half the distances to the neighbours, over den.
	num, den := new(big.Int).Lsh(mant, 2), big.NewInt(4)
	above, below := big.NewInt(2), big.NewInt(2)
	if narrow {
		below.SetInt64(1)
	}
	if unit >= 0 {
		for _, x := range []*big.Int{num, above, below} {
			x.Lsh(x, uint(unit))
		}
	} else {
		den.Lsh(den, uint(-unit))
	}
	exp = int(math.Ceil(float64(lead)*math.Log10(2) - 0.69)) // the right one, or one less
	ten := big.NewInt(10)
	if power := new(big.Int).Exp(ten, big.NewInt(int64(max(exp, -exp))), nil); exp >= 0 {
		den.Mul(den, power)
	} else {
		for _, x := range []*big.Int{num, above, below} {
			x.Mul(x, power)
		}
	}
	times := func() {
		num.Mul(num, ten)
		above.Mul(above, ten)
		below.Mul(below, ten)
	}
	if num.Cmp(den) >= 0 {
		exp++
	} else {
		times()
	}
	sum, digit := new(big.Int), new(big.Int)
	for {
		digit.QuoRem(num, den, num)
		digits = append(digits, '0'+byte(digit.Uint64()))
		low, high := num.Cmp(below), sum.Add(num, above).Cmp(den)
		isLow, isHigh := low < 0 || low == 0 && even, high > 0 || high == 0 && even
		if !isLow && !isHigh {
			times()
			continue
		}
		down := isLow
		if isLow == isHigh { // both are in reach: the nearer one
			half := num.Lsh(num, 1).Cmp(den)
			down = half < 0 || half == 0 && digits[len(digits)-1]&1 == 0
		}
		if !down {
			return roundUp(digits, exp)
		}
		return digits, exp
	}
}

// roundUp adds one to the last digit.
func roundUp(digits []byte, exp int) ([]byte, int) {
	for k := len(digits) - 1; k >= 0; k-- {
		if digits[k] != '9' {
			digits[k]++
			return digits[:k+1], exp
		}
	}
	return []byte{'1'}, exp + 1
}

// appendDigits writes 0.d₁d₂… × 10^exp as [strconv.AppendFloat] would.
func appendDigits(dst, digits []byte, exp int, format byte) []byte {
	if format == 'e' {
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		sign := byte('+')
		if exp--; exp < 0 {
			sign, exp = '-', -exp
		}
		dst = append(dst, 'e', sign)
		if exp < 10 {
			dst = append(dst, '0')
		}
		return strconv.AppendInt(dst, int64(exp), 10)
	}
	zeros := func(n int) {
		for range n {
			dst = append(dst, '0')
		}
	}
	whole := min(max(exp, 0), len(digits))
	if dst = append(dst, digits[:whole]...); exp <= 0 {
		zeros(1)
	}
	zeros(exp - len(digits))
	if rest := digits[whole:]; len(rest) > 0 {
		dst = append(dst, '.')
		zeros(-exp)
		dst = append(dst, rest...)
	}
	return dst
}
