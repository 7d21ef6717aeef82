package lazy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Over says which axes a reduction removes.
type Over struct {
	kind overKind
	axes []int
}

type overKind uint8

const (
	overAll overKind = iota // the zero Over
	overSignal
	overNavigation
	overAxes
)

// OverAll reduces every axis to a single value.
func OverAll() Over { return Over{} }

// OverSignal reduces the signal axes: one value per scan position, as a virtual
// image. It is an [ErrIndex] for an array without navigation axes, which would be
// reduced to one value, and for one without signal axes.
func OverSignal() Over { return Over{kind: overSignal} }

// OverNavigation reduces the navigation axes: one value per signal position, as
// a sum pattern. It is an [ErrIndex] for an array without navigation axes.
func OverNavigation() Over { return Over{kind: overNavigation} }

// OverAxes reduces the given axes, as NumPy's axis= argument; negative numbers
// count from the end.
func OverAxes(axes ...int) Over { return Over{kind: overAxes, axes: slices.Clone(axes)} }

// ParseOver reads "all", "signal", "navigation" (or "sig", "nav"), or a comma
// separated list of axes such as "0,-1".
func ParseOver(s string) (Over, error) {
	switch strings.TrimSpace(s) {
	case "", "all":
		return OverAll(), nil
	case "signal", "sig":
		return OverSignal(), nil
	case "navigation", "nav":
		return OverNavigation(), nil
	}
	var axes []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return Over{}, fmt.Errorf("%w: %q is neither all, signal, navigation nor a list of axes", ErrIndex, s)
		}
		axes = append(axes, n)
	}
	return OverAxes(axes...), nil
}

// Axes are the axes of a that o reduces, in their order.
func (o Over) Axes(a *Array) ([]int, error) {
	flags, err := o.reduced(a)
	var axes []int
	for d, reduced := range flags {
		if reduced {
			axes = append(axes, d)
		}
	}
	return axes, err
}

// reduced says for each axis of a whether o removes it.
func (o Over) reduced(a *Array) ([]bool, error) {
	flags := make([]bool, a.NDim())
	switch o.kind {
	case overAll:
		for d := range flags {
			flags[d] = true
		}
	case overSignal, overNavigation:
		if err := o.check(a); err != nil {
			return nil, err
		}
		for d := range flags {
			flags[d] = a.axes[d].Navigate == (o.kind == overNavigation)
		}
	case overAxes:
		for _, axis := range o.axes {
			d, err := axisIndex(axis, len(flags))
			if err != nil {
				return nil, err
			}
			if flags[d] {
				return nil, fmt.Errorf("%w: duplicate axis %d in a reduction", ErrIndex, axis)
			}
			flags[d] = true
		}
	}
	return flags, nil
}

// check returns an error if a has not the axes that o is about: without any navigation axes they
// were forgotten more often than not, and the result would be another one than was meant.
func (o Over) check(a *Array) error {
	shape := shapeString(a.node.shape())
	some := func(navigate bool) bool {
		return slices.ContainsFunc(a.axes, func(ax Axis) bool { return ax.Navigate == navigate })
	}
	name := "navigation"
	if o.kind == overSignal {
		name = "signal"
	}
	switch {
	case !some(true):
		return fmt.Errorf("%w: over %s: %s of shape %s has no navigation axes; name them by NavigationAxes (--nav), or reduce all axes or numbered ones",
			ErrIndex, name, a.Name(), shape)
	case !some(false) && o.kind == overSignal:
		return fmt.Errorf("%w: over signal: %s of shape %s has navigation axes only", ErrIndex, a.Name(), shape)
	}
	return nil
}
