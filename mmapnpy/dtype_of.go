package mmapnpy

import (
	"fmt"
	"reflect"
)

// DTypeOf is the dtype whose elements lie in memory as values of T do, in native byte order:
//
//	bool, int8 … uint64, int, uint     bool, i1 … u8
//	float32, float64                   f4, f8
//	complex64, complex128              c8, c16
//	[n]E                               a subarray; [2][3]E has the shape (2, 3)
//	struct                             a struct with the same offsets and padding
//
// A struct field is named by its tag, `npy:"name"`, or else by its Go name; it must be exported.
// Blank fields are padding. Pointers, slices, strings, maps and the like have no dtype.
func DTypeOf[T any]() (DType, error) {
	t := reflect.TypeFor[T]()
	d, err := dtypeOf(t)
	if err != nil {
		return DType{}, fmt.Errorf("no dtype for Go type %v: %w", t, err)
	}
	return d, nil
}

func dtypeOf(t reflect.Type) (DType, error) {
	size := int64(t.Size())
	switch t.Kind() {
	case reflect.Bool:
		return Bool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return scalar(KindInt, size), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return scalar(KindUint, size), nil
	case reflect.Float32, reflect.Float64:
		return scalar(KindFloat, size), nil
	case reflect.Complex64, reflect.Complex128:
		return scalar(KindComplex, size), nil
	case reflect.Array:
		return arrayDType(t)
	case reflect.Struct:
		return structDType(t)
	}
	return DType{}, fmt.Errorf("%v is not a plain value", t)
}

func arrayDType(t reflect.Type) (DType, error) {
	var shape []int64
	for ; t.Kind() == reflect.Array; t = t.Elem() {
		shape = append(shape, int64(t.Len()))
	}
	base, err := dtypeOf(t)
	if err != nil {
		return DType{}, err
	}
	return SubarrayOf(base, shape...)
}

func structDType(t reflect.Type) (DType, error) {
	var fields []Field
	for f := range t.Fields() {
		if f.Name == "_" {
			continue
		}
		if !f.IsExported() {
			return DType{}, fmt.Errorf("field %s is not exported", f.Name)
		}
		d, err := dtypeOf(f.Type)
		if err != nil {
			return DType{}, fmt.Errorf("field %s: %w", f.Name, err)
		}
		name := f.Tag.Get("npy")
		if name == "" {
			name = f.Name
		}
		fields = append(fields, Field{Name: name, DType: d, Offset: int64(f.Offset)})
	}
	return StructAt(int64(t.Size()), fields...)
}
