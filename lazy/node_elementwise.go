package lazy

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// elementwise is a function of the elements of its inputs, one by one.
type elementwise struct {
	to     mmapnpy.DType
	dims   []int64
	in     []node // of the same shape, or of a single element; native; each once
	args   []int  // which of them the loop gets, in its order
	loop   newLoop
	byCost []int // order of the axes
	bytes  int64 // that are stored
	steps  int64
	light  bool // it costs about as much as reading does, and may be computed twice
}

// stepsOf counts the nodes of an expression.
func stepsOf(n node) int64 {
	if e, ok := n.(*elementwise); ok {
		return e.steps
	}
	sum := int64(1)
	for _, in := range n.inputs() {
		sum += stepsOf(in)
	}
	return sum
}

// sameNode reports whether two nodes are one, or the same cast of one.
func sameNode(x, y node) bool {
	if x == y {
		return true
	}
	a, ok := x.(*cast)
	b, too := y.(*cast)
	return ok && too && a.to.Equal(b.to) && sameNode(a.in, b.in)
}

// loop computes the elements of a tile. An input of a single element comes as one.
type loop func(dst []byte, in [][]byte) error

// newLoop makes the loop of one goroutine, with whatever memory it needs.
type newLoop func() loop

// stateless is a loop that keeps nothing.
func stateless(l loop) newLoop { return func() loop { return l } }

// newElementwise broadcasts the inputs to their common shape. Those of a single
// element stay what they are.
func newElementwise(to mmapnpy.DType, l newLoop, in ...node) (*elementwise, error) {
	shape := in[0].shape()
	for _, n := range in[1:] {
		var err error
		if shape, err = broadcast(shape, n.shape()); err != nil {
			return nil, err
		}
	}
	if err := checkGeometry(shape, to.ItemSize()); err != nil {
		return nil, err
	}
	e := &elementwise{to: to, dims: shape, loop: l, steps: 1}
	var given []node // what e.in was before it was spread
	for _, n := range in {
		at := slices.IndexFunc(given, func(m node) bool { return sameNode(m, n) })
		if at < 0 {
			at = len(given)
			given = append(given, n)
			if e.steps += stepsOf(n); e.steps > maxSteps {
				return nil, fmt.Errorf("%w: an expression of more than %d steps, each counted as often as it is used; Load or Save an intermediate result", ErrShape, maxSteps)
			}
			if !single(n) {
				n = spreadTo(n, shape)
			}
			e.in = append(e.in, n)
		}
		e.args = append(e.args, at)
	}
	e.measure()
	return e, nil
}

// measure finds what is asked for again and again: the bytes that the expression reads, and the
// order of the axes, which is that of the input with the most to read.
func (e *elementwise) measure() {
	e.byCost = chunk.COrder(len(e.dims))
	most := int64(0)
	for _, n := range e.in {
		size := storedBytes(n)
		e.bytes += size
		if size > most && !single(n) {
			e.byCost, most = n.order(), size
		}
	}
}

// single reports whether a node has one element.
func single(n node) bool { return product(n.shape()) == 1 }

func (e *elementwise) dtype() mmapnpy.DType { return e.to }
func (e *elementwise) shape() []int64       { return e.dims }
func (e *elementwise) inputs() []node       { return e.in }
func (e *elementwise) order() []int         { return e.byCost }

// storedBytes is the size of the elements that a node reads, each counted once.
func storedBytes(n node) int64 {
	if e, ok := n.(*elementwise); ok {
		return e.bytes
	}
	l, ok := n.(*leaf)
	if !ok {
		sum := int64(0)
		for _, in := range n.inputs() {
			sum += storedBytes(in)
		}
		return sum
	}
	size := l.view.dtype.ItemSize()
	for d, s := range l.view.strides {
		if s != 0 {
			size *= l.view.shape[d]
		}
	}
	return size
}

func (e *elementwise) memory(n int64) int64 {
	sum := tileMemory(n, e.to)
	for _, in := range e.in {
		sum += in.memory(min(n, product(in.shape())))
	}
	return sum
}

// tileMemory is what the tiles that a reader makes of a window of n elements take. Nobody asks for
// larger ones than a quarter of a window.
func tileMemory(n int64, t mmapnpy.DType) int64 { return min(n*t.ItemSize(), windowBytes/4) }

func (e *elementwise) narrow(sel []selected) node {
	shape := make([]int64, len(sel))
	for d, s := range sel {
		shape[d] = s.count
	}
	return e.over(shape, func(n node) node { return narrow(n, sel) })
}

func (e *elementwise) arrange(axes []int) node {
	shape := make([]int64, len(axes))
	for d, from := range axes {
		shape[d] = 1
		if from >= 0 {
			shape[d] = e.dims[from]
		}
	}
	return e.over(shape, func(n node) node { return arrange(n, axes) })
}

