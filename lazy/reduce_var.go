package lazy

import (
	"fmt"
	"math"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NewVar is the variance, with the sum of squares divided by n - ddof (0 is
// NumPy's default, the population variance; 1 the sample variance). Means and sums of squares
// are compensated, so that the error, a few units in the last place of a float64, grows neither
// with the number of elements nor with their distance from zero, and is not above that of NumPy's
// two passes. The result is float64 for integers and booleans, the array's dtype for floats, and
// real for complex numbers. With n - ddof ≤ 0 it is NaN, or +Inf as in NumPy where the sum of
// squares is positive.
func NewVar(over Over, ddof int64) Reducer { return varReducer("var", over, ddof, false) }

// NewStd is the standard deviation, the square root of [NewVar].
func NewStd(over Over, ddof int64) Reducer { return varReducer("std", over, ddof, true) }

func varReducer(name string, over Over, ddof int64, root bool) Reducer {
	return Reducer{name: name, over: over, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		if ddof < 0 {
			return nil, fmt.Errorf("ddof %d is negative", ddof)
		}
		if isLong(t) {
			return newLongMoments(t, ddof, root), nil
		}
		e, components, err := numeric(t)
		if err != nil || hasNaT(t) {
			return nil, undefined(t)
		}
		return &moments{elem: e, ops: opsOf(e), components: components, ddof: ddof, root: root, dtype: realOf(resultFloat(t))}, nil
	}}
}

// realOf is the dtype of the parts of a complex dtype, and any other as it is.
func realOf(t mmapnpy.DType) mmapnpy.DType {
	switch {
	case t.Kind() != 'c':
		return t
	case t.ItemSize() == 8:
		return mmapnpy.Float32
	}
	return mmapnpy.Float64
}

// moments is a mean and a sum of squared deviations per output and component, each in two parts.
type moments struct {
	elem       kernel.Elem
	ops        ops
	components int
	ddof       int64
	root       bool
	dtype      mmapnpy.DType
}

func (f *moments) partial() partial             { return &momentsPartial{fold: f} }
func (f *moments) result(shape []int64) *Result { return newResult(f.dtype, shape) }
func (f *moments) stateSize() int64             { return int64(8 + 32*f.components) }
func (f *moments) needsIndex() bool             { return false }

type momentsPartial struct {
	fold    *moments
	sums    kernel.Moments
	counts  []int64 // elements per output
	scratch []float64
}

func (p *momentsPartial) reset(n int) {
	c := p.fold.components
	for _, part := range p.parts() {
		*part = resized(*part, n*c)
	}
	p.counts = resized(p.counts, n)
}

func (p *momentsPartial) parts() [4]*[]float64 {
	return [...]*[]float64{&p.sums.Mean, &p.sums.MeanLo, &p.sums.M2, &p.sums.M2Lo}
}

func (p *momentsPartial) itemsize() int { return p.fold.elem.Size() * p.fold.components }

func (p *momentsPartial) rows(out int, x []byte, m int, _ position) {
	n := len(x) / p.itemsize() / m
	c, row := p.fold.components, m*p.itemsize()
	// Outputs next to each other have seen the same elements' share unless the
	// kernel is told otherwise, so runs of equal counts go together.
	p.eachCount(out, n, func(from, to int, seen int64) {
		part := x[(from-out)*row : (to-out)*row]
		if c == 1 {
			p.fold.ops.moments(false, p.sums.Slice(from, to), seen, part, m, nil)
			return
		}
		for i := from; i < to; i++ { // a row of complex numbers is m rows of (re, im)
			p.fold.ops.moments(true, p.sums.Slice(c*i, c*i+c), seen, part[(i-from)*row:(i-from+1)*row], c, p.space(c))
		}
	})
	p.saw(out, n, int64(m))
}

func (p *momentsPartial) cols(out int, x []byte, m int, _ position) {
	c := p.fold.components
	rows := len(x) / p.itemsize() / m
	if seen, ok := p.sameCount(out, m); ok {
		p.fold.ops.moments(true, p.sums.Slice(c*out, c*(out+m)), seen, x, c*m, p.space(c*m))
	} else {
		p.colsApart(out, x, m)
	}
	p.saw(out, m, int64(rows))
}

// colsApart folds columns whose outputs have seen different numbers of elements,
// row by row and run by run.
func (p *momentsPartial) colsApart(out int, x []byte, m int) {
	c, size := p.fold.components, p.itemsize()
	for row := 0; len(x) > 0; row++ {
		p.eachCount(out, m, func(from, to int, seen int64) {
			part := x[(from-out)*size : (to-out)*size]
			p.fold.ops.moments(true, p.sums.Slice(c*from, c*to), seen+int64(row), part, c*(to-from), p.space(c*(to-from)))
		})
		x = x[m*size:]
	}
}

// space is scratch for m columns.
func (p *momentsPartial) space(m int) []float64 {
	if n := kernel.MomentScratch * m; cap(p.scratch) < n {
		p.scratch = make([]float64, n)
	}
	return p.scratch[:kernel.MomentScratch*m]
}

func (p *momentsPartial) saw(out, n int, more int64) {
	for i := range p.counts[out : out+n] {
		p.counts[out+i] += more
	}
}

func (p *momentsPartial) sameCount(out, n int) (int64, bool) {
	first := p.counts[out]
	for _, c := range p.counts[out : out+n] {
		if c != first {
			return 0, false
		}
	}
	return first, true
}

// eachCount calls f for the runs of outputs that have seen equally many elements.
func (p *momentsPartial) eachCount(out, n int, f func(from, to int, seen int64)) {
	for from := out; from < out+n; {
		to := from + 1
		for to < out+n && p.counts[to] == p.counts[from] {
			to++
		}
		f(from, to, p.counts[from])
		from = to
	}
}

func (p *momentsPartial) merge(at int, other partial, from, n int) {
	o, c := other.(*momentsPartial), p.fold.components
	// Outputs that have seen equally many on either side go together, and so nearly always all.
	for i := 0; i < n; {
		seen, more := p.counts[at+i], o.counts[from+i]
		k := i + 1
		for k < n && p.counts[at+k] == seen && o.counts[from+k] == more {
			k++
		}
		kernel.MergeMoments(p.sums.Slice(c*(at+i), c*(at+k)), seen, o.sums.Slice(c*(from+i), c*(from+k)), more)
		for ; i < k; i++ {
			p.counts[at+i] += more
		}
	}
}

func (p *momentsPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, p.states()...), nil
}
func (p *momentsPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, p.states()...)
}

func (p *momentsPartial) states() (s []accumulators) {
	for _, part := range p.parts() {
		s = append(s, stateOf[float64](*part))
	}
	return append(s, stateOf[int64](p.counts))
}

func (p *momentsPartial) finish(r *Result, at, stride, from, n int) {
	c := p.fold.components
	for i := range n {
		sum := 0.0
		for k := range c {
			sum += p.sums.Squares(c*(from+i) + k)
		}
		v := sum / float64(max(p.counts[from+i]-p.fold.ddof, 0))
		if p.fold.root {
			v = math.Sqrt(v)
		}
		r.put(at+i*stride, v)
	}
}
