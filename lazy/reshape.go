package lazy

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// ErrNotView is returned by [Array.Reshape] where the elements, as they lie in storage or are made, cannot be
// seen in the shape that is asked for. [Array.Save] writes an array that can.
var ErrNotView = errors.New("lazy: not a view")

// reshaper is a node whose elements can be seen in another shape of as many elements, in C order,
// sometimes. The shape is not empty.
type reshaper interface {
	reshape(shape []int64) (node, bool)
}

// Reshape shows the elements in another shape, in C order, as NumPy's reshape does; one length may be -1, and is
// what is left. Nothing is copied: where NumPy would have to, as after most transpositions, the error
// matches [ErrNotView]. A shape of another number of elements is an [ErrIndex].
//
// Navigation flags go with their axes. Axes that come of one axis have its flag; an axis that is made of
// several is a navigation axis if all of them are.
func (a *Array) Reshape(shape ...int64) (*Array, error) {
	shape, err := a.fullShape(shape)
	if err != nil {
		return nil, err
	}
	n, ok := reshape(a.node, shape)
	if !ok {
		return nil, fmt.Errorf("%w: %s cannot be seen as %s where it is; Save it first and reshape what was saved",
			ErrNotView, shapeString(a.node.shape()), shapeString(shape))
	}
	return a.derive(n, reshapedAxes(a.axes, shape))
}

// fullShape replaces a length of -1, and checks the number of elements.
func (a *Array) fullShape(shape []int64) ([]int64, error) {
	shape = slices.Clone(shape)
	if len(shape) > maxDims {
		return nil, fmt.Errorf("%w: a shape of %d axes, more than %d", ErrIndex, len(shape), maxDims)
	}
	open := -1
	for d, n := range shape {
		switch {
		case n == -1 && open >= 0:
			return nil, fmt.Errorf("%w: can only specify one unknown dimension", ErrIndex)
		case n == -1:
			open = d
		case n < 0:
			return nil, fmt.Errorf("%w: negative length %d in a shape", ErrIndex, n)
		}
	}
	rest, fits := known(shape)
	count := uint64(a.Len())
	if open >= 0 && fits && rest > 0 && count%rest == 0 {
		shape[open] = int64(count / rest)
		return shape, nil
	}
	if open >= 0 || !fits || rest != count {
		return nil, fmt.Errorf("%w: cannot reshape %s of %d elements into shape %s", ErrIndex, shapeString(a.node.shape()), count, shapeString(shape))
	}
	return shape, nil
}

