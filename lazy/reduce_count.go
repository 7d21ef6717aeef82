package lazy

import (
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// countKind is what a counting reducer looks for.
type countKind uint8

const (
	countNaN countKind = iota
	countInf
	countZero
)

// NewCountNaN counts the elements that are NaN (for complex numbers: in either
// part; for datetimes: NaT) as an int64. Integers have none.
func NewCountNaN(over Over) Reducer { return countReducer("count_nan", over, countNaN) }

// NewCountInf counts the elements that are infinite, of either sign.
func NewCountInf(over Over) Reducer { return countReducer("count_inf", over, countInf) }

// NewCountZero counts the elements equal to zero; -0.0 is one of them.
func NewCountZero(over Over) Reducer { return countReducer("count_zero", over, countZero) }

func countReducer(name string, over Over, what countKind) Reducer {
	return Reducer{name: name, over: over, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		if own, _ := t.Elem(); own.IsLong() {
			part := own.Part()
			return &longCounting{counting{components: own.Size() / part.Size(), what: what}, part}, nil
		}
		e, components, err := numeric(t)
		if err != nil {
			return nil, err
		}
		return &counting{elem: e, ops: opsOf(e), components: components, what: what, nat: hasNaT(t)}, nil
	}}
}

type counting struct {
	elem       kernel.Elem
	ops        ops
	components int
	what       countKind
	nat        bool
}

func (f *counting) partial() partial             { return &countPartial{fold: f} }
func (f *counting) result(shape []int64) *Result { return newResult(mmapnpy.Int64, shape) }
func (f *counting) stateSize() int64             { return 8 }
func (f *counting) needsIndex() bool             { return false }

type countPartial struct {
	fold *counting
	acc  []int64
}

func (p *countPartial) reset(n int) { p.acc = resized(p.acc, n) }

func (p *countPartial) rows(out int, x []byte, m int, _ position) {
	if p.special() {
		p.each(x, func(i int) { p.acc[out+i/m]++ })
		return
	}
	p.fold.ops.count(false, p.fold.what, p.acc[out:out+len(x)/p.fold.elem.Size()/m], x, m)
}

func (p *countPartial) cols(out int, x []byte, m int, _ position) {
	if p.special() {
		p.each(x, func(i int) { p.acc[out+i%m]++ })
		return
	}
	p.fold.ops.count(true, p.fold.what, p.acc[out:out+m], x, m)
}

// special reports whether an element is not one real number to ask about.
func (p *countPartial) special() bool {
	return p.fold.components == 2 || p.fold.nat && p.fold.what == countNaN
}

// each calls f with the position of every element that counts.
func (p *countPartial) each(x []byte, f func(i int)) {
	if p.fold.nat {
		for i, v := range kernel.Slice[int64](x) {
			if v == notATime {
				f(i)
			}
		}
		return
	}
	size := p.fold.elem.Size()
	var part [2]int64
	for i := range len(x) / (2 * size) {
		part = [2]int64{}
		p.fold.ops.count(true, p.fold.what, part[:], x[2*i*size:2*(i+1)*size], 2)
		hits := part[0] + part[1]
		if hits == 2 || hits == 1 && p.fold.what != countZero {
			f(i)
		}
	}
}

func (p *countPartial) merge(at int, other partial, from, n int) {
	for i, v := range other.(*countPartial).acc[from : from+n] {
		p.acc[at+i] += v
	}
}

func (p *countPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[int64](p.acc)), nil
}
func (p *countPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[int64](p.acc))
}
func (p *countPartial) finish(r *Result, at, stride, from, n int) {
	for i, v := range p.acc[from : from+n] {
		r.putInt(at+i*stride, uint64(v))
	}
}

// NewHistogram counts the elements that fall into each of a number of equal bins
// between lo and hi, exactly as np.histogram does with range=(lo, hi): the last
// bin includes hi, NaN and values outside are not counted. The result has an axis
// of length bins after the kept axes, int64, and [Result.Edges]. Range: 1 to 2^24
// bins, lo and hi finite, lo ≤ hi (equal ones are widened by 0.5 to either side,
// as NumPy does).
func NewHistogram(over Over, bins int, lo, hi float64) Reducer {
	return histogramReducer(over, bins, lo, hi, false)
}

// histogramReducer is NewHistogram; found says that lo and hi are elements of the array.
func histogramReducer(over Over, bins int, lo, hi float64, found bool) Reducer {
	return Reducer{name: "histogram", over: over, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		e, components, err := numeric(t)
		if err != nil {
			return nil, err
		}
		if components == 2 || hasNaT(t) {
			return nil, undefined(t)
		}
		b, err := kernel.NewBins(lo, hi, bins)
		if own, _ := t.Elem(); own == kernel.Float16 {
			b, err = kernel.NewHalfBins(lo, hi, bins, found)
		}
		if err != nil {
			return nil, err
		}
		return &histogram{elem: e, ops: opsOf(e), bins: b, n: bins}, nil
	}}
}

type histogram struct {
	elem kernel.Elem
	ops  ops
	bins kernel.Bins
	n    int
}

func (f *histogram) partial() partial { return &histogramPartial{fold: f} }
func (f *histogram) result(shape []int64) *Result {
	r := newResult(mmapnpy.Int64, append(shape, int64(f.n)))
	r.edges = f.bins.Edges()
	return r
}
func (f *histogram) stateSize() int64 { return 8 * int64(f.n) }
func (f *histogram) needsIndex() bool { return false }

type histogramPartial struct {
	fold   *histogram
	counts []int64
}

func (p *histogramPartial) at(i, n int) []int64 {
	return p.counts[i*p.fold.n : (i+n)*p.fold.n]
}
func (p *histogramPartial) reset(n int) { p.counts = resized(p.counts, n*p.fold.n) }
func (p *histogramPartial) rows(out int, x []byte, m int, _ position) {
	p.fold.ops.histogram(false, p.at(out, len(x)/p.fold.elem.Size()/m), x, m, &p.fold.bins)
}
func (p *histogramPartial) cols(out int, x []byte, m int, _ position) {
	p.fold.ops.histogram(true, p.at(out, m), x, m, &p.fold.bins)
}
func (p *histogramPartial) merge(at int, other partial, from, n int) {
	acc := p.at(at, n)
	for i, v := range other.(*histogramPartial).at(from, n) {
		acc[i] += v
	}
}
func (p *histogramPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[int64](p.counts)), nil
}
func (p *histogramPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[int64](p.counts))
}
func (p *histogramPartial) finish(r *Result, at, stride, from, n int) {
	for i := range n {
		for k, v := range p.at(from+i, 1) {
			r.putInt((at+i*stride)*p.fold.n+k, uint64(v))
		}
	}
}
