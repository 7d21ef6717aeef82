package lazy

import (
	"fmt"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Operand is what arithmetic takes: an [*Array], a [*Result] or a number of Go.
//
// A bool, int, float64 or complex128, as constants become, is like a number of Python: it takes
// the dtype of the array where that can hold its kind (NEP 50), so that uint8 plus 1 is uint8, and
// uint8 plus 1.5 float64. A number of another Go type, such as int16 or float32, has that dtype, as
// a scalar of NumPy has.
type Operand any

// operand is one of them.
type operand struct {
	array *Array     // nil for a weak number
	kind  byte       // of a weak number: 'b', 'i', 'f' or 'c'
	value complex128 // of a weak number that is no integer
	whole int64      // of a weak integer
}

func newOperand(x Operand) (operand, error) {
	switch x := x.(type) {
	case *Array:
		if x == nil {
			return operand{}, fmt.Errorf("%w: no array", ErrDType)
		}
		return operand{array: x}, nil
	case *Result:
		if x == nil {
			return operand{}, fmt.Errorf("%w: no result", ErrDType)
		}
		a, err := FromResult(x)
		return operand{array: a}, err
	case bool:
		if x {
			return operand{kind: 'b', whole: 1}, nil
		}
		return operand{kind: 'b'}, nil
	case int:
		return operand{kind: 'i', whole: int64(x)}, nil
	case float64:
		return operand{kind: 'f', value: complex(x, 0)}, nil
	case complex128:
		return operand{kind: 'c', value: x}, nil
	}
	return scalarOperand(x)
}

// scalarOperand is a number that has a dtype.
func scalarOperand(x any) (o operand, err error) {
	switch x := x.(type) {
	case int8:
		o.array, err = FromSlice([]int8{x})
	case uint8:
		o.array, err = FromSlice([]uint8{x})
	case int16:
		o.array, err = FromSlice([]int16{x})
	case uint16:
		o.array, err = FromSlice([]uint16{x})
	case int32:
		o.array, err = FromSlice([]int32{x})
	case uint32:
		o.array, err = FromSlice([]uint32{x})
	case int64:
		o.array, err = FromSlice([]int64{x})
	case uint64:
		o.array, err = FromSlice([]uint64{x})
	case float32:
		o.array, err = FromSlice([]float32{x})
	case complex64:
		o.array, err = FromSlice([]complex64{x})
	default:
		return o, fmt.Errorf("%w: an operand cannot be a %T", ErrDType, x)
	}
	if err == nil {
		o.array, err = o.array.Index(At(0))
	}
	return o, err
}

// weak reports whether the operand is a number without a dtype.
func (o operand) weak() bool { return o.array == nil }

// node is the operand as elements of dtype t, in the byte order of this machine.
func (o operand) node(t mmapnpy.DType) node {
	if !o.weak() {
		return castTo(o.array.node, t)
	}
	raw, from := kernel.Bytes([]complex128{o.value}), kernel.Complex128
	switch {
	case o.kind == 'i' || o.kind == 'b':
		raw, from = kernel.Bytes([]int64{o.whole}), kernel.Int64
	case t.Kind() != 'c':
		raw, from = kernel.Bytes([]float64{real(o.value)}), kernel.Float64
	}
	data := make([]byte, t.ItemSize())
	kernel.Convert(data, elemOf(t), raw, from, false)
	return bufferLeaf(mmapnpy.Buffer{Data: data, DType: t, Shape: []int64{}, Strides: []int64{}})
}

// check returns an error if a weak integer is none of dtype t.
func (o operand) check(t mmapnpy.DType) error {
	if !o.weak() || o.kind != 'i' {
		return nil
	}
	magnitude := uint64(o.whole)
	if o.whole < 0 {
		magnitude = -magnitude
	}
	return mmapnpy.CheckWeakInt(t, o.whole < 0, magnitude)
}

// commonType is the dtype of an operation on operands, of which one at least is an array.
func commonType(operands ...operand) (mmapnpy.DType, error) {
	var types []mmapnpy.DType
	for _, o := range operands {
		if !o.weak() {
			types = append(types, o.array.DType())
		}
	}
	if len(types) == 0 {
		return mmapnpy.DType{}, fmt.Errorf("%w: an operation on numbers alone", ErrDType)
	}
	t, err := mmapnpy.ResultType(types...)
	for _, o := range operands {
		if err == nil && o.weak() {
			t, err = mmapnpy.ResultTypeWeak(t, o.kind)
		}
	}
	if err != nil {
		return mmapnpy.DType{}, fmt.Errorf("%w: %w", ErrDType, err)
	}
	return t, nil
}

// arraysOf lists the operands that are arrays.
func arraysOf(operands ...operand) []*Array {
	var list []*Array
	for _, o := range operands {
		if !o.weak() {
			list = append(list, o.array)
		}
	}
	return list
}
