package npytext

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Notation is a way to write elements.
type Notation uint8

const (
	NumPy  Notation = iota // as NumPy prints an array: aligned, strings quoted
	CSV                    // plain
	JSON                   // what is not finite is null, complex numbers pairs, records objects
	single                 // as NumPy prints a single record: floats each by themselves
)

// Cell appends the text of the element at an index.
type Cell func(dst []byte, idx ...int64) []byte

// NewCell makes the cell for the elements of b, whatever their dtype. NumPy's
// Notation looks at all of b to align it.
func NewCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	if b.DType.ItemSize() == 0 {
		if err := CheckEmpty(Elements(b.Shape)); err != nil {
			return nil, err
		}
	}
	if b.DType.IsStruct() {
		return recordCell(b, n)
	}
	if n == single {
		if b.DType.Kind() == mmapnpy.KindFloat {
			return scalarFloat(b), nil
		}
		n = NumPy
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
func align(c Cell, shape []int64, n Notation) Cell {
	if n != NumPy {
		return c
	}
	width := 0
	var scratch []byte
	for idx := range Indices(shape) {
		scratch = c(scratch[:0], idx...)
		width = max(width, len(scratch))
	}
	return func(dst []byte, idx ...int64) []byte {
		text := c(nil, idx...)
		return append(appendRepeated(dst, ' ', width-len(text)), text...)
	}
}

func boolCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	values, err := mmapnpy.Numbers[uint8](b)
	if err != nil {
		return nil, err
	}
	word := [2]string{"False", "True"}
	switch {
	case n == JSON:
		word = [2]string{"false", "true"}
	case n == NumPy && len(b.Shape) > 0:
		word[1] = " True"
	}
	return func(dst []byte, idx ...int64) []byte {
		return append(dst, word[min(values.At(idx...), 1)]...)
	}, nil
}

func intCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	values, err := mmapnpy.Numbers[int64](b)
	if err != nil {
		return nil, err
	}
	return align(func(dst []byte, idx ...int64) []byte {
		return strconv.AppendInt(dst, values.At(idx...), 10)
	}, b.Shape, n), nil
}

func uintCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	values, err := mmapnpy.Numbers[uint64](b)
	if err != nil {
		return nil, err
	}
	return align(func(dst []byte, idx ...int64) []byte {
		return strconv.AppendUint(dst, values.At(idx...), 10)
	}, b.Shape, n), nil
}

func floatCell(b mmapnpy.Buffer, n Notation) Cell {
	values := newReals(b, false)
	if n == NumPy {
		layout := newFloatLayout(values, false)
		return func(dst []byte, idx ...int64) []byte { return layout.append(dst, values.of(idx...)) }
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte { return write(dst, values.of(idx...)) }
}

// floatWriter writes floats without regard to their neighbours.
func floatWriter(n Notation) func([]byte, number) []byte {
	if n == JSON {
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

func complexCell(b mmapnpy.Buffer, n Notation) Cell {
	re, im := newReals(b, false), newReals(b, true)
	if n == NumPy {
		return complexLayout(re, im)
	}
	write := floatWriter(n)
	return func(dst []byte, idx ...int64) []byte {
		re, im := re.of(idx...), im.of(idx...)
		if n == JSON {
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
func complexLayout(re, im reals) Cell {
	left, right := newFloatLayout(re, false), newFloatLayout(im, true)
	return func(dst []byte, idx ...int64) []byte {
		dst = left.append(dst, re.of(idx...))
		text := string(right.append(nil, im.of(idx...)))
		number := strings.TrimRight(text, " ")
		return append(append(append(dst, number...), 'j'), text[len(number):]...)
	}
}

func stringCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	values, err := mmapnpy.Strings(b)
	if err != nil {
		return nil, err
	}
	isBytes := b.DType.Kind() == mmapnpy.KindBytes
	return func(dst []byte, idx ...int64) []byte {
		s := values.At(idx...)
		switch {
		case n == NumPy && isBytes:
			return appendPythonQuoted(append(dst, 'b'), s, true)
		case n == NumPy:
			return appendPythonQuoted(dst, s, false)
		case isBytes:
			s = printableBytes(s)
		}
		if n == JSON {
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
	return append(dst, termtext.JSON(text)...)
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

func datetimeCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
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
		case NumPy:
			return append(append(append(dst, '\''), numpyTimeText(v, unit)...), '\'')
		case JSON:
			return appendJSONString(dst, timeText(v, unit))
		default:
			return append(dst, timeText(v, unit)...)
		}
	}, b.Shape, n), nil
}

func timedeltaCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
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

func appendNaT(dst []byte, n Notation) []byte {
	switch n {
	case NumPy:
		return append(dst, "'"+notATime+"'"...)
	case JSON:
		return append(dst, "null"...)
	}
	return append(dst, notATime...)
}

// voidCell writes raw bytes in hexadecimal.
func voidCell(b mmapnpy.Buffer, n Notation) Cell {
	return func(dst []byte, idx ...int64) []byte {
		at := b.Offset
		for d, i := range idx {
			at += i * b.Strides[d]
		}
		raw := b.Data[at : at+b.DType.ItemSize()]
		switch n {
		case NumPy:
			dst = append(dst, "b'"...)
			for _, c := range raw {
				dst = fmt.Appendf(dst, `\x%02X`, c)
			}
			return append(dst, '\'')
		case JSON:
			return append(hex.AppendEncode(append(dst, '"'), raw), '"')
		default:
			return hex.AppendEncode(dst, raw)
		}
	}
}

// recordCell writes the fields of structured elements: as tuples, or as objects in
// JSON.
func recordCell(b mmapnpy.Buffer, n Notation) (Cell, error) {
	fields := b.DType.Fields()
	cells := make([]Cell, len(fields))
	for i, f := range fields {
		fb, err := b.Field(f.Name)
		if err != nil {
			return nil, err
		}
		if cells[i], err = NewCell(fb, n); err != nil {
			return nil, err
		}
		if extra := fb.Shape[len(b.Shape):]; len(extra) > 0 {
			cells[i] = listCell(cells[i], extra, n)
		}
	}
	if n == JSON {
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
func listCell(c Cell, extra []int64, n Notation) Cell {
	if len(extra) == 0 {
		return c
	}
	separator := ", "
	if n == JSON {
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
func scalarFloat(b mmapnpy.Buffer) Cell {
	values := newReals(b, false)
	return func(dst []byte, idx ...int64) []byte { return appendScalar(dst, values.of(idx...), values.elem) }
}

// Scalar is a single element as NumPy's str has it: 3.0, abc, 2020-01-01.
func Scalar(b mmapnpy.Buffer) (string, error) {
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
	n := single
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
	c, err := NewCell(b, n)
	if err != nil {
		return "", err
	}
	return string(c(nil, at...)), nil
}

// maxEmptyElements bounds how many elements of no bytes are written as text. A file
// of a hundred bytes can claim any number of them.
const maxEmptyElements = 1 << 20

// CheckEmpty returns an error if so many elements of no bytes are too many for a text.
func CheckEmpty(n int64) error {
	if n > maxEmptyElements {
		return fmt.Errorf("%s elements without bytes are too many", termtext.Grouped(n))
	}
	return nil
}
