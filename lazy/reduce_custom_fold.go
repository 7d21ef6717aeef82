package lazy

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Fold is a reduction of a user's own, of elements of type T to results of type R. Every
// output has a state S. Add, Merge and Finish are called from several goroutines at once,
// each time with other states. They must not keep what they are given.
//
// An error cannot be returned from here; a panic ends the pass with a [FuncError] that names the
// block. See [NewReducer] for reductions that can fail, or need to know where elements lie.
type Fold[T, S, R any] struct {
	// Init makes the state of an output that has seen nothing: what leaves others as they
	// are when it is merged with them. Default: the zero S.
	Init func() S

	// Add takes in elements of one output: a piece of them, in storage order, which may be
	// part of a mapped file. It must not write to x.
	Add func(s *S, x []T)

	// Merge takes in the state o of other elements of the same output. They come after those
	// of s in the order of the plan.
	Merge func(s *S, o S)

	// Finish makes the result of a state.
	Finish func(s S) R
}

// NewFold is a reducer that a user wrote, for results that follow from the elements of an
// output alone, wherever they lie. It may share a pass with any others, and its result has
// the shape that the one of [NewSum] has.
//
// T is the Go type of the array's elements ([mmapnpy.NDArray] lists them), whatever their
// byte order: uint16 for float16, for instance, which are given as they are stored. Another
// type is an error that matches [mmapnpy.ErrType]. [Array.AsType] converts before. R has a
// dtype ([mmapnpy.DTypeOf]); where it is an array, its axes follow those of the result.
//
// The accumulators of one output count as the size of an S in the memory budget, without
// what it points to. To be computed in [Parts], S must have a fixed size as encoding/binary
// understands it, or *S be an [encoding.BinaryMarshaler] and [encoding.BinaryUnmarshaler].
func NewFold[T, S, R any](name string, over Over, f Fold[T, S, R]) Reducer {
	return Reducer{name: name, over: over, newFold: func(t mmapnpy.DType, _ int64) (fold, error) {
		return newUserFold(f, t)
	}}
}

// userFold is a [Fold] bound to a dtype.
type userFold[T, S, R any] struct {
	f     Fold[T, S, R]
	dtype mmapnpy.DType // of the elements, native
	out   mmapnpy.DType // of R, without dims
	dims  []int64
	loose bool // T has bools, which the bytes of an element may not be
}

func newUserFold[T, S, R any](f Fold[T, S, R], t mmapnpy.DType) (fold, error) {
	if f.Add == nil || f.Merge == nil || f.Finish == nil {
		return nil, errors.New("a Fold needs Add, Merge and Finish")
	}
	u := &userFold[T, S, R]{f: f, dtype: t}
	if _, ok := computeElem(t); ok {
		u.dtype = native(t)
	}
	size := u.dtype.ItemSize()
	if size == 0 {
		return nil, undefined(t)
	}
	if _, err := mmapnpy.ViewOf[T](mmapnpy.Buffer{DType: u.dtype, Shape: []int64{0}, Strides: []int64{size}}); err != nil {
		return nil, err
	}
	r, err := mmapnpy.DTypeOf[R]()
	if err != nil {
		return nil, err
	}
	u.out, u.dims = r.Elements()
	u.loose, err = isLoose[T](u.dtype)
	return u, err
}

// isLoose reports whether T has bools, of which not every byte is one.
func isLoose[T any](t mmapnpy.DType) (bool, error) {
	probe := make([]T, 1)
	b := kernel.Bytes(probe)
	if int64(len(b)) != t.ItemSize() {
		return true, nil // the fields lie elsewhere
	}
	if !kernel.Shares() {
		return false, nil // decoding takes any byte
	}
	for i := range b {
		b[i] = 2
	}
	v, err := mmapnpy.ViewOf[T](mmapnpy.Buffer{Data: b, DType: t, Shape: []int64{1}, Strides: []int64{t.ItemSize()}})
	if err != nil {
		return false, err
	}
	_, ok := v.Slice()
	return !ok, nil
}

