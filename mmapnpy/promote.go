package mmapnpy

import (
	"errors"
	"fmt"
	"math"
)

// ErrPromotion is matched by the errors of [ResultType] and [ResultTypeWeak]: there is no
// dtype that holds the elements of all operands.
var ErrPromotion = errors.New("the dtypes have no common dtype")

// ErrOverflow is matched by the error of [CheckWeakInt], where Python raises an OverflowError.
var ErrOverflow = errors.New("the integer is out of bounds")

// ResultType is np.result_type of arrays: the dtype to which operands of these dtypes are converted
// before they are added or compared, in this machine's byte order. As in NumPy 2:
//
//   - Of bools, integers, floats and complex numbers it is the smallest that NumPy considers safe
//     for all of them: i1 and u1 are i2, i8 and u8 are f8, f2 and i2 are f4, f4 and i4 are f8.
//     The order of the operands does not matter.
//   - bfloat16 is as in the arithmetic of ml_dtypes: with bools and integers of 8 bits it stays
//     bfloat16, with integers of 16 bits and with f2 it is f4, with wider integers f8.
//   - Byte strings, and likewise Unicode strings, are as long as the longest.
//   - All other dtypes must be equal but for the byte order.
//
// Long doubles of two formats have no common dtype, and neither have none at all. Errors match
// [ErrPromotion].
func ResultType(types ...DType) (DType, error) {
	if len(types) == 0 {
		return DType{}, fmt.Errorf("no operands: %w", ErrPromotion)
	}
	var all promotion
	result := types[0].WithByteOrder('=')
	for _, t := range types {
		t = t.WithByteOrder('=')
		switch {
		case !t.IsValid():
			return DType{}, fmt.Errorf("an invalid dtype: %w", ErrPromotion)
		case t.isNumber() && result.isNumber():
			if !all.add(t) {
				return DType{}, fmt.Errorf("long doubles of two formats: %w", ErrPromotion)
			}
		case t.kind == result.kind && (t.kind == KindBytes || t.kind == KindString):
			result.size = max(result.size, t.size)
		case !t.Equal(result):
			return DType{}, fmt.Errorf("%s and %s: %w", types[0], t, ErrPromotion)
		}
	}
	if result.isNumber() {
		return all.result(), nil
	}
	return result, nil
}

// ResultTypeWeak is the dtype of t and a number of Python, which has no dtype of its own
// (NEP 50). kind is that of the number: 'b' for a bool, 'i' for an int, 'f' for a float, 'c' for a
// complex. The number takes t's dtype, unless t is of a lesser kind: a bool with an int is i8, a
// bool or an integer with a float is f8, all of those with a complex are c16, and floats with a
// complex are complex with parts of their size, c8 for f2. A bfloat16 with a float is f4, as in
// ml_dtypes. Whether an int fits is for [CheckWeakInt] to say. Errors match [ErrPromotion].
func ResultTypeWeak(t DType, kind byte) (DType, error) {
	if !t.isNumber() {
		return DType{}, fmt.Errorf("%s and a number: %w", t, ErrPromotion)
	}
	var all promotion
	all.add(t)
	switch kind {
	case 'b':
	case 'i':
		if t.kind == KindBool {
			all.add(Int64)
		}
	case 'f':
		switch all.level {
		case levelNone:
			all.add(Float64)
		case levelBFloat16:
			all.add(Float32)
		}
	case 'c':
		if all.level == levelNone {
			all.add(Complex128)
		}
		all.complex = true
	default:
		return DType{}, fmt.Errorf("%q is no kind of number: %w", kind, ErrPromotion)
	}
	return all.result(), nil
}

// CheckWeakInt says whether NumPy lets a Python int take the dtype t: that of [ResultTypeWeak],
// in arithmetic. An integer that does not fit an integer dtype is an error, as
// np.array([1], 'u1') + 300 is; floats and complex numbers take every one and may become
// infinite. negative says that the number is -magnitude. Comparisons have no such limit in NumPy:
// there the number is compared as it is. The error matches [ErrOverflow].
func CheckWeakInt(t DType, negative bool, magnitude uint64) error {
	limit := uint64(math.MaxUint64)
	switch bits := 8 * t.size; t.kind {
	case KindBool:
		limit = 1
		if negative {
			limit = 0
		}
	case KindInt:
		limit = 1<<(bits-1) - 1
		if negative {
			limit++
		}
	case KindUint:
		limit = 1<<(bits-1) - 1 + 1<<(bits-1)
		if negative {
			limit = 0
		}
	}
	if magnitude <= limit {
		return nil
	}
	sign := ""
	if negative {
		sign = "-"
	}
	return fmt.Errorf("integer %s%d does not fit %s: %w", sign, magnitude, t, ErrOverflow)
}

// isNumber reports whether t takes part in the promotion of numbers.
func (d DType) isNumber() bool {
	switch d.kind {
	case KindBool, KindInt, KindUint, KindFloat, KindComplex:
		return true
	}
	return d.IsBFloat16()
}
