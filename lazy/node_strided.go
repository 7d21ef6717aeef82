package lazy

import (
	"cmp"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// strided is a view of elements in a byte source: element idx begins at byte
// base + Σ idx[d]*strides[d]. Slicing, transposing and picking a field change
// only these numbers, which is why all of them are free.
type strided struct {
	src     bytesrc.Source
	base    int64
	dtype   mmapnpy.DType
	shape   []int64
	strides []int64 // bytes; negative after a slice with a negative step
}

// order lists the axes from the slowest to the fastest in storage. Axes of
// length one, whose stride means nothing, stay beside their neighbours.
func (v *strided) order() []int {
	order := make([]int, len(v.shape))
	for d := range order {
		order[d] = d
	}
	key := v.sortKeys()
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(key[j], key[i]) })
	return order
}

// sortKeys are the absolute strides, where an axis of length one borrows the key
// of the next longer axis so that it does not disturb the order of the others.
func (v *strided) sortKeys() []int64 {
	key := make([]int64, len(v.shape))
	next := int64(0)
	for d := len(key) - 1; d >= 0; d-- {
		if v.shape[d] != 1 {
			next = max(v.strides[d], -v.strides[d])
		}
		key[d] = next
	}
	return key
}

// orderName says how the elements lie in storage, in NumPy's words.
func (v *strided) orderName() string {
	switch {
	case contiguous(v.shape, v.strides, v.dtype.ItemSize(), chunk.COrder(len(v.shape))):
		return "C-order"
	case contiguous(v.shape, v.strides, v.dtype.ItemSize(), chunk.FOrder(len(v.shape))):
		return "F-order"
	}
	return "strided"
}

// contiguous reports whether elements of the given shape and strides lie without
// gaps when the axes run in the given order, slowest first.
func contiguous(shape, strides []int64, itemsize int64, order []int) bool {
	if slices.Contains(shape, 0) {
		return true
	}
	step := itemsize
	for _, d := range slices.Backward(order) {
		if shape[d] != 1 && strides[d] != step {
			return false
		}
		step *= shape[d]
	}
	return true
}

// byteRange is the half-open range of file bytes that holds all elements of r, and
// the position of r's first element in it. r must not be empty.
func (v *strided) byteRange(r chunk.Region) (lo, hi, first int64) {
	lo = v.base
	for d, s := range v.strides {
		lo += r.Start[d] * s
	}
	first, hi = lo, lo+v.dtype.ItemSize()
	for d, s := range v.strides {
		if reach := (r.Shape[d] - 1) * s; reach < 0 {
			lo += reach
		} else {
			hi += reach
		}
	}
	return lo, hi, first - lo
}
