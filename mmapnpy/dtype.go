package mmapnpy

import (
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// A Kind is the class of an element: the letter of NumPy's dtype.kind.
type Kind byte

// The kinds. A structured dtype and a subarray are of KindVoid.
const (
	KindBool      Kind = 'b'
	KindInt       Kind = 'i'
	KindUint      Kind = 'u'
	KindFloat     Kind = 'f'
	KindComplex   Kind = 'c'
	KindBytes     Kind = 'S' // fixed size, padded with NUL
	KindString    Kind = 'U' // UCS-4, padded with NUL
	KindVoid      Kind = 'V'
	KindDatetime  Kind = 'M'
	KindTimedelta Kind = 'm'
	KindObject    Kind = 'O' // pickled Python objects
)

// String returns the letter.
func (k Kind) String() string { return string(rune(k)) }

// nativeOrder is the byte order of this machine.
var nativeOrder = func() byte {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return '<'
	}
	return '>'
}()

// A DType describes one element of an array, as NumPy's dtype does. It is an immutable value,
// safe for concurrent use. The zero value is invalid. Compare with [DType.Equal], not with ==.
type DType struct {
	size  int64
	ext   *compound // of structs and subarrays; nil for all others
	count int32     // of time units, see DatetimeUnit
	kind  Kind
	order byte // '<', '>', or '|' where there is none
	unit  TimeUnit
	long  LongDoubleFormat // of f16 and c32; 0 for all others
}

// compound is what a struct or a subarray has more than a plain element.
type compound struct {
	record bool

	// of a struct
	fields []Field
	index  []int32          // fields by name and title, see fieldIndex
	titles map[int32]string // Python repr of titles that Field.Title cannot hold, by field

	// of a subarray
	base  DType
	shape []int64
}

// A Field is one member of a structured [DType]. Name may be empty, but a void or subarray without
// name is padding to every reader of a file. Title is a second name that NumPy allows; empty
// means none. Offset is in bytes from the start of the element.
// Names and titles are UTF-8, except that Python's lone surrogates, which UTF-8 cannot hold, appear
// as the three bytes UTF-8 would use for them.
type Field struct {
	Name, Title string
	DType       DType
	Offset      int64
}

// The plain dtypes, in this machine's byte order.
var (
	Bool       = scalar(KindBool, 1)
	Int8       = scalar(KindInt, 1)
	Int16      = scalar(KindInt, 2)
	Int32      = scalar(KindInt, 4)
	Int64      = scalar(KindInt, 8)
	Uint8      = scalar(KindUint, 1)
	Uint16     = scalar(KindUint, 2)
	Uint32     = scalar(KindUint, 4)
	Uint64     = scalar(KindUint, 8)
	Float16    = scalar(KindFloat, 2)
	BFloat16   = DType{kind: KindVoid, size: 2, order: nativeOrder}
	Float32    = scalar(KindFloat, 4)
	Float64    = scalar(KindFloat, 8)
	Complex64  = scalar(KindComplex, 8)
	Complex128 = scalar(KindComplex, 16)
)

// scalar makes a plain dtype in native byte order.
func scalar(kind Kind, size int64) DType {
	return DType{kind: kind, size: size, order: plainOrder(kind, size, nativeOrder)}
}

// plainOrder is the byte order that NumPy gives a plain dtype for which order was asked.
func plainOrder(kind Kind, size int64, order byte) byte {
	switch kind {
	case KindBool, KindBytes, KindVoid, KindObject:
		return '|'
	case KindInt, KindUint:
		if size == 1 {
			return '|'
		}
	}
	return order
}

// IsValid reports whether d is a dtype and not the zero value.
func (d DType) IsValid() bool { return d.kind != 0 }

// Kind is the class of the element.
func (d DType) Kind() Kind { return d.kind }

// ItemSize is the size of one element in bytes: 0 to 2^31-1. Python objects count 8.
func (d DType) ItemSize() int64 { return d.size }

// ByteOrder is '<' (little-endian), '>' (big-endian), or '|' where there is none: single
// bytes, byte strings, structs and subarrays. A void keeps the letter that the file has, since
// "<V2" is how bfloat16 is written.
func (d DType) ByteOrder() byte { return d.order }

// Native reports whether every number in the element is in this machine's byte order.
func (d DType) Native() bool {
	switch {
	case d.ext == nil:
		return d.order == '|' || d.order == nativeOrder || (d.kind == KindVoid && !d.IsBFloat16())
	case d.ext.record:
		return !slices.ContainsFunc(d.ext.fields, func(f Field) bool { return !f.DType.Native() })
	}
	return d.ext.base.Native()
}

// WithByteOrder returns d with all its numbers in byte order '<', '>' or '=' (this machine's).
// It changes what the bytes mean, not the bytes. Any other order returns d.
func (d DType) WithByteOrder(order byte) DType {
	if order == '=' {
		order = nativeOrder
	}
	if order != '<' && order != '>' {
		return d
	}
	switch {
	case d.ext == nil:
		if d.order != '|' && (d.kind != KindVoid || d.IsBFloat16()) {
			d.order = order
		}
	case d.ext.record:
		c := *d.ext
		c.fields = slices.Clone(c.fields)
		for i := range c.fields {
			c.fields[i].DType = c.fields[i].DType.WithByteOrder(order)
		}
		d.ext = &c
	default:
		c := *d.ext
		c.base = c.base.WithByteOrder(order)
		d.ext = &c
	}
	return d
}

