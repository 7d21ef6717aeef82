package lazy

import (
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// leaf is elements as they are stored: where every expression ends.
type leaf struct {
	view strided
	file *file // nil for elements in memory
}

func (l *leaf) dtype() mmapnpy.DType { return l.view.dtype }
func (l *leaf) shape() []int64       { return l.view.shape }
func (l *leaf) order() []int         { return l.view.order() }
func (l *leaf) inputs() []node       { return nil }
func (l *leaf) reader() reader       { return &leafReader{loader: newLoader(&l.view)} }

// memory is the window itself where it is borrowed in place. Elsewhere it is read
// through at the worst sparseness and gathered.
func (l *leaf) memory(n int64) int64 {
	n = min(n, product(l.view.shape)) * l.view.dtype.ItemSize()
	if contiguous(l.view.shape, l.view.strides, l.view.dtype.ItemSize(), l.view.order()) {
		return n
	}
	return (sparseness + 1) * n
}

// narrow is the selected part of the elements.
func (l *leaf) narrow(sel []selected) *leaf {
	view := l.view
	view.shape, view.strides = make([]int64, len(sel)), make([]int64, len(sel))
	for d, s := range sel {
		view.base += s.first * l.view.strides[d]
		view.shape[d], view.strides[d] = s.count, s.step*l.view.strides[d]
	}
	return &leaf{view, l.file}
}

// arrange is the elements with other axes; see [arrange].
func (l *leaf) arrange(axes []int) *leaf {
	view := l.view
	view.shape, view.strides = make([]int64, len(axes)), make([]int64, len(axes))
	for d, from := range axes {
		view.shape[d] = 1
		if from >= 0 {
			view.shape[d], view.strides[d] = l.view.shape[from], l.view.strides[from]
		}
	}
	return &leaf{view, l.file}
}

// spread repeats the elements along axes of length one, and along axes put in front, to
// a shape that they broadcast to.
func (l *leaf) spread(shape []int64) *leaf {
	view := l.view
	view.shape, view.strides = slices.Clone(shape), make([]int64, len(shape))
	front := len(shape) - len(l.view.shape)
	for d, n := range l.view.shape {
		if n == shape[front+d] {
			view.strides[front+d] = l.view.strides[d]
		}
	}
	return &leaf{view, l.file}
}

// leafReader reads stored elements.
type leafReader struct {
	loader *loader
	win    chunk.Region
	w      window
}

func (l *leafReader) open(win chunk.Region) (err error) {
	l.win = win
	l.w, err = l.loader.load(win)
	return err
}

func (l *leafReader) tile(r chunk.Region, order []int) ([]byte, error) {
	return l.loader.elements(&l.w, l.win, r, order), nil
}

func (l *leafReader) close() error {
	err := l.w.lease.Verify()
	l.w.release()
	return err
}
