package lazy

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Mask is a virtual detector: a weight for every pixel of a frame. It takes the shape of the
// frames that it is used on, see [NewMasks]; what it cannot be used on is an error there.
// Coordinates count pixels along the signal axes, slowest first as everywhere: y before x.
// The zero Mask is not usable.
type Mask struct {
	name    string
	weights func(shape []int64) ([]float64, error)
}

// String is how the mask was made, such as "disk(64, 64, 20)".
func (m Mask) String() string { return m.name }

// Weights are the weights for frames of the given shape, in C order.
func (m Mask) Weights(shape ...int64) ([]float64, error) {
	if m.weights == nil {
		return nil, errors.New("a zero Mask is no mask")
	}
	n := int64(1)
	for _, size := range shape {
		if size < 0 || size > maxWeights/max(n, 1) {
			return nil, fmt.Errorf("mask %s: a frame of shape %s is more than a mask may have", m.name, shapeString(shape))
		}
		n *= size
	}
	w, err := m.weights(shape)
	if err != nil {
		return nil, fmt.Errorf("mask %s: %w", m.name, err)
	}
	return w, nil
}

// Disk is 1 in the pixels that are at most r from (cy, cx), and 0 elsewhere, in frames of two
// axes: LiberTEM's masks.circular. r may be infinite. A negative or undefined r is an error.
func Disk(cy, cx, r float64) Mask {
	return radial(fmt.Sprintf("disk(%v, %v, %v)", cy, cx, r), cy, cx, 0, r, func(d2 float64) float64 { return oneIf(d2 <= r*r) })
}

// Ring is 1 in the pixels that are more than inner, and at most outer, from (cy, cx), and 0
// elsewhere, in frames of two axes: LiberTEM's masks.ring. The pixel in the centre is never
// part of it. An outer radius may be infinite. Range: 0 <= inner <= outer.
func Ring(cy, cx, inner, outer float64) Mask {
	return radial(fmt.Sprintf("ring(%v, %v, %v, %v)", cy, cx, inner, outer), cy, cx, inner, outer, func(d2 float64) float64 {
		return oneIf(d2 <= outer*outer && d2 > inner*inner)
	})
}

// SmoothDisk is [Disk] with an edge of fractional weights, one pixel wide: LiberTEM's
// masks.circular with antialiased=True. The radius must be finite.
func SmoothDisk(cy, cx, r float64) Mask {
	return smooth(fmt.Sprintf("smooth disk(%v, %v, %v)", cy, cx, r), cy, cx, 0, r)
}

// SmoothRing is [Ring] with edges of fractional weights, one pixel wide: LiberTEM's masks.ring
// with antialiased=True, whose radial_bins overlap and add up to one. The radii must be finite.
func SmoothRing(cy, cx, inner, outer float64) Mask {
	return smooth(fmt.Sprintf("smooth ring(%v, %v, %v, %v)", cy, cx, inner, outer), cy, cx, inner, outer)
}

// smooth follows radial_bins of LiberTEM's masks.py with one bin.
func smooth(name string, cy, cx, inner, outer float64) Mask {
	width := outer - inner
	middle := inner + width/2
	m := radial(name, cy, cx, inner, outer, func(d2 float64) float64 {
		return max(0, min(1, width/2+0.5-math.Abs(math.Sqrt(d2)-middle)))
	})
	if math.IsInf(outer, 1) {
		m.weights = func([]int64) ([]float64, error) { return nil, errors.New("the radius is not finite") }
	}
	if inner >= 0.5 {
		return m
	}
	edges := m.weights
	// one value for the pixel that all distances meet in
	m.weights = func(shape []int64) ([]float64, error) {
		w, err := edges(shape)
		if err != nil {
			return nil, err
		}
		y, x := math.RoundToEven(cy), math.RoundToEven(cx)
		if y >= 0 && y < float64(shape[0]) && x >= 0 && x < float64(shape[1]) {
			w[int64(y)*shape[1]+int64(x)] = 1 - inner
		}
		return w, nil
	}
	return m
}

// radial is a mask over frames of two axes, whose weights follow from the square of the
// distance to a centre.
func radial(name string, cy, cx, inner, outer float64, weight func(d2 float64) float64) Mask {
	return Mask{name, func(shape []int64) ([]float64, error) {
		switch {
		case len(shape) != 2:
			return nil, fmt.Errorf("frames have %d axes, not 2", len(shape))
		case !(inner >= 0 && inner <= outer):
			return nil, errors.New("the radii are not in order")
		case !finite(cy) || !finite(cx):
			return nil, errors.New("the centre is not finite")
		}
		return distances(shape, []float64{cy, cx}, weight), nil
	}}
}

