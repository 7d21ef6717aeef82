package mmapnpy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// ErrType is matched by errors about asking for elements as a type they do not have.
var ErrType = errors.New("element type does not match")

// ErrByteOrder is matched by errors about viewing elements of foreign byte order in place.
var ErrByteOrder = errors.New("foreign byte order")

// maxSpans bounds the places in one element that need attention. A dtype can have millions of
// them, as a subarray of structs; a Go type for such an element would be no use.
const maxSpans = 4096

// A span is some bytes of an element.
type span struct{ at, n int64 }

// A swap is a run of numbers of foreign byte order in an element.
type swap struct {
	span
	width int
}

// A move is a run of bytes of an element that lie elsewhere in the Go value.
type move struct {
	span
	to int64
}

// A matching is what must be done to the bytes of an element to make them a Go value: they are
// moved, if there are moves, and then changed where they are in the value.
type matching struct {
	bools []span // bytes that must be 0 or 1
	swaps []swap
	moves []move
	size  int64 // of the value
}

// fit checks the buffer, and that T is a Go type of its dtype.
func fit[T any](b Buffer) (m matching, err error) {
	if err := b.Check(); err != nil {
		return m, err
	}
	if b.DType.HasObject() {
		return m, ErrObject
	}
	rt := reflect.TypeFor[T]()
	m.size = b.DType.size
	why := m.match(rt, b.DType, 0)
	if why != "" && rt.Kind() == reflect.Struct && b.DType.IsStruct() {
		m, why = moved(rt, b.DType)
	}
	if why != "" {
		return m, fmt.Errorf("%w: %s requested, the elements are %s%s", ErrType, rt, brief(b.DType), strings.TrimSuffix(why, differs))
	}
	if len(m.moves) == 0 && !kernel.Shares() && int64(binary.Size(reflect.Zero(rt).Interface())) != b.DType.size {
		return m, fmt.Errorf("%w: %s cannot be decoded without unsafe: its integers must have fixed sizes, and its padding must be fields called _",
			ErrType, rt)
	}
	return m, nil
}

// brief names a dtype in an error, in both of NumPy's ways.
func brief(t DType) string {
	const most = 120
	descr := t.Descr()
	if t.ext != nil || len(descr) > most {
		if len(descr) > most {
			descr = descr[:most] + "..."
		}
		return descr
	}
	return t.String() + " (" + strings.Trim(descr, "'") + ")"
}

// differs is what match says where the two types, which the caller names, say it all.
const differs = ": "

// match compares rt with an element of dtype t at byte at of the whole, notes what has to
// be done to it, and says what is wrong; nothing if they match.
func (m *matching) match(rt reflect.Type, t DType, at int64) (why string) {
	if int64(rt.Size()) != t.size {
		return differs
	}
	if base, dims, ok := t.Subarray(); ok && !isBytes(rt) {
		return m.matchArray(rt, base, dims, at)
	}
	if t.IsStruct() && !isBytes(rt) {
		return m.matchStruct(rt, t, at)
	}
	width, ok := 0, false // of the numbers, if they have to be in this machine's order
	switch k := rt.Kind(); t.Kind() {
	case KindBool:
		if k == reflect.Bool {
			m.bools = appendSpan(m.bools, span{at, 1})
		}
		ok = k == reflect.Bool || k == reflect.Uint8
	case KindInt:
		width, ok = int(t.size), k >= reflect.Int && k <= reflect.Int64
	case KindUint:
		width, ok = int(t.size), k >= reflect.Uint && k <= reflect.Uint64
	case KindFloat:
		width, ok = int(t.size), k == reflect.Float32 || k == reflect.Float64 || t.size == 2 && k == reflect.Uint16
		if t.size == 16 && isBytes(rt) {
			width, ok = 0, true
		}
	case KindComplex:
		width, ok = int(t.size/2), k == reflect.Complex64 || k == reflect.Complex128
		if t.size == 32 && isBytes(rt) {
			width, ok = 0, true
		}
	case KindDatetime, KindTimedelta:
		width, ok = 8, k == reflect.Int64
	case KindBytes:
		ok = isBytes(rt)
	case KindString:
		ok = isBytes(rt)
		if k == reflect.Array && (rt.Elem().Kind() == reflect.Int32 || rt.Elem().Kind() == reflect.Uint32) {
			width, ok = 4, true
		}
	case KindVoid:
		ok = isBytes(rt)
		if t.IsBFloat16() && k == reflect.Uint16 {
			width, ok = 2, true
		}
	}
	switch {
	case !ok:
		return differs
	case width > 1 && !t.Native():
		m.addSwap(swap{span{at, t.size}, width})
	}
	return m.tooMany()
}

func isBytes(rt reflect.Type) bool {
	return rt.Kind() == reflect.Array && rt.Elem().Kind() == reflect.Uint8
}

