package lazy

import (
	"fmt"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Reducer is a reduction to run over an array, together with the axes that it
// removes. Several of them share one pass; see [Run]. LiberTEM calls such a thing
// a UDF. A Reducer is a description: it holds no results and can be used again.
type Reducer struct {
	name          string
	over          Over
	needsElements bool                                         // undefined over no elements
	newFold       func(t mmapnpy.DType, n int64) (fold, error) // n: elements per output
	newJob        func(a *Array, order []int) (job, error)     // for what is not a fold
}

// job binds the reducer to an array that is read in the given order of axes.
func (r Reducer) job(a *Array, order []int) (job, error) {
	if r.newJob == nil {
		return newFoldJob(a, r, order)
	}
	j, err := r.newJob(a, order)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	return j, nil
}

// String is the name of the operation, such as "sum".
func (r Reducer) String() string { return r.name }

// Defined returns the error that a pass over the array would begin with: one that matches
// [ErrDType] where the reducer has no meaning for the elements, or [ErrEmpty] where it has none for
// no elements. It reads nothing.
func (r Reducer) Defined(a *Array) error {
	_, err := newPass(a, []Reducer{r})
	return err
}

// Over is the axes that it removes.
func (r Reducer) Over() Over { return r.over }

// fold is a reducer bound to a dtype: it makes accumulators and results.
type fold interface {
	// partial makes empty accumulators.
	partial() partial

	// result makes the result of the given shape, to be filled by partial.finish.
	result(shape []int64) *Result

	// stateSize is the size of the accumulators of one output in bytes.
	stateSize() int64

	// needsIndex reports whether rows and cols must be told where elements lie.
	needsIndex() bool
}

// partial is accumulators for a run of outputs.
type partial interface {
	reset(outputs int)

	// rows folds rows of m elements, each into one output, from out on.
	rows(out int, x []byte, m int, at position)

	// cols folds rows of m elements column-wise into m outputs from out on.
	cols(out int, x []byte, m int, at position)

	// merge adds n outputs of other, from its output `from` on, to those from at on.
	// Everything in other comes after everything in the receiver in plan order.
	merge(at int, other partial, from, n int)

	// finish writes outputs from..from+n to elements at, at+stride, … of r.
	finish(r *Result, at, stride, from, n int)

	// appendState appends the accumulators of the n outputs it was reset for to b, in the byte
	// order of this machine.
	appendState(b []byte, n int) ([]byte, error)

	// setState takes over accumulators that appendState has written, after a reset for n outputs,
	// and returns what is behind them.
	setState(b []byte, n int) (rest []byte, err error)
}

// undefined is the error of a reduction over elements that it has no meaning for.
func undefined(t mmapnpy.DType) error { return fmt.Errorf("%w: %s", ErrDType, t) }

// numeric resolves the element type a reducer computes with, and how many real
// components an element has: two for complex numbers, else one.
func numeric(t mmapnpy.DType) (e kernel.Elem, components int, err error) {
	e, ok := computeElem(t)
	switch {
	case !ok:
		return 0, 0, undefined(t)
	case e.IsLong():
		return 0, 0, onlyNarrowed(t)
	case e == kernel.Complex64:
		return kernel.Float32, 2, nil
	case e == kernel.Complex128:
		return kernel.Float64, 2, nil
	}
	return e, 1, nil
}

// isFloat reports whether an element type is a floating-point one.
func isFloat(e kernel.Elem) bool { return e == kernel.Float32 || e == kernel.Float64 }

// resultFloat is the dtype of a mean or a deviation of elements of dtype t, as in
// NumPy: that of t for floats and complex numbers, float64 for integers and
// booleans.
func resultFloat(t mmapnpy.DType) mmapnpy.DType {
	switch e, _ := t.Elem(); e {
	case kernel.Float16, kernel.BFloat16, kernel.Float32, kernel.Float64, kernel.Complex64, kernel.Complex128:
		return native(t)
	}
	return mmapnpy.Float64
}

// native is t in the byte order of this machine.
func native(t mmapnpy.DType) mmapnpy.DType { return t.WithByteOrder('=') }

// resized returns a slice of n zeros, reusing s's memory where it suffices.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}
