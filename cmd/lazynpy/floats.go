package main

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// floatDigits is how many fractional digits NumPy prints at most.
const floatDigits = 8

// shortest returns the number with the fewest decimal digits that, read back as an
// element of type e, gives v: 0.1 for the float32 next to it. What float64 tells
// apart is as good as it gets for longer types.
func shortest(v float64, e kernel.Elem) float64 {
	switch e.Part() {
	case kernel.Float32:
		return reparse(strconv.FormatFloat(v, 'e', -1, 32))
	case kernel.Float16:
		return fewestDigits(v, 5, func(f float64) float64 { return float64(kernel.Half2Float32(kernel.Float64ToHalf(f))) })
	case kernel.BFloat16:
		return fewestDigits(v, 4, func(f float64) float64 { return float64(kernel.BFloat16ToFloat32(kernel.Float64ToBFloat16(f))) })
	}
	return v
}

// fewestDigits tries rising numbers of digits; `most` of them always suffice.
func fewestDigits(v float64, most int, round func(float64) float64) float64 {
	for n := range most {
		if f := reparse(strconv.FormatFloat(v, 'e', n, 64)); round(f) == v {
			return f
		}
	}
	return v // NaN and infinities come here
}

// reparse reads a number that strconv wrote.
func reparse(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64) // cannot fail on what FormatFloat wrote
	return f
}

// appendNumber writes a float for programs: the fewest digits that read back as
// the same number, and nan, inf or -inf.
func appendNumber(dst []byte, v float64) []byte {
	abs := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return append(dst, "nan"...)
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendScalar writes a float as str does for a single NumPy number: 3.0, 1e+16.
func appendScalar(dst []byte, v float64) []byte {
	abs := math.Abs(v)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return appendNumber(dst, v)
	}
	if abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	if !strings.Contains(string(dst[from:]), ".") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// floatLayout is how NumPy prints the floats of one array: all positional or all
// scientific, with their decimal points below one another.
type floatLayout struct {
	elem     kernel.Elem
	format   byte // of strconv: 'f' or 'e'
	sign     bool // positive numbers get a plus
	left     int  // width before the decimal point
	right    int  // and after it
	fraction int  // digits after the point
	exponent int  // digits of a scientific exponent
}

// newFloatLayout looks at all values first, as NumPy does.
func newFloatLayout(values iter.Seq[float64], e kernel.Elem, sign bool) floatLayout {
	l := floatLayout{elem: e, format: chooseFormat(values, e), sign: sign}
	special := 0 // width of the widest of nan and inf
	for v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
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

// chooseFormat is scientific if the magnitudes are far apart, or far from 1.
func chooseFormat(values iter.Seq[float64], e kernel.Elem) byte {
	smallest, largest := math.Inf(1), 0.0
	for v := range values {
		if abs := math.Abs(v); abs != 0 && !math.IsInf(v, 0) && !math.IsNaN(v) {
			smallest, largest = min(smallest, abs), max(largest, abs)
		}
	}
	if largest != 0 && (largest >= scientificFrom(e) || smallest < 1e-4 || largest/smallest > 1000) {
		return 'e'
	}
	return 'f'
}

// scientificFrom is the magnitude from which NumPy writes a dtype scientifically:
// where its digits end, and 1e8 at most.
func scientificFrom(e kernel.Elem) float64 {
	switch e.Part() {
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
// neighbours, at most floatDigits after the point.
func (l *floatLayout) fewest(v float64) (whole, fraction, exponent string) {
	v = shortest(v, l.elem)
	if whole, fraction, exponent = l.split(v, -1); len(fraction) > floatDigits {
		whole, fraction, exponent = l.split(v, floatDigits)
		fraction = strings.TrimRight(fraction, "0")
	}
	return whole, fraction, exponent
}

// split writes a finite number and returns what is before the point, after it, and
// the exponent with its sign.
func (l *floatLayout) split(v float64, precision int) (whole, fraction, exponent string) {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, l.format, precision, 64), "e")
	whole, fraction, _ = strings.Cut(mantissa, ".")
	if l.sign && whole[0] != '-' {
		whole = "+" + whole
	}
	return whole, fraction, exponent
}

// special is the word for what is not finite.
func (l *floatLayout) special(v float64) string {
	s := string(appendNumber(nil, v))
	if l.sign && s[0] != '-' {
		return "+" + s
	}
	return s
}

// append writes one number in the layout.
func (l *floatLayout) append(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
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
	whole, fraction, exponent := l.split(v, l.fraction)
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
