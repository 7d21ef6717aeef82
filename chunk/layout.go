package chunk

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/internal/arith"
)

// Layout is how an array's elements lie in its file: one after the other without
// gaps, the last axis of Order varying fastest.
type Layout struct {
	Shape    []int64 // length of each axis, at most MaxDims of them, none negative
	ItemSize int64   // bytes per element; 0 is allowed, as NumPy's 'S0' is
	Order    []int   // axes from slowest to fastest in storage; nil means C order
}

// countAxes panics if a number of axes is none that any array has, before memory is taken for them.
func countAxes(n int) {
	if n < 0 || n > 1<<16 {
		panic(fmt.Sprintf("chunk: %d axes", n))
	}
}

// COrder is C order: the last axis varies fastest. It panics if ndim is negative or above 65,536.
func COrder(ndim int) []int {
	countAxes(ndim)
	order := make([]int, ndim)
	for d := range order {
		order[d] = d
	}
	return order
}

// FOrder is Fortran order: the first axis varies fastest. It panics as COrder does.
func FOrder(ndim int) []int {
	order := COrder(ndim)
	slices.Reverse(order)
	return order
}

// Validate checks the layout: at most [MaxDims] axes, no negative length or item
// size, Order a permutation, and a size in bytes that fits an int64, also if
// lengths of 0 are left out of the product. Its errors wrap [ErrLayout].
func (l Layout) Validate() error {
	if err := checkShape(l.Shape); err != nil {
		return err
	}
	if l.ItemSize < 0 {
		return fmt.Errorf("%w: item size %d", ErrLayout, l.ItemSize)
	}
	n := max(l.ItemSize, 1)
	for _, length := range l.Shape {
		var ok bool
		if n, ok = arith.Mul(n, max(length, 1)); !ok {
			return fmt.Errorf("%w: shape %v of %d-byte elements exceeds 64 bits", ErrLayout, l.Shape, l.ItemSize)
		}
	}
	if l.Order == nil {
		return nil
	}
	return checkOrder(l.Order, len(l.Shape))
}

// Len is the number of elements of a valid layout.
func (l Layout) Len() int64 {
	n, _ := product(l.Shape)
	return n
}

// NBytes is the size in bytes of a valid layout.
func (l Layout) NBytes() int64 { return l.Len() * l.ItemSize }

// Strides is the distance in bytes between neighbours along each axis of a valid
// layout. Lengths of 0 count as 1.
func (l Layout) Strides() []int64 {
	strides := make([]int64, len(l.Shape))
	stride := l.ItemSize
	for j := len(l.Shape) - 1; j >= 0; j-- {
		d := l.axis(j)
		strides[d] = stride
		stride *= max(l.Shape[d], 1)
	}
	return strides
}

// axis is the axis at position j of the storage order, 0 being the slowest.
func (l Layout) axis(j int) int {
	if l.Order == nil {
		return j
	}
	return l.Order[j]
}

func checkShape(shape []int64) error {
	if len(shape) > MaxDims {
		return fmt.Errorf("%w: %d axes, of at most %d", ErrLayout, len(shape), MaxDims)
	}
	for d, n := range shape {
		if n < 0 {
			return fmt.Errorf("%w: axis %d has length %d", ErrLayout, d, n)
		}
	}
	return nil
}

// checkOrder checks that order is a permutation of ndim axes, ndim <= MaxDims.
func checkOrder(order []int, ndim int) error {
	if len(order) != ndim {
		return fmt.Errorf("%w: order %v for %d axes", ErrLayout, order, ndim)
	}
	return checkAxes("order", order, ndim)
}

// checkAxes checks that axes are numbers of axes of an array of ndim axes,
// ndim <= MaxDims, each at most once.
func checkAxes(what string, axes []int, ndim int) error {
	var seen uint64 // a bit per axis: MaxDims is 64
	for _, d := range axes {
		if d < 0 || d >= ndim {
			return fmt.Errorf("%w: %s %v names axis %d of %d", ErrLayout, what, axes, d, ndim)
		}
		if seen&(1<<d) != 0 {
			return fmt.Errorf("%w: %s %v names axis %d twice", ErrLayout, what, axes, d)
		}
		seen |= 1 << d
	}
	return nil
}
