package lazy

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NewPerFrame computes one R of every frame: f is called with the signal of each scan position,
// on several goroutines. The result has the shape of the navigation axes, and after them the
// axes of R if that is an array. LiberTEM calls such a thing a UDF with process_frame.
//
// T is the Go type of the array's elements, as for [NewFold]. A frame is borrowed until f
// returns, not to be written to, and never cut: one that does not fit the memory budget is an
// error. An error or panic of f ends the pass with a [FuncError] that names the scan position.
func NewPerFrame[T, R any](name string, f func(frame mmapnpy.NDArray[T]) (R, error)) Reducer {
	return NewReducer(name, func(a *Array) (Accumulators, error) {
		if _, err := mmapnpy.DTypeOf[R](); err != nil {
			return Accumulators{}, err
		}
		t := toNative(a.node).dtype()
		if _, err := mmapnpy.ViewOf[T](mmapnpy.Buffer{DType: t, Shape: []int64{0}, Strides: []int64{t.ItemSize()}}); err != nil {
			return Accumulators{}, err
		}
		size := max(int64(reflect.TypeFor[R]().Size()), 1)
		if err := a.checkFrames(name, size); err != nil {
			return Accumulators{}, err
		}
		return Accumulators{
			New:         func(r chunk.Region) (Accumulator, error) { return newFrameResults(a, f, r), nil },
			Finish:      func(whole Accumulator) (*Result, error) { return whole.(*frameResults[T, R]).finish() },
			WholeSignal: true,
			Size: func(shape []int64) int64 {
				return arith.Times(size, product(navigationOnly(a, shape)))
			},
		}, nil
	})
}

// checkFrames returns an error if frames without elements, which a small file can claim in any
// number, would have more results than the budget has room for. Others pay for theirs in bytes.
func (a *Array) checkFrames(name string, size int64) error {
	if a.frameLen() > 0 {
		return nil
	}
	if n := product(a.navigationShape()); n > a.config.budget()/size {
		return a.errorf("%s of shape %s has %d frames, too many to hold their results", name, shapeString(a.node.shape()), n)
	}
	return nil
}

// navigationOnly is those of one number per axis that belong to navigation axes.
func navigationOnly(a *Array, perAxis []int64) []int64 {
	var kept []int64
	for d, ax := range a.axes {
		if ax.Navigate {
			kept = append(kept, perAxis[d])
		}
	}
	return kept
}

// frameResults is one R for every frame of a region, in C order.
type frameResults[T, R any] struct {
	a      *Array
	f      func(mmapnpy.NDArray[T]) (R, error)
	region chunk.Region // of navigation axes
	values []R
}

func newFrameResults[T, R any](a *Array, f func(mmapnpy.NDArray[T]) (R, error), r chunk.Region) *frameResults[T, R] {
	nav := chunk.Region{Start: navigationOnly(a, r.Start), Shape: navigationOnly(a, r.Shape)}
	return &frameResults[T, R]{a, f, nav, make([]R, product(nav.Shape))}
}

// Block calls f for every frame of a block.
func (p *frameResults[T, R]) Block(b Block) error {
	axes := make([]int, 0, len(p.a.axes)) // navigation first
	for _, navigate := range []bool{true, false} {
		for d, ax := range p.a.axes {
			if ax.Navigate == navigate {
				axes = append(axes, d)
			}
		}
	}
	all, err := b.Buffer().Permute(axes...)
	if err != nil {
		return err
	}
	n := len(p.region.Shape)
	nav := chunk.Region{Start: navigationOnly(p.a, b.Region.Start), Shape: navigationOnly(p.a, b.Region.Shape)}
	frame := all
	frame.Shape, frame.Strides = all.Shape[n:], all.Strides[n:]
	for at := range nav.Split(nil, 1) {
		frame.Offset = all.Offset
		to, step := int64(0), int64(1)
		for d := n - 1; d >= 0; d-- {
			frame.Offset += (at.Start[d] - nav.Start[d]) * all.Strides[d]
			to += (at.Start[d] - p.region.Start[d]) * step
			step *= p.region.Shape[d]
		}
		if err := p.frame(frame, to); err != nil {
			return fmt.Errorf("scan position %s: %w", shapeString(at.Start), err)
		}
	}
	return nil
}

// frame computes one value.
func (p *frameResults[T, R]) frame(frame mmapnpy.Buffer, to int64) error {
	v, err := mmapnpy.ViewOf[T](frame)
	if err != nil {
		return err
	}
	return guardUser(func() (err error) {
		p.values[to], err = p.f(v)
		return err
	})
}

// Merge copies the values of another region to their places.
func (p *frameResults[T, R]) Merge(other Accumulator) error {
	o := other.(*frameResults[T, R])
	within := chunk.Region{Start: make([]int64, len(p.region.Shape)), Shape: o.region.Shape}
	for d := range within.Start {
		within.Start[d] = o.region.Start[d] - p.region.Start[d]
	}
	from := int64(0)
	for run := range (chunk.Layout{Shape: p.region.Shape, ItemSize: 1}).Runs(within) {
		copy(p.values[run.Offset:run.Offset+run.Len], o.values[from:])
		from += run.Len
	}
	return nil
}

func (p *frameResults[T, R]) finish() (*Result, error) {
	shape := p.region.Shape
	if len(shape) == 0 { // one frame: a single value
		r, err := NewResult(p.values)
		if err == nil {
			r.shape = r.shape[1:]
		}
		return r, err
	}
	return NewResult(p.values, shape...)
}

// MarshalBinary is the values in the byte order of this machine.
func (p *frameResults[T, R]) MarshalBinary() ([]byte, error) {
	return slices.Clone(kernel.Bytes(p.values)), nil
}

// UnmarshalBinary takes over values of the same region. A bool of R that is neither 0 nor 1 did not
// come from MarshalBinary; the checksum around the bytes has seen to that.
func (p *frameResults[T, R]) UnmarshalBinary(b []byte) error {
	rest, err := setStates(b, stateOf[R](p.values))
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes too many", errState, len(rest))
	}
	return err
}