// matchArray compares arrays of arrays with a subarray.
func (m *matching) matchArray(rt reflect.Type, base DType, dims []int64, at int64) string {
	n := int64(1)
	for _, dim := range dims {
		if rt.Kind() != reflect.Array || int64(rt.Len()) != dim {
			return differs
		}
		rt, n = rt.Elem(), n*dim
	}
	// What the first element has to say is true for all.
	if why := (&matching{}).match(rt, base, at); why != "" || n == 0 {
		return why
	}
	for i := range n {
		if why := m.match(rt, base, at+i*base.size); why != "" {
			return why
		}
	}
	return ""
}

// matchStruct compares a Go struct with a structured dtype, field by field.
func (m *matching) matchStruct(rt reflect.Type, t DType, at int64) string {
	if rt.Kind() != reflect.Struct {
		return differs
	}
	matched := map[int64]bool{} // by offset, which no two fields with bytes share
	var blank []span
	for sf := range rt.Fields() {
		switch {
		case sf.Name != "_":
		case !plainMemory(sf.Type):
			return fmt.Sprintf(": blank field of type %s holds pointers", sf.Type)
		default:
			blank = appendSpan(blank, span{int64(sf.Offset), int64(sf.Type.Size())})
			continue
		}
		f, why := findField(t, sf)
		switch {
		case why != "":
			return why
		case f.Offset != int64(sf.Offset):
			return fmt.Sprintf(": field %s is at byte %d of %d, and %q at %d of %d", sf.Name, sf.Offset, rt.Size(), f.Name, f.Offset, t.size)
		}
		if why := m.match(sf.Type, f.DType, at+f.Offset); why != "" {
			return fieldDiffers(sf, f, why)
		}
		matched[f.Offset] = true
	}
	for _, f := range t.ext.fields {
		if f.DType.size > 0 && !matched[f.Offset] && !covered(span{f.Offset, f.DType.size}, blank) {
			return fmt.Sprintf(": nothing in the Go struct is for field %q", f.Name)
		}
	}
	return ""
}

// fieldDiffers says that a field of a Go struct has another type than that of a dtype.
func fieldDiffers(sf reflect.StructField, f Field, why string) string {
	return fmt.Sprintf(": field %s is %s of %d bytes, and %q at byte %d is %s of %d bytes%s",
		sf.Name, sf.Type, sf.Type.Size(), f.Name, f.Offset, brief(f.DType), f.DType.size, strings.TrimSuffix(why, differs))
}

// moved matches a Go struct with a structured dtype whose fields lie elsewhere: by their names
// alone.
func moved(rt reflect.Type, t DType) (m matching, why string) {
	m.size = int64(rt.Size())
	why = m.place(rt, t, 0, 0)
	return m, why
}

// place is match for an element whose bytes from at on become those of the Go value from to on.
func (m *matching) place(rt reflect.Type, t DType, at, to int64) string {
	base, dims := t.Elements()
	if rt.Kind() == reflect.Array && len(dims) > 0 && base.IsStruct() && !isBytes(rt) {
		n := int64(1)
		for _, dim := range dims {
			if rt.Kind() != reflect.Array || int64(rt.Len()) != dim {
				return differs
			}
			rt, n = rt.Elem(), n*dim
		}
		step := int64(rt.Size())
		for i := range n {
			if why := m.place(rt, base, at+i*base.size, to+i*step); why != "" {
				return why
			}
		}
		return ""
	}
	if rt.Kind() == reflect.Struct && t.IsStruct() {
		return m.placeFields(rt, t, at, to)
	}
	if why := m.match(rt, t, to); why != "" {
		return why
	}
	m.moves = appendMove(m.moves, move{span{at, t.size}, to})
	if len(m.moves) > maxSpans {
		return ": too many fields that lie elsewhere in one element"
	}
	return ""
}

func (m *matching) placeFields(rt reflect.Type, t DType, at, to int64) string {
	matched := map[string]bool{}
	for sf := range rt.Fields() {
		if sf.Name == "_" {
			if !plainMemory(sf.Type) {
				return fmt.Sprintf(": blank field of type %s holds pointers", sf.Type)
			}
			continue
		}
		f, why := findField(t, sf)
		if why != "" {
			return why
		}
		if why := m.place(sf.Type, f.DType, at+f.Offset, to+int64(sf.Offset)); why != "" {
			return fieldDiffers(sf, f, why)
		}
		matched[f.Name] = true
	}
	for _, f := range t.ext.fields {
		if f.DType.size > 0 && !matched[f.Name] {
			return fmt.Sprintf(": nothing in the Go struct is for field %q of %d bytes at byte %d", f.Name, f.DType.size, f.Offset)
		}
	}
	return ""
}

