package lazy

import (
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Magnitude is the length of every vector of a field such as [NewCenterOfMass] gives: the last
// axis of the result goes.
func Magnitude(field *Result) (*Result, error) {
	f, n, err := vectors(field, 1)
	if err != nil {
		return nil, err
	}
	nav := field.shape[:len(field.shape)-1]
	out := make([]float64, product(nav))
	for i := range out {
		sum := 0.0
		for _, v := range f[i*n : (i+1)*n] {
			sum += float64(v * v)
		}
		out[i] = math.Sqrt(sum)
	}
	return scalarField(out, nav), nil
}

// Divergence is dFy/dy + dFx/dx of a field of (y, x) vectors over two axes, with np.gradient's
// differences: central ones inside, one-sided ones at the ends. Both axes must have two or
// more positions.
func Divergence(field *Result) (*Result, error) {
	return derivative(field, func(d func(component, axis int) float64) float64 { return d(0, 0) + d(1, 1) })
}

// Curl is dFy/dx - dFx/dy of a field of (y, x) vectors over two axes, as LiberTEM's curl_2d, with
// the differences of [Divergence].
func Curl(field *Result) (*Result, error) {
	return derivative(field, func(d func(component, axis int) float64) float64 { return d(0, 1) - d(1, 0) })
}

// derivative combines the differences of the components of a field along its axes.
func derivative(field *Result, f func(d func(component, axis int) float64) float64) (*Result, error) {
	v, n, err := vectors(field, 3)
	if err != nil {
		return nil, err
	}
	nav := field.shape[:2]
	if n != 2 || nav[0] < 2 || nav[1] < 2 {
		return nil, fmt.Errorf("a field of shape %s is not one of (y, x) vectors over two axes of two or more positions", shapeString(field.shape))
	}
	out := make([]float64, product(nav))
	steps := []int64{nav[1] * 2, 2}
	eachPixel(nav, func(i int64, at []int64) {
		out[i] = f(func(component, axis int) float64 {
			here := 2*i + int64(component)
			before, after, distance := here, here, 0.0
			if at[axis] > 0 {
				before, distance = here-steps[axis], distance+1
			}
			if at[axis] < nav[axis]-1 {
				after, distance = here+steps[axis], distance+1
			}
			return (v[after] - v[before]) / distance
		})
	})
	return scalarField(out, nav), nil
}

// vectors is the elements of a field, and the length of its vectors. axes is the number of axes
// that it must have, of one for at least one.
func vectors(field *Result, axes int) ([]float64, int, error) {
	if n := len(field.shape); !field.dtype.Equal(mmapnpy.Float64) || n < 1 || axes > 1 && n != axes {
		return nil, 0, fmt.Errorf("%w: %s of shape %s is not a float64 field of vectors", ErrDType, field.dtype, shapeString(field.shape))
	}
	return floatsOf(field), int(field.shape[len(field.shape)-1]), nil
}

// scalarField is one number per position.
func scalarField(values []float64, nav []int64) *Result {
	r := newResult(mmapnpy.Float64, slices.Clone(nav))
	copy(r.data, kernel.Bytes(values))
	return r
}
