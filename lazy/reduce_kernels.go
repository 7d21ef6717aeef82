package lazy

import (
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// ops are the kernels of one element type over untyped bytes, so that reducers
// need no type parameter. x and the value accumulators hold native elements.
type ops interface {
	sumInt(cols bool, acc []uint64, x []byte, m int)
	sumFloat(cols bool, hi, lo []float64, x []byte, m int)
	fill(acc []byte, largest bool)
	extreme(cols, largest bool, acc, x []byte, m int)
	arg(cols, largest bool, val []byte, idx []int64, x []byte, m int, at position)
	mergeExtreme(largest bool, acc, other []byte)
	mergeArg(largest bool, val []byte, idx []int64, otherVal []byte, otherIdx []int64)
	moments(cols bool, s kernel.Moments, n int64, x []byte, m int, scratch []float64)
	count(cols bool, what countKind, acc []int64, x []byte, m int)
	histogram(cols bool, counts []int64, x []byte, m int, b *kernel.Bins)
}

// opsOf returns the kernels for a real element type.
func opsOf(e kernel.Elem) ops {
	switch e {
	case kernel.Int8:
		return intOps[int8]{}
	case kernel.Uint8:
		return intOps[uint8]{}
	case kernel.Int16:
		return intOps[int16]{}
	case kernel.Uint16:
		return intOps[uint16]{}
	case kernel.Int32:
		return intOps[int32]{}
	case kernel.Uint32:
		return intOps[uint32]{}
	case kernel.Int64:
		return intOps[int64]{}
	case kernel.Uint64:
		return intOps[uint64]{}
	case kernel.Float32:
		return floatOps[float32]{}
	case kernel.Float64:
		return floatOps[float64]{}
	}
	return nil
}

// realOps are the kernels that integers and floats share.
type realOps[T kernel.Real] struct{}

func (realOps[T]) fill(acc []byte, largest bool) {
	identity := kernel.MinIdentity[T]()
	if largest {
		identity = kernel.MaxIdentity[T]()
	}
	values := make([]T, len(acc)/sizeOf[T]())
	for i := range values {
		values[i] = identity
	}
	copy(acc, kernel.Bytes(values))
}

func (realOps[T]) extreme(cols, largest bool, acc, x []byte, m int) {
	a, v := kernel.Slice[T](acc), kernel.Slice[T](x)
	switch {
	case cols && largest:
		kernel.MaxCols(a, v, m)
	case cols:
		kernel.MinCols(a, v, m)
	case largest:
		kernel.MaxRows(a, v, m)
	default:
		kernel.MinRows(a, v, m)
	}
	writeBack(acc, a)
}

func (o realOps[T]) mergeExtreme(largest bool, acc, other []byte) {
	o.extreme(false, largest, acc, other, 1)
}

func (realOps[T]) arg(cols, largest bool, val []byte, idx []int64, x []byte, m int, at position) {
	a, v := kernel.Slice[T](val), kernel.Slice[T](x)
	switch {
	case cols && largest:
		kernel.ArgMaxCols(a, idx, v, m, at.base, at.step)
	case cols:
		kernel.ArgMinCols(a, idx, v, m, at.base, at.step)
	case largest:
		kernel.ArgMaxRows(a, idx, v, m, at.base, at.step)
	default:
		kernel.ArgMinRows(a, idx, v, m, at.base, at.step)
	}
	writeBack(val, a)
}

func (realOps[T]) mergeArg(largest bool, val []byte, idx []int64, otherVal []byte, otherIdx []int64) {
	a, b := kernel.Slice[T](val), kernel.Slice[T](otherVal)
	if largest {
		kernel.MergeArgMax(a, idx, b, otherIdx)
	} else {
		kernel.MergeArgMin(a, idx, b, otherIdx)
	}
	writeBack(val, a)
}

func (realOps[T]) moments(cols bool, s kernel.Moments, n int64, x []byte, m int, scratch []float64) {
	if cols {
		kernel.MomentCols(s, n, kernel.Slice[T](x), m, scratch)
		return
	}
	kernel.MomentRows(s, n, kernel.Slice[T](x), m)
}

func (realOps[T]) countZero(cols bool, acc []int64, x []byte, m int) {
	if cols {
		kernel.CountZeroCols(acc, kernel.Slice[T](x), m)
		return
	}
	kernel.CountZeroRows(acc, kernel.Slice[T](x), m)
}

func (realOps[T]) histogram(cols bool, counts []int64, x []byte, m int, b *kernel.Bins) {
	if cols {
		kernel.HistCols(counts, kernel.Slice[T](x), m, *b)
		return
	}
	kernel.HistRows(counts, kernel.Slice[T](x), m, *b)
}

type intOps[T kernel.Integer] struct{ realOps[T] }

func (intOps[T]) sumInt(cols bool, acc []uint64, x []byte, m int) {
	v := kernel.Slice[T](x)
	if cols {
		kernel.SumIntCols(acc, v, m)
		return
	}
	kernel.SumIntRows(acc[:len(v)/m], v, m)
}

func (intOps[T]) sumFloat(bool, []float64, []float64, []byte, int) {
	panic("lazy: float sum of integers") // reducers ask for it on floats only
}

func (o intOps[T]) count(cols bool, what countKind, acc []int64, x []byte, m int) {
	if what == countZero { // no integer is NaN or infinite
		o.countZero(cols, acc, x, m)
	}
}

type floatOps[T kernel.Float] struct{ realOps[T] }

func (floatOps[T]) sumInt(bool, []uint64, []byte, int) {
	panic("lazy: integer sum of floats") // reducers ask for it on integers only
}

func (floatOps[T]) sumFloat(cols bool, hi, lo []float64, x []byte, m int) {
	if cols {
		kernel.SumFloatCols(hi, lo, kernel.Slice[T](x), m)
		return
	}
	kernel.SumFloatRows(hi, lo, kernel.Slice[T](x), m)
}

func (o floatOps[T]) count(cols bool, what countKind, acc []int64, x []byte, m int) {
	v := kernel.Slice[T](x)
	switch {
	case what == countZero:
		o.countZero(cols, acc, x, m)
	case what == countNaN && cols:
		kernel.CountNaNCols(acc, v, m)
	case what == countNaN:
		kernel.CountNaNRows(acc, v, m)
	case cols:
		kernel.CountInfCols(acc, v, m)
	default:
		kernel.CountInfRows(acc, v, m)
	}
}

func sizeOf[T kernel.Real]() int { return len(kernel.Bytes(make([]T, 1))) }

// writeBack stores accumulators that [kernel.Slice] had to copy, as it does in
// builds that may not reinterpret memory.
func writeBack[T kernel.Real](dst []byte, a []T) {
	if !kernel.Shares() {
		copy(dst, kernel.Bytes(a))
	}
}
