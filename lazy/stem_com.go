package lazy

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// CenterOfMass are the parameters of [NewCenterOfMass]. The zero value asks for the shift of
// whole frames from their middle, uncorrected, as LiberTEM's CoMUDF gives it by default.
type CenterOfMass struct {
	// Center is the reference point, in pixels along each signal axis (y, x), and the centre of
	// the radii. Default: half of each length, rounded down.
	Center []float64

	// Radius leaves pixels out that are farther than that from the centre. Default: 0 for none.
	Radius float64

	// InnerRadius leaves pixels out that are at most that far from the centre. Default: 0 for
	// none, not even the centre itself. It must be less than Radius.
	InnerRadius float64

	// Absolute gives coordinates of the frame (LiberTEM's raw_com) instead of shifts from the
	// reference point. Corrections are of shifts, and cannot be asked for together with it.
	Absolute bool

	// ScanRotation rotates the shifts clockwise, in degrees, into the coordinates of the scan.
	// FlipY turns the sign of the shift in y before. Both need two signal axes.
	ScanRotation float64
	FlipY        bool

	// Regression subtracts a background from the shifts in the end.
	Regression Regression
}

// Regression is a background that is found in center-of-mass shifts and subtracted from them.
// One that is computed from the very data can hide what is in them, such as long-range fields.
type Regression uint8

// The backgrounds: none, the mean over all scan positions, and the plane that fits best, which
// compensates for descan too and needs two navigation axes.
const (
	NoRegression Regression = iota
	SubtractMean
	SubtractLinear
)

// NewCenterOfMass is the center of mass of every frame, the mean of the pixel coordinates
// weighted by the elements, in one pass. The result is float64 and has the shape of the navigation
// axes, and after them an axis with one entry per signal axis: (y, x) for images. It is what
// LiberTEM's CoMUDF calls field, computed in float64; without corrections its raw_shifts. Frames
// whose elements sum up to zero have their center of mass in the reference point. [Magnitude],
// [Divergence] and [Curl] follow from the result.
func NewCenterOfMass(c CenterOfMass) Reducer {
	c.Center = slices.Clone(c.Center)
	return detector("center_of_mass", c.sums, func(a *Array, sums *Result) (*Result, error) {
		n := len(a.signalShape())
		return c.field(floatsOf(sums), a.navigationShape(), c.center(a.signalShape()), n)
	})
}

// center is the reference point.
func (c *CenterOfMass) center(shape []int64) []float64 {
	if c.Center != nil {
		return c.Center
	}
	center := make([]float64, len(shape))
	for d, n := range shape {
		center[d] = float64(n / 2)
	}
	return center
}

// check returns an error if the parameters do not fit frames of so many axes.
func (c *CenterOfMass) check(n int) error {
	turned := c.ScanRotation != 0 || c.FlipY
	switch {
	case n == 0:
		return errors.New("there are no signal axes")
	case c.Center != nil && len(c.Center) != n:
		return fmt.Errorf("a center of %d numbers for frames of %d axes", len(c.Center), n)
	case slices.ContainsFunc(c.Center, func(x float64) bool { return !finite(x) }) || !finite(c.ScanRotation):
		return errors.New("the center or the rotation is not finite")
	case !(c.Radius >= 0) || !(c.InnerRadius >= 0):
		return errors.New("a radius is negative or undefined")
	case c.InnerRadius > 0 && c.Radius > 0 && c.InnerRadius >= c.Radius:
		return errors.New("the inner radius must be less than the outer one")
	case turned && n != 2:
		return fmt.Errorf("frames of %d axes cannot be rotated or flipped", n)
	case c.Absolute && (turned || c.Regression != NoRegression):
		return errors.New("corrections are of shifts, not of absolute coordinates")
	case c.Regression > SubtractLinear:
		return fmt.Errorf("unknown regression %d", c.Regression)
	}
	return nil
}

