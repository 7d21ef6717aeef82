package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// notation is a way to write elements.
type notation uint8

const (
	numpyNotation notation = iota // as NumPy prints an array: aligned, strings quoted
	csvNotation                   // plain
	jsonNotation                  // NaN, infinities and NaT are null, complex numbers pairs, records objects
)

// cell appends the text of the element at an index.
type cell func(dst []byte, idx ...int64) []byte

// newCell makes the cell for the elements of b, whatever their dtype. NumPy's
// notation looks at all of b to align it.
func newCell(b mmapnpy.Buffer, n notation) (cell, error) {
	if b.DType.IsStruct() {
		return recordCell(b, n)
	}
	switch b.DType.Kind() {
	case mmapnpy.KindBool:
		return boolCell(b, n)
	case mmapnpy.KindInt:
		return intCell(b, n)
	case mmapnpy.KindUint:
		return uintCell(b, n)
	case mmapnpy.KindFloat:
		return floatCell(b, n)
	case mmapnpy.KindComplex:
		return complexCell(b, n)
	case mmapnpy.KindBytes, mmapnpy.KindString:
		return stringCell(b, n)
	case mmapnpy.KindDatetime:
		return datetimeCell(b, n)
	case mmapnpy.KindTimedelta:
		return timedeltaCell(b, n)
	case mmapnpy.KindVoid:
		if b.DType.IsBFloat16() {
			return floatCell(b, n)
		}
		return voidCell(b, n), nil
	}
	return nil, mmapnpy.ErrObject
}

// align pads the cells of a shape to one width.
func align(c cell, shape []int64, n notation) cell {
	if n != numpyNotation {
		return c
	}
	width := 0
	var scratch []byte
	for idx := range indices(shape) {
		scratch = c(scratch[:0], idx...)
		width = max(width, len(scratch))
	}
	return func(dst []byte, idx ...int64) []byte {
		text := c(nil, idx...)
		return append(appendRepeated(dst, ' ', width-len(text)), text...)
	}
}

// indices yields every index of a shape in C order, in one slice that is reused.
func indices(shape []int64) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		for _, n := range shape {
			if n == 0 {
				return
			}
		}
		idx := make([]int64, len(shape))
		for yield(idx) {
			d := len(shape) - 1
			for ; d >= 0; d-- {
				if idx[d]++; idx[d] < shape[d] {
					break
				}
				idx[d] = 0
			}
			if d < 0 {
				return
			}
		}
	}
}

func boolCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Numbers[uint8](b)
	if err != nil {
		return nil, err
	}
	word := [2]string{"False", "True"}
	switch {
	case n == jsonNotation:
		word = [2]string{"false", "true"}
	case n == numpyNotation && len(b.Shape) > 0:
		word[1] = " True"
	}
	return func(dst []byte, idx ...int64) []byte {
		return append(dst, word[min(values.At(idx...), 1)]...)
	}, nil
}

func intCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Numbers[int64](b)
	if err != nil {
		return nil, err
	}
	return align(func(dst []byte, idx ...int64) []byte {
		return strconv.AppendInt(dst, values.At(idx...), 10)
	}, b.Shape, n), nil
}

func uintCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Numbers[uint64](b)
	if err != nil {
		return nil, err
	}
	return align(func(dst []byte, idx ...int64) []byte {
		return strconv.AppendUint(dst, values.At(idx...), 10)
	}, b.Shape, n), nil
}

func floatCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Floats(b)
	if err != nil {
		return nil, err
	}
	e, _ := b.DType.Elem()
	if n == numpyNotation {
		layout := newFloatLayout(values.All(), e, false)
		return func(dst []byte, idx ...int64) []byte { return layout.append(dst, values.At(idx...)) }, nil
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte { return write(dst, shortest(values.At(idx...), e)) }, nil
}

// floatWriter writes floats without regard to their neighbours.
func floatWriter(n notation) func([]byte, float64) []byte {
	if n == jsonNotation {
		return appendJSONFloat
	}
	return appendNumber
}

func appendJSONFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...) // RFC 8259 has no other word for them
	}
	return appendNumber(dst, v)
}

func complexCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Numbers[complex128](b)
	if err != nil {
		return nil, err
	}
	e, _ := b.DType.Elem()
	if n == numpyNotation {
		return complexLayout(values, e), nil
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte {
		v := values.At(idx...)
		re, im := shortest(real(v), e), shortest(imag(v), e)
		if n == jsonNotation {
			return append(write(append(write(append(dst, '['), re), ','), im), ']')
		}
		dst = write(dst, re)
		if !(math.Signbit(im) && !math.IsNaN(im)) {
			dst = append(dst, '+')
		}
		return append(write(dst, im), 'j')
	}, nil
}

// complexLayout aligns real and imaginary parts each by themselves, as NumPy does.
func complexLayout(values mmapnpy.Accessor[complex128], e kernel.Elem) cell {
	part := func(of func(complex128) float64) iter.Seq[float64] {
		return func(yield func(float64) bool) {
			for v := range values.All() {
				if !yield(of(v)) {
					return
				}
			}
		}
	}
	re := newFloatLayout(part(func(v complex128) float64 { return real(v) }), e, false)
	im := newFloatLayout(part(func(v complex128) float64 { return imag(v) }), e, true)
	return func(dst []byte, idx ...int64) []byte {
		v := values.At(idx...)
		dst = re.append(dst, real(v))
		text := string(im.append(nil, imag(v)))
		number := strings.TrimRight(text, " ")
		return append(append(append(dst, number...), 'j'), text[len(number):]...)
	}
}

func stringCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Strings(b)
	if err != nil {
		return nil, err
	}
	isBytes := b.DType.Kind() == mmapnpy.KindBytes
	return func(dst []byte, idx ...int64) []byte {
		s := values.At(idx...)
		switch {
		case n == numpyNotation && isBytes:
			return appendPythonQuoted(append(dst, 'b'), s, true)
		case n == numpyNotation:
			return appendPythonQuoted(dst, s, false)
		case isBytes:
			s = printableBytes(s)
		}
		if n == jsonNotation {
			return appendJSONString(dst, s)
		}
		return append(dst, s...)
	}, nil
}

// printableBytes is a byte string as text: UTF-8 as it is, and any other byte as
// \xNN.
func printableBytes(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func appendJSONString(dst []byte, s string) []byte {
	text, _ := json.Marshal(s) // strings always marshal
	return append(dst, text...)
}

// appendPythonQuoted writes repr(s) of a Python str, or of bytes without the b.
func appendPythonQuoted(dst []byte, s string, bytes bool) []byte {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	dst = append(dst, quote)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if bytes {
			r, n = rune(s[0]), 1
		}
		s = s[n:]
		switch {
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < utf8.RuneSelf && unicode.IsPrint(r), !bytes && unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r <= 0xFF:
			dst = fmt.Appendf(dst, `\x%02x`, r)
		case r <= 0xFFFF:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		}
	}
	return append(dst, quote)
}

func datetimeCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Times(b)
	if err != nil {
		return nil, err
	}
	unit, _ := b.DType.Unit()
	return align(func(dst []byte, idx ...int64) []byte {
		v := values.At(idx...)
		if v.IsNaT() {
			return appendNaT(dst, n)
		}
		switch text := timeText(v, unit); n {
		case numpyNotation:
			return append(append(append(dst, '\''), text...), '\'')
		case jsonNotation:
			return appendJSONString(dst, text)
		default:
			return append(dst, text...)
		}
	}, b.Shape, n), nil
}

func timedeltaCell(b mmapnpy.Buffer, n notation) (cell, error) {
	values, err := mmapnpy.Durations(b)
	if err != nil {
		return nil, err
	}
	return align(func(dst []byte, idx ...int64) []byte {
		v := values.At(idx...)
		if v.IsNaT() {
			return appendNaT(dst, n)
		}
		return strconv.AppendInt(dst, v.Ticks, 10)
	}, b.Shape, n), nil
}

