package mmapnpy

import "fmt"

// Record is the value of an element of structured dtype: its fields in order.
type Record []NamedValue

// NamedValue is one field of a [Record].
type NamedValue struct {
	Name  string
	Value any
}

// Value decodes one element to a Go value, whatever its dtype: bool, int64, uint64, float64,
// complex128, [LongFloat] and [LongComplex] for long doubles, string, []byte for voids, [Moment],
// [Span], [Record], and []any for subarrays.
// It is for printing, not for loops over many elements. It panics if an index is out of range.
func (b Buffer) Value(idx ...int64) (any, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	pos := b.at(idx)
	return Buffer{Data: b.Data, Offset: pos, DType: b.DType}.scalar()
}

// scalar decodes the only element of a 0-d buffer.
func (b Buffer) scalar() (any, error) {
	if base, dims := b.DType.Elements(); len(dims) > 0 {
		return Buffer{Data: b.Data, Offset: b.Offset, DType: base, Shape: dims, Strides: cStrides(dims, base.ItemSize())}.nested()
	}
	if b.DType.IsStruct() {
		var r Record
		for _, f := range b.DType.Fields() {
			v, err := b.field(f).nested()
			if err != nil {
				return nil, err
			}
			r = append(r, NamedValue{f.Name, v})
		}
		return r, nil
	}
	if _, long := b.DType.LongDouble(); long {
		n := b.DType.numbers(b.element(nil))
		if len(n) == 2 {
			return LongComplex{LongFloat{n[0]}, LongFloat{n[1]}}, nil
		}
		return LongFloat{n[0]}, nil
	}
	switch k := b.DType.Kind(); k {
	case KindBool:
		return b.Data[b.Offset] != 0, nil
	case KindInt:
		return first(Numbers[int64](b))
	case KindUint:
		return first(Numbers[uint64](b))
	case KindFloat:
		return first(Floats(b))
	case KindComplex:
		return first(Numbers[complex128](b))
	case KindBytes, KindString:
		return first(Strings(b))
	case KindDatetime:
		return first(Times(b))
	case KindTimedelta:
		return first(Durations(b))
	case KindVoid:
		if b.DType.IsBFloat16() {
			return first(Floats(b))
		}
		return append([]byte{}, b.element(nil)...), nil
	}
	return nil, fmt.Errorf("%w: %s", ErrObject, b.DType)
}

// nested decodes a buffer to lists in lists, and a 0-d one to its element.
func (b Buffer) nested() (any, error) {
	if len(b.Shape) == 0 {
		return b.scalar()
	}
	list := make([]any, 0, b.Shape[0])
	for i := range b.Shape[0] {
		v, err := Buffer{Data: b.Data, Offset: b.Offset + i*b.Strides[0], DType: b.DType, Shape: b.Shape[1:], Strides: b.Strides[1:]}.nested()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func first[T any](a Accessor[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return a.At(), nil
}
