package lazy

import "fmt"

// Transpose permutes the axes: axis d of the result is axis axes[d] of a.
// Without arguments it reverses them. Navigation flags move along.
func (a *Array) Transpose(axes ...int) (*Array, error) {
	n := a.NDim()
	if len(axes) == 0 {
		axes = make([]int, n)
		for d := range axes {
			axes[d] = n - 1 - d
		}
	}
	if len(axes) != n {
		return nil, fmt.Errorf("%w: transpose names %d axes of %d", ErrIndex, len(axes), n)
	}
	from, out := make([]int, n), make([]Axis, n)
	seen := make([]bool, n)
	for d, axis := range axes {
		s, err := axisIndex(axis, n)
		if err != nil {
			return nil, err
		}
		if seen[s] {
			return nil, fmt.Errorf("%w: transpose repeats axis %d", ErrIndex, axis)
		}
		seen[s] = true
		from[d], out[d] = s, a.axes[s]
	}
	return a.along(arrange(a.node, from), out, from, nil)
}
