package ops

import (
	"fmt"
	"math"

	"github.com/lazynpy/lazynpy/lazy"
)

// foldReducers remove the axes that "over" names.
func foldReducers() []*entry {
	table := []struct {
		name string
		f    func(over lazy.Over) lazy.Reducer
		text string
	}{
		{"argmax", lazy.NewArgMax, "the position of the largest element"},
		{"argmin", lazy.NewArgMin, "the position of the smallest element"},
		{"count_inf", lazy.NewCountInf, "how many elements are infinite"},
		{"count_nan", lazy.NewCountNaN, "how many elements are NaN"},
		{"count_zero", lazy.NewCountZero, "how many elements are zero"},
		{"max", lazy.NewMax, "the largest element"},
		{"mean", lazy.NewMean, "the arithmetic mean"},
		{"min", lazy.NewMin, "the smallest element"},
		{"sum", lazy.NewSum, "the sum"},
	}
	var list []*entry
	for _, t := range table {
		e := reducerEntry(t.name, func(p OverParams) (lazy.Reducer, error) {
			return overAxes(p.Over, t.f)
		})
		list = append(list, e.is(t.name, t.text, nil))
	}
	std := reducerEntry("std", func(p VarParams) (lazy.Reducer, error) {
		return overAxes(p.Over, func(over lazy.Over) lazy.Reducer { return lazy.NewStd(over, p.DDof) })
	})
	variance := reducerEntry("var", func(p VarParams) (lazy.Reducer, error) {
		return overAxes(p.Over, func(over lazy.Over) lazy.Reducer { return lazy.NewVar(over, p.DDof) })
	})
	histogram := reducerEntry("histogram", newHistogram)
	return append(list,
		std.is("std=1", "the standard deviation, with a divisor of n - ddof", positional(arg{"ddof", numberArg})),
		variance.is("var=1", "the variance, with a divisor of n - ddof", positional(arg{"ddof", numberArg})),
		histogram.is("histogram=256,0,1000", "counts in equal bins between lo and hi",
			positional(arg{"bins", numberArg}, arg{"lo", numberArg}, arg{"hi", numberArg})))
}

// frameReducers work on the signal of every scan position.
func frameReducers() []*entry {
	masks := reducerEntry("masks", newMasks)
	com := reducerEntry("center_of_mass", newCenterOfMass)
	list := []*entry{
		masks.is("masks=disk(64,64,20) ring(64,64,20,40)", "virtual detectors: weighted sums of every frame", parseMasks),
		com.is("center_of_mass=64,64", "shifts of the center of mass of every frame from a point", positional(arg{"center", listArg})),
	}
	for _, t := range []struct {
		name string
		f    func(cy, cx float64, bins int) lazy.Reducer
		text string
	}{
		{"radial_profile", lazy.NewRadialProfile, "means over rings of one pixel around a centre, of every frame"},
		{"radial_sum", lazy.NewRadialSum, "sums over rings of one pixel around a centre, of every frame"},
	} {
		e := reducerEntry(t.name, func(p RadialParams) (lazy.Reducer, error) {
			if p.Bins < 0 || p.Bins > 1<<20 {
				return lazy.Reducer{}, fmt.Errorf("parameter bins: %d is out of range 0 to %d", p.Bins, 1<<20)
			}
			return t.f(float64(p.CY), float64(p.CX), p.Bins), nil
		})
		list = append(list, e.is(t.name+"=64,64,100", t.text, positional(arg{"cy", numberArg}, arg{"cx", numberArg}, arg{"bins", numberArg})))
	}
	return list
}

func overAxes(s string, f func(over lazy.Over) lazy.Reducer) (lazy.Reducer, error) {
	over, err := lazy.ParseOver(s)
	if err != nil {
		return lazy.Reducer{}, fmt.Errorf("parameter over: %w", err)
	}
	return f(over), nil
}

func newHistogram(p HistogramParams) (lazy.Reducer, error) {
	lo, hi := float64(p.Lo), float64(p.Hi)
	if p.Bins < 1 || p.Bins > 1<<24 {
		return lazy.Reducer{}, fmt.Errorf("parameter bins: %d is out of range 1 to %d", p.Bins, 1<<24)
	}
	if !(lo <= hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return lazy.Reducer{}, fmt.Errorf("parameters lo and hi: %v to %v is not a finite range", lo, hi)
	}
	return overAxes(p.Over, func(over lazy.Over) lazy.Reducer { return lazy.NewHistogram(over, p.Bins, lo, hi) })
}

func newCenterOfMass(p CenterOfMassParams) (lazy.Reducer, error) {
	c := lazy.CenterOfMass{
		Radius:       float64(p.Radius),
		InnerRadius:  float64(p.InnerRadius),
		Absolute:     p.Absolute,
		ScanRotation: float64(p.ScanRotation),
		FlipY:        p.FlipY,
	}
	for _, x := range p.Center {
		c.Center = append(c.Center, float64(x))
	}
	switch p.Regression {
	case "":
	case "mean":
		c.Regression = lazy.SubtractMean
	case "linear":
		c.Regression = lazy.SubtractLinear
	default:
		return lazy.Reducer{}, fmt.Errorf("parameter regression: %q is neither mean nor linear", p.Regression)
	}
	return lazy.NewCenterOfMass(c), nil
}
