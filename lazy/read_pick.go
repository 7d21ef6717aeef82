package lazy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// Pick is rows of an array, entries of its first axis, and where they belong.
type Pick struct {
	Row   int64 // the first of them
	Count int64 // how many follow each other
	At    int64 // offset in bytes of the first one in the destination
}

// Picker reads rows here and there into memory of the caller's, as a batch of training samples is
// made of them. It belongs to one goroutine, and is valid until the array is closed. Making one
// costs little.
//
// Short rows are copied out of the mapped file where there is one, in any order, and long ones are
// read straight to their place, several at once where that is much. Of a deflated member each
// stretch that picks share is inflated once in a call of Read.
type Picker struct {
	a       *Array
	row     int64 // bytes
	view    *strided
	gap     int64 // bytes that are read through sooner than sought over
	order   []Pick
	scratch []byte
}

// Picker makes a [Picker] of rows. An array without axes has none, which is an [ErrShape].
func (a *Array) Picker() (*Picker, error) {
	if a.NDim() == 0 {
		return nil, fmt.Errorf("%w: %s: an array of no dimensions has no rows", ErrShape, a.Name())
	}
	size := a.DType().ItemSize()
	p := &Picker{a: a, row: product(a.node.shape()[1:]) * size}
	if l, ok := a.node.(*leaf); ok && size > 0 {
		v := &l.view
		if contiguous(v.shape[1:], v.strides[1:], size, chunk.COrder(len(v.shape)-1)) {
			p.view, p.gap = v, max(a.Granule(), bridge)
		}
	}
	return p, nil
}

// RowBytes is the size of a row in bytes.
func (p *Picker) RowBytes() int64 { return p.row }

// Granule is how many bytes of the stored array are cheapest to read together, such as the distance
// of the places from which a deflated member can be inflated, or all of a member that can only be
// decoded from its start. It is 0 where that makes no difference.
func (a *Array) Granule() int64 {
	if a.inOrder() {
		return max(a.NBytes(), 1)
	}
	return a.granule()
}

// Read writes each pick's rows to its place in dst, in C order, in a's dtype. Rows that a does not
// have, and places outside of dst, are an [ErrIndex], and nothing is read. After any other error,
// such as a [FaultError] or [ErrChanged], dst is undefined.
func (p *Picker) Read(dst []byte, picks []Pick) error {
	n := p.a.node.shape()[0]
	for _, k := range picks {
		if k.Row < 0 || k.Count < 0 || k.Count > n-k.Row {
			return fmt.Errorf("%w: %s: rows %d to %d of %d", ErrIndex, p.a.Name(), k.Row, k.Row+k.Count, n)
		}
		if k.At < 0 || k.At > int64(len(dst)) || p.row > 0 && k.Count > (int64(len(dst))-k.At)/p.row {
			return fmt.Errorf("%w: %s: %d rows at byte %d of a destination of %d", ErrIndex, p.a.Name(), k.Count, k.At, len(dst))
		}
	}
	if p.row == 0 || len(picks) == 0 {
		return nil
	}
	var err error
	switch {
	case p.view == nil:
		err = p.compute(dst, picks)
	case p.long(picks):
		err = p.direct(dst, picks)
	default:
		if err = p.mapped(dst, picks); errors.Is(err, bytesrc.ErrNotMapped) {
			err = p.grouped(dst, picks)
		}
	}
	if err != nil {
		return err
	}
	return p.a.changed()
}

// whole reports whether rows that follow each other are one run of bytes.
func (p *Picker) whole() bool { return p.view.strides[0] == p.row }

// long reports whether all picks are runs that are best read to their places.
func (p *Picker) long(picks []Pick) bool {
	for _, k := range picks {
		n := p.row
		if p.whole() {
			n *= k.Count
		}
		if n < pickDirect {
			return false
		}
	}
	return true
}

// eachRun calls f for every run of bytes of a pick.
func (p *Picker) eachRun(k Pick, f func(off, at, n int64) error) error {
	off := p.view.base + k.Row*p.view.strides[0]
	if p.whole() {
		return f(off, k.At, k.Count*p.row)
	}
	for i := range k.Count {
		if err := f(off+i*p.view.strides[0], k.At+i*p.row, p.row); err != nil {
			return err
		}
	}
	return nil
}

// direct reads each run to its place.
func (p *Picker) direct(dst []byte, picks []Pick) error {
	var all int64
	for _, k := range picks {
		all += k.Count * p.row
	}
	if all >= pickParallel && p.a.Granule() == 0 {
		return p.together(dst, picks)
	}
	for _, k := range p.sorted(picks) {
		err := p.eachRun(k, func(off, at, n int64) error { return readFull(p.view.src, dst[at:at+n], off) })
		if err != nil {
			return err
		}
	}
	return nil
}

