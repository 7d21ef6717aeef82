package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

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
