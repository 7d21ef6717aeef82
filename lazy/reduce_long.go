package lazy

import (
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Long doubles are compared and counted as they are: as float64s some would be infinite, zero or equal that are not.

// isLong reports whether elements are long doubles, or complex numbers of them.
func isLong(t mmapnpy.DType) bool {
	_, long := t.LongDouble()
	return long
}

// longOrdered is ordered over long doubles, in their own bits.
type longOrdered struct{ ordered }

func (f *longOrdered) native()          {}
func (f *longOrdered) partial() partial { return &orderedPartial{fold: &f.ordered} }

// newLongOrdered is the extreme of long doubles, or its position.
func newLongOrdered(t mmapnpy.DType, largest, index bool) fold {
	e, _ := t.Elem()
	part := e.Part()
	parts := e.Size() / part.Size()
	return &longOrdered{ordered{dtype: native(t), index: index, less: func(a, b []byte) bool {
		aNaN, bNaN := false, false
		order := 0 // of a and b
		for at := 0; at < parts*part.Size(); at += part.Size() {
			x, y := kernel.NumberOf(a[at:], part), kernel.NumberOf(b[at:], part)
			aNaN, bNaN = aNaN || x.IsNaN(), bNaN || y.IsNaN()
			switch {
			case order != 0:
			case x.Less(y):
				order = -1
			case y.Less(x):
				order = 1
			}
		}
		if aNaN || bNaN {
			return aNaN && !bNaN
		}
		return order != 0 && (order < 0) != largest
	}}}
}

// longCounting is counting over long doubles, in their own bits.
type longCounting struct {
	counting
	part kernel.Elem
}

func (f *longCounting) native() {}
func (f *longCounting) partial() partial {
	return &longCountPartial{countPartial{fold: &f.counting}, f}
}

type longCountPartial struct {
	countPartial
	long *longCounting
}

func (p *longCountPartial) rows(out int, x []byte, m int, _ position) {
	p.eachLong(x, func(i int) { p.acc[out+i/m]++ })
}

func (p *longCountPartial) cols(out int, x []byte, m int, _ position) {
	p.eachLong(x, func(i int) { p.acc[out+i%m]++ })
}

func (p *longCountPartial) merge(at int, other partial, from, n int) {
	p.countPartial.merge(at, &other.(*longCountPartial).countPartial, from, n)
}

// eachLong calls f with the position of every element that counts: that is zero in all its parts, or NaN or infinite
// in one.
func (p *longCountPartial) eachLong(x []byte, f func(i int)) {
	part := p.long.part
	size := p.long.components * part.Size()
	for i := range len(x) / size {
		hits := 0
		for at := i * size; at < (i+1)*size; at += part.Size() {
			n := kernel.NumberOf(x[at:], part)
			if p.long.what == countZero && n.IsZero() || p.long.what == countNaN && n.IsNaN() || p.long.what == countInf && n.IsInf() {
				hits++
			}
		}
		if hits == p.long.components || hits > 0 && p.long.what != countZero {
			f(i)
		}
	}
}
