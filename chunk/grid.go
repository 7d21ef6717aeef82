package chunk

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/internal/arith"
)

// Grid is how an array is cut along every axis: regularly (chunks of one size and
// a remainder), balanced (parts that differ by at most one element) or by
// explicit sizes. The first two take O(1) memory per axis. A chunk is found by
// its number in O(1), and in O(log changes of size) along an explicit axis.
//
// An axis of length 0 has one chunk of size 0, as in dask; a grid with such an
// axis has no blocks. The grid of a 0-d array has exactly one block. The zero
// Grid is that of a 0-d array, too.
type Grid struct {
	axes  []axis
	empty bool  // some axis has length 0
	outer int64 // product of the axes' counts
}

// newGrid checks that blocks can be numbered within int64.
func newGrid(axes []axis) (Grid, error) {
	g := Grid{axes: axes, outer: 1}
	for d := range axes {
		var ok bool
		if g.outer, ok = arith.Mul(g.outer, axes[d].count); !ok {
			return Grid{}, fmt.Errorf("%w: more blocks than an int64 counts", ErrLayout)
		}
		g.empty = g.empty || axes[d].length == 0
	}
	return g, nil
}

// NDim is the number of axes.
func (g Grid) NDim() int { return len(g.axes) }

// Shape is the length of every axis.
func (g Grid) Shape() []int64 {
	shape := make([]int64, len(g.axes))
	for d := range g.axes {
		shape[d] = g.axes[d].length
	}
	return shape
}

// NumBlocks is the number of blocks that hold elements: the product of the axes'
// counts, or 0 if any axis has length 0.
func (g Grid) NumBlocks() int64 {
	switch {
	case g.empty:
		return 0
	case len(g.axes) == 0:
		return 1
	}
	return g.outer
}

// AxisCount is the number of chunks along axis d, at least 1.
func (g Grid) AxisCount(d int) int64 { return g.axes[d].count }

// AxisChunk is where chunk k of axis d starts, and its size.
// It panics unless 0 <= k < AxisCount(d).
func (g Grid) AxisChunk(d int, k int64) (start, size int64) {
	a := &g.axes[d]
	if k < 0 || k >= a.count {
		panic(fmt.Sprintf("chunk: chunk %d of axis %d, which has %d", k, d, a.count))
	}
	return a.chunk(k)
}

// AxisFind is the number of the chunk of axis d that holds index i, or -1 if i
// lies outside the axis.
func (g Grid) AxisFind(d int, i int64) int64 {
	a := &g.axes[d]
	if i < 0 || i >= a.length {
		return -1
	}
	return a.find(i)
}

// Sizes yields the sizes of the chunks along axis d, in order.
func (g Grid) Sizes(d int) iter.Seq[int64] { return g.axes[d].sizes() }

// BlockShape is the size of the largest chunk along each axis, which is the
// shape of the largest block.
func (g Grid) BlockShape() []int64 {
	shape := make([]int64, len(g.axes))
	for d := range g.axes {
		shape[d] = g.axes[d].largest()
	}
	return shape
}

// Uniform reports whether all blocks have the same shape.
func (g Grid) Uniform() bool {
	for d := range g.axes {
		if !g.axes[d].uniform() {
			return false
		}
	}
	return true
}

// Regular reports whether all chunks along axis d have the same size, but for a smaller last one.
func (g Grid) Regular(d int) bool {
	a := &g.axes[d]
	_, first := a.chunk(0)
	_, last := a.chunk(a.count - 1)
	return a.largest() == first && (a.count-1)*first+last == a.length
}

// String is g in dask's notation: "((90, 90, 76), (128,))". Axes of many chunks
// are abbreviated: "((4, 4, 4, …, 4, 2),)".
func (g Grid) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for d := range g.axes {
		if d > 0 {
			b.WriteString(", ")
		}
		g.axes[d].writeTo(&b)
	}
	if len(g.axes) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
	return b.String()
}

// writeTo writes the sizes as a Python tuple, at most head+tail of them.
func (a *axis) writeTo(b *strings.Builder) {
	const head, tail = 3, 2
	b.WriteByte('(')
	for k := int64(0); k < a.count; k++ {
		if k > 0 {
			b.WriteString(", ")
		}
		if k == head && a.count > head+tail+1 {
			b.WriteString("…, ")
			k = a.count - tail
		}
		_, size := a.chunk(k)
		b.WriteString(strconv.FormatInt(size, 10))
	}
	if a.count == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
}

// region writes into r the region of block i, counting in the given axis order
// (slowest first). i must be in range and r of the right length.
func (g *Grid) region(order []int, i int64, r *Region) {
	for j := len(order) - 1; j >= 0; j-- {
		d := order[j]
		a := &g.axes[d]
		k := int64(0)
		if a.count > 1 {
			i, k = i/a.count, i%a.count
		}
		r.Start[d], r.Shape[d] = a.chunk(k)
	}
}