func appendNaT(dst []byte, n notation) []byte {
	switch n {
	case numpyNotation:
		return append(dst, "'"+notATime+"'"...)
	case jsonNotation:
		return append(dst, "null"...)
	}
	return append(dst, notATime...)
}

// voidCell writes raw bytes in hexadecimal.
func voidCell(b mmapnpy.Buffer, n notation) cell {
	return func(dst []byte, idx ...int64) []byte {
		at := b.Offset
		for d, i := range idx {
			at += i * b.Strides[d]
		}
		raw := b.Data[at : at+b.DType.ItemSize()]
		switch n {
		case numpyNotation:
			dst = append(dst, "b'"...)
			for _, c := range raw {
				dst = fmt.Appendf(dst, `\x%02X`, c)
			}
			return append(dst, '\'')
		case jsonNotation:
			return append(hex.AppendEncode(append(dst, '"'), raw), '"')
		default:
			return hex.AppendEncode(dst, raw)
		}
	}
}

// recordCell writes the fields of structured elements: as tuples, or as objects in
// JSON.
func recordCell(b mmapnpy.Buffer, n notation) (cell, error) {
	fields := b.DType.Fields()
	cells := make([]cell, len(fields))
	for i, f := range fields {
		fb, err := b.Field(f.Name)
		if err != nil {
			return nil, err
		}
		if cells[i], err = newCell(fb, n); err != nil {
			return nil, err
		}
		if extra := fb.Shape[len(b.Shape):]; len(extra) > 0 {
			cells[i] = listCell(cells[i], extra)
		}
	}
	if n == jsonNotation {
		return func(dst []byte, idx ...int64) []byte {
			dst = append(dst, '{')
			for i, f := range fields {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = cells[i](append(appendJSONString(dst, f.Name), ':'), idx...)
			}
			return append(dst, '}')
		}, nil
	}
	return func(dst []byte, idx ...int64) []byte {
		dst = append(dst, '(')
		for i := range fields {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = cells[i](dst, idx...)
		}
		if len(fields) == 1 {
			dst = append(dst, ',')
		}
		return append(dst, ')')
	}, nil
}

// listCell writes the elements along extra axes as nested lists.
func listCell(c cell, extra []int64) cell {
	if len(extra) == 0 {
		return c
	}
	inner := listCell(c, extra[1:])
	return func(dst []byte, idx ...int64) []byte {
		dst = append(dst, '[')
		at := append(append(make([]int64, 0, len(idx)+1), idx...), 0)
		for i := range extra[0] {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			at[len(idx)] = i
			dst = inner(dst, at...)
		}
		return append(dst, ']')
	}
}

// scalarText is a single element as NumPy's str has it: 3.0, abc, 2020-01-01.
func scalarText(b mmapnpy.Buffer) (string, error) {
	at := make([]int64, len(b.Shape))
	switch b.DType.Kind() {
	case mmapnpy.KindBytes, mmapnpy.KindString:
		v, err := mmapnpy.Strings(b)
		if err != nil {
			return "", err
		}
		return printableBytes(v.At(at...)), nil
	case mmapnpy.KindFloat:
		v, err := mmapnpy.Floats(b)
		if err != nil {
			return "", err
		}
		e, _ := b.DType.Elem()
		return string(appendScalar(nil, shortest(v.At(at...), e))), nil
	case mmapnpy.KindComplex:
		c, err := newCell(b, csvNotation)
		if err != nil {
			return "", err
		}
		return "(" + string(c(nil, at...)) + ")", nil
	}
	n := numpyNotation
	if k := b.DType.Kind(); k == mmapnpy.KindDatetime || k == mmapnpy.KindTimedelta {
		n = csvNotation
	}
	c, err := newCell(b, n)
	if err != nil {
		return "", err
	}
	return string(c(nil, at...)), nil
}
