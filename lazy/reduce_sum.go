package lazy

import (
	"math"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NewSum adds up elements. As in NumPy the result is int64 or uint64 for integers
// and booleans, wrapping on overflow, and has the dtype of the array otherwise.
// Floats are added in float64 with a compensated upper level, so the error is
// never above that of NumPy's pairwise summation; long doubles are added in 128
// bits. Timedeltas add up, and NaT in them stays NaT.
func NewSum(over Over) Reducer {
	return Reducer{name: "sum", over: over, newFold: func(t mmapnpy.DType, n int64) (fold, error) {
		return newSumFold(t, n, false)
	}}
}

// NewMean is the arithmetic mean: float64 for integers and booleans, the dtype of
// the array for floats and complex numbers. Over no elements it is NaN.
func NewMean(over Over) Reducer {
	return Reducer{name: "mean", over: over, newFold: func(t mmapnpy.DType, n int64) (fold, error) {
		return newSumFold(t, n, true)
	}}
}

func newSumFold(t mmapnpy.DType, n int64, mean bool) (fold, error) {
	if t.Kind() == 'M' || t.Kind() == 'm' && mean {
		return nil, undefined(t)
	}
	if isLong(t) {
		return newLongSum(t, n, mean), nil
	}
	e, components, err := numeric(t)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Kind() == 'm':
		return &timeSum{dtype: native(t)}, nil
	case mean:
		return &floatSum{elem: e, ops: opsOf(e), components: components, divisor: float64(n), dtype: resultFloat(t)}, nil
	case isFloat(e):
		return &floatSum{elem: e, ops: opsOf(e), components: components, divisor: 1, dtype: resultFloat(t)}, nil
	case t.Kind() == 'u':
		return &intSum{ops: opsOf(e), dtype: mmapnpy.Uint64}, nil
	}
	return &intSum{ops: opsOf(e), dtype: mmapnpy.Int64}, nil
}

// intSum adds integers modulo 2^64.
type intSum struct {
	ops   ops
	dtype mmapnpy.DType
}

func (f *intSum) partial() partial             { return &intSumPartial{ops: f.ops} }
func (f *intSum) result(shape []int64) *Result { return newResult(f.dtype, shape) }
func (f *intSum) stateSize() int64             { return 8 }
func (f *intSum) needsIndex() bool             { return false }

type intSumPartial struct {
	ops ops
	acc []uint64
}

func (p *intSumPartial) reset(n int) { p.acc = resized(p.acc, n) }
func (p *intSumPartial) rows(out int, x []byte, m int, _ position) {
	p.ops.sumInt(false, p.acc[out:], x, m)
}
func (p *intSumPartial) cols(out int, x []byte, m int, _ position) {
	p.ops.sumInt(true, p.acc[out:out+m], x, m)
}
func (p *intSumPartial) merge(at int, other partial, from, n int) {
	for i, v := range other.(*intSumPartial).acc[from : from+n] {
		p.acc[at+i] += v
	}
}
func (p *intSumPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[uint64](p.acc)), nil
}
func (p *intSumPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[uint64](p.acc))
}
func (p *intSumPartial) finish(r *Result, at, stride, from, n int) {
	for i, v := range p.acc[from : from+n] {
		r.putInt(at+i*stride, v)
	}
}

// timeSum adds timedeltas, of which NaT is the smallest int64 and absorbs all.
type timeSum struct{ dtype mmapnpy.DType }

func (f *timeSum) partial() partial             { return &timeSumPartial{} }
func (f *timeSum) result(shape []int64) *Result { return newResult(f.dtype, shape) }
func (f *timeSum) stateSize() int64             { return 8 }
func (f *timeSum) needsIndex() bool             { return false }

// notATime is the int64 that NumPy's datetimes and timedeltas call NaT.
const notATime = math.MinInt64

type timeSumPartial struct{ acc []int64 }

