package strictjson

import (
	"bytes"
	"math"
	"strconv"
)

// AppendFloat appends a finite float of 32 or 64 bits in the shortest form that reads as the same
// number, with a point or an exponent, so that it reads as a float: 1.0, 0.5, 1e-07, 1e+21. From
// 1e-6 up to 1e21 there is no exponent, as in ECMAScript. The text is part of what identifies a
// distributed plan, and stays as it is.
func AppendFloat(b []byte, f float64, bits int) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, format, -1, bits)
	if !bytes.ContainsAny(b[start:], ".e") {
		b = append(b, ".0"...)
	}
	return b
}

// floatKey is the only key of an object that stands for a number that JSON has none for.
const floatKey = "__float__"

// Word names a float that JSON has no number for: "nan", "inf" or "-inf". It is a string where only
// a number may stand, and {"__float__": WORD} where a string may stand too.
func Word(f float64) (word string, ok bool) {
	switch {
	case math.IsNaN(f):
		return "nan", true
	case math.IsInf(f, 1):
		return "inf", true
	case math.IsInf(f, -1):
		return "-inf", true
	}
	return "", false
}

// FromWord is the float that a word names.
func FromWord(word string) (f float64, ok bool) {
	switch word {
	case "nan":
		return math.NaN(), true
	case "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	}
	return 0, false
}