// appendMove appends a move to those before it, or lengthens the last one.
func appendMove(moves []move, v move) []move {
	if n := len(moves); n > 0 {
		if last := &moves[n-1]; last.at+last.n == v.at && last.to+last.n == v.to {
			last.n += v.n
			return moves
		}
	}
	if v.n == 0 {
		return moves
	}
	return append(moves, v)
}

// take moves the bytes of elements to where they are in Go values.
func (m *matching) take(values, elements []byte, size int) {
	for i := 0; (i+1)*size <= len(elements); i++ {
		e, v := elements[i*size:(i+1)*size], values[i*int(m.size):]
		for _, move := range m.moves {
			copy(v[move.to:move.to+move.n], e[move.at:])
		}
	}
}

// gather makes values of all elements of b, in C order, piece by piece.
func (m *matching) gather(values []byte, b Buffer) {
	var elements []byte
	for part := range b.pieces(movePiece) {
		n := part.NBytes()
		if elements == nil { // the first part is the largest
			elements = make([]byte, n)
		}
		part.gather(elements)
		m.take(values, elements[:n], int(b.DType.size))
		values = values[part.Len()*m.size:]
	}
}

// movePiece is how many bytes of elements are converted at once.
const movePiece = 64 << 10

// put moves the bytes of one Go value to where they are in an element.
func (m *matching) put(element, value []byte) {
	for _, move := range m.moves {
		copy(element[move.at:move.at+move.n], value[move.to:])
	}
}

// findField finds the dtype's field for a Go struct field.
func findField(t DType, sf reflect.StructField) (found Field, why string) {
	if !sf.IsExported() {
		return found, fmt.Sprintf(": field %s is not exported", sf.Name)
	}
	name, tagged := sf.Tag.Lookup("npy")
	if !tagged {
		name = sf.Name
	}
	if f, ok := t.Field(name); ok {
		return f, ""
	}
	n := 0
	for _, f := range t.ext.fields {
		if !tagged && strings.EqualFold(f.Name, name) {
			found = f
			n++
		}
	}
	switch n {
	case 1:
		return found, ""
	case 0:
		return found, fmt.Sprintf(": the dtype has no field %q", name)
	}
	return found, fmt.Sprintf(": the dtype has several fields %q that differ in case; use a tag", name)
}

// plainMemory reports whether values of a type are made of numbers only.
func plainMemory(rt reflect.Type) bool {
	switch rt.Kind() {
	case reflect.Array:
		return plainMemory(rt.Elem())
	case reflect.Struct:
		for f := range rt.Fields() {
			if !plainMemory(f.Type) {
				return false
			}
		}
		return true
	}
	return rt.Kind() >= reflect.Bool && rt.Kind() <= reflect.Complex128
}

// appendSpan appends a span to those before it, or lengthens the last one.
func appendSpan(spans []span, s span) []span {
	if n := len(spans); n > 0 && spans[n-1].at+spans[n-1].n == s.at {
		spans[n-1].n += s.n
		return spans
	}
	return append(spans, s)
}

// covered reports whether s lies in one of the spans.
func covered(s span, spans []span) bool {
	for _, c := range spans {
		if c.at <= s.at && s.at+s.n <= c.at+c.n {
			return true
		}
	}
	return false
}

func (m *matching) addSwap(s swap) {
	if n := len(m.swaps); n > 0 {
		if last := &m.swaps[n-1]; last.width == s.width && last.at+last.n == s.at {
			last.n += s.n
			return
		}
	}
	m.swaps = append(m.swaps, s)
}

func (m *matching) tooMany() string {
	if len(m.bools) > maxSpans || len(m.swaps) > maxSpans {
		return ": too many separate booleans or numbers of foreign byte order in one element"
	}
	return ""
}

// convert turns the bytes of contiguous elements into Go values.
func (m *matching) convert(raw []byte, size int) {
	for _, s := range m.swaps {
		if s.n == int64(size) {
			kernel.SwapBytes(raw, raw, s.width)
			continue
		}
		for e := raw; len(e) >= size; e = e[size:] {
			number := e[s.at : s.at+s.n]
			kernel.SwapBytes(number, number, s.width)
		}
	}
	normalizeBools(raw, size, m.bools)
}

// normalizeBools makes 1 of every boolean byte that is not 0.
func normalizeBools(raw []byte, size int, bools []span) {
	for _, s := range bools {
		for e := raw; len(e) >= size; e = e[size:] {
			for i, v := range e[s.at : s.at+s.n] {
				if v > 1 {
					e[s.at+int64(i)] = 1
				}
			}
		}
	}
}

// validBools reports whether every boolean byte is 0 or 1.
func validBools(raw []byte, size int, bools []span) bool {
	for _, s := range bools {
		for e := raw; len(e) >= size; e = e[size:] {
			for _, v := range e[s.at : s.at+s.n] {
				if v > 1 {
					return false
				}
			}
		}
	}
	return true
}
