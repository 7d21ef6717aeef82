package signal

import (
	"fmt"
	"math"
	"sort"

	"github.com/lazynpy/lazynpy/lazy"
)

// Value is the calibrated value of position i, in Units. Beyond the ends, that of a uniform axis
// goes on, and that of a non-uniform one is NaN.
func (ax Axis) Value(i int64) float64 {
	if ax.Values == nil {
		return ax.Offset + float64(i)*ax.Scale
	}
	if i < 0 || i >= int64(len(ax.Values)) {
		return math.NaN()
	}
	return ax.Values[i]
}

// IndexOf is the position nearest to a value on an axis of so many positions, as HyperSpy's
// value2index finds it: of two that are equally near, the one nearer to zero value. A value farther
// than half a step from the ends of a uniform axis, or beyond the ends of a non-uniform one, is an
// error that matches [lazy.ErrIndex].
func (ax Axis) IndexOf(value float64, size int64) (int64, error) {
	i, side := ax.locate(value, size)
	if side != 0 || math.IsNaN(value) {
		return 0, fmt.Errorf("%w: the value %v is out of bounds for %s", lazy.ErrIndex, value, ax.extent(size))
	}
	return i, nil
}

// extent describes the axis in an error.
func (ax Axis) extent(size int64) string {
	name := "an axis"
	if ax.Name != "" {
		name = fmt.Sprintf("axis %q", ax.Name)
	}
	if size == 0 {
		return name + " of size 0"
	}
	return fmt.Sprintf("%s from %v to %v", name, ax.Value(0), ax.Value(size-1))
}

// locate is the position nearest to a value, and on which side of the axis it lies: -1 before the
// first position, 1 behind the last, 0 within.
func (ax Axis) locate(value float64, size int64) (i int64, side int) {
	if ax.Values != nil {
		return locateIn(ax.Values, value)
	}
	// HyperSpy cuts to twelve decimals, so that a value computed from a position finds it again.
	const decimals = 1e12
	x := math.Trunc((value-ax.Offset)/ax.Scale*decimals) / decimals
	if towardZero := (value >= 0) == (ax.Scale > 0); towardZero {
		x = math.Copysign(math.Ceil(math.Abs(x)-0.5), x)
	} else {
		x = math.Copysign(math.Floor(math.Abs(x)+0.5), x)
	}
	switch {
	case x < 0:
		return 0, -1
	case !(x < float64(size)): // the size may round up, and NaN lies nowhere
		return max(size-1, 0), 1
	}
	return min(int64(x), size-1), 0
}

// locateIn is locate among values that rise or fall.
func locateIn(v []float64, value float64) (i int64, side int) {
	n := len(v)
	if n == 0 {
		return 0, 1
	}
	sign := 1.0
	if v[n-1] < v[0] {
		sign = -1
	}
	switch {
	case !(sign*value >= sign*v[0]):
		return 0, -1
	case sign*value > sign*v[n-1]:
		return int64(n - 1), 1
	}
	k := sort.Search(n, func(k int) bool { return sign*v[k] >= sign*value })
	if k > 0 && nearer(v, k, value) {
		k--
	}
	return int64(k), 0
}

// nearer reports whether position k-1 is nearer to a value between the two than k. As in HyperSpy,
// the value is first moved toward zero, by a trillionth of the smallest step, so that of two that
// are equally near it is the one on that side.
func nearer(v []float64, k int, value float64) bool {
	const part = 1e-12
	before, behind := math.Abs(v[k-1]-value), math.Abs(v[k]-value)
	if math.Abs(before-behind) > 4*part*math.Abs(v[k]-v[k-1]) || value == 0 {
		return before <= behind
	}
	smallest := math.Inf(1)
	for i := range len(v) - 1 {
		smallest = min(smallest, math.Abs(v[i+1]-v[i]))
	}
	shift := math.Copysign(smallest*part, value)
	return math.Abs(v[k-1]-value+shift) <= math.Abs(v[k]-value+shift)
}

// slice is what remains of the axis when count positions are taken, from first on, step apart.
func (ax Axis) slice(first, count, step int64) Axis {
	out := ax
	if ax.Values != nil {
		out.Values = make([]float64, count) // at most as many as there are
		for i := range out.Values {
			out.Values[i] = ax.Values[first+int64(i)*step]
		}
		return out
	}
	out.Offset, out.Scale = ax.Value(first), ax.Scale*float64(step)
	return out
}
