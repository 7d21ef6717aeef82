package chunk

import (
	"fmt"
	"slices"
)

// NormalizeOptions are what [Normalize] knows about the array beyond its shape.
type NormalizeOptions struct {
	// ItemSize is the size of an element in bytes. It matters, and must then be
	// positive, only where the spec leaves a size open.
	ItemSize int64

	// Limit is the block size in bytes to aim at where the spec leaves a size
	// open; 0 means [DefaultLimit]. A byte size in the spec must agree with it.
	Limit int64

	// Previous are the chunk sizes that the array has already, per axis, nil for
	// none: sizes left open then follow them. One size alone stands for chunks of
	// that size and a remainder, several must add up to the axis' length.
	Previous [][]int64
}

// Normalize cuts an array of the given shape as the spec asks, into exactly the
// chunks of dask.array.core.normalize_chunks (2026.8). Differences are errors
// only: what dask takes by accident (sizes of 0 or below -1, axes that the array
// does not have, empty chunks) is a [*SpecError], and so is a size left open
// that no rule decides (elements of 0 bytes, or another axis of length 0).
func Normalize(s Spec, shape []int64, o NormalizeOptions) (Grid, error) {
	if err := checkShape(shape); err != nil {
		return Grid{}, err
	}
	if o.Limit < 0 || o.ItemSize < 0 {
		return Grid{}, fmt.Errorf("%w: limit %d and item size %d must not be negative", ErrLimits, o.Limit, o.ItemSize)
	}
	if err := s.validate(); err != nil {
		return Grid{}, err
	}
	asked, err := s.expand(shape)
	if err != nil {
		return Grid{}, err
	}
	c := cutter{spec: s, shape: shape, axes: newAxes(len(shape)), limit: o.Limit, fixed: 1}
	for d, a := range asked {
		if err := c.fix(d, a); err != nil {
			return Grid{}, err
		}
	}
	if err := c.auto(o); err != nil {
		return Grid{}, err
	}
	return newGrid(c.axes)
}

// expand gives every axis of the shape its part of the spec.
func (s Spec) expand(shape []int64) ([]AxisSpec, error) {
	ndim := len(shape)
	axes := make([]AxisSpec, ndim)
	switch {
	case s.form == formAll:
		for d := range axes {
			axes[d] = s.all
		}
	case s.form == formDict:
		for d := range axes {
			axes[d] = AxisWhole()
		}
		for i, d := range s.keys {
			if d >= ndim {
				return nil, &SpecError{Axis: d, Value: s.axes[i].String(), Reason: fmt.Sprintf("the array has %d axes", ndim)}
			}
			axes[d] = s.axes[i]
		}
	case s.form == formFlat && ndim == 1 && len(s.flat) > 1:
		axes[0] = AxisSpec{kind: kindSizes, sizes: s.flat}
		return axes, axes[0].validate(0)
	case s.form == formFlat && len(s.flat) == ndim:
		for d, n := range s.flat {
			axes[d] = AxisSize(n)
		}
	case s.form == formFlat && len(s.flat) == 0 && !slices.ContainsFunc(shape, func(n int64) bool { return n > 0 }):
		for d := range axes {
			axes[d] = AxisWhole()
		}
	case s.form == formAxes && len(s.axes) == ndim:
		copy(axes, s.axes)
	default:
		return nil, s.errorf("%d entries for %d axes", len(s.flat)+len(s.axes), ndim)
	}
	return axes, nil
}

// cutter is an array being cut: axes whose chunks are fixed, and the others.
type cutter struct {
	spec  Spec
	shape []int64
	axes  []axis
	open  []int // axes left open, ascending
	limit int64 // bytes per block, 0 while nobody has named one

	// fixed is the number of elements that the fixed axes contribute to the
	// largest block. Sizes count as asked for, even beyond the axis' length,
	// because they do in dask. Beyond 2^53 it is rounded.
	fixed float64
}

// fix cuts axis d as asked, or notes that it is open.
func (c *cutter) fix(d int, a AxisSpec) error {
	length := c.shape[d]
	switch a.kind {
	case kindAuto:
		c.open = append(c.open, d)
	case kindBytes:
		if c.limit != 0 && c.limit != a.n {
			return a.errorf(d, "but the limit is %s", formatBytesExact(c.limit))
		}
		c.limit = a.n
		c.open = append(c.open, d)
	case kindSize:
		size := a.n
		if size == wholeAxis {
			size = length
		}
		if size == 0 && length > 0 {
			return a.errorf(d, "a chunk size is positive, or -1 for the whole axis")
		}
		c.axes[d].setRegular(length, size)
		c.fixed *= float64(size)
	case kindSizes:
		if reason := c.axes[d].setExplicit(a.sizes, length); reason != "" {
			return a.errorf(d, "%s", reason)
		}
		c.fixed *= float64(c.axes[d].largest())
	}
	return nil
}
