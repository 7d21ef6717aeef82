package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// notation is a way to write elements.
type notation uint8

const (
	numpyNotation notation = iota // as NumPy prints an array: aligned, strings quoted
	csvNotation                   // plain
	// NaN, infinities and NaT are null, complex numbers pairs, records objects.
	jsonNotation
	oneNotation // as NumPy prints a single record: floats each by themselves
)

// cell appends the text of the element at an index.
type cell func(dst []byte, idx ...int64) []byte

// newCell makes the cell for the elements of b, whatever their dtype. NumPy's
// notation looks at all of b to align it.
func newCell(b mmapnpy.Buffer, n notation) (cell, error) {
	if b.DType.ItemSize() == 0 {
		if err := checkEmpty(elements(b.Shape)); err != nil {
			return nil, err
		}
	}
	if b.DType.IsStruct() {
		return recordCell(b, n)
	}
	if n == oneNotation {
		if b.DType.Kind() == mmapnpy.KindFloat {
			return scalarFloat(b), nil
		}
		n = numpyNotation
	}
	switch b.DType.Kind() {
	case mmapnpy.KindBool:
		return boolCell(b, n)
	case mmapnpy.KindInt:
		return intCell(b, n)
	case mmapnpy.KindUint:
		return uintCell(b, n)
	case mmapnpy.KindFloat:
		return floatCell(b, n), nil
	case mmapnpy.KindComplex:
		return complexCell(b, n), nil
	case mmapnpy.KindBytes, mmapnpy.KindString:
		return stringCell(b, n)
	case mmapnpy.KindDatetime:
		return datetimeCell(b, n)
	case mmapnpy.KindTimedelta:
		return timedeltaCell(b, n)
	case mmapnpy.KindVoid:
		if b.DType.IsBFloat16() {
			return floatCell(b, n), nil
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

func floatCell(b mmapnpy.Buffer, n notation) cell {
	values := newReals(b, false)
	if n == numpyNotation {
		layout := newFloatLayout(values, false)
		return func(dst []byte, idx ...int64) []byte { return layout.append(dst, values.of(idx...)) }
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte { return write(dst, values.of(idx...)) }
}

// floatWriter writes floats without regard to their neighbours.
func floatWriter(n notation) func([]byte, number) []byte {
	if n == jsonNotation {
		return appendJSONFloat
	}
	return appendNumber
}

func appendJSONFloat(dst []byte, v number) []byte {
	if !finite(v) {
		return append(dst, "null"...) // RFC 8259 has no other word for them
	}
	return appendNumber(dst, v)
}

func complexCell(b mmapnpy.Buffer, n notation) cell {
	re, im := newReals(b, false), newReals(b, true)
	if n == numpyNotation {
		return complexLayout(re, im)
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte {
		re, im := re.of(idx...), im.of(idx...)
		if n == jsonNotation {
			return append(write(append(write(append(dst, '['), re), ','), im), ']')
		}
		return appendComplex(dst, re, im, write)
	}
}

// appendComplex writes a complex number as Python does, such as 1-2j.
func appendComplex(dst []byte, re, im number, write func([]byte, number) []byte) []byte {
	dst = write(dst, re)
	if !im.Signbit() || im.IsNaN() {
		dst = append(dst, '+')
	}
	return append(write(dst, im), 'j')
}

// complexLayout aligns real and imaginary parts each by themselves, as NumPy does.
func complexLayout(re, im reals) cell {
	left, right := newFloatLayout(re, false), newFloatLayout(im, true)
	return func(dst []byte, idx ...int64) []byte {
		dst = left.append(dst, re.of(idx...))
		text := string(right.append(nil, im.of(idx...)))
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
	return append(dst, safeJSON(text)...)
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
		switch n {
		case numpyNotation:
			return append(append(append(dst, '\''), numpyTimeText(v, unit)...), '\'')
		case jsonNotation:
			return appendJSONString(dst, timeText(v, unit))
		default:
			return append(dst, timeText(v, unit)...)
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
			cells[i] = listCell(cells[i], extra, n)
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
func listCell(c cell, extra []int64, n notation) cell {
	if len(extra) == 0 {
		return c
	}
	separator := ", "
	if n == jsonNotation {
		separator = ","
	}
	inner := listCell(c, extra[1:], n)
	return func(dst []byte, idx ...int64) []byte {
		dst = append(dst, '[')
		at := append(append(make([]int64, 0, len(idx)+1), idx...), 0)
		for i := range extra[0] {
			if i > 0 {
				dst = append(dst, separator...)
			}
			at[len(idx)] = i
			dst = inner(dst, at...)
		}
		return append(dst, ']')
	}
}

// scalarFloat writes floats as str does for single ones.
func scalarFloat(b mmapnpy.Buffer) cell {
	values := newReals(b, false)
	return func(dst []byte, idx ...int64) []byte { return appendScalar(dst, values.of(idx...), values.elem) }
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
		return string(scalarFloat(b)(nil, at...)), nil
	case mmapnpy.KindComplex:
		e, _ := b.DType.Elem()
		re, im := newReals(b, false), newReals(b, true)
		write := func(dst []byte, v number) []byte { return appendPart(dst, v, e.Part()) }
		return string(append(appendComplex([]byte{'('}, re.of(at...), im.of(at...), write), ')')), nil
	}
	n := oneNotation
	switch b.DType.Kind() {
	case mmapnpy.KindDatetime:
		v, err := mmapnpy.Times(b)
		if err != nil {
			return "", err
		}
		unit, _ := b.DType.Unit()
		return numpyTimeText(v.At(at...), unit), nil
	case mmapnpy.KindTimedelta:
		v, err := mmapnpy.Durations(b)
		if err != nil {
			return "", err
		}
		unit, _ := b.DType.Unit()
		return spanText(v.At(at...), unit), nil
	}
	c, err := newCell(b, n)
	if err != nil {
		return "", err
	}
	return string(c(nil, at...)), nil
}