// reshape reshapes all inputs.
func (e *elementwise) reshape(shape []int64) (_ node, view bool) {
	view = true
	out := e.over(slices.Clone(shape), func(n node) node {
		in, ok := reshape(n, shape)
		view = view && ok
		return in
	})
	return out, view
}

// over is the same function of other elements.
func (e *elementwise) over(shape []int64, f func(node) node) *elementwise {
	out := &elementwise{to: e.to, dims: shape, args: e.args, loop: e.loop, steps: e.steps, light: e.light}
	for _, n := range e.in {
		if !single(n) {
			n = f(n)
		}
		out.in = append(out.in, n)
	}
	out.measure()
	return out
}

func (e *elementwise) reader() reader {
	r := &elementwiseReader{node: e, loop: e.loop(), tiles: make([][]byte, len(e.in)), args: make([][]byte, len(e.args))}
	for _, n := range e.in {
		r.readers = append(r.readers, n.reader())
	}
	return r
}

// elementwiseReader computes tiles of tiles.
type elementwiseReader struct {
	node    *elementwise
	loop    loop
	readers []reader
	opened  int
	tiles   [][]byte // of the inputs
	args    [][]byte // of the loop
	buf     []byte
}

func (e *elementwiseReader) open(win chunk.Region) error {
	for i, r := range e.readers {
		part := win
		if single(e.node.in[i]) {
			part = chunk.Whole(e.node.in[i].shape())
		}
		if err := r.open(part); err != nil {
			_ = e.close() // best effort
			return err
		}
		e.opened = i + 1
	}
	return nil
}

func (e *elementwiseReader) close() (err error) {
	for _, r := range e.readers[:e.opened] {
		if closed := r.close(); err == nil {
			err = closed
		}
	}
	e.opened = 0
	return err
}

func (e *elementwiseReader) tile(r chunk.Region, order []int) (_ []byte, err error) {
	for i, in := range e.readers {
		if n := e.node.in[i]; single(n) {
			e.tiles[i], err = in.tile(chunk.Whole(n.shape()), chunk.COrder(len(n.shape())))
		} else {
			e.tiles[i], err = in.tile(r, order)
		}
		if err != nil {
			return nil, err
		}
	}
	for i, at := range e.node.args {
		e.args[i] = e.tiles[at]
	}
	e.buf = grow(e.buf, r.Len()*e.node.to.ItemSize())
	return e.buf, e.loop(e.buf, e.args)
}

// Map applies a function of yours to the elements of an array when they are read. It gets
// them in pieces: f sets every dst[i] from src[i], may be called from several goroutines
// at once, and must neither keep the slices nor write to src. Pieces have no meaning: f must not
// depend on how elements are grouped. If it panics, whoever reads the elements gets a [FuncError]
// that names the block. See [MapErr] for functions that can fail.
//
// T is the Go type of the array's dtype, as [mmapnpy.NDArray] lists them; elements of
// foreign byte order are swapped first. U is that of the result, as in [mmapnpy.DTypeOf].
func Map[T, U any](a *Array, f func(dst []U, src []T)) (*Array, error) {
	return MapErr(a, func(dst []U, src []T) error {
		f(dst, src)
		return nil
	})
}

// MapErr is [Map] for a function that can fail. Its error ends whatever reads the elements with a
// [FuncError] that wraps it and names the block.
func MapErr[T, U any](a *Array, f func(dst []U, src []T) error) (*Array, error) {
	in, err := typed[T](a)
	if err != nil {
		return nil, err
	}
	to, err := mmapnpy.DTypeOf[U]()
	if err != nil {
		return nil, err
	}
	l := func() loop {
		var out outputOf[U]
		var x operandOf[T]
		return func(dst []byte, in [][]byte) error {
			d, src := out.of(dst), x.of(in[0], len(dst)/int(to.ItemSize()))
			if err := callUser(func() error { return f(d, src) }); err != nil {
				return err
			}
			out.store(dst)
			return nil
		}
	}
	return mapped(to, l, []*Array{a}, in)
}

// Map2 is [Map] for a function of the elements of two arrays, which are broadcast
// together.
func Map2[T, U, V any](a, b *Array, f func(dst []V, x []T, y []U)) (*Array, error) {
	return Map2Err(a, b, func(dst []V, x []T, y []U) error {
		f(dst, x, y)
		return nil
	})
}