// IsStruct reports whether d is structured. A struct may have no fields.
func (d DType) IsStruct() bool { return d.ext != nil && d.ext.record }

// Fields are the members of a struct, in order; nil for all others. Padding is not listed. The
// slice is the caller's.
func (d DType) Fields() []Field {
	if !d.IsStruct() {
		return nil
	}
	return slices.Clone(d.ext.fields)
}

// Field finds the member of a struct that has this name or title.
func (d DType) Field(name string) (Field, bool) {
	if !d.IsStruct() {
		return Field{}, false
	}
	return d.ext.lookup(name)
}

// Subarray returns the element and the shape of a subarray dtype such as "(2,3)f8". The element may
// be a subarray itself; see [DType.Elements]. The slice is the caller's.
func (d DType) Subarray() (base DType, shape []int64, ok bool) {
	if d.ext == nil || d.ext.record {
		return DType{}, nil, false
	}
	return d.ext.base, slices.Clone(d.ext.shape), true
}

// Elements returns what an array of dtype d holds in NumPy: an array of a subarray dtype has the
// axes of the subarray behind its own, those of nested subarrays outermost first, and elements of
// the innermost dtype. For any other dtype it returns d and no axes. The slice is the caller's.
func (d DType) Elements() (base DType, axes []int64) {
	for d.ext != nil && !d.ext.record {
		axes = append(axes, d.ext.shape...)
		d = d.ext.base
	}
	return d, axes
}

// Unit is the unit of a datetime64 or timedelta64.
func (d DType) Unit() (DatetimeUnit, bool) {
	if d.kind != KindDatetime && d.kind != KindTimedelta {
		return DatetimeUnit{}, false
	}
	return DatetimeUnit{Base: d.unit, Count: d.count}, true
}

// HasObject reports whether there is a Python object anywhere in the element. The data of such an
// array is a pickle and cannot be read.
func (d DType) HasObject() bool {
	switch {
	case d.ext == nil:
		return d.kind == KindObject
	case d.ext.record:
		return slices.ContainsFunc(d.ext.fields, func(f Field) bool { return f.DType.HasObject() })
	}
	return d.ext.base.HasObject()
}

// IsBFloat16 reports whether d is "<V2" or ">V2", which is what ml_dtypes writes for bfloat16.
// Plain two-byte voids are "|V2".
func (d DType) IsBFloat16() bool {
	return d.kind == KindVoid && d.size == 2 && d.ext == nil && d.order != '|'
}

// LongDouble is the format of f16 and c32 elements.
func (d DType) LongDouble() (LongDoubleFormat, bool) { return d.long, d.long != 0 }

// Part is the dtype of the two parts of complex numbers, and d itself for all others.
func (d DType) Part() DType {
	if d.kind == KindComplex {
		d.kind, d.size = KindFloat, d.size/2
	}
	return d
}

// Elem is the code under which the compute kernels know a number; false for strings, times,
// voids, structs, subarrays and objects. It says nothing about the byte order.
func (d DType) Elem() (kernel.Elem, bool) {
	e := kernel.Invalid
	switch d.kind {
	case KindBool:
		e = kernel.Bool
	case KindInt:
		e = pick(d.size, kernel.Int8, kernel.Int16, kernel.Int32, kernel.Int64)
	case KindUint:
		e = pick(d.size, kernel.Uint8, kernel.Uint16, kernel.Uint32, kernel.Uint64)
	case KindFloat:
		e = pick(d.size/2, kernel.Float16, kernel.Float32, kernel.Float64, kernel.X87)
		if d.long == Quad {
			e = kernel.Quad
		}
	case KindComplex:
		e = pick(d.size/8, kernel.Complex64, kernel.Complex128, kernel.ComplexX87, kernel.Invalid)
		if d.long == Quad {
			e = kernel.ComplexQuad
		}
	case KindVoid:
		if d.IsBFloat16() {
			e = kernel.BFloat16
		}
	}
	return e, e != kernel.Invalid
}

// pick chooses by size: 1, 2, 4, 8.
func pick(size int64, of1, of2, of4, of8 kernel.Elem) kernel.Elem {
	switch size {
	case 1:
		return of1
	case 2:
		return of2
	case 4:
		return of4
	}
	return of8
}

// Equal reports whether two dtypes say the same about every byte: kinds, sizes, byte orders, units,
// names, titles, offsets, and the format of long doubles.
func (d DType) Equal(o DType) bool {
	a, b := d.ext, o.ext
	d.ext, o.ext = nil, nil
	if d != o || (a == nil) != (b == nil) {
		return false
	}
	return a == b || a.equal(b)
}

func (c *compound) equal(o *compound) bool {
	if c.record != o.record {
		return false
	}
	if !c.record {
		return slices.Equal(c.shape, o.shape) && c.base.Equal(o.base)
	}
	return slices.EqualFunc(c.fields, o.fields, func(f, g Field) bool {
		return f.Name == g.Name && f.Title == g.Title && f.Offset == g.Offset && f.DType.Equal(g.DType)
	}) && equalTitles(c.titles, o.titles)
}

func equalTitles(a, b map[int32]string) bool {
	for i, t := range a {
		if b[i] != t {
			return false
		}
	}
	return len(a) == len(b)
}

// Memory that the parts of a parsed dtype take, for the parse budget.
var (
	fieldCost    = int64(reflect.TypeFor[Field]().Size()) + 8 // and its places in the index
	compoundCost = int64(reflect.TypeFor[compound]().Size()) + 8
	oddTitleCost = int64(128) // an entry of a small map that grows
)
