package mmapnpy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseDType reads what np.dtype(s) reads: "<f8", "float64", "M8[25us]", "i4, (2,3)f8", ... as
// NumPy 2 does on 64-bit Linux, so that "l" and "long" are 8 bytes on every system. In addition it
// knows "bfloat16", and the literals that [DType.Descr] and [DType.String] write: lists of fields,
// "[('a', '<i4'), ('b', '<f8', (2,))]"; dicts of names, formats and offsets; and a dtype with a
// shape, "('<f8', (2,))". Names that NumPy 2 removed are refused. Long doubles are this machine's.
func ParseDType(s string) (DType, error) {
	c, _ := newConfig("", 0, nil)
	budget := c.parseBudget(len(s))
	b := &dtypeParser{longDouble: c.longDouble, extensions: true, budget: budget}
	var d DType
	var err error
	if literal := strings.TrimSpace(s); isLiteral(literal) {
		d, err = parseLiteral(literal, b, budget)
	} else {
		d, err = b.parse(s)
	}
	if err != nil {
		return DType{}, fmt.Errorf("dtype %s: %w", quoted(s), err)
	}
	return d, nil
}

// isLiteral reports whether a dtype is written as a Python literal. A repeat count begins with a
// parenthesis, too, but has no quotes behind.
func isLiteral(s string) bool {
	switch {
	case s == "":
		return false
	case s[0] == '[' || s[0] == '{' || s[0] == '\'' || s[0] == '"':
		return true
	}
	return s[0] == '(' && strings.ContainsAny(s, `'"`)
}

// parseLiteral reads the literal of a dtype.
func parseLiteral(s string, b *dtypeParser, budget int64) (DType, error) {
	if len(s) > largestHeaderSize {
		return DType{}, errDTypeMemory
	}
	if !utf8.ValidString(s) {
		return DType{}, errNotDType
	}
	b.dicts = true
	p := newParser(s, dialect{}, budget)
	err := p.parse()
	var d DType
	if err == nil {
		d, err = p.readDType(b, 0)
	}
	if l, ok := errors.AsType[*located](err); ok {
		return DType{}, fmt.Errorf("at %d: %w", l.pos, l.err)
	}
	return d, err
}

// quoted is s in quotes, cut if it is long.
func quoted(s string) string {
	const most = 60
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:most]) + "..."
}

// dtypeParser reads dtype strings.
type dtypeParser struct {
	longDouble LongDoubleFormat
	extensions bool     // bfloat16 is a name
	foreign    bool     // so are the other dtypes of ml_dtypes, and what np.save makes of them
	budget     int64    // bytes of memory that may still be taken
	dicts      bool     // fields may be a dict of names, formats and offsets
	notes      []string // on what was taken for something else; each once
}