// distances are the weights that follow from the squares of the distances to a centre.
// Squares are rounded before they are added, on every machine.
func distances(shape []int64, centre []float64, weight func(d2 float64) float64) []float64 {
	w := make([]float64, product(shape))
	eachPixel(shape, func(i int64, at []int64) {
		d2 := 0.0
		for d, c := range centre {
			delta := float64(at[d]) - c
			d2 += float64(delta * delta)
		}
		w[i] = weight(d2)
	})
	return w
}

// eachPixel calls f with the pixels of a frame in C order.
func eachPixel(shape []int64, f func(i int64, at []int64)) {
	at := make([]int64, len(shape))
	for i := range product(shape) {
		f(i, at)
		chunk.NextIndex(at, shape)
	}
}

// Rect is 1 in the rows y0 to y1 and the columns x0 to x1, the ends not included, as the slice
// [y0:y1, x0:x1] with positive numbers, in frames of two axes. What lies outside of the frame is
// cut off. LiberTEM's masks.rectangular(X, Y, Width, Height) is Rect(Y, X, Y+Height+1, X+Width+1).
func Rect(y0, x0, y1, x1 int64) Mask { return Box([]int64{y0, x0}, []int64{y1, x1}) }

// Interval is 1 from start to stop, the end not included, in frames of one axis: a window of a
// spectrum.
func Interval(start, stop int64) Mask { return Box([]int64{start}, []int64{stop}) }

// Box is [Rect] for frames of any number of axes.
func Box(start, stop []int64) Mask {
	start, stop = slices.Clone(start), slices.Clone(stop)
	return Mask{fmt.Sprintf("box(%v, %v)", start, stop), func(shape []int64) ([]float64, error) {
		if len(shape) != len(start) || len(shape) != len(stop) {
			return nil, fmt.Errorf("frames have %d axes, not %d", len(shape), len(start))
		}
		w := make([]float64, product(shape))
		eachPixel(shape, func(i int64, at []int64) {
			for d, p := range at {
				if p < start[d] || p >= stop[d] {
					return
				}
			}
			w[i] = 1
		})
		return w, nil
	}}
}

// Point is 1 in one pixel, given by an index per signal axis. One outside of the frame is an
// error that matches [ErrIndex].
func Point(index ...int64) Mask {
	index = slices.Clone(index)
	return Mask{fmt.Sprintf("point%s", shapeString(index)), func(shape []int64) ([]float64, error) {
		if len(shape) != len(index) {
			return nil, fmt.Errorf("frames have %d axes, not %d", len(shape), len(index))
		}
		at := int64(0)
		for d, p := range index {
			if p < 0 || p >= shape[d] {
				return nil, fmt.Errorf("%w: not in a frame of shape %s", ErrIndex, shapeString(shape))
			}
			at = at*shape[d] + p
		}
		w := make([]float64, product(shape))
		w[at] = 1
		return w, nil
	}}
}

// MaskOf has the given weights, in C order, for frames of the given shape. The weights are copied.
func MaskOf(weights []float64, shape ...int64) Mask {
	weights, shape = slices.Clone(weights), slices.Clone(shape)
	return Mask{"weights", func(frame []int64) ([]float64, error) {
		if !slices.Equal(frame, shape) {
			return nil, fmt.Errorf("it is of shape %s, the frames are of shape %s", shapeString(shape), shapeString(frame))
		}
		if int64(len(weights)) != product(shape) {
			return nil, fmt.Errorf("%d weights are not of shape %s", len(weights), shapeString(shape))
		}
		return slices.Clone(weights), nil
	}}
}

// MaskFrom has the elements of b as weights, such as those of a [Result] that was loaded from
// a file. They are copied, and must be real numbers.
func MaskFrom(b Buffered) (Mask, error) {
	if b == nil {
		return Mask{}, errors.New("a mask of nothing")
	}
	n, err := mmapnpy.Floats(b.Buffer())
	if err != nil {
		return Mask{}, err
	}
	return MaskOf(slices.Collect(n.All()), n.Shape()...), nil
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
