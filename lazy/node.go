package lazy

import (
	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// node is one step of the expression that an [Array] is: elements in a file or in
// memory (leaf), or what is made of the elements of other nodes. Nodes are immutable
// and safe for concurrent use. There is no task graph: whoever wants a region asks the
// node, which asks its inputs for the regions that it needs for it.
type node interface {
	dtype() mmapnpy.DType

	// shape is the number of elements along each axis; not to be changed.
	shape() []int64

	// order lists the axes from the slowest to the fastest, as they are cheapest to
	// read.
	order() []int

	// inputs are the nodes whose elements this one asks for.
	inputs() []node

	// reader makes what one goroutine reads with.
	reader() reader

	// memory is the most bytes that a reader holds while a window of n elements is open.
	memory(n int64) int64
}

// reader brings regions of a node into memory. It belongs to one goroutine and reuses
// its buffers.
type reader interface {
	// open makes the elements of a region readable until close. The region is not
	// empty, and the reader may keep it until then.
	open(win chunk.Region) error

	// tile returns the elements of a region inside the open window, gapless, with the
	// axes in the given order, slowest first. They are valid until the next call of a
	// method, are not to be written to, and may lie in a mapping, so that they are touched
	// under [bytesrc.Guard] only.
	tile(r chunk.Region, order []int) ([]byte, error)

	// close gives the window back, or as much of it as was opened before open failed or panicked.
	// The error says that what was read from it is not what the files hold. Closing twice does
	// nothing.
	close() error
}

// eachTile opens a window and calls f with its parts of at most n elements, in the
// given order, and their elements, gapless in that order too.
func eachTile(rd reader, win chunk.Region, order []int, n int64, f func(tile chunk.Region, b []byte) error) error {
	return within(rd, win, func() error {
		for tile := range win.Split(order, max(n, 1)) {
			b, err := rd.tile(tile, order)
			if err == nil {
				err = f(tile, b)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// within runs f while a window is open. A fault in it, and one that only shows
// afterwards, is an error. Opening computes what some nodes need, so that a function of the user's
// may panic in it; what was opened before is closed all the same.
func within(rd reader, win chunk.Region, f func() error) (err error) {
	defer func() {
		if closed := rd.close(); err == nil {
			err = closed
		}
	}()
	if err := rd.open(win); err != nil {
		return err
	}
	return bytesrc.Guard(f)
}

// filesOf lists the files that an expression reads, each once.
func filesOf(n node) []*file {
	var set distinctFiles
	seen := make(map[node]bool)
	var visit func(n node)
	visit = func(n node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if l, ok := n.(*leaf); ok && l.file != nil {
			set.add(l.file)
		}
		for _, in := range n.inputs() {
			visit(in)
		}
	}
	visit(n)
	return set.files
}

// filesBehind lists the files that an expression reads, and those behind the arrays that it was
// made of, of which it may read nothing.
func filesBehind(n node, a *Array, others []*Array) []*file {
	var set distinctFiles
	set.add(filesOf(n)...)
	set.add(a.files...)
	for _, o := range others {
		set.add(o.files...)
	}
	return set.files
}

// distinctFiles is files in the order in which they were first added.
type distinctFiles struct {
	files  []*file
	listed map[*file]bool
}

func (s *distinctFiles) add(files ...*file) {
	if s.listed == nil {
		s.listed = make(map[*file]bool)
	}
	for _, f := range files {
		if !s.listed[f] {
			s.listed[f] = true
			s.files = append(s.files, f)
		}
	}
}

// nbytes is the size of a node's elements in bytes.
func nbytes(n node) int64 { return product(n.shape()) * n.dtype().ItemSize() }

// elemSize is the size of an element for dividing by: that of elements of no bytes is one.
func elemSize(n node) int64 { return max(n.dtype().ItemSize(), 1) }

// gaplessStrides are the strides of elements that lie without gaps, axes in the given
// order, slowest first.
func gaplessStrides(shape []int64, itemsize int64, order []int) []int64 {
	return compactStrides(make([]int64, len(shape)), shape, itemsize, order)
}
