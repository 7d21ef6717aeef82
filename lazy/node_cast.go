package lazy

import (
	"fmt"
	"math"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// AsType casts the elements when they are read, by the rules of NumPy's astype:
// floats truncate toward zero, integers wrap. It is defined between booleans,
// integers, floats and complex numbers. A dtype of foreign byte order gives
// elements in that order; strings, datetimes and records can change that alone.
// Chunks of automatic or byte size follow the new item size.
func (a *Array) AsType(t mmapnpy.DType) (*Array, error) {
	if t.Equal(a.DType()) {
		return a, nil
	}
	_, from := a.DType().Elem()
	_, to := t.Elem()
	if !reordered(a.DType(), t) && (!from || !to) {
		return nil, fmt.Errorf("%w: cannot cast %s to %s", ErrDType, a.DType(), t)
	}
	if n := max(a.Len(), 1); t.ItemSize() > math.MaxInt64/n {
		return nil, fmt.Errorf("%w: %d elements of %s exceed 64 bits", ErrDType, n, t)
	}
	return a.with(castTo(a.node, t), a.axes)
}

// cast is the elements of in as those of another dtype.
type cast struct {
	in node
	to mmapnpy.DType
}

// castTo is n as elements of dtype t; n itself if that is what it is. Both are
// numbers, datetimes or timedeltas, or strings of one kind, see [convertible]; or they
// are [reordered].
func castTo(n node, t mmapnpy.DType) node {
	if n.dtype().Equal(t) {
		return n
	}
	return &cast{n, t}
}

// toNative is n in the byte order of this machine. Elements that are not numbers stay
// as they are.
func toNative(n node) node {
	if _, ok := computeElem(n.dtype()); !ok {
		return n
	}
	return castTo(n, native(n.dtype()))
}

func (c *cast) dtype() mmapnpy.DType { return c.to }
func (c *cast) shape() []int64       { return c.in.shape() }
func (c *cast) order() []int         { return c.in.order() }
func (c *cast) inputs() []node       { return []node{c.in} }
func (c *cast) memory(n int64) int64 { return c.in.memory(n) + tileMemory(n, c.to) }

func (c *cast) reader() reader {
	from := c.in.dtype()
	if c.to.IsStruct() {
		return &recordReader{reader: c.in.reader(), size: c.to.ItemSize(), swaps: swapsBetween(from, c.to, 0)}
	}
	if isText(c.to) {
		foreign := c.to.Kind() == mmapnpy.KindString && from.ByteOrder() != c.to.ByteOrder()
		return &textReader{reader: c.in.reader(), from: int(from.ItemSize()), to: int(c.to.ItemSize()), swap: foreign}
	}
	r := &castReader{reader: c.in.reader(), from: elemOf(from), to: elemOf(c.to)}
	if r.from == r.to {
		r.swap = swapWidth(c.to) // a cast changes something: the byte order
		return r
	}
	r.foreign = !from.Native()
	if !c.to.Native() {
		r.swap = swapWidth(c.to)
	}
	return r
}

// castReader converts tiles.
type castReader struct {
	reader
	from, to kernel.Elem
	foreign  bool // the input is of foreign byte order
	swap     int  // width of the words to swap in the end, 0 for none
	buf      []byte
}

func (c *castReader) tile(r chunk.Region, order []int) ([]byte, error) {
	b, err := c.reader.tile(r, order)
	if err != nil {
		return nil, err
	}
	c.buf = grow(c.buf, r.Len()*int64(c.to.Size()))
	if c.from != c.to {
		kernel.Convert(c.buf, c.to, b, c.from, c.foreign)
		b = c.buf
	}
	if c.swap > 0 {
		kernel.SwapBytes(c.buf, b, c.swap)
	}
	return c.buf, nil
}

// isText reports whether a dtype is of byte strings or of Unicode strings.
func isText(t mmapnpy.DType) bool {
	return t.Kind() == mmapnpy.KindBytes || t.Kind() == mmapnpy.KindString
}

// convertible reports whether [castTo] can make elements of one dtype those of another that
// [mmapnpy.ResultType] has given: numbers, or strings that are no longer than the others.
func convertible(from, to mmapnpy.DType) bool {
	if isText(from) {
		return from.Kind() == to.Kind() && from.ItemSize() <= to.ItemSize()
	}
	_, ok := computeElem(from)
	_, too := computeElem(to)
	return ok && too
}

// textReader makes strings longer, by NULs behind them.
type textReader struct {
	reader
	from, to int  // bytes of a string
	swap     bool // the byte order of their characters changes
	buf      []byte
}

func (t *textReader) tile(r chunk.Region, order []int) ([]byte, error) {
	b, err := t.reader.tile(r, order)
	if err != nil {
		return nil, err
	}
	t.buf = grow(t.buf, r.Len()*int64(t.to))
	clear(t.buf)
	for at := 0; at < len(t.buf); at += t.to {
		copy(t.buf[at:at+t.to], b[:t.from])
		b = b[t.from:]
	}
	if t.swap {
		kernel.SwapBytes(t.buf, t.buf, 4)
	}
	return t.buf, nil
}

// elemOf is the kernels' name of a dtype's elements. Datetimes are int64 there.
func elemOf(t mmapnpy.DType) kernel.Elem {
	if k := t.Kind(); k == 'M' || k == 'm' {
		return kernel.Int64
	}
	e, _ := t.Elem() // callers have checked that t is numeric
	return e
}

// swapWidth is the width of the words of which an element of foreign byte order
// is made: a complex number is two of them.
func swapWidth(t mmapnpy.DType) int {
	if t.Kind() == 'c' {
		return int(t.ItemSize() / 2)
	}
	return int(t.ItemSize())
}

// computeElem is the element type in which reductions of dtype t compute: what
// the kernels have loops for, wide enough for t; long doubles stay what they are. ok is false for
// dtypes that are not numbers.
func computeElem(t mmapnpy.DType) (e kernel.Elem, ok bool) {
	if k := t.Kind(); k == 'M' || k == 'm' {
		return kernel.Int64, true
	}
	if e, ok = t.Elem(); !ok {
		return 0, false
	}
	switch e {
	case kernel.Bool:
		e = kernel.Uint8 // the conversion makes every true value 1
	case kernel.Float16, kernel.BFloat16:
		e = kernel.Float32
	}
	return e, true
}

// computable is n as elements that reductions compute with.
func computable(n node) node {
	e, ok := computeElem(n.dtype())
	if !ok {
		return n
	}
	if k := n.dtype().Kind(); k == 'M' || k == 'm' || e.IsLong() {
		return castTo(n, native(n.dtype()))
	}
	return castTo(n, dtypeOf(e))
}

// dtypeOf is the native dtype of elements that reductions compute with.
func dtypeOf(e kernel.Elem) mmapnpy.DType {
	switch e {
	case kernel.Bool:
		return mmapnpy.Bool
	case kernel.Int8:
		return mmapnpy.Int8
	case kernel.Uint8:
		return mmapnpy.Uint8
	case kernel.Int16:
		return mmapnpy.Int16
	case kernel.Uint16:
		return mmapnpy.Uint16
	case kernel.Int32:
		return mmapnpy.Int32
	case kernel.Uint32:
		return mmapnpy.Uint32
	case kernel.Int64:
		return mmapnpy.Int64
	case kernel.Uint64:
		return mmapnpy.Uint64
	case kernel.Float16:
		return mmapnpy.Float16
	case kernel.Float32:
		return mmapnpy.Float32
	case kernel.Float64:
		return mmapnpy.Float64
	case kernel.Complex64:
		return mmapnpy.Complex64
	case kernel.Complex128:
		return mmapnpy.Complex128
	}
	panic("lazy: no dtype of these elements is computed with")
}
