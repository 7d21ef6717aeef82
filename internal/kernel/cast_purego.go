//go:build purego

package kernel

import (
	"encoding/binary"
	"math"
	"reflect"
)

// Shares reports whether [Slice] and [Bytes] alias what they are given.
func Shares() bool { return false }

// Aligned reports whether [Slice] of b as T aliases b; here it never does.
func Aligned[T any]([]byte) bool { return false }

// Slice is b decoded as len(b)/sizeof(T) elements in native byte order. T must
// not hold pointers; fields that are not exported stay zero.
func Slice[T any](b []byte) []T {
	size := sizeOf[T]()
	if size == 0 || len(b) < size {
		return nil
	}
	s := make([]T, len(b)/size)
	if t := reflect.TypeFor[T](); plain(t.Kind()) {
		if _, err := binary.Decode(b, binary.NativeEndian, s); err == nil {
			return s
		}
	}
	for i := range s {
		decode(reflect.ValueOf(&s[i]).Elem(), b[i*size:])
	}
	return s
}

// Bytes is s encoded in native byte order.
func Bytes[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	size := sizeOf[T]()
	b := make([]byte, len(s)*size)
	if t := reflect.TypeFor[T](); plain(t.Kind()) {
		if _, err := binary.Encode(b, binary.NativeEndian, s); err == nil {
			return b
		}
	}
	for i := range s {
		encode(b[i*size:], reflect.ValueOf(&s[i]).Elem())
	}
	return b
}

// plain reports whether encoding/binary lays the kind out as memory does: it
// packs structs without their padding, and refuses int and uint.
func plain(k reflect.Kind) bool {
	return k >= reflect.Int8 && k <= reflect.Int64 || k >= reflect.Uint8 && k <= reflect.Complex128 && k != reflect.Uintptr
}

// decode sets v from its memory image.
func decode(v reflect.Value, b []byte) {
	t := v.Type()
	switch n := binary.NativeEndian; t.Kind() {
	case reflect.Bool:
		v.SetBool(b[0] != 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(loadInt(b, t.Size())))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint, reflect.Uintptr:
		v.SetUint(loadInt(b, t.Size()))
	case reflect.Float32:
		v.SetFloat(float64(math.Float32frombits(n.Uint32(b))))
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(n.Uint64(b)))
	case reflect.Complex64:
		v.SetComplex(complex(float64(math.Float32frombits(n.Uint32(b))), float64(math.Float32frombits(n.Uint32(b[4:])))))
	case reflect.Complex128:
		v.SetComplex(complex(math.Float64frombits(n.Uint64(b)), math.Float64frombits(n.Uint64(b[8:]))))
	case reflect.Array:
		for i := range t.Len() {
			decode(v.Index(i), b[uintptr(i)*t.Elem().Size():])
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				decode(v.Field(i), b[f.Offset:])
			}
		}
	}
}

// encode writes v's memory image to b, padding excepted.
func encode(b []byte, v reflect.Value) {
	t := v.Type()
	switch n := binary.NativeEndian; t.Kind() {
	case reflect.Bool:
		if v.Bool() {
			b[0] = 1
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		storeInt(b, t.Size(), uint64(v.Int()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint, reflect.Uintptr:
		storeInt(b, t.Size(), v.Uint())
	case reflect.Float32:
		n.PutUint32(b, math.Float32bits(float32(v.Float())))
	case reflect.Float64:
		n.PutUint64(b, math.Float64bits(v.Float()))
	case reflect.Complex64:
		n.PutUint32(b, math.Float32bits(float32(real(v.Complex()))))
		n.PutUint32(b[4:], math.Float32bits(float32(imag(v.Complex()))))
	case reflect.Complex128:
		n.PutUint64(b, math.Float64bits(real(v.Complex())))
		n.PutUint64(b[8:], math.Float64bits(imag(v.Complex())))
	case reflect.Array:
		for i := range t.Len() {
			encode(b[uintptr(i)*t.Elem().Size():], v.Index(i))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				encode(b[f.Offset:], v.Field(i))
			}
		}
	}
}

// loadInt reads an integer of size bytes; the setters of reflect drop what lies
// above it, and sign-extension is theirs to see.
func loadInt(b []byte, size uintptr) uint64 {
	n := binary.NativeEndian
	switch size {
	case 1:
		return uint64(int8(b[0]))
	case 2:
		return uint64(int16(n.Uint16(b)))
	case 4:
		return uint64(int32(n.Uint32(b)))
	}
	return n.Uint64(b)
}

func storeInt(b []byte, size uintptr, u uint64) {
	n := binary.NativeEndian
	switch size {
	case 1:
		b[0] = byte(u)
	case 2:
		n.PutUint16(b, uint16(u))
	case 4:
		n.PutUint32(b, uint32(u))
	case 8:
		n.PutUint64(b, u)
	}
}

// words has no words to offer: without unsafe, elements are read one by one.
func words[T Real](x []T) (w []uint64, rest []T) { return nil, x }

func sizeOf[T any]() int {
	switch any(*new(T)).(type) {
	case int8, uint8:
		return 1
	case int16, uint16:
		return 2
	case int32, uint32, float32:
		return 4
	case int64, uint64, float64:
		return 8
	}
	return int(reflect.TypeFor[T]().Size())
}