func (u *userFold[T, S, R]) native()          {}
func (u *userFold[T, S, R]) partial() partial { return &userPartial[T, S, R]{fold: u} }
func (u *userFold[T, S, R]) needsIndex() bool { return false }

func (u *userFold[T, S, R]) result(shape []int64) *Result {
	return newResult(u.out, append(shape, u.dims...))
}

// stateSize is at least the size of a result, so that what is allocated for either is checked.
func (u *userFold[T, S, R]) stateSize() int64 {
	return max(int64(reflect.TypeFor[S]().Size()), int64(reflect.TypeFor[R]().Size()), 1)
}

// userPartial is the states of a run of outputs.
type userPartial[T, S, R any] struct {
	fold    *userFold[T, S, R]
	states  []S
	gather  []byte
	copied  []byte
	results []R
}

func (p *userPartial[T, S, R]) reset(n int) {
	p.states = resized(p.states, n)
	if p.fold.f.Init == nil {
		return
	}
	for i := range p.states {
		p.states[i] = p.fold.f.Init()
	}
}

func (p *userPartial[T, S, R]) rows(out int, x []byte, m int, _ position) {
	v := p.elements(x)
	for i := 0; len(v) > 0; i++ {
		p.fold.f.Add(&p.states[out+i], v[:m:m])
		v = v[m:]
	}
}

// cols gathers the columns, so that Add sees the elements of an output together.
func (p *userPartial[T, S, R]) cols(out int, x []byte, m int, at position) {
	size := int(p.fold.dtype.ItemSize())
	rows := len(x) / size / m
	if rows > 1 {
		p.gather = grow(p.gather, int64(len(x)))
		kernel.Gather(p.gather, x, 0, []int64{int64(m), int64(rows)}, []int64{int64(size), int64(size * m)}, size)
		x = p.gather
	}
	p.rows(out, x, rows, at)
}

// elements is x as a slice of T. Bytes that are no bools are made ones in a copy, after they
// have been read: a fault is met outside of the conversion.
func (p *userPartial[T, S, R]) elements(x []byte) []T {
	if !p.fold.loose {
		return kernel.Slice[T](x)
	}
	p.copied = append(p.copied[:0], x...)
	size := p.fold.dtype.ItemSize()
	v, err := mmapnpy.CopyOf[T](mmapnpy.Buffer{Data: p.copied, DType: p.fold.dtype, Shape: []int64{int64(len(x)) / size}, Strides: []int64{size}})
	if err != nil {
		panic(fmt.Sprintf("lazy: elements that had the right type have it no more: %v", err))
	}
	return v
}

func (p *userPartial[T, S, R]) merge(at int, other partial, from, n int) {
	for i, s := range other.(*userPartial[T, S, R]).states[from : from+n] {
		p.fold.f.Merge(&p.states[at+i], s)
	}
}

func (p *userPartial[T, S, R]) finish(r *Result, at, stride, from, n int) {
	p.results = resized(p.results, n)
	for i, s := range p.states[from : from+n] {
		p.results[i] = p.fold.f.Finish(s)
	}
	b := kernel.Bytes(p.results)
	size := len(b) / n
	for i := range n {
		copy(r.data[(at+i*stride)*size:], b[i*size:(i+1)*size])
	}
}

// appendState writes states that have a fixed size as encoding/binary does, and others as they
// marshal themselves.
func (p *userPartial[T, S, R]) appendState(b []byte, n int) ([]byte, error) {
	for i := range p.states[:n] {
		var err error
		if b, err = appendUserState(b, &p.states[i]); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (p *userPartial[T, S, R]) setState(b []byte, n int) (rest []byte, err error) {
	for i := range p.states[:n] {
		if b, err = setUserState(b, &p.states[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}
