package npytext

import (
	"bytes"
	"strings"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// floatDigits is how many fractional digits NumPy prints at most.
const floatDigits = 8

// A number is one real part of an element: a float of any size, exact.
type number = kernel.Number

// reals are the floats of a buffer, or one part of its complex numbers.
type reals struct {
	buf  mmapnpy.Buffer
	elem kernel.Elem // of the part
	at   int64       // bytes from the start of an element to the part
	swap bool
}

// newReals shows the real parts of floats and complex numbers; imaginary asks for those of the
// latter.
func newReals(b mmapnpy.Buffer, imaginary bool) reals {
	e, _ := b.DType.Elem()
	r := reals{buf: b, elem: e.Part(), swap: !b.DType.Native()}
	if imaginary {
		r.at = int64(r.elem.Size())
	}
	return r
}

// of is the part of the element at an index.
func (r *reals) of(idx ...int64) number {
	at := r.buf.Offset + r.at
	for d, i := range idx {
		at += i * r.buf.Strides[d]
	}
	part := r.buf.Data[at : at+int64(r.elem.Size())]
	if !r.swap {
		return kernel.NumberOf(part, r.elem)
	}
	var word [16]byte
	kernel.SwapBytes(word[:len(part)], part, len(part))
	return kernel.NumberOf(word[:], r.elem)
}

// all yields the part of every element in C order.
func (r *reals) all(yield func(number) bool) {
	for idx := range Indices(r.buf.Shape) {
		if !yield(r.of(idx...)) {
			return
		}
	}
}

// finite reports whether v is neither NaN nor infinite.
func finite(v number) bool { return !v.IsNaN() && !v.IsInf() }

// appendWord writes what is not finite as NumPy does: nan, inf or -inf.
func appendWord(dst []byte, v number) []byte {
	switch {
	case v.IsNaN():
		return append(dst, "nan"...)
	case v.Signbit():
		return append(dst, "-inf"...)
	}
	return append(dst, "inf"...)
}

// within reports whether the magnitude of v is 0, or at least lo and below hi.
func within(v number, lo, hi float64) bool {
	abs := v.Abs().Float64()
	return v.IsZero() || abs >= lo && abs < hi
}

// appendNumber writes a float for programs: the fewest digits that read back as
// the same number, and nan, inf or -inf.
func appendNumber(dst []byte, v number) []byte {
	switch {
	case !finite(v):
		return appendWord(dst, v)
	case within(v, 1e-6, 1e21):
		return v.Append(dst, 'f', -1)
	}
	return v.Append(dst, 'e', -1)
}

// appendScalar writes a float as str does for a single NumPy number: 3.0, 1e+16.
func appendScalar(dst []byte, v number, e kernel.Elem) []byte {
	from := len(dst)
	dst = appendPart(dst, v, e)
	if finite(v) && !bytes.ContainsAny(dst[from:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendPart is appendScalar of a part of a complex number, which has no point if it has no
// fraction.
func appendPart(dst []byte, v number, e kernel.Elem) []byte {
	hi := 1e16
	if e == kernel.Float16 {
		hi = 1e3
	}
	switch {
	case !finite(v):
		return appendWord(dst, v)
	case within(v, 1e-4, hi):
		return v.Append(dst, 'f', -1)
	}
	return v.Append(dst, 'e', -1)
}

// floatLayout is how NumPy prints the floats of one array: all positional or all
// scientific, with their decimal points below one another.
type floatLayout struct {
	format   byte // of strconv: 'f' or 'e'
	sign     bool // positive numbers get a plus
	left     int  // width before the decimal point
	right    int  // and after it
	fraction int  // digits after the point
	exponent int  // digits of a scientific exponent
}

// newFloatLayout looks at all values first, as NumPy does.
func newFloatLayout(values reals, sign bool) floatLayout {
	l := floatLayout{format: chooseFormat(values), sign: sign}
	special := 0 // width of the widest of nan and inf
	for v := range values.all {
		if !finite(v) {
			special = max(special, len(l.special(v)))
			continue
		}
		whole, fraction, exponent := l.fewest(v)
		l.left = max(l.left, len(whole))
		l.fraction = max(l.fraction, len(fraction))
		l.exponent = max(l.exponent, len(exponent)-1)
	}
	l.right = l.fraction
	if l.exponent > 0 {
		l.right += len("e+") + l.exponent
	}
	l.left = max(l.left, special-1-l.right)
	return l
}

// chooseFormat is scientific if the magnitudes are far apart, or far from 1. As in NumPy, all is
// compared in the type of the elements.
func chooseFormat(values reals) byte {
	var smallest, largest number
	seen := false
	for v := range values.all {
		if v.IsZero() || !finite(v) {
			continue
		}
		v = v.Abs()
		if !seen || v.Less(smallest) {
			smallest = v
		}
		if !seen || largest.Less(v) {
			largest = v
		}
		seen = true
	}
	if !seen {
		return 'f'
	}
	like := largest.Like
	if !largest.Less(like(scientificFrom(values.elem))) || smallest.Less(like(1e-4)) || like(1000).Less(largest.Over(smallest)) {
		return 'e'
	}
	return 'f'
}

// scientificFrom is the magnitude from which NumPy writes a dtype scientifically:
// where its digits end, and 1e8 at most.
func scientificFrom(e kernel.Elem) float64 {
	switch e {
	case kernel.BFloat16:
		return 1e2
	case kernel.Float16:
		return 1e3
	case kernel.Float32:
		return 1e6
	}
	return 1e8
}

// fewest writes a finite number with as many digits as tell it from its
// neighbours, at most floatDigits after the point: more are rounded from the number itself.
func (l *floatLayout) fewest(v number) (whole, fraction, exponent string) {
	if whole, fraction, exponent = l.split(v, -1); len(fraction) > floatDigits {
		whole, fraction, exponent = l.split(v, floatDigits)
		fraction = strings.TrimRight(fraction, "0")
	}
	return whole, fraction, exponent
}

// split writes a finite number and returns what is before the point, after it, and
// the exponent with its sign.
func (l *floatLayout) split(v number, precision int) (whole, fraction, exponent string) {
	mantissa, exponent, _ := strings.Cut(string(v.Append(nil, l.format, precision)), "e")
	whole, fraction, _ = strings.Cut(mantissa, ".")
	if l.sign && whole[0] != '-' {
		whole = "+" + whole
	}
	return whole, fraction, exponent
}

// special is the word for what is not finite.
func (l *floatLayout) special(v number) string {
	s := string(appendWord(nil, v))
	if l.sign && s[0] != '-' {
		return "+" + s
	}
	return s
}

// append writes one number in the layout.
func (l *floatLayout) append(dst []byte, v number) []byte {
	if !finite(v) {
		s := l.special(v)
		return append(appendRepeated(dst, ' ', l.left+1+l.right-len(s)), s...)
	}
	if l.format == 'f' {
		whole, fraction, _ := l.fewest(v)
		dst = append(appendRepeated(dst, ' ', l.left-len(whole)), whole...)
		dst = append(append(dst, '.'), fraction...)
		return appendRepeated(dst, ' ', l.right-len(fraction))
	}
	// All have the same number of digits here, and those beyond the fewest are true.
	whole, fraction, exponent := l.split(v, -1)
	if len(fraction) != l.fraction {
		whole, fraction, exponent = l.split(v, l.fraction)
	}
	dst = append(appendRepeated(dst, ' ', l.left-len(whole)), whole...)
	dst = append(append(dst, '.'), fraction...)
	dst = append(dst, 'e', exponent[0])
	return append(appendRepeated(dst, '0', l.exponent-(len(exponent)-1)), exponent[1:]...)
}

func appendRepeated(dst []byte, c byte, n int) []byte {
	for range n {
		dst = append(dst, c)
	}
	return dst
}
