package lazy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/kernel"
)

// NewMasks is a virtual detector for every mask: the sum of each frame's elements, multiplied by
// the weights, as LiberTEM's ApplyMasksUDF computes it. All masks share one pass. The result
// has the shape of the navigation axes, and after them an axis with one entry per mask: float64,
// or complex128 for complex elements.
//
// Elements count as float64, into which 64-bit integers are rounded. The
// result is exact for integers and booleans with weights of 0 and 1, as long as sums stay below
// 2^53. An element whose weight is zero does not count, even if it is NaN or infinite: a matrix
// product with NumPy would give NaN. Frames are the signal axes, whatever their number; masks
// come on top of the memory budget.
func NewMasks(masks ...Mask) Reducer {
	masks = slices.Clone(masks)
	return detector("masks", func(f frame) (*frameSums, error) {
		if len(masks) == 0 {
			return nil, errors.New("no masks to apply")
		}
		s := &frameSums{k: len(masks), tail: []int64{int64(len(masks))}}
		if f.empty {
			return s, nil
		}
		if f.pixels > maxWeights/int64(len(masks)) {
			return nil, fmt.Errorf("%d masks over frames of shape %s are too many weights", len(masks), shapeString(f.shape))
		}
		if err := f.afford(f.pixels * int64(len(masks))); err != nil {
			return nil, err
		}
		for _, m := range masks {
			w, err := m.Weights(f.shape...)
			if err != nil {
				return nil, err
			}
			s.weights = append(s.weights, w)
		}
		return s, nil
	}, nil)
}

// frame is the signal axes of an array: how the elements of one measurement lie.
type frame struct {
	a           *Array
	shape       []int64
	storageAxes []int // the axes in storage order, slowest first
	pixels      int64
	empty       bool // there are no frames, or nothing in them
}

func newFrame(a *Array, order []int) frame {
	f := frame{a: a, shape: a.signalShape(), pixels: a.frameLen(), empty: a.Len() == 0}
	position := make(map[int]int) // of an axis among the signal axes
	for d, ax := range a.axes {
		if !ax.Navigate {
			position[d] = len(position)
		}
	}
	for _, d := range order {
		if at, ok := position[d]; ok {
			f.storageAxes = append(f.storageAxes, at)
		}
	}
	return f
}

// afford returns an error if so many weights, and the form in which kernels take them, cannot be
// had.
func (f frame) afford(weights int64) error {
	return f.a.afford("the weights of its pixels", arith.Times(16, weights))
}

// inStorageOrder brings one value per pixel from C order into the order in which pixels are stored.
func inStorageOrder[T any](f frame, perPixel []T) []T {
	if slices.IsSorted(f.storageAxes) {
		return perPixel
	}
	b := kernel.Bytes(perPixel)
	size := int64(len(b)) / max(int64(len(perPixel)), 1)
	strides := gaplessStrides(f.shape, size, chunk.COrder(len(f.shape)))
	shape, from := make([]int64, len(f.shape)), make([]int64, len(f.shape))
	for i, d := range f.storageAxes {
		shape[i], from[i] = f.shape[d], strides[d]
	}
	out := make([]byte, len(b))
	kernel.Gather(out, b, 0, shape, from, int(size))
	return kernel.Slice[T](out)
}

// detector is a reducer that adds up the pixels of every frame. bind says with which weights,
// in C order; derive makes the result of the sums, and is nil where they are it.
func detector(name string, bind func(f frame) (*frameSums, error), derive func(a *Array, sums *Result) (*Result, error)) Reducer {
	return Reducer{name: name, newJob: func(a *Array, order []int) (job, error) {
		e, components, err := numeric(a.DType())
		if err != nil {
			return nil, err
		}
		if hasNaT(a.DType()) {
			return nil, undefined(a.DType())
		}
		if derive != nil && components == 2 {
			return nil, undefined(a.DType())
		}
		// all of it is one frame where there are no navigation axes
		reduced := make([]bool, a.NDim())
		for d, ax := range a.axes {
			reduced[d] = !ax.Navigate
		}
		f := newFrame(a, order)
		s, err := bind(f)
		if err != nil {
			return nil, err
		}
		s.components, s.itemsize = components, components*e.Size()
		s.byFrame = framesFastest(a, order)
		s.prepare(f, e)
		j := &foldJob{name: name, a: a, fold: s, reduced: reduced, order: order, byStorage: true}
		if derive != nil {
			j.derive = func(sums *Result) (*Result, error) { return derive(a, sums) }
		}
		return j, j.checkEmpty()
	}}
}

// framesFastest reports whether neighbours in storage are the same pixel of different frames.
func framesFastest(a *Array, order []int) bool {
	for _, d := range slices.Backward(order) {
		if a.axes[d].Size > 1 {
			return a.axes[d].Navigate
		}
	}
	return false
}
