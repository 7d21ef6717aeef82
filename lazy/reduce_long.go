package lazy

import (
	"fmt"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Long doubles are compared, counted and added up as they are: as float64s some would be infinite,
// zero or equal that are not.

// isLong reports whether elements are long doubles, or complex numbers of them.
func isLong(t mmapnpy.DType) bool {
	e, _ := t.Elem()
	return e.IsLong()
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

// eachLong calls f with the position of every element that counts: that is zero in all its parts,
// or NaN or infinite in one.
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

// onlyNarrowed is the error of what is computed in float64, which would make infinities and zeros
// of long doubles.
func onlyNarrowed(t mmapnpy.DType) error {
	return fmt.Errorf("%w: %s, which is not computed with here in full precision; convert it first (astype=f8, Array.AsType)", ErrDType, t)
}

// longParts is how many long doubles an element has, and of which kind they are.
func longParts(t mmapnpy.DType) (n int, part kernel.Elem) {
	e, _ := t.Elem()
	return e.Size() / e.Part().Size(), e.Part()
}

// newLongFold is a fold of long doubles to results of the same dtype, or to its part.
func newLongFold[S any](t, out mmapnpy.DType, add func(s *S, b []byte), merge func(s *S, o S), finish func(s S, b []byte)) fold {
	if n, _ := longParts(t); n == 2 {
		return longFoldOf[[32]byte](t, out, add, merge, finish)
	}
	return longFoldOf[[16]byte](t, out, add, merge, finish)
}

func longFoldOf[T, S any](t, out mmapnpy.DType, add func(s *S, b []byte), merge func(s *S, o S), finish func(s S, b []byte)) fold {
	f := Fold[T, S, [32]byte]{
		Add:   func(s *S, x []T) { add(s, kernel.Bytes(x)) },
		Merge: merge,
		Finish: func(s S) (r [32]byte) {
			finish(s, r[:])
			return r
		},
	}
	if out.ItemSize() == 32 {
		return &userFold[T, S, [32]byte]{f: f, dtype: native(t), out: out}
	}
	return &userFold[T, S, [16]byte]{dtype: native(t), out: out, f: Fold[T, S, [16]byte]{
		Add:    f.Add,
		Merge:  merge,
		Finish: func(s S) [16]byte { whole := f.Finish(s); return [16]byte(whole[:16]) },
	}}
}

// newLongSum adds long doubles up in 128 bits, and divides by n for a mean.
func newLongSum(t mmapnpy.DType, n int64, mean bool) fold {
	type sums [2]kernel.Long
	parts, part := longParts(t)
	size := part.Size()
	return newLongFold(t, native(t), func(s *sums, b []byte) {
		for k := range parts {
			s[k] = kernel.SumLongs(s[k], b[k*size:], parts*size, part)
		}
	}, func(s *sums, o sums) {
		for k := range parts {
			s[k] = s[k].Add(o[k])
		}
	}, func(s sums, b []byte) {
		for k := range parts {
			if mean {
				s[k] = s[k].Divide(kernel.LongOfInt(n))
			}
			s[k].Put(b[k*size:], part)
		}
	})
}

// longMoments is the moments of long doubles: the mean and the sum of the squared deviations from
// it.
type longMoments struct {
	N        int64
	Mean, M2 [2]kernel.Long
}

// merge adds those of other elements, by Chan's formula.
func (s *longMoments) merge(o longMoments, parts int) {
	if s.N == 0 || o.N == 0 {
		if o.N > 0 {
			*s = o
		}
		return
	}
	n := s.N + o.N
	share := kernel.LongOfInt(o.N).Divide(kernel.LongOfInt(n))
	for k := range parts {
		d := o.Mean[k].Subtract(s.Mean[k])
		s.Mean[k] = s.Mean[k].Add(d.Multiply(share))
		s.M2[k] = s.M2[k].Add(o.M2[k]).Add(d.Multiply(d).Multiply(share).Multiply(kernel.LongOfInt(s.N)))
	}
	s.N = n
}

func newLongMoments(t mmapnpy.DType, ddof int64, root bool) fold {
	parts, part := longParts(t)
	size := part.Size()
	return newLongFold(t, native(t).Part(), func(s *longMoments, b []byte) {
		o := longMoments{N: int64(len(b) / (parts * size))}
		for k := range parts {
			o.Mean[k] = kernel.SumLongs(kernel.Long{}, b[k*size:], parts*size, part).Divide(kernel.LongOfInt(o.N))
			o.M2[k] = kernel.SquareLongs(o.Mean[k], b[k*size:], parts*size, part)
		}
		s.merge(o, parts)
	}, func(s *longMoments, o longMoments) { s.merge(o, parts) }, func(s longMoments, b []byte) {
		v := s.M2[0].Add(s.M2[1]).Divide(kernel.LongOfInt(max(s.N-ddof, 0)))
		if root {
			v = v.Sqrt()
		}
		v.Put(b, part)
	})
}
