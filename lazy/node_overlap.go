package lazy

import (
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Boundary says what lies beyond the edges of an array, in dask's words; see [MapOverlap].
type Boundary struct {
	kind  boundaryKind
	value float64
}

type boundaryKind uint8

const (
	boundaryNone boundaryKind = iota // the zero Boundary
	boundaryReflect
	boundaryPeriodic
	boundaryNearest
	boundaryConstant
)

// NoBoundary leaves nothing there: at the edges of the array the ghost region is missing.
func NoBoundary() Boundary { return Boundary{} }

// Reflect mirrors the array at its edges, which are repeated: c b a | a b c.
func Reflect() Boundary { return Boundary{kind: boundaryReflect} }

// Periodic goes on with the other end: b c | a b c | a b.
func Periodic() Boundary { return Boundary{kind: boundaryPeriodic} }

// Nearest repeats the element at the edge: a a | a b c | c c.
func Nearest() Boundary { return Boundary{kind: boundaryNearest} }

// Constant puts a number there, as the array's dtype holds it.
func Constant(v float64) Boundary { return Boundary{kind: boundaryConstant, value: v} }

// MapOverlap applies a function of neighbourhoods, such as a filter, as dask's map_overlap does:
// f gets a part of the array with depth[d] more elements on either side of each axis d, and sets
// dst, which has the same shape; the margins of dst are thrown away. What lies beyond the edges is
// as the boundary says. Ghost regions are read directly; no part is made before it is asked for.
//
// src and dst lie in C order. f may be called from several goroutines at once, must not keep the
// arrays nor write to src, and must not depend on how the array is cut. An error or a panic of it
// ends whatever reads the result with a [FuncError] that names the block. depth has a number for
// every axis, 0 to the length of the axis. T and U are as for [Map].
func MapOverlap[T, U any](a *Array, depth []int64, b Boundary, f func(dst mmapnpy.NDArray[U], src mmapnpy.NDArray[T]) error) (*Array, error) {
	in, err := typed[T](a)
	if err != nil {
		return nil, err
	}
	to, err := mmapnpy.DTypeOf[U]()
	if err != nil {
		return nil, err
	}
	if to.ItemSize() == 0 {
		return nil, fmt.Errorf("%w: elements of no bytes cannot be computed", ErrDType)
	}
	if err := b.check(in, depth); err != nil {
		return nil, err
	}
	apply := func(dst, src mmapnpy.Buffer, _ chunk.Region) error {
		x, err := mmapnpy.ViewOf[T](src)
		if err != nil {
			return err
		}
		y, err := mmapnpy.ViewOf[U](dst)
		if err != nil {
			return err
		}
		return callUser(func() error { return f(y, x) })
	}
	o := &overlap{in: in, to: to, depth: slices.Clone(depth), boundary: b, apply: apply}
	if need := min(o.least(), math.MaxInt64/64/o.perElement()) * o.perElement(); need > a.config.budget()/2 {
		return nil, a.errorf("an element with its ghost region of depth %v takes %s, more than half the memory budget of %s", depth, chunk.FormatBytes(need), chunk.FormatBytes(a.config.budget()))
	}
	return a.with(o, a.axes)
}

// check returns an error if the depth does not fit the array, or the boundary its dtype.
func (b Boundary) check(n node, depth []int64) error {
	shape := n.shape()
	if len(depth) != len(shape) {
		return fmt.Errorf("%w: %d depths for %d axes", ErrShape, len(depth), len(shape))
	}
	for d, k := range depth {
		if k < 0 || k > shape[d] {
			return fmt.Errorf("%w: depth %d of axis %d is not within 0 to its length %d", ErrShape, k, d, shape[d])
		}
	}
	if _, ok := n.dtype().Elem(); !ok && b.kind == boundaryConstant {
		return fmt.Errorf("%w: no number is an element of %s", ErrDType, n.dtype())
	}
	return nil
}

// overlap is a function of neighbourhoods.
type overlap struct {
	in       node
	to       mmapnpy.DType
	depth    []int64
	boundary Boundary

	// apply sets dst of src, both gapless in C order and of the same shape. at is where src
	// lies; it may begin before the array and end behind it.
	apply func(dst, src mmapnpy.Buffer, at chunk.Region) error
}

func (o *overlap) dtype() mmapnpy.DType { return o.to }
func (o *overlap) shape() []int64       { return o.in.shape() }
func (o *overlap) order() []int         { return o.in.order() }
func (o *overlap) inputs() []node       { return []node{o.in} }

// memory is the results of the window, and what is in memory for the part that is being computed.
func (o *overlap) memory(n int64) int64 {
	room := o.room()
	return n*o.to.ItemSize() + room*o.perElement() + o.in.memory(room)
}

// perElement is the bytes that an element of a part takes: read, mirrored, and computed.
func (o *overlap) perElement() int64 { return 3*elemSize(o.in) + o.to.ItemSize() }

// room is how many elements a part may have with its ghost region.
func (o *overlap) room() int64 {
	return min(max(overlapBytes/o.perElement(), o.least()), o.ghost(o.in.shape()))
}

// least is the elements of the smallest part: one, and its ghost region.
func (o *overlap) least() int64 {
	one := make([]int64, len(o.depth))
	for d := range one {
		one[d] = 1
	}
	return o.ghost(one)
}

// ghost is the most elements that a part of the given shape has with its ghost region, or as many
// as can be counted.
func (o *overlap) ghost(shape []int64) int64 {
	n := int64(1)
	for d, size := range shape {
		length := size + 2*o.depth[d]
		if o.boundary.kind == boundaryNone {
			length = min(length, o.in.shape()[d])
		}
		if length > 0 && n > math.MaxInt64/64/length {
			return math.MaxInt64 / 64
		}
		n *= length
	}
	return n
}

// partLen is how many elements of a window are computed at a time.
func (o *overlap) partLen(shape []int64) int64 {
	corder := chunk.COrder(len(shape))
	n := product(shape)
	for n > 1 && o.ghost(partShape(shape, corder, n)) > o.room() {
		n = (n + 1) / 2
	}
	return n
}

// partShape is the shape of the largest of the pieces of at most n elements that an array is split
// into.
func partShape(shape []int64, order []int, n int64) []int64 {
	piece := slices.Clone(shape)
	for _, d := range slices.Backward(order) {
		piece[d] = max(min(shape[d], n), 1)
		n /= piece[d]
	}
	return piece
}

func (o *overlap) reader() reader {
	return &overlapReader{node: o, in: o.in.reader(), itemsize: o.in.dtype().ItemSize()}
}

// overlapReader computes a whole window when it is opened, part by part.
type overlapReader struct {
	node     *overlap
	in       reader
	itemsize int64
	win      chunk.Region
	results  []byte       // of the window, in C order
	at       chunk.Region // of src and dst: a part and its ghost region
	src, dst []byte
	raw      []byte
	mirrored []byte
	buf      []byte
}

func (o *overlapReader) open(win chunk.Region) error {
	o.win = win.Clone()
	o.results = grow(o.results, win.Len()*o.node.to.ItemSize())
	for part := range o.win.Split(nil, o.node.partLen(win.Shape)) {
		if err := o.compute(part); err != nil {
			return err
		}
		o.keep(part)
	}
	return nil
}

// compute reads a part with its ghost region and calls the function for it.
func (o *overlapReader) compute(part chunk.Region) error {
	n := o.node
	o.at = part.Clone()
	for d, k := range n.depth {
		stop := part.Start[d] + part.Shape[d] + k
		o.at.Start[d] -= k
		if n.boundary.kind == boundaryNone {
			o.at.Start[d], stop = max(o.at.Start[d], 0), min(stop, n.in.shape()[d])
		}
		o.at.Shape[d] = stop - o.at.Start[d]
	}
	o.src = grow(o.src, o.at.Len()*o.itemsize)
	o.dst = grow(o.dst, o.at.Len()*n.to.ItemSize())
	clear(o.dst) // what a function leaves alone must not depend on what was there
	if err := o.fill(); err != nil {
		return err
	}
	corder := chunk.COrder(len(o.at.Shape))
	buffer := func(b []byte, t mmapnpy.DType) mmapnpy.Buffer {
		return mmapnpy.Buffer{Data: b, DType: t, Shape: o.at.Shape, Strides: gaplessStrides(o.at.Shape, t.ItemSize(), corder)}
	}
	return n.apply(buffer(o.dst, n.to), buffer(o.src, n.in.dtype()), o.at)
}

// keep copies the results of a part, without its ghost region, to their place in the window.
func (o *overlapReader) keep(part chunk.Region) {
	itemsize := o.node.to.ItemSize()
	corder := chunk.COrder(len(part.Shape))
	strides := gaplessStrides(o.win.Shape, itemsize, corder)
	base := int64(0)
	for d, s := range strides {
		base += (part.Start[d] - o.win.Start[d]) * s
	}
	b := partOf(&o.buf, o.dst, o.at, part, itemsize, corder)
	kernel.Scatter(o.results, int(base), part.Shape, strides, int(itemsize), b)
}

func (o *overlapReader) close() error { return nil }

// stretch is a run of ghost or inner indices along an axis: count of them, from index at of the
// input on, step by step (1, -1, or 0 for one that is repeated).
type stretch struct{ to, at, count, step int64 }

// stretches says where the indices start to start+n of an axis of length size come from.
func (b Boundary) stretches(start, n, size int64) []stretch {
	var out []stretch
	for i := start; i < start+n; {
		s := stretch{to: i - start, step: 1}
		switch {
		case i >= 0 && i < size:
			s.at, s.count = i, min(size, start+n)-i
		case b.kind == boundaryNearest && i < 0:
			s.at, s.count, s.step = 0, min(0, start+n)-i, 0
		case b.kind == boundaryNearest:
			s.at, s.count, s.step = size-1, start+n-i, 0
		case b.kind == boundaryPeriodic:
			s.at = (i%size + size) % size
			s.count = min(size-s.at, start+n-i)
		case b.kind == boundaryReflect && i < 0:
			s.at, s.count, s.step = -i-1, min(0, start+n)-i, -1
		case b.kind == boundaryReflect:
			s.at, s.count, s.step = 2*size-1-i, start+n-i, -1
		case i < 0: // a constant, which is there already
			i = min(0, start+n)
			continue
		default:
			return out
		}
		out = append(out, s)
		i += s.count
	}
	return out
}

// fill reads the window and its ghost regions.
func (o *overlapReader) fill() error {
	if o.node.boundary.kind == boundaryConstant {
		if err := o.fillConstant(); err != nil {
			return err
		}
	}
	ndim := len(o.at.Shape)
	axes := make([][]stretch, ndim)
	for d := range axes {
		axes[d] = o.node.boundary.stretches(o.at.Start[d], o.at.Shape[d], o.node.in.shape()[d])
		if len(axes[d]) == 0 {
			return nil
		}
	}
	pick, counts := make([]int64, ndim), make([]int64, ndim)
	for d := range axes {
		counts[d] = int64(len(axes[d]))
	}
	chosen := make([]stretch, ndim)
	for {
		for d := range pick {
			chosen[d] = axes[d][pick[d]]
		}
		if err := o.copy(chosen); err != nil {
			return err
		}
		if chunk.NextIndex(pick, counts) < 0 {
			return nil
		}
	}
}

// fillConstant sets all of src to the boundary's number.
func (o *overlapReader) fillConstant() error {
	t := o.node.in.dtype()
	kernel.Convert(o.src[:o.itemsize], elemOf(t), kernel.Bytes([]float64{o.node.boundary.value}), kernel.Float64, false)
	for n := o.itemsize; n < int64(len(o.src)); n *= 2 {
		copy(o.src[n:], o.src[:n])
	}
	return nil
}

// copy reads a combination of stretches to its place in src.
func (o *overlapReader) copy(axes []stretch) error {
	ndim := len(axes)
	from := chunk.Region{Start: make([]int64, ndim), Shape: make([]int64, ndim)}
	counts := make([]int64, ndim)
	for d, s := range axes {
		from.Start[d], from.Shape[d], counts[d] = s.at, s.count, s.count
		switch s.step {
		case -1:
			from.Start[d] -= s.count - 1
		case 0:
			from.Shape[d] = 1
		}
	}
	corder := chunk.COrder(ndim)
	o.raw = o.raw[:0]
	err := eachTile(o.in, from, corder, tileBytes/o.itemsize, func(_ chunk.Region, b []byte) error {
		o.raw = append(o.raw, b...)
		return nil
	})
	if err != nil {
		return err
	}
	base, steps := int64(0), gaplessStrides(from.Shape, o.itemsize, corder)
	plain, b := true, o.raw
	for d, s := range axes {
		plain = plain && s.step == 1
		switch s.step {
		case -1:
			base += (s.count - 1) * steps[d]
			steps[d] = -steps[d]
		case 0:
			steps[d] = 0
		}
	}
	if !plain {
		o.mirrored = grow(o.mirrored, product(counts)*o.itemsize)
		kernel.Gather(o.mirrored, b, int(base), counts, steps, int(o.itemsize))
		b = o.mirrored
	}
	to, strides := int64(0), gaplessStrides(o.at.Shape, o.itemsize, corder)
	for d, s := range axes {
		to += s.to * strides[d]
	}
	kernel.Scatter(o.src, int(to), counts, strides, int(o.itemsize), b)
	return nil
}

func (o *overlapReader) tile(r chunk.Region, order []int) ([]byte, error) {
	return partOf(&o.buf, o.results, o.win, r, o.node.to.ItemSize(), order), nil
}

// partOf is the elements of r, in the given order of axes, out of those of a window, which lie in C
// order: in place where they lie so, else copied to the buffer.
func partOf(buf *[]byte, window []byte, win, r chunk.Region, itemsize int64, order []int) []byte {
	strides := gaplessStrides(win.Shape, itemsize, chunk.COrder(len(win.Shape)))
	first := int64(0)
	for d, s := range strides {
		first += (r.Start[d] - win.Start[d]) * s
	}
	n := r.Len() * itemsize
	if contiguous(r.Shape, strides, itemsize, order) {
		return window[first : first+n : first+n]
	}
	*buf = grow(*buf, n)
	kernel.Gather(*buf, window, int(first), inOrder(r.Shape, order), inOrder(strides, order), int(itemsize))
	return *buf
}
