package lazy

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// reshaper is a node that knows better than [reshaping] how its elements are seen in another shape
// of as many, in C order. It reports whether they are a view: nothing is copied to another place
// when they are read. The shape is neither its own nor empty.
type reshaper interface {
	reshape(shape []int64) (n node, view bool)
}

// Reshape shows the elements in another shape, in C order, as NumPy's reshape does; one length may
// be -1, and is what is left. A shape of another number of elements is an [ErrShape].
//
// Where NumPy would give a view, and for computed elements that are made of such, it costs nothing.
// Elsewhere, as after most transpositions and of an array in Fortran order, elements are put in
// their new order when they are read, a window at a time: reading all of them in the order of the
// result reads parts of the file more than once if they lie far apart there. [Array.Save] what is
// read often.
//
// Navigation flags go with their axes. Axes that come of one axis have its flag; an axis that is
// made of several is a navigation axis if all of them are. An axis of length one that was not there
// before is a navigation axis beside one, so that a scan becomes (1, 12) or (12, 1).
func (a *Array) Reshape(shape ...int64) (*Array, error) {
	shape, err := a.fullShape(shape)
	if err != nil {
		return nil, err
	}
	n, _ := reshape(a.node, shape)
	return a.derive(n, reshapedAxes(a.axes, shape))
}