// together reads the pieces of long runs on several goroutines.
func (p *Picker) together(dst []byte, picks []Pick) error {
	type piece struct{ off, at, n int64 }
	var pieces []piece
	for _, k := range p.sorted(picks) {
		_ = p.eachRun(k, func(off, at, n int64) error {
			for n > 0 {
				part := min(n, pickGroup)
				pieces = append(pieces, piece{off, at, part})
				off, at, n = off+part, at+part, n-part
			}
			return nil
		})
	}
	return parallel.Each(context.Background(), p.a.config.maxWorkers(), int64(len(pieces)), func(_ context.Context, i int64) error {
		k := pieces[i]
		return readFull(p.view.src, dst[k.at:k.at+k.n], k.off)
	})
}

// extent is the range of bytes in which picks lie.
func (p *Picker) extent(picks []Pick) (lo, hi int64) {
	first, last := picks[0].Row, picks[0].Row
	for _, k := range picks {
		first, last = min(first, k.Row), max(last, k.Row+max(k.Count, 1)-1)
	}
	a, b := p.view.base+first*p.view.strides[0], p.view.base+last*p.view.strides[0]
	return min(a, b), max(a, b) + p.row
}

// mapped copies rows out of the mapping.
func (p *Picker) mapped(dst []byte, picks []Pick) error {
	picks = slices.DeleteFunc(append(p.order[:0], picks...), func(k Pick) bool { return k.Count == 0 })
	p.order = picks
	if len(picks) == 0 {
		return nil
	}
	release, err := p.view.src.Retain()
	if err != nil {
		return err
	}
	defer release()
	lo, hi := p.extent(picks)
	view, err := p.view.src.View(lo, hi-lo)
	if err != nil {
		return err
	}
	return bytesrc.Guard(func() error {
		for _, k := range picks {
			_ = p.eachRun(k, func(off, at, n int64) error {
				copy(dst[at:at+n], view[off-lo:off-lo+n])
				return nil
			})
		}
		return nil
	})
}

// sorted is the picks in the order of the file.
func (p *Picker) sorted(picks []Pick) []Pick {
	p.order = slices.DeleteFunc(append(p.order[:0], picks...), func(k Pick) bool { return k.Count == 0 })
	slices.SortStableFunc(p.order, func(a, b Pick) int {
		if p.view != nil && p.view.strides[0] < 0 {
			a, b = b, a
		}
		return cmp.Compare(a.Row, b.Row)
	})
	return p.order
}

// grouped reads those that lie close to each other together, through what lies between them.
func (p *Picker) grouped(dst []byte, picks []Pick) error {
	for rest := p.sorted(picks); len(rest) > 0; {
		lo, hi := p.extent(rest[:1])
		n := 1
		for ; n < len(rest); n++ {
			from, to := p.extent(rest[n : n+1])
			if from-hi >= p.gap || max(to, hi)-lo > pickGroup {
				break
			}
			hi = max(hi, to)
		}
		group := rest[:n]
		rest = rest[n:]
		if n == 1 && hi-lo == group[0].Count*p.row && p.whole() {
			if err := readFull(p.view.src, dst[group[0].At:group[0].At+hi-lo], lo); err != nil {
				return err
			}
			continue
		}
		if hi-lo > pickGroup {
			if err := p.runs(dst, group[0]); err != nil {
				return err
			}
			continue
		}
		err := bytesrc.WithGuard(p.view.src, lo, int(hi-lo), func(b []byte) error {
			for _, k := range group {
				_ = p.eachRun(k, func(off, at, n int64) error {
					copy(dst[at:at+n], b[off-lo:off-lo+n])
					return nil
				})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// runs reads the runs of one pick that spans much.
func (p *Picker) runs(dst []byte, k Pick) error {
	return p.eachRun(k, func(off, at, n int64) error { return readFull(p.view.src, dst[at:at+n], off) })
}

// compute reads rows of an array that is computed, or lies in another order, as a table of them
// would.
func (p *Picker) compute(dst []byte, picks []Pick) error {
	most := max(pickGroup/p.row, 1)
	var table []int64
	picks = slices.Clone(picks)
	for len(picks) > 0 {
		table = table[:0]
		n := 0
		for ; n < len(picks) && int64(len(table)) < most; n++ {
			k := &picks[n]
			take := min(k.Count, most-int64(len(table)))
			for i := range take {
				table = append(table, k.Row+i)
			}
			if take < k.Count {
				break
			}
		}
		if len(table) == 0 { // picks of no rows only
			picks = picks[n:]
			continue
		}
		p.scratch = grow(p.scratch, int64(len(table))*p.row)
		if err := p.taken(p.scratch, table); err != nil {
			return err
		}
		b := p.scratch
		for i := 0; i <= n && len(b) > 0; i++ {
			k := &picks[i]
			size := min(k.Count*p.row, int64(len(b)))
			copy(dst[k.At:k.At+size], b[:size])
			b = b[size:]
			k.Row, k.Count, k.At = k.Row+size/p.row, k.Count-size/p.row, k.At+size
		}
		picks = picks[n:]
	}
	return nil
}

// taken fills dst with the rows of a table.
func (p *Picker) taken(dst []byte, table []int64) error {
	t, err := p.a.Take(table, 0)
	if err != nil {
		return err
	}
	return newFiller(t, chunk.COrder(t.NDim())).worker().fill(dst, chunk.Whole(t.node.shape()))
}