// known is the product of the lengths that are not -1, if it fits 63 bits.
func known(shape []int64) (n uint64, fits bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	n = 1
	for _, length := range shape {
		if length < 0 {
			continue
		}
		hi, lo := bits.Mul64(n, uint64(length))
		if hi != 0 || lo>>63 != 0 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

// reshape shows a node's elements in another shape of as many elements, in C order. It is false
// where that is no view.
func reshape(n node, shape []int64) (node, bool) {
	if slices.Equal(n.shape(), shape) {
		return n, true
	}
	if slices.Contains(shape, 0) {
		return emptyLeaf(n, shape), true
	}
	switch n := n.(type) {
	case *leaf:
		return n.reshape(shape)
	case reshaper:
		return n.reshape(shape)
	}
	return nil, false
}

// emptyLeaf is no elements of a shape. It belongs to the first file that n reads.
func emptyLeaf(n node, shape []int64) *leaf {
	l := &leaf{view: strided{src: bytesrc.NewRAM("no elements", nil), dtype: n.dtype(), shape: slices.Clone(shape), strides: make([]int64, len(shape))}}
	if files := filesOf(n); len(files) > 0 {
		l.file = files[0]
	}
	return l
}

func (l *leaf) reshape(shape []int64) (node, bool) {
	strides, ok := reshapedStrides(l.view.shape, l.view.strides, shape, l.view.dtype.ItemSize())
	if !ok {
		return nil, false
	}
	view := l.view
	view.shape, view.strides = slices.Clone(shape), strides
	return &leaf{view, l.file}, true
}

// reshapedStrides are the strides of elements in another shape, where there are such. It is NumPy's
// attempt_nocopy_reshape: the axes fall into groups of as many elements in the old shape and in the
// new, and each group of old axes must be one run of equal steps. Neither shape is empty.
func reshapedStrides(old, strides, shape []int64, itemsize int64) ([]int64, bool) {
	var n, s []int64 // the old axes that have steps
	for d, length := range old {
		if length != 1 {
			n, s = append(n, length), append(s, strides[d])
		}
	}
	out := make([]int64, len(shape))
	done, made := 0, 0
	for done < len(n) {
		first, to := done, made
		have, want := n[done], shape[made]
		done, made = done+1, made+1
		for have != want {
			if have < want {
				have *= n[done]
				done++
			} else {
				want *= shape[made]
				made++
			}
		}
		for k := first; k < done-1; k++ {
			if s[k] != n[k+1]*s[k+1] {
				return nil, false
			}
		}
		step := s[done-1]
		for k := made - 1; k >= to; k-- {
			out[k] = step
			step *= shape[k]
		}
	}
	last := itemsize
	if made > 0 {
		last = out[made-1]
	}
	for k := made; k < len(shape); k++ { // axes of length one
		out[k] = last
	}
	return out, true
}

func (c *cast) reshape(shape []int64) (node, bool) {
	in, ok := reshape(c.in, shape)
	if !ok {
		return nil, false
	}
	return &cast{in, c.to}, true
}

// reshape goes through an arrangement that only drops and inserts axes.
func (a *arrangement) reshape(shape []int64) (node, bool) {
	last := -1
	for _, from := range a.axes {
		if from < 0 {
			continue
		}
		if from < last {
			return nil, false
		}
		last = from
	}
	return reshape(a.in, shape)
}

// reshape reshapes the parts where the axis of the concatenation stays; where it is split or joined with
// others, the positions along it become a table without entries of their own.
func (c *concat) reshape(shape []int64) (node, bool) {
	before, after := product(c.shp[:c.axis]), product(c.shp[c.axis+1:])
	at, ok := sameAxis(shape, before, c.shp[c.axis], after)
	if !ok {
		return split(c, c.axis, shape)
	}
	parts := make([]node, len(c.parts))
	for i, p := range c.parts {
		to := slices.Clone(shape)
		to[at] = p.shape()[c.axis]
		if parts[i], ok = reshape(p, to); !ok {
			return nil, false
		}
	}
	return newConcat(at, parts), true
}

// sameAxis finds the axis of length n that has so many elements before it and behind it.
func sameAxis(shape []int64, before, n, after int64) (int, bool) {
	done := int64(1)
	for d, length := range shape {
		if done == before && length == n && product(shape[d+1:]) == after {
			return d, true
		}
		done *= length
	}
	return 0, false
}

// split shows one axis of a node as several, where the others stay.
func split(n node, axis int, shape []int64) (node, bool) {
	old := n.shape()
	more := len(shape) - len(old)
	if more < 0 || !slices.Equal(old[:axis], shape[:min(axis, len(shape))]) || !slices.Equal(old[axis+1:], shape[axis+1+more:]) {
		return nil, false
	}
	t := take{in: n, over: []int{axis}, dims: []int64{old[axis]}}
	stride := old[axis]
	for d, length := range shape {
		switch {
		case d < axis:
			t.axes = append(t.axes, takeAxis{from: d, n: length})
		case d > axis+more:
			t.axes = append(t.axes, takeAxis{from: d - more, n: length})
		default:
			stride /= length
			t.axes = append(t.axes, takeAxis{from: -1, n: length, stride: stride})
		}
	}
	return newTake(t), true
}

// reshape splits and joins the axes of the table among themselves. Those of the slab stay what they are.
func (t *take) reshape(shape []int64) (node, bool) {
	out := *t
	out.axes = nil
	rest := shape
	for d := 0; d < len(t.axes); {
		if ax := t.axes[d]; ax.from >= 0 {
			if len(rest) == 0 || rest[0] != ax.n {
				return nil, false
			}
			out.axes, rest, d = append(out.axes, ax), rest[1:], d+1
			continue
		}
		var old, strides []int64
		n := int64(1)
		for ; d < len(t.axes) && t.axes[d].from < 0; d++ {
			old, strides = append(old, t.axes[d].n), append(strides, t.axes[d].stride)
			n *= t.axes[d].n
		}
		k := len(rest) - (len(t.axes) - d) // as many axes as leave one for each that is left
		for k >= 0 && k <= len(rest) && product(rest[:k]) != n {
			k--
		}
		if k < 0 || k > len(rest) {
			return nil, false
		}
		steps, ok := reshapedStrides(old, strides, rest[:k], 1)
		if !ok {
			return nil, false
		}
		for i, length := range rest[:k] {
			out.axes = append(out.axes, takeAxis{from: -1, n: length, stride: steps[i]})
		}
		rest = rest[k:]
	}
	if len(rest) > 0 {
		return nil, false
	}
	return newTake(out), true
}

// reshapedAxes are the axes of a shape, with the flags of those that they come from.
func reshapedAxes(old []Axis, shape []int64) []Axis {
	axes := make([]Axis, len(shape))
	for d, n := range shape {
		axes[d].Size = n
	}
	if slices.Contains(shape, 0) {
		for d := 0; d < min(len(old), len(axes)) && old[d].Size == axes[d].Size; d++ {
			axes[d] = old[d]
		}
		return axes
	}
	done, made := 0, 0
	for {
		// Axes of length one between the groups pair off in their order.
		for made < len(shape) && shape[made] == 1 {
			if done < len(old) && old[done].Size == 1 {
				axes[made] = old[done]
				done++
			}
			made++
		}
		for done < len(old) && old[done].Size == 1 {
			done++
		}
		if done == len(old) || made == len(shape) {
			return axes
		}
		have, want := old[done].Size, shape[made]
		navigate, to := old[done].Navigate, made
		done, made = done+1, made+1
		for have != want {
			if have < want {
				have *= old[done].Size
				navigate = navigate && (old[done].Navigate || old[done].Size == 1)
				done++
			} else {
				want *= shape[made]
				made++
			}
		}
		for ; to < made; to++ {
			axes[to].Navigate = navigate
		}
	}
}

// Squeeze drops axes of length one, as np.squeeze does: those named, or without arguments all of
// them. Naming an axis that is longer is an [ErrIndex].
func (a *Array) Squeeze(axes ...int) (*Array, error) {
	gone := make([]bool, a.NDim())
	for _, axis := range axes {
		d, err := axisIndex(axis, a.NDim())
		if err != nil {
			return nil, err
		}
		if n := a.axes[d].Size; n != 1 {
			return nil, fmt.Errorf("%w: cannot squeeze axis %d, which has %d elements", ErrIndex, axis, n)
		}
		if gone[d] {
			return nil, fmt.Errorf("%w: squeeze repeats axis %d", ErrIndex, axis)
		}
		gone[d] = true
	}
	var from []int
	var left []Axis
	for d, ax := range a.axes {
		if gone[d] || len(axes) == 0 && ax.Size == 1 {
			continue
		}
		from, left = append(from, d), append(left, ax)
	}
	return a.derive(arrange(a.node, from), left)
}

// ExpandDims inserts axes of length one, signal axes, where the result is to have them, as np.expand_dims
// does; negative ones count from the end of the result.
func (a *Array) ExpandDims(axes ...int) (*Array, error) {
	n := a.NDim() + len(axes)
	if n > maxDims {
		return nil, fmt.Errorf("%w: the result would have %d axes, more than %d", ErrIndex, n, maxDims)
	}
	fresh := make([]bool, n)
	for _, axis := range axes {
		d, err := axisIndex(axis, n)
		if err != nil {
			return nil, err
		}
		if fresh[d] {
			return nil, fmt.Errorf("%w: expand_dims repeats axis %d", ErrIndex, axis)
		}
		fresh[d] = true
	}
	from, out := make([]int, n), make([]Axis, n)
	next := 0
	for d := range n {
		if fresh[d] {
			from[d], out[d] = -1, Axis{Size: 1}
			continue
		}
		from[d], out[d] = next, a.axes[next]
		next++
	}
	return a.derive(arrange(a.node, from), out)
}

var (
	_ reshaper = (*cast)(nil)
	_ reshaper = (*arrangement)(nil)
	_ reshaper = (*concat)(nil)
	_ reshaper = (*take)(nil)
	_ fielder  = (*concat)(nil)
	_ fielder  = (*take)(nil)
)
