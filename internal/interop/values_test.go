//go:build interop

package interop

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// texts are the elements of b in C order as the scripts write them: integers,
// booleans and datetimes in decimal, floats in hexadecimal, complex numbers as two
// of those, byte strings in hexadecimal digits, Unicode strings as they are.
func texts(b mmapnpy.Buffer) ([]string, error) {
	switch size := b.DType.ItemSize(); b.DType.Kind() {
	case mmapnpy.KindBool:
		return textsOf(b, func(v bool) []string { return []string{map[bool]string{false: "0", true: "1"}[v]} })
	case mmapnpy.KindInt:
		switch size {
		case 1:
			return textsOf(b, signedText[int8])
		case 2:
			return textsOf(b, signedText[int16])
		case 4:
			return textsOf(b, signedText[int32])
		}
		return textsOf(b, signedText[int64])
	case mmapnpy.KindDatetime, mmapnpy.KindTimedelta:
		return textsOf(b, signedText[int64])
	case mmapnpy.KindUint:
		switch size {
		case 1:
			return textsOf(b, unsignedText[uint8])
		case 2:
			return textsOf(b, unsignedText[uint16])
		case 4:
			return textsOf(b, unsignedText[uint32])
		}
		return textsOf(b, unsignedText[uint64])
	case mmapnpy.KindFloat:
		values, err := mmapnpy.Floats(b)
		return collect(values, err, floatText)
	case mmapnpy.KindComplex:
		if size == 8 {
			return textsOf(b, func(v complex64) []string {
				return []string{floatText(float64(real(v))), floatText(float64(imag(v)))}
			})
		}
		return textsOf(b, func(v complex128) []string { return []string{floatText(real(v)), floatText(imag(v))} })
	case mmapnpy.KindBytes:
		values, err := mmapnpy.Strings(b)
		return collect(values, err, func(v string) string { return hex.EncodeToString([]byte(v)) })
	case mmapnpy.KindString:
		values, err := mmapnpy.Strings(b)
		return collect(values, err, func(v string) string { return v })
	}
	return nil, fmt.Errorf("no text for elements of dtype %s", b.DType)
}

func textsOf[T any](b mmapnpy.Buffer, text func(T) []string) ([]string, error) {
	values, err := mmapnpy.CopyOf[T](b)
	var out []string
	for _, v := range values {
		out = append(out, text(v)...)
	}
	return out, err
}

func collect[T any](values mmapnpy.Accessor[T], err error, text func(T) string) ([]string, error) {
	if err != nil {
		return nil, err
	}
	var out []string
	for v := range values.All() {
		out = append(out, text(v))
	}
	return out, nil
}

func signedText[T int8 | int16 | int32 | int64](v T) []string {
	return []string{strconv.FormatInt(int64(v), 10)}
}

func unsignedText[T uint8 | uint16 | uint32 | uint64](v T) []string {
	return []string{strconv.FormatUint(uint64(v), 10)}
}

func floatText(v float64) string { return strconv.FormatFloat(v, 'x', -1, 64) }

// sameText compares two texts; floats by value, so that any spelling and any NaN
// will do.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && (x == y || math.IsNaN(x) && math.IsNaN(y))
}
