package lazy

import (
	"fmt"
	"math"
)

// NewRadialProfile is the mean of the pixels of every frame over rings of one pixel around
// (cy, cx), in frames of two axes: entry i is the mean over the pixels whose distance from the
// centre is at least i and less than i+1, which NumPy computes, with r the distances, as
//
//	np.bincount(r.astype(int).ravel(), frame.ravel()) / np.bincount(r.astype(int).ravel())
//
// The result has the shape of the navigation axes, and after them an axis of so many bins:
// float64, or complex128 for complex elements. bins = 0 takes all that the frame has; pixels
// beyond the last of fewer bins do not count. A ring without pixels is NaN. Range of bins: 0 to
// 2^20. Sums are as exact as those of [NewMasks].
func NewRadialProfile(cy, cx float64, bins int) Reducer {
	return radialReducer("radial_profile", cy, cx, bins, true)
}

// NewRadialSum is the sum over each ring of [NewRadialProfile] instead of the mean; 0 for a ring
// without pixels.
func NewRadialSum(cy, cx float64, bins int) Reducer {
	return radialReducer("radial_sum", cy, cx, bins, false)
}

func radialReducer(name string, cy, cx float64, bins int, mean bool) Reducer {
	return detector(name, func(f frame) (*frameSums, error) {
		switch {
		case len(f.shape) != 2:
			return nil, fmt.Errorf("frames have %d axes, not 2", len(f.shape))
		case !finite(cy) || !finite(cx):
			return nil, fmt.Errorf("the centre (%v, %v) is not finite", cy, cx)
		case bins < 0 || bins > maxRings:
			return nil, fmt.Errorf("%d bins out of range 0 to %d", bins, maxRings)
		case f.pixels > maxWeights:
			return nil, fmt.Errorf("frames of shape %s are too large", shapeString(f.shape))
		}
		if err := f.afford(f.pixels); err != nil {
			return nil, err
		}
		if bins == 0 {
			far := farthest(f.shape, cy, cx)
			if far >= maxRings {
				return nil, fmt.Errorf("frames of shape %s around (%v, %v) have more than %d rings", shapeString(f.shape), cy, cx, maxRings)
			}
			return ringSums(f, cy, cx, int(far)+1, mean), nil
		}
		return ringSums(f, cy, cx, bins, mean), nil
	}, nil)
}

// farthest is the greatest distance of a pixel from the centre, that of a corner.
func farthest(shape []int64, cy, cx float64) float64 {
	dy := max(math.Abs(cy), math.Abs(float64(max(shape[0]-1, 0))-cy))
	dx := max(math.Abs(cx), math.Abs(float64(max(shape[1]-1, 0))-cx))
	return math.Sqrt(float64(dy*dy) + float64(dx*dx))
}

// ringSums adds up the pixels of so many rings.
func ringSums(f frame, cy, cx float64, bins int, mean bool) *frameSums {
	s := &frameSums{k: bins, tail: []int64{int64(bins)}}
	counts := make([]float64, bins)
	if !f.empty {
		s.labels = make([]int32, f.pixels)
		eachPixel(f.shape, func(i int64, at []int64) {
			dy, dx := float64(at[0])-cy, float64(at[1])-cx
			s.labels[i] = -1
			if r := math.Sqrt(float64(dy*dy) + float64(dx*dx)); r < float64(bins) {
				s.labels[i] = int32(r)
				counts[int(r)]++
			}
		})
	}
	if mean {
		s.divisor = counts
	}
	return s
}