// Map2Err is [MapErr] for a function of the elements of two arrays.
func Map2Err[T, U, V any](a, b *Array, f func(dst []V, x []T, y []U) error) (*Array, error) {
	inA, err := typed[T](a)
	if err != nil {
		return nil, err
	}
	inB, err := typed[U](b)
	if err != nil {
		return nil, err
	}
	to, err := mmapnpy.DTypeOf[V]()
	if err != nil {
		return nil, err
	}
	l := func() loop {
		var out outputOf[V]
		var x operandOf[T]
		var y operandOf[U]
		return func(dst []byte, in [][]byte) error {
			n := len(dst) / int(to.ItemSize())
			d, u, v := out.of(dst), x.of(in[0], n), y.of(in[1], n)
			if err := callUser(func() error { return f(d, u, v) }); err != nil {
				return err
			}
			out.store(dst)
			return nil
		}
	}
	return mapped(to, l, []*Array{a, b}, inA, inB)
}

// mapped is the array of a user's function.
func mapped(to mmapnpy.DType, l newLoop, arrays []*Array, in ...node) (*Array, error) {
	if to.ItemSize() == 0 {
		return nil, fmt.Errorf("%w: elements of no bytes cannot be computed", ErrDType)
	}
	n, err := newElementwise(to, l, in...)
	if err != nil {
		return nil, err
	}
	return combine(n, arrays)
}

// typed is a's elements in the byte order of this machine, if their Go type is T.
func typed[T any](a *Array) (node, error) {
	n := toNative(a.node)
	t := n.dtype()
	if t.ItemSize() == 0 {
		return nil, fmt.Errorf("%w: %s has elements of no bytes", ErrDType, t)
	}
	none := mmapnpy.Buffer{DType: t, Shape: []int64{0}, Strides: []int64{t.ItemSize()}}
	if v, err := mmapnpy.ViewOf[T](none); err != nil {
		return nil, a.errorIn(err)
	} else if !v.InPlace() {
		return nil, a.errorf("%w: the fields of %s lie elsewhere than those of %T", mmapnpy.ErrType, t, *new(T))
	}
	if e, ok := t.Elem(); ok && e == kernel.Bool {
		n = &boolCast{cast{n, t}} // any byte but 0 is true in NumPy, and undefined in a Go bool
	}
	return n, nil
}

// boolCast is booleans of which every byte is 0 or 1.
type boolCast struct{ cast }

func (c *boolCast) memory(n int64) int64       { return c.in.memory(n) + tileMemory(n, c.to) }
func (c *boolCast) narrow(sel []selected) node { return &boolCast{cast{narrow(c.in, sel), c.to}} }
func (c *boolCast) arrange(axes []int) node    { return &boolCast{cast{arrange(c.in, axes), c.to}} }
func (c *boolCast) reshape(shape []int64) (node, bool) {
	in, view := reshape(c.in, shape)
	return &boolCast{cast{in, c.to}}, view
}
func (c *boolCast) reader() reader { return &boolCastReader{reader: c.in.reader()} }

type boolCastReader struct {
	reader
	buf []byte
}

func (c *boolCastReader) tile(r chunk.Region, order []int) ([]byte, error) {
	b, err := c.reader.tile(r, order)
	if err != nil {
		return nil, err
	}
	c.buf = grow(c.buf, int64(len(b)))
	kernel.Convert(c.buf, kernel.Bool, b, kernel.Uint8, false)
	return c.buf, nil
}

// outputOf shows bytes that are to be filled as values of T.
type outputOf[T any] struct{ shown []T }

func (v *outputOf[T]) of(b []byte) []T {
	v.shown = kernel.Slice[T](b)
	return v.shown
}

// store brings the values to the bytes, where they are not the same memory.
func (v *outputOf[T]) store(b []byte) {
	if !kernel.Shares() || !kernel.Aligned[T](b) {
		copy(b, kernel.Bytes(v.shown))
	}
}

// operandOf shows the elements of an input as values of T; a single element as often as needed.
type operandOf[T any] struct{ repeated []T }

func (o *operandOf[T]) of(b []byte, n int) []T {
	s := kernel.Slice[T](b)
	if len(s) == n || len(s) != 1 {
		return s
	}
	if cap(o.repeated) < n {
		o.repeated = make([]T, n)
	}
	o.repeated = o.repeated[:n]
	for i := range o.repeated {
		o.repeated[i] = s[0]
	}
	return o.repeated
}

// combine is the array of an expression over arrays. Its axes are navigation axes where those of an
// operand are. Options are those of the first, and so is the chunk spec if its axes stay.
func combine(n node, arrays []*Array) (*Array, error) {
	shape := n.shape()
	axes := make([]Axis, len(shape))
	for d, size := range shape {
		axes[d].Size = size
	}
	for _, a := range arrays {
		front := len(shape) - a.NDim()
		for d, ax := range a.axes {
			if ax.Size == shape[front+d] {
				axes[front+d].Navigate = axes[front+d].Navigate || ax.Navigate
			}
		}
	}
	for _, a := range arrays {
		if a.NDim() == len(shape) && a.Len() == product(shape) {
			return a.with(n, axes, arrays...)
		}
	}
	return arrays[0].derive(n, axes, arrays...)
}
