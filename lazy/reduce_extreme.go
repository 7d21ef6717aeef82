package lazy

import (
	"encoding/binary"
	"math"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NewMin is the smallest element, in the dtype of the array. NaN, and NaT in
// datetimes, win over everything, and complex numbers compare by real part, then
// imaginary part: all as in NumPy. Over no elements it is [ErrEmpty].
func NewMin(over Over) Reducer { return extremeReducer("min", over, false) }

// NewMax is the largest element; see [NewMin].
func NewMax(over Over) Reducer { return extremeReducer("max", over, true) }

// NewArgMin is the position of the smallest element as an int64: its flat C-order
// index over the reduced axes. The first of equals wins, and the first NaN or NaT
// wins over all. Over no elements it is [ErrEmpty].
func NewArgMin(over Over) Reducer { return argReducer("argmin", over, false) }

// NewArgMax is the position of the largest element; see [NewArgMin].
func NewArgMax(over Over) Reducer { return argReducer("argmax", over, true) }

func extremeReducer(name string, over Over, largest bool) Reducer {
	return Reducer{name: name, over: over, needsElements: true, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		if isLong(t) {
			return newLongOrdered(t, largest, false), nil
		}
		e, components, err := numeric(t)
		if err != nil {
			return nil, err
		}
		if components == 2 || hasNaT(t) {
			return &ordered{dtype: native(t), less: lessOf(t, largest)}, nil
		}
		return &extreme{elem: e, ops: opsOf(e), largest: largest, dtype: native(t)}, nil
	}}
}

func argReducer(name string, over Over, largest bool) Reducer {
	return Reducer{name: name, over: over, needsElements: true, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		if isLong(t) {
			return newLongOrdered(t, largest, true), nil
		}
		e, components, err := numeric(t)
		if err != nil {
			return nil, err
		}
		if components == 2 || hasNaT(t) {
			return &ordered{dtype: native(t), less: lessOf(t, largest), index: true}, nil
		}
		return &argExtreme{elem: e, ops: opsOf(e), largest: largest}, nil
	}}
}

func hasNaT(t mmapnpy.DType) bool { return t.Kind() == 'M' || t.Kind() == 'm' }

// extreme is the minimum or maximum of real numbers.
type extreme struct {
	elem    kernel.Elem
	ops     ops
	largest bool
	dtype   mmapnpy.DType
}

func (f *extreme) partial() partial             { return &extremePartial{fold: f} }
func (f *extreme) result(shape []int64) *Result { return newResult(f.dtype, shape) }
func (f *extreme) stateSize() int64             { return int64(f.elem.Size()) }
func (f *extreme) needsIndex() bool             { return false }

type extremePartial struct {
	fold *extreme
	acc  []byte
}

// at is the accumulators of outputs i to i+n.
func (p *extremePartial) at(i, n int) []byte {
	size := p.fold.elem.Size()
	return p.acc[i*size : (i+n)*size]
}
func (p *extremePartial) reset(n int) {
	p.acc = resized(p.acc, n*p.fold.elem.Size())
	p.fold.ops.fill(p.acc, p.fold.largest)
}
func (p *extremePartial) rows(out int, x []byte, m int, _ position) {
	p.fold.ops.extreme(false, p.fold.largest, p.at(out, len(x)/p.fold.elem.Size()/m), x, m)
}
func (p *extremePartial) cols(out int, x []byte, m int, _ position) {
	p.fold.ops.extreme(true, p.fold.largest, p.at(out, m), x, m)
}
func (p *extremePartial) merge(at int, other partial, from, n int) {
	p.fold.ops.mergeExtreme(p.fold.largest, p.at(at, n), other.(*extremePartial).at(from, n))
}
func (p *extremePartial) appendState(b []byte, _ int) ([]byte, error) {
	kernel.OneNaN(p.acc, p.fold.elem)
	return appendStates(b, stateOf[byte](p.acc)), nil
}
func (p *extremePartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[byte](p.acc))
}
func (p *extremePartial) finish(r *Result, at, stride, from, n int) {
	e, _ := p.fold.dtype.Elem()
	size := e.Size()
	// back from the computing type; exact, because the value was one of this type
	for i := range n {
		o := (at + i*stride) * size
		kernel.Convert(r.data[o:o+size], e, p.at(from+i, 1), p.fold.elem, false)
	}
}

// argExtreme is the position of the minimum or maximum of real numbers.
type argExtreme struct {
	elem    kernel.Elem
	ops     ops
	largest bool
}

func (f *argExtreme) partial() partial             { return &argPartial{fold: f} }
func (f *argExtreme) result(shape []int64) *Result { return newResult(mmapnpy.Int64, shape) }
func (f *argExtreme) stateSize() int64             { return int64(8 + f.elem.Size()) }
func (f *argExtreme) needsIndex() bool             { return true }

type argPartial struct {
	fold *argExtreme
	val  []byte
	idx  []int64 // -1 before the first element
}