func (p *timeSumPartial) add(i int, v int64) {
	if p.acc[i] == notATime || v == notATime {
		p.acc[i] = notATime
		return
	}
	p.acc[i] += v
}
func (p *timeSumPartial) reset(n int) { p.acc = resized(p.acc, n) }
func (p *timeSumPartial) rows(out int, x []byte, m int, _ position) {
	for i, v := range kernel.Slice[int64](x) {
		p.add(out+i/m, v)
	}
}
func (p *timeSumPartial) cols(out int, x []byte, m int, _ position) {
	for i, v := range kernel.Slice[int64](x) {
		p.add(out+i%m, v)
	}
}
func (p *timeSumPartial) merge(at int, other partial, from, n int) {
	for i, v := range other.(*timeSumPartial).acc[from : from+n] {
		p.add(at+i, v)
	}
}
func (p *timeSumPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[int64](p.acc)), nil
}
func (p *timeSumPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[int64](p.acc))
}
func (p *timeSumPartial) finish(r *Result, at, stride, from, n int) {
	for i, v := range p.acc[from : from+n] {
		r.putInt(at+i*stride, uint64(v))
	}
}

// floatSum adds numbers in float64, each sum held as an unevaluated hi+lo; and
// divides by their count for a mean.
type floatSum struct {
	elem       kernel.Elem
	ops        ops
	components int
	divisor    float64 // elements per output for a mean, 1 for a sum
	dtype      mmapnpy.DType
}

func (f *floatSum) partial() partial             { return &floatSumPartial{fold: f} }
func (f *floatSum) result(shape []int64) *Result { return newResult(f.dtype, shape) }
func (f *floatSum) stateSize() int64             { return int64(16 * f.components) }
func (f *floatSum) needsIndex() bool             { return false }

type floatSumPartial struct {
	fold   *floatSum
	hi, lo []float64
	exact  []uint64
	wide   []float64
}

func (p *floatSumPartial) reset(n int) {
	c := p.fold.components
	p.hi, p.lo = resized(p.hi, n*c), resized(p.lo, n*c)
}

func (p *floatSumPartial) rows(out int, x []byte, m int, _ position) {
	n := len(x) / p.itemsize() / m
	c := p.fold.components
	if c == 1 {
		p.add(false, out, n, x, m)
		return
	}
	for i, row := 0, len(x)/n; i < n; i++ { // a row of complex numbers is m rows of (re, im)
		p.add(true, c*(out+i), c, x[i*row:(i+1)*row], c)
	}
}

func (p *floatSumPartial) cols(out int, x []byte, m int, _ position) {
	c := p.fold.components
	p.add(true, c*out, c*m, x, c*m)
}

func (p *floatSumPartial) itemsize() int { return p.fold.elem.Size() * p.fold.components }

// add sums x into n sums from out on. Integers of up to 32 bits are summed
// exactly first: a tile is far too small to overflow 64 bits. Wider ones are
// converted, as NumPy's mean does.
func (p *floatSumPartial) add(cols bool, out, n int, x []byte, m int) {
	hi, lo := p.hi[out:out+n], p.lo[out:out+n]
	switch e := p.fold.elem; {
	case isFloat(e):
		p.fold.ops.sumFloat(cols, hi, lo, x, m)
	case e.Size() < 8:
		p.exact = resized(p.exact, n)
		p.fold.ops.sumInt(cols, p.exact, x, m)
		p.wide = resized(p.wide, n)
		for i, v := range p.exact {
			p.wide[i] = float64(int64(v))
		}
		kernel.SumFloatCols(hi, lo, p.wide, n)
	default:
		p.wide = resized(p.wide, len(x)/8)
		b := kernel.Bytes(p.wide)
		kernel.Convert(b, kernel.Float64, x, e, false)
		opsOf(kernel.Float64).sumFloat(cols, hi, lo, b, m)
	}
}

func (p *floatSumPartial) merge(at int, other partial, from, n int) {
	o, c := other.(*floatSumPartial), p.fold.components
	kernel.MergeSum(p.hi[c*at:c*(at+n)], p.lo[c*at:c*(at+n)], o.hi[c*from:c*(from+n)], o.lo[c*from:c*(from+n)])
}

func (p *floatSumPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[float64](p.hi), stateOf[float64](p.lo)), nil
}
func (p *floatSumPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[float64](p.hi), stateOf[float64](p.lo))
}
func (p *floatSumPartial) finish(r *Result, at, stride, from, n int) {
	c := p.fold.components
	for i := range n {
		for k := range c {
			s := c*(from+i) + k
			r.put(c*(at+i*stride)+k, kernel.FinishSum(p.hi[s], p.lo[s])/p.fold.divisor)
		}
	}
}
