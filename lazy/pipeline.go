package lazy

import (
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// pipeline says what happens to the bytes of elements between the file and the
// one who uses them: byte swaps and casts, in order. The common pipeline, native
// elements used as they are, is empty, and then no byte is copied.
type pipeline struct {
	itemIn, itemOut int64
	swapIn, swapOut int // width of the words to swap, 0 for none
	steps           []castStep
}

type castStep struct {
	from, to kernel.Elem
	swap     bool // the source is of foreign byte order
}

func (p *pipeline) identity() bool { return p.swapIn == 0 && p.swapOut == 0 && len(p.steps) == 0 }

// count is the number of elements in stored bytes b.
func (p *pipeline) count(b []byte) int64 {
	if p.itemIn == 0 {
		return 0
	}
	return int64(len(b)) / p.itemIn
}

// userPipeline takes stored elements to those that a's dtype promises.
func (a *Array) userPipeline() pipeline {
	p := pipeline{itemIn: a.view.dtype.ItemSize(), itemOut: a.DType().ItemSize()}
	if len(a.casts) == 0 {
		return p
	}
	p.cast(a.view.dtype, a.casts)
	if last := a.DType(); !last.Native() {
		p.swapOut = swapWidth(last)
	}
	return p
}

// computePipeline takes stored elements to native ones of the element type that
// the kernels compute with, which follows the casts.
func (a *Array) computePipeline(compute kernel.Elem) pipeline {
	p := pipeline{itemIn: a.view.dtype.ItemSize(), itemOut: int64(compute.Size())}
	p.cast(a.view.dtype, a.casts)
	last := len(p.steps) - 1
	from := elemOf(a.DType())
	switch {
	case from == compute:
	case last < 0:
		p.steps = append(p.steps, castStep{from: from, to: compute, swap: p.swapIn > 0})
		p.swapIn = 0
	default:
		p.steps = append(p.steps, castStep{from: from, to: compute})
	}
	return p
}

// cast adds the steps from stored elements through the given dtypes, all native
// but the first. Without any, a foreign byte order leaves a plain swap.
func (p *pipeline) cast(stored mmapnpy.DType, to []mmapnpy.DType) {
	foreign := !stored.Native()
	from := stored
	for _, t := range to {
		p.steps = append(p.steps, castStep{from: elemOf(from), to: elemOf(t), swap: foreign})
		from, foreign = t, false
	}
	if foreign {
		p.swapIn = swapWidth(stored)
	}
}

// elemOf is the kernels' name of a dtype's elements. Datetimes are int64 there.
func elemOf(t mmapnpy.DType) kernel.Elem {
	if k := t.Kind(); k == 'M' || k == 'm' {
		return kernel.Int64
	}
	e, _ := t.Elem() // callers have checked that t is numeric
	return e
}

// swapWidth is the width of the words of which an element of foreign byte order
// is made: a complex number is two of them.
func swapWidth(t mmapnpy.DType) int {
	if t.Kind() == 'c' {
		return int(t.ItemSize() / 2)
	}
	return int(t.ItemSize())
}

// computeElem is the element type in which reductions of dtype t compute: what
// the kernels have loops for, wide enough for t. ok is false for dtypes that
// are not numbers.
func computeElem(t mmapnpy.DType) (e kernel.Elem, ok bool) {
	if k := t.Kind(); k == 'M' || k == 'm' {
		return kernel.Int64, true
	}
	if e, ok = t.Elem(); !ok {
		return 0, false
	}
	switch e {
	case kernel.Bool:
		e = kernel.Uint8 // the conversion makes every true value 1
	case kernel.Float16, kernel.BFloat16:
		e = kernel.Float32
	case kernel.X87, kernel.Quad:
		e = kernel.Float64
	case kernel.ComplexX87, kernel.ComplexQuad:
		e = kernel.Complex128
	}
	return e, true
}