// note takes a note, once.
func (b *dtypeParser) note(text string) {
	if !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

var (
	errNotDType    = &badFormat{msg: "not a dtype that NumPy knows"}
	errDTypeMemory = &badFormat{msg: "too many fields: the dtype would take too much memory"}
)

func (b *dtypeParser) charge(n int64) error {
	if b.budget -= n; b.budget < 0 {
		return errDTypeMemory
	}
	return nil
}

// parse follows _convert_from_str of NumPy's descriptor.c.
func (b *dtypeParser) parse(s string) (DType, error) {
	if s == "" {
		return DType{}, errNotDType
	}
	if isCommaString(s) {
		return b.commaString(s)
	}
	code, order := s, nativeOrder
	switch s[0] {
	case '<', '>':
		code, order = s[1:], s[0]
	case '=', '|':
		code = s[1:]
	}
	if len(code) == 1 {
		if d, ok := letters[code[0]]; ok && (code != "a" || s == "a") {
			return b.plain(d.kind, d.size, order, s), nil
		}
	}
	if unit, kind, ok := cutTime(code); ok {
		return parseTime(kind, unit, order)
	}
	if len(code) > 1 {
		if n, rest, ok := strtol(code[1:]); ok && rest == "" {
			if n < 0 || n > maxItemSize {
				return DType{}, errItemSize
			}
			if d, err := b.sized(code[0], n, order, s); !errors.Is(err, errNotDType) {
				return d, err
			}
		}
	}
	if d, ok := names[s]; ok {
		return b.plain(d.kind, d.size, nativeOrder, s), nil
	}
	if b.extensions && s == "bfloat16" {
		return BFloat16, nil
	}
	if b.foreign {
		return b.mlDType(s)
	}
	return DType{}, errNotDType
}

// mlDTypes are the names of the dtypes of ml_dtypes of less than 16 bits. Its arrays have a byte
// for each element.
var mlDTypes = []string{
	"float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
	"float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn",
	"int1", "int2", "int4", "uint1", "uint2", "uint4",
}

// mlDType reads the dtypes of extensions of NumPy by their names, and by what np.save writes for
// them.
func (b *dtypeParser) mlDType(s string) (DType, error) {
	switch {
	case s == "<g2" || s == ">g2":
		b.note("dtype " + s + " is taken for bfloat16")
		return BFloat16.WithByteOrder(s[0]), nil
	case s == "<f1" || s == "|f1" || s == ">f1":
		b.note("dtype " + s + " is a float of 8 bits (float8_e5m2 of ml_dtypes), shown as raw bytes")
	case slices.Contains(mlDTypes, s):
		b.note("dtype " + s + " is one of ml_dtypes, shown as raw bytes")
	default:
		return DType{}, errNotDType
	}
	return b.plain(KindVoid, 1, '|', "|V1"), nil
}

// sized is a kind with a size, such as "f8".
func (b *dtypeParser) sized(kind byte, n int64, order byte, s string) (DType, error) {
	switch kind {
	case 'S', 'a':
		return b.plain(KindBytes, n, order, s), nil
	case 'V':
		return b.plain(KindVoid, n, order, s), nil
	case 'U':
		if n > maxItemSize/4 {
			return DType{}, errItemSize
		}
		return b.plain(KindString, 4*n, order, s), nil
	}
	for _, k := range sizes {
		if byte(k.kind) == kind && k.size == n {
			if k.kind == KindObject {
				n = 8 // old files say O4 on 32-bit machines
			}
			return b.plain(k.kind, n, order, s), nil
		}
	}
	return DType{}, errNotDType
}

// plain makes a dtype without fields. s is what the whole string said, since voids keep its
// order.
func (b *dtypeParser) plain(kind Kind, size int64, order byte, s string) DType {
	d := DType{kind: kind, size: size, order: plainOrder(kind, size, order)}
	switch {
	case kind == KindVoid && (s[0] == '<' || s[0] == '>'):
		d.order = order
	case kind == KindDatetime || kind == KindTimedelta:
		d.count = 1
	case (kind == KindFloat && size == 16) || (kind == KindComplex && size == 32):
		d.long = b.longDouble
	}
	return d
}

type kindSize struct {
	kind Kind
	size int64
}

var sizes = []kindSize{
	{KindBool, 1},
	{KindInt, 1}, {KindInt, 2}, {KindInt, 4}, {KindInt, 8},
	{KindUint, 1}, {KindUint, 2}, {KindUint, 4}, {KindUint, 8},
	{KindFloat, 2}, {KindFloat, 4}, {KindFloat, 8}, {KindFloat, 16},
	{KindComplex, 8}, {KindComplex, 16}, {KindComplex, 32},
	{KindDatetime, 8}, {KindTimedelta, 8},
	{KindObject, 4}, {KindObject, 8},
}

// letters are NumPy's type codes; 'a' is an alias that takes no byte order. NumPy knows 'T', its
// strings of any length, as well, but they are never in a file.
var letters = map[byte]kindSize{
	'?': {KindBool, 1},
	'b': {KindInt, 1}, 'h': {KindInt, 2}, 'i': {KindInt, 4}, 'l': {KindInt, 8},
	'q': {KindInt, 8}, 'p': {KindInt, 8}, 'n': {KindInt, 8},
	'B': {KindUint, 1}, 'H': {KindUint, 2}, 'I': {KindUint, 4}, 'L': {KindUint, 8},
	'Q': {KindUint, 8}, 'P': {KindUint, 8}, 'N': {KindUint, 8},
	'e': {KindFloat, 2}, 'f': {KindFloat, 4}, 'd': {KindFloat, 8}, 'g': {KindFloat, 16},
	'F': {KindComplex, 8}, 'D': {KindComplex, 16}, 'G': {KindComplex, 32},
	'S': {KindBytes, 0}, 'a': {KindBytes, 0}, 'c': {KindBytes, 1}, 'U': {KindString, 0},
	'V': {KindVoid, 0}, 'O': {KindObject, 8},
	'M': {KindDatetime, 8}, 'm': {KindTimedelta, 8},
}

// names take no byte order. They are NumPy 2's sctypeDict.
var names = map[string]kindSize{
	"bool": {KindBool, 1}, "bool_": {KindBool, 1},
	"int8": {KindInt, 1}, "byte": {KindInt, 1},
	"int16": {KindInt, 2}, "short": {KindInt, 2},
	"int32": {KindInt, 4}, "intc": {KindInt, 4},
	"int64": {KindInt, 8}, "int": {KindInt, 8}, "int_": {KindInt, 8}, "intp": {KindInt, 8},
	"long": {KindInt, 8}, "longlong": {KindInt, 8},
	"uint8": {KindUint, 1}, "ubyte": {KindUint, 1},
	"uint16": {KindUint, 2}, "ushort": {KindUint, 2},
	"uint32": {KindUint, 4}, "uintc": {KindUint, 4},
	"uint64": {KindUint, 8}, "uint": {KindUint, 8}, "uintp": {KindUint, 8},
	"ulong": {KindUint, 8}, "ulonglong": {KindUint, 8},
	"float16": {KindFloat, 2}, "half": {KindFloat, 2},
	"float32": {KindFloat, 4}, "single": {KindFloat, 4},
	"float64": {KindFloat, 8}, "double": {KindFloat, 8}, "float": {KindFloat, 8},
	"float128": {KindFloat, 16}, "longdouble": {KindFloat, 16},
	"complex64": {KindComplex, 8}, "csingle": {KindComplex, 8},
	"complex128": {KindComplex, 16}, "cdouble": {KindComplex, 16}, "complex": {KindComplex, 16},
	"complex256": {KindComplex, 32}, "clongdouble": {KindComplex, 32},
	"bytes": {KindBytes, 0}, "bytes_": {KindBytes, 0},
	"str": {KindString, 0}, "str_": {KindString, 0}, "unicode": {KindString, 0},
	"void":   {KindVoid, 0},
	"object": {KindObject, 8}, "object_": {KindObject, 8},
}

// strtol is C's: blanks, a sign, digits. The value is clamped to 64 bits.
func strtol(s string) (value int64, rest string, ok bool) {
	digits := strings.TrimLeft(s, " \t\n\v\f\r")
	neg := false
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		neg = digits[0] == '-'
		digits = digits[1:]
	}
	n := 0
	for ; n < len(digits) && isDigit(digits[n]); n++ {
		if value < math.MaxInt64/10 {
			value = 10*value + int64(digits[n]-'0')
		} else {
			value = math.MaxInt64
		}
	}
	if n == 0 {
		return 0, s, false
	}
	if neg {
		value = -value
	}
	return value, digits[n:], true
}
