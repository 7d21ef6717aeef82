package lazy

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Field picks one field of a structured array. A subarray field appends its
// axes, which are signal axes, those of arrays of arrays outermost first.
func (a *Array) Field(name string) (*Array, error) {
	f, ok := a.DType().Field(name)
	if !ok {
		return nil, fmt.Errorf("%w: dtype %s has no field %q", ErrIndex, a.DType(), name)
	}
	n, ok := fieldOf(a.node, f)
	if !ok {
		return nil, fmt.Errorf("%w: %q is picked from stored elements only: pick it before other operations", ErrDType, name)
	}
	if len(n.shape()) > maxDims {
		return nil, fmt.Errorf("%w: field %q has %d axes, and the array would have more than %d", ErrShape, name, len(n.shape())-a.NDim(), maxDims)
	}
	axes, from := slices.Clone(a.axes), chunk.COrder(a.NDim())
	for _, size := range n.shape()[len(axes):] {
		axes, from = append(axes, Axis{Size: size}), append(from, -1)
	}
	return a.along(n, axes, from, nil)
}

// fielder is a node that picks a field of structured elements by picking it of its inputs.
type fielder interface {
	field(f mmapnpy.Field) (node, bool)
}

// fieldOf picks a field of a node's structured elements. A subarray field appends its axes,
// those of arrays of arrays outermost first. It is
// false if what the node makes is not in storage.
func fieldOf(n node, f mmapnpy.Field) (node, bool) {
	switch n := n.(type) {
	case *leaf:
		return n.field(f), true
	case fielder:
		return n.field(f)
	}
	return nil, false
}

// field is the leaf of one field.
func (l *leaf) field(f mmapnpy.Field) *leaf {
	view := l.view
	view.base += f.Offset
	view.shape, view.strides = slices.Clone(view.shape), slices.Clone(view.strides)
	base, dims := f.DType.Elements()
	view.dtype = base
	step := f.DType.ItemSize()
	for _, n := range dims {
		step /= max(n, 1)
		view.shape, view.strides = append(view.shape, n), append(view.strides, step)
	}
	return &leaf{view, l.file}
}
