package lazy

import (
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Concatenate joins arrays along an axis that they have, as np.concatenate does: axis d of all
// must have the same length, except the one named. A negative axis counts from the end. Nothing is
// read, and elements are read from the array that they belong to. The dtype is NumPy's for arrays
// of different ones ([mmapnpy.ResultType]), in this machine's byte order where byte orders differ.
// Navigation flags, workers, budget and progress are those of the first array.
//
// Arrays that do not fit are an [ErrShape], dtypes without a common one an [ErrDType].
// [Array.Close] of the result closes the files behind all arrays.
func Concatenate(axis int, arrays ...*Array) (*Array, error) {
	if len(arrays) == 0 {
		return nil, fmt.Errorf("%w: need at least one array to concatenate", ErrShape)
	}
	if arrays[0].NDim() == 0 {
		return nil, fmt.Errorf("%w: zero-dimensional arrays cannot be concatenated", ErrShape)
	}
	d, err := axisIndex(axis, arrays[0].NDim())
	if err != nil {
		return nil, err
	}
	if err := sameShapes(arrays, d); err != nil {
		return nil, err
	}
	nodes, err := sameDType(arrays)
	if err != nil {
		return nil, err
	}
	n := newConcat(d, nodes)
	axes := arrays[0].Axes()
	axes[d].Size = n.shape()[d]
	return arrays[0].derive(n, axes, arrays...)
}

// Stack joins arrays of the same shape along an axis of its own, as np.stack does: axis 0 puts it
// in front, -1 behind the last. It is a navigation axis. For all else see [Concatenate].
func Stack(axis int, arrays ...*Array) (*Array, error) {
	if len(arrays) == 0 {
		return nil, fmt.Errorf("%w: need at least one array to stack", ErrShape)
	}
	d, err := axisIndex(axis, arrays[0].NDim()+1)
	if err != nil {
		return nil, err
	}
	if arrays[0].NDim() >= maxDims {
		return nil, fmt.Errorf("%w: the result would have more than %d axes", ErrShape, maxDims)
	}
	if err := sameShapes(arrays, -1); err != nil {
		return nil, err
	}
	nodes, err := sameDType(arrays)
	if err != nil {
		return nil, err
	}
	from := insertAxis(arrays[0].NDim(), d)
	for i := range nodes {
		nodes[i] = arrange(nodes[i], from)
	}
	axes := make([]Axis, len(from))
	for k, f := range from {
		axes[k] = Axis{Size: int64(len(arrays)), Navigate: true}
		if f >= 0 {
			axes[k] = arrays[0].axes[f]
		}
	}
	return arrays[0].derive(newConcat(d, nodes), axes, arrays...)
}

// insertAxis is the arrangement of n axes with one more at position d.
func insertAxis(n, d int) []int {
	from := make([]int, 0, n+1)
	for k := range n + 1 {
		switch {
		case k < d:
			from = append(from, k)
		case k == d:
			from = append(from, -1)
		default:
			from = append(from, k-1)
		}
	}
	return from
}

// sameShapes checks that arrays are alike but for their lengths along axis, of which the sum must
// be a length. A negative axis is none.
func sameShapes(arrays []*Array, axis int) error {
	first, sum := arrays[0].node.shape(), int64(0)
	for i, a := range arrays {
		shape := a.node.shape()
		if len(shape) != len(first) {
			return fmt.Errorf("%w: all arrays must have the same number of dimensions, but array 0 (%s) has %d and array %d (%s) has %d",
				ErrShape, arrays[0].Name(), len(first), i, a.Name(), len(shape))
		}
		for d, n := range shape {
			if d != axis && n != first[d] {
				return fmt.Errorf("%w: along axis %d array 0 (%s) has %d elements and array %d (%s) has %d",
					ErrShape, d, arrays[0].Name(), first[d], i, a.Name(), n)
			}
		}
		if axis < 0 {
			continue
		}
		if shape[axis] > math.MaxInt64-sum {
			return fmt.Errorf("%w: the lengths along axis %d add up to more than 64 bits", ErrShape, axis)
		}
		sum += shape[axis]
	}
	return nil
}

// sameDType is the arrays' nodes as elements of one dtype.
func sameDType(arrays []*Array) ([]node, error) {
	var types []mmapnpy.DType
	to := arrays[0].DType()
	for i, a := range arrays {
		t := a.DType()
		if slices.ContainsFunc(types, t.Equal) {
			continue
		}
		if types = append(types, t); len(types) == 1 {
			continue
		}
		common, err := mmapnpy.ResultType(types...)
		if err != nil {
			return nil, fmt.Errorf("%w: array 0 (%s) is of %s and array %d (%s) of %s: %w",
				ErrDType, arrays[0].Name(), types[0], i, a.Name(), t, err)
		}
		to = common
	}
	nodes := make([]node, len(arrays))
	for i, a := range arrays {
		if nodes[i] = a.node; nodes[i].dtype().Equal(to) {
			continue
		}
		if !convertible(nodes[i].dtype(), to) {
			return nil, fmt.Errorf("%w: elements of array %d (%s) are %s, and are not cast to the %s of the others",
				ErrDType, i, a.Name(), nodes[i].dtype(), to)
		}
		nodes[i] = castTo(nodes[i], to)
	}
	return nodes, nil
}