// sums are the masks for the mass and, per signal axis, the mass times the coordinate.
func (c *CenterOfMass) sums(f frame) (*frameSums, error) {
	n := len(f.shape)
	if err := c.check(n); err != nil {
		return nil, err
	}
	s := &frameSums{k: n + 1, tail: []int64{int64(n + 1)}}
	if f.empty {
		return s, nil
	}
	if f.pixels > maxWeights/int64(n+1) {
		return nil, fmt.Errorf("frames of shape %s are too large", shapeString(f.shape))
	}
	if err := f.afford(f.pixels * int64(n+1)); err != nil {
		return nil, err
	}
	outer, inner := c.Radius*c.Radius, c.InnerRadius*c.InnerRadius
	mass := distances(f.shape, c.center(f.shape), func(d2 float64) float64 {
		return oneIf((c.Radius == 0 || d2 <= outer) && (c.InnerRadius == 0 || d2 > inner))
	})
	s.weights = append(s.weights, mass)
	for range f.shape {
		s.weights = append(s.weights, make([]float64, len(mass)))
	}
	eachPixel(f.shape, func(i int64, at []int64) {
		for d, p := range at {
			s.weights[d+1][i] = float64(p) * mass[i]
		}
	})
	return s, nil
}

// field makes shifts of the sums of each frame, and corrects them.
func (c *CenterOfMass) field(sums []float64, nav []int64, center []float64, n int) (*Result, error) {
	field := make([]float64, 0, len(sums)/(n+1)*n)
	for ; len(sums) > 0; sums = sums[n+1:] {
		for d, ref := range center {
			at := ref
			if sums[0] != 0 {
				at = sums[d+1] / sums[0]
			}
			if !c.Absolute {
				at -= ref
			}
			field = append(field, at)
		}
	}
	if c.ScanRotation != 0 || c.FlipY {
		c.turn(field)
	}
	if c.Regression != NoRegression {
		if err := subtractBackground(field, nav, n, c.Regression == SubtractLinear); err != nil {
			return nil, err
		}
	}
	r := newResult(mmapnpy.Float64, append(slices.Clone(nav), int64(n)))
	copy(r.data, kernel.Bytes(field))
	return r, nil
}

// turn flips and rotates vectors (y, x), as LiberTEM's corrections.coordinates do.
func (c *CenterOfMass) turn(field []float64) {
	sin, cos := math.Sincos(math.Pi / 180 * c.ScanRotation)
	for ; len(field) > 1; field = field[2:] {
		y, x := field[0], field[1]
		if c.FlipY {
			y = -y
		}
		field[0] = float64(cos*y) + float64(sin*x)
		field[1] = float64(cos*x) - float64(sin*y)
	}
}

// subtractBackground subtracts the mean, or the plane of the least squares, of each of n
// components. On a grid the coordinates, counted from their means, and the constant are
// orthogonal, so that each coefficient is a projection of its own.
func subtractBackground(field []float64, nav []int64, n int, plane bool) error {
	if plane && len(nav) != 2 {
		return fmt.Errorf("center_of_mass: a plane needs 2 navigation axes, there are %d", len(nav))
	}
	frames := len(field) / max(n, 1)
	for d := range n {
		mean := 0.0
		for i := range frames {
			mean += field[i*n+d]
		}
		mean /= float64(frames)
		slopes := make([]float64, len(nav))
		if plane {
			for axis := range nav {
				slopes[axis] = slope(field, nav, n, d, axis)
			}
		}
		eachPixel(nav, func(i int64, at []int64) {
			background := mean
			for axis, k := range slopes {
				background += float64(k * (float64(at[axis]) - float64(nav[axis]-1)/2))
			}
			field[i*int64(n)+int64(d)] -= background
		})
	}
	return nil
}

// slope is the slope of component d along a navigation axis, in the sense of least squares;
// 0 where there is one position only.
func slope(field []float64, nav []int64, n, d, axis int) float64 {
	var product, square float64
	eachPixel(nav, func(i int64, at []int64) {
		from := float64(at[axis]) - float64(nav[axis]-1)/2
		product += float64(from * field[i*int64(n)+int64(d)])
		square += float64(from * from)
	})
	if square == 0 {
		return 0
	}
	return product / square
}

// floatsOf is the elements of a float64 result in C order.
func floatsOf(r *Result) []float64 { return kernel.Slice[float64](r.data) }