func (p *argPartial) at(i, n int) ([]byte, []int64) {
	size := p.fold.elem.Size()
	return p.val[i*size : (i+n)*size], p.idx[i : i+n]
}
func (p *argPartial) reset(n int) {
	p.val, p.idx = resized(p.val, n*p.fold.elem.Size()), resized(p.idx, n)
	for i := range p.idx {
		p.idx[i] = -1
	}
}
func (p *argPartial) rows(out int, x []byte, m int, at position) {
	val, idx := p.at(out, len(x)/p.fold.elem.Size()/m)
	p.fold.ops.arg(false, p.fold.largest, val, idx, x, m, at)
}
func (p *argPartial) cols(out int, x []byte, m int, at position) {
	val, idx := p.at(out, m)
	p.fold.ops.arg(true, p.fold.largest, val, idx, x, m, at)
}
func (p *argPartial) merge(at int, other partial, from, n int) {
	val, idx := p.at(at, n)
	oval, oidx := other.(*argPartial).at(from, n)
	p.fold.ops.mergeArg(p.fold.largest, val, idx, oval, oidx)
}
func (p *argPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[byte](p.val), stateOf[int64](p.idx)), nil
}
func (p *argPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[byte](p.val), stateOf[int64](p.idx))
}
func (p *argPartial) finish(r *Result, at, stride, from, n int) {
	for i, v := range p.idx[from : from+n] {
		r.putInt(at+i*stride, uint64(v))
	}
}

// ordered is the extreme, or its position, of elements whose order is not that
// of real numbers: complex numbers and datetimes. It compares element by element.
type ordered struct {
	dtype mmapnpy.DType
	less  func(a, b []byte) bool // a strict order in which NaN and NaT come first
	index bool
}

func (f *ordered) partial() partial { return &orderedPartial{fold: f} }
func (f *ordered) result(shape []int64) *Result {
	if f.index {
		return newResult(mmapnpy.Int64, shape)
	}
	return newResult(f.dtype, shape)
}
func (f *ordered) stateSize() int64 { return 8 + f.size() }
func (f *ordered) needsIndex() bool { return true }

func (f *ordered) size() int64 { return f.dtype.ItemSize() }

type orderedPartial struct {
	fold *ordered
	val  []byte
	idx  []int64
}

func (p *orderedPartial) at(i int) []byte {
	size := int(p.fold.size())
	return p.val[i*size : (i+1)*size]
}
func (p *orderedPartial) reset(n int) {
	p.val, p.idx = resized(p.val, n*int(p.fold.size())), resized(p.idx, n)
	for i := range p.idx {
		p.idx[i] = -1
	}
}

// offer makes v, at flat index i, the value of output out if it comes first.
func (p *orderedPartial) offer(out int, v []byte, i int64) {
	best := p.at(out)
	if have := p.idx[out]; have >= 0 && !p.fold.less(v, best) && (p.fold.less(best, v) || have < i) {
		return
	}
	copy(best, v)
	p.idx[out] = i
}
func (p *orderedPartial) rows(out int, x []byte, m int, at position) {
	size := int(p.fold.size())
	for k := range len(x) / size {
		p.offer(out+k/m, x[k*size:(k+1)*size], at.base+int64(k%m)*at.step)
	}
}
func (p *orderedPartial) cols(out int, x []byte, m int, at position) {
	size := int(p.fold.size())
	for k := range len(x) / size {
		p.offer(out+k%m, x[k*size:(k+1)*size], at.base+int64(k/m)*at.step)
	}
}
func (p *orderedPartial) merge(at int, other partial, from, n int) {
	o := other.(*orderedPartial)
	for i := range n {
		if o.idx[from+i] >= 0 {
			p.offer(at+i, o.at(from+i), o.idx[from+i])
		}
	}
}
func (p *orderedPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[byte](p.val), stateOf[int64](p.idx)), nil
}
func (p *orderedPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[byte](p.val), stateOf[int64](p.idx))
}
func (p *orderedPartial) finish(r *Result, at, stride, from, n int) {
	size := int(p.fold.size())
	for i := range n {
		if p.fold.index {
			r.putInt(at+i*stride, uint64(p.idx[from+i]))
			continue
		}
		copy(r.data[(at+i*stride)*size:], p.at(from+i))
	}
}

// lessOf is the order in which the first element is the extreme.
func lessOf(t mmapnpy.DType, largest bool) func(a, b []byte) bool {
	native := binary.NativeEndian
	switch {
	case hasNaT(t):
		return func(a, b []byte) bool {
			x, y := int64(native.Uint64(a)), int64(native.Uint64(b))
			if x == notATime || y == notATime {
				return x == notATime && y != notATime
			}
			return x != y && (x < y) != largest
		}
	case t.ItemSize() == 8:
		return func(a, b []byte) bool {
			f := func(b []byte) float64 { return float64(math.Float32frombits(native.Uint32(b))) }
			return complexFirst(f(a), f(a[4:]), f(b), f(b[4:]), largest)
		}
	}
	return func(a, b []byte) bool {
		f := func(b []byte) float64 { return math.Float64frombits(native.Uint64(b)) }
		return complexFirst(f(a), f(a[8:]), f(b), f(b[8:]), largest)
	}
}

// complexFirst orders complex numbers by real, then imaginary part; a number with
// NaN in either comes before all others.
func complexFirst(ar, ai, br, bi float64, largest bool) bool {
	aNaN, bNaN := ar != ar || ai != ai, br != br || bi != bi
	switch {
	case aNaN || bNaN:
		return aNaN && !bNaN
	case ar != br:
		return (ar < br) != largest
	}
	return ai != bi && (ai < bi) != largest
}
