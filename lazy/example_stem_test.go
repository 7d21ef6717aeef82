package lazy_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// smallScan is a (2, 3) scan of frames of (4, 4), with the numbers 0 to 95.
func smallScan() *lazy.Array {
	values := make([]uint8, 96)
	for i := range values {
		values[i] = uint8(i)
	}
	a, err := lazy.FromSlice(values, 2, 3, 4, 4)
	if err == nil {
		a, err = a.With(lazy.NavigationAxes(0, 1))
	}
	if err != nil {
		panic(err)
	}
	return a
}

// show prints the elements of a result.
func show[T any](r *lazy.Result, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := lazy.Copy[T](r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Shape(), x)
}

func ExampleNewMasks() {
	// One pass for three virtual detectors: (2, 3) scan positions, 3 numbers each.
	r, err := lazy.Run(context.Background(), smallScan(),
		lazy.NewMasks(lazy.Disk(1.5, 1.5, 1), lazy.Ring(1.5, 1.5, 1, 3), lazy.Point(0, 3)))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := lazy.View[float64](r[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Shape(), v.At(1, 2, 0), v.At(1, 2, 1), v.At(1, 2, 2))
	// Output: [2 3 3] 350 1050 83
}

func ExampleNewCenterOfMass() {
	r, err := lazy.Run(context.Background(), smallScan(), lazy.NewCenterOfMass(lazy.CenterOfMass{Regression: lazy.SubtractMean}))
	if err != nil {
		fmt.Println(err)
		return
	}
	divergence, err := lazy.Divergence(r[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r[0].Shape(), divergence.Shape())
	// Output: [2 3 2] [2 3]
}

func ExampleNewRadialProfile() {
	a, err := smallScan().Slice("0, 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := lazy.Run(context.Background(), a, lazy.NewRadialProfile(1, 1, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	show[float64](r[0], nil)
	// Output: [3] [21 21 26.714285714285715]
}

func ExampleNewFold() {
	// The range of the elements of every frame.
	type ends struct{ lo, hi uint8 }
	ptp := lazy.NewFold("ptp", lazy.OverSignal(), lazy.Fold[uint8, ends, uint8]{
		Init:   func() ends { return ends{lo: 255} },
		Add:    func(s *ends, x []uint8) { s.lo, s.hi = min(s.lo, slices.Min(x)), max(s.hi, slices.Max(x)) },
		Merge:  func(s *ends, o ends) { s.lo, s.hi = min(s.lo, o.lo), max(s.hi, o.hi) },
		Finish: func(s ends) uint8 { return s.hi - s.lo },
	})
	r, err := lazy.Run(context.Background(), smallScan(), ptp, lazy.NewMax(lazy.OverSignal()))
	if err != nil {
		fmt.Println(err)
		return
	}
	show[uint8](r[0], nil)
	show[uint8](r[1], nil)
	// Output:
	// [2 3] [15 15 15 15 15 15]
	// [2 3] [15 31 47 63 79 95]
}

func ExampleNewPerFrame() {
	// The median of every frame, which needs the whole frame at once.
	median := lazy.NewPerFrame("median", func(frame mmapnpy.NDArray[uint8]) (uint8, error) {
		x := slices.Sorted(frame.All())
		return x[len(x)/2], nil
	})
	r, err := lazy.Run(context.Background(), smallScan(), median)
	if err != nil {
		fmt.Println(err)
		return
	}
	show[uint8](r[0], nil)
	// Output: [2 3] [8 24 40 56 72 88]
}

// brightest is the largest element seen, and where it is.
type brightest struct {
	value uint8
	at    []int64
}

// Block looks at a part of the array.
func (a *brightest) Block(b lazy.Block) error {
	v, err := lazy.View[uint8](b)
	if err != nil {
		return err
	}
	for r := range b.Region.Split(nil, 1) {
		within := make([]int64, len(r.Start))
		for d := range within {
			within[d] = r.Start[d] - b.Region.Start[d]
		}
		if x := v.At(within...); a.at == nil || x > a.value {
			a.value, a.at = x, slices.Clone(r.Start)
		}
	}
	return nil
}

// Merge takes over what another part had.
func (a *brightest) Merge(other lazy.Accumulator) error {
	if o := other.(*brightest); a.at == nil || o.value > a.value {
		*a = *o
	}
	return nil
}

func ExampleNewReducer() {
	peak := lazy.NewReducer("peak", func(*lazy.Array) (lazy.Accumulators, error) {
		return lazy.Accumulators{
			New:    func(chunk.Region) (lazy.Accumulator, error) { return &brightest{}, nil },
			Finish: func(all lazy.Accumulator) (*lazy.Result, error) { return lazy.NewResult(all.(*brightest).at) },
		}, nil
	})
	r, err := lazy.Run(context.Background(), smallScan(), peak)
	if err != nil {
		fmt.Println(err)
		return
	}
	show[int64](r[0], nil)
	// Output: [4] [1 2 3 3]
}
