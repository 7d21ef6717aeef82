package lazy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// MapSignal applies a function to every signal, as HyperSpy's map does: for each scan position, f
// gets the whole signal in C order and sets dst, which has the given shape, () for a single number.
// The result has a's navigation axes, in their order, and then signal axes of that shape.
//
// f may be called from several goroutines at once, and must neither keep the slices nor write to
// src. An error or a panic of it ends whatever reads the result with a [FuncError] that names the
// block, and the scan position in a. T and U are as for [Map]. A signal and its result must fit the
// memory budget.
func MapSignal[T, U any](a *Array, shape []int64, f func(dst []U, src []T) error) (*Array, error) {
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
	m := &mapSignal{to: to, out: slices.Clone(shape)}
	var axes []Axis
	var arranged []int // navigation axes first
	for d, ax := range a.axes {
		if ax.Navigate {
			arranged, axes, m.dims = append(arranged, d), append(axes, ax), append(m.dims, ax.Size)
		}
	}
	m.nav = len(arranged)
	for d, ax := range a.axes {
		if !ax.Navigate {
			arranged = append(arranged, d)
			m.signal = append(m.signal, ax.Size)
		}
	}
	for _, n := range shape {
		axes = append(axes, Axis{Size: n})
	}
	m.dims = append(m.dims, shape...)
	if err := checkGeometry(m.dims, to.ItemSize()); err != nil {
		return nil, err
	}
	m.in = arrange(in, arranged)
	if need := product(m.signal)*elemSize(in) + product(shape)*to.ItemSize(); need > a.config.budget()/2 {
		return nil, a.errorf("a signal of %s and its result are larger than half the memory budget of %s", chunk.FormatBytes(need), chunk.FormatBytes(a.config.budget()))
	}
	m.loop = func() loop {
		var out outputOf[U]
		return func(dst []byte, x [][]byte) error {
			d := out.of(dst)
			if err := callUser(func() error { return f(d, kernel.Slice[T](x[0])) }); err != nil {
				return err
			}
			out.store(dst)
			return nil
		}
	}
	return a.derive(m, axes)
}

// mapSignal is a function of whole signals.
type mapSignal struct {
	in     node // navigation axes, then signal axes
	nav    int  // navigation axes
	signal []int64
	out    []int64 // shape of a result
	dims   []int64
	to     mmapnpy.DType
	loop   newLoop
	from   []selected // the scan positions of the array that was given; nil for all of them
}

func (m *mapSignal) dtype() mmapnpy.DType { return m.to }
func (m *mapSignal) shape() []int64       { return m.dims }
func (m *mapSignal) inputs() []node       { return []node{m.in} }

// order has the navigation axes as they lie in the input, and C order behind.
func (m *mapSignal) order() []int {
	var order []int
	for _, d := range m.in.order() {
		if d < m.nav {
			order = append(order, d)
		}
	}
	for d := m.nav; d < len(m.dims); d++ {
		order = append(order, d)
	}
	return order
}

// memory is the results of a window, one whole result, and the signals read at a time.
func (m *mapSignal) memory(n int64) int64 {
	return (n+product(m.out))*m.to.ItemSize() + m.in.memory(m.batch()*product(m.signal))
}

// batch is how many signals are read at a time.
func (m *mapSignal) batch() int64 {
	return max(blockWindow/max(product(m.signal)*elemSize(m.in), 1), 1)
}

func (m *mapSignal) narrow(sel []selected) node {
	in := slices.Clone(sel[:m.nav])
	for _, n := range m.signal {
		in = append(in, selected{0, n, 1})
	}
	whole := *m
	whole.in, whole.dims = narrow(m.in, in), slices.Clone(m.dims)
	whole.from = in[:m.nav]
	if m.from != nil {
		whole.from = compose(m.from, whole.from)
	}
	for d := range m.nav {
		whole.dims[d] = sel[d].count
	}
	rest := slices.Clone(sel)
	for d := range m.nav {
		rest[d] = selected{0, sel[d].count, 1}
	}
	if allFull(rest, whole.dims) {
		return &whole
	}
	return &selection{&whole, rest}
}

func (m *mapSignal) reader() reader {
	return &mapSignalReader{node: m, in: m.in.reader(), loop: m.loop(), inputs: make([][]byte, 1)}
}

// mapSignalReader computes the results of all signals of a window when it is opened, and keeps the
// part of each that the window has.
type mapSignalReader struct {
	node    *mapSignal
	in      reader
	loop    loop
	inputs  [][]byte
	win     chunk.Region
	part    chunk.Region // of a result
	results []byte       // of the window, in C order
	whole   []byte       // a result of which only a part is kept
	buf     []byte
}

func (m *mapSignalReader) open(win chunk.Region) error {
	n := m.node
	m.win = win.Clone()
	m.part = chunk.Region{Start: m.win.Start[n.nav:], Shape: m.win.Shape[n.nav:]}
	size := m.part.Len() * n.to.ItemSize()
	m.results = grow(m.results, product(m.win.Shape[:n.nav])*size)
	m.whole = grow(m.whole, product(n.out)*n.to.ItemSize())
	done := int64(0)
	nav := chunk.Region{Start: m.win.Start[:n.nav], Shape: m.win.Shape[:n.nav]}
	for part := range nav.Split(nil, n.batch()) {
		count := part.Len()
		results := m.results[done : done+count*size]
		done += count * size
		from := chunk.Region{Start: slices.Concat(part.Start, make([]int64, len(n.signal))), Shape: slices.Concat(part.Shape, n.signal)}
		if from.Empty() {
			if err := m.signals(part, nil, results); err != nil {
				return err
			}
			continue
		}
		err := within(m.in, from, func() error {
			b, err := m.in.tile(from, chunk.COrder(len(from.Shape)))
			if err != nil {
				return err
			}
			return m.signals(part, b, results)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// signals calls the function for each of the signals at some scan positions, which lie end to end.
func (m *mapSignalReader) signals(at chunk.Region, b, results []byte) error {
	count := int(at.Len())
	in, out := len(b)/count, len(results)/count
	full := m.part.Len() == product(m.node.out)
	for i := range count {
		m.inputs[0] = b[i*in : (i+1)*in]
		dst := results[i*out : (i+1)*out]
		into := dst
		if !full {
			into = m.whole
		}
		clear(into) // what a function leaves alone must not depend on what was there
		if err := m.loop(into, m.inputs); err != nil {
			return m.node.positioned(err, at, int64(i))
		}
		if !full {
			copy(dst, partOf(&m.buf, m.whole, chunk.Whole(m.node.out), m.part, m.node.to.ItemSize(), chunk.COrder(len(m.node.out))))
		}
	}
	return nil
}

// positioned says at which scan position, number i of some, a function failed.
func (m *mapSignal) positioned(err error, at chunk.Region, i int64) error {
	e, ok := errors.AsType[*FuncError](err)
	if !ok || m.nav == 0 {
		return err
	}
	position := slices.Clone(at.Start)
	for d, n := range slices.Backward(at.Shape) {
		position[d] += i % n
		i /= n
		if m.from != nil {
			position[d] = m.from[d].first + position[d]*m.from[d].step
		}
	}
	out := *e
	out.Err = fmt.Errorf("scan position %s: %w", shapeString(position), e.Err)
	return &out
}

func (m *mapSignalReader) close() error { return nil }

func (m *mapSignalReader) tile(r chunk.Region, order []int) ([]byte, error) {
	return partOf(&m.buf, m.results, m.win, r, m.node.to.ItemSize(), order), nil
}