// fullShape replaces a length of -1, and checks the number of elements.
func (a *Array) fullShape(shape []int64) ([]int64, error) {
	shape = slices.Clone(shape)
	if len(shape) > maxDims {
		return nil, fmt.Errorf("%w: a shape of %d axes, more than %d", ErrShape, len(shape), maxDims)
	}
	open := -1
	for d, n := range shape {
		switch {
		case n == -1 && open >= 0:
			return nil, fmt.Errorf("%w: can only specify one unknown dimension", ErrShape)
		case n == -1:
			open = d
		case n < 0:
			return nil, fmt.Errorf("%w: negative length %d in a shape", ErrShape, n)
		}
	}
	rest, fits := known(shape)
	count := uint64(a.Len())
	if open >= 0 && fits && rest > 0 && count%rest == 0 {
		shape[open] = int64(count / rest)
		return shape, nil
	}
	if open >= 0 || !fits || rest != count {
		return nil, fmt.Errorf("%w: cannot reshape %s of %d elements into shape %s", ErrShape, shapeString(a.node.shape()), count, shapeString(shape))
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

// reshape shows a node's elements in another shape of as many elements, in C order, and reports
// whether that is a view.
func reshape(n node, shape []int64) (_ node, view bool) {
	if slices.Equal(n.shape(), shape) {
		return n, true
	}
	if slices.Contains(shape, 0) || n.dtype().ItemSize() == 0 {
		return emptyLeaf(n, shape), true
	}
	if r, ok := n.(reshaper); ok {
		return r.reshape(shape)
	}
	return newReshaping(n, shape), false
}

// emptyLeaf is no elements of a shape, or elements of no bytes. It belongs to the first file that n
// reads.
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
		return newReshaping(l, shape), false
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
	in, view := reshape(c.in, shape)
	return &cast{in, c.to}, view
}

// reshape goes through an arrangement that only drops and inserts axes.
func (a *arrangement) reshape(shape []int64) (node, bool) {
	last := -1
	for _, from := range a.axes {
		if from < 0 {
			continue
		}
		if from < last {
			return newReshaping(a, shape), false
		}
		last = from
	}
	return reshape(a.in, shape)
}

// reshape reshapes the parts where the axis of the concatenation stays; where it is split or joined
// with others, the positions along it become a table without entries of their own.
func (c *concat) reshape(shape []int64) (node, bool) {
	before, after := product(c.dims[:c.axis]), product(c.dims[c.axis+1:])
	at, ok := sameAxis(shape, before, c.dims[c.axis], after)
	if !ok {
		if n := split(c, c.axis, shape); n != nil {
			return n, true
		}
		return newReshaping(c, shape), false
	}
	parts, view := make([]node, len(c.parts)), true
	for i, p := range c.parts {
		to := slices.Clone(shape)
		to[at] = p.shape()[c.axis]
		parts[i], ok = reshape(p, to)
		view = view && ok
	}
	return newConcat(at, parts), view
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

// split shows one axis of a node as several if the others stay, else it is nil.
func split(n node, axis int, shape []int64) node {
	old := n.shape()
	more := len(shape) - len(old)
	if more < 0 || !slices.Equal(old[:axis], shape[:min(axis, len(shape))]) || !slices.Equal(old[axis+1:], shape[axis+1+more:]) {
		return nil
	}
	t := take{in: n, over: []int{axis}, lengths: []int64{old[axis]}}
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
	return newTake(t)
}

func (t *take) reshape(shape []int64) (node, bool) {
	if n := t.regroup(shape); n != nil {
		return n, true
	}
	return newReshaping(t, shape), false
}

// regroup splits and joins the axes of the table among themselves. It is nil where those of the
// slab do not stay what they are.
func (t *take) regroup(shape []int64) node {
	out := *t
	out.axes = nil
	rest := shape
	for d := 0; d < len(t.axes); {
		if ax := t.axes[d]; ax.from >= 0 {
			if len(rest) == 0 || rest[0] != ax.n {
				return nil
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
			return nil
		}
		steps, ok := reshapedStrides(old, strides, rest[:k], 1)
		if !ok {
			return nil
		}
		for i, length := range rest[:k] {
			out.axes = append(out.axes, takeAxis{from: -1, n: length, stride: steps[i]})
		}
		rest = rest[k:]
	}
	if len(rest) > 0 {
		return nil
	}
	return newTake(out)
}

// reshapedAxes are the axes of a shape, with the flags of those that they come from.
func reshapedAxes(old []Axis, shape []int64) []Axis {
	from, axes := make([]int64, len(old)), make([]Axis, len(shape))
	for d, ax := range old {
		from[d] = ax.Size
	}
	for d, n := range shape {
		axes[d].Size = n
	}
	if slices.Contains(shape, 0) {
		flagEmpty(axes, old)
		return axes
	}
	done, made := 0, 0
	for _, g := range reshapeGroups(from, shape) {
		navigate := true
		for _, d := range g.old {
			navigate = navigate && old[d].Navigate
		}
		first, last := g.made[0], g.made[len(g.made)-1]
		for d := first; d <= last; d++ {
			axes[d].Navigate = navigate
		}
		flagUnits(axes, made, first, old[done:g.old[0]])
		done, made = g.old[len(g.old)-1]+1, last+1
	}
	flagUnits(axes, made, len(axes), old[done:])
	return axes
}

// flagUnits flags axes lo to hi, which have length one, as those of length one that were there. The
// ones that are more lie beside a navigation axis, if there is one, and are navigation axes then.
func flagUnits(axes []Axis, lo, hi int, old []Axis) {
	more := hi - lo - len(old)
	if more <= 0 {
		for d := lo; d < hi; d++ {
			axes[d].Navigate = old[d-lo].Navigate
		}
		return
	}
	before := lo > 0 && axes[lo-1].Navigate
	behind := hi < len(axes) && axes[hi].Navigate
	if len(old) > 0 {
		before = before || old[0].Navigate && !behind
		behind = behind || old[len(old)-1].Navigate
	}
	first := hi - more // where those begin that are more
	if before {
		first = lo
	}
	for d := lo; d < hi; d++ {
		switch {
		case d < first:
			axes[d].Navigate = old[d-lo].Navigate
		case d < first+more:
			axes[d].Navigate = before || behind
		default:
			axes[d].Navigate = old[d-lo-more].Navigate
		}
	}
}

// flagEmpty flags the axes of a shape without elements, where lengths do not say which come of
// which: those that are the same from the front and from the end, and what is left between as all
// that it was; what was not there, as a navigation axis beside one.
func flagEmpty(axes, old []Axis) {
	front, back := 0, 0
	for n := min(len(old), len(axes)); front < n && old[front].Size == axes[front].Size; front++ {
		axes[front] = old[front]
	}
	for n := min(len(old), len(axes)) - front; back < n && old[len(old)-1-back].Size == axes[len(axes)-1-back].Size; back++ {
		axes[len(axes)-1-back] = old[len(old)-1-back]
	}
	lo, hi := front, len(axes)-back
	gone := old[front : len(old)-back]
	navigate := len(gone) > 0
	for _, ax := range gone {
		navigate = navigate && ax.Navigate
	}
	if len(gone) == 0 {
		navigate = lo > 0 && axes[lo-1].Navigate || hi < len(axes) && axes[hi].Navigate
	}
	for d := lo; d < hi; d++ {
		axes[d].Navigate = navigate
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
	return a.along(arrange(a.node, from), left, from, nil)
}

// ExpandDims inserts axes of length one, signal axes, where the result is to have them, as
// np.expand_dims does; negative ones count from the end of the result.
func (a *Array) ExpandDims(axes ...int) (*Array, error) {
	n := a.NDim() + len(axes)
	if n > maxDims {
		return nil, fmt.Errorf("%w: the result would have %d axes, more than %d", ErrShape, n, maxDims)
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
	return a.along(arrange(a.node, from), out, from, nil)
}

var (
	_ reshaper = (*leaf)(nil)
	_ reshaper = (*elementwise)(nil)
	_ reshaper = (*boolCast)(nil)
	_ reshaper = (*reshaping)(nil)
	_ reshaper = (*cast)(nil)
	_ reshaper = (*arrangement)(nil)
	_ reshaper = (*concat)(nil)
	_ reshaper = (*take)(nil)
	_ fielder  = (*concat)(nil)
	_ fielder  = (*take)(nil)
	_ fielder  = (*reshaping)(nil)
)
