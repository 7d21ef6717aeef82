package lazy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Array is a lazy N-dimensional array: an expression over arrays in open files and in
// memory, evaluated block by block when elements are asked for. Making, slicing,
// transposing or computing with one reads no data. The zero value is not usable; see
// [Open] and [FromSlice].
type Array struct {
	node   node
	files  []*file // what the expression reads
	axes   []Axis
	plan   *chunk.Plan
	config config
}

// Axis is one dimension of an array.
type Axis struct {
	Size     int64 // elements along the axis
	Navigate bool  // a navigation axis (scan position) rather than a signal axis
}

// file is the open file behind an array and everything derived from it.
type file struct {
	src    bytesrc.Source
	header mmapnpy.Header
	close  func() error
	path   string
	key    string // in an archive

	granule int64 // bytes that are cheapest to read together; 0 where that makes no difference

	// what tells that the file has only grown; nil if it may not
	mark  *imprint
	again func(c config) (*Array, error) // opens the file once more; nil for what does not grow
}

// newArray is the array of an expression, whose axes are as the options say.
func newArray(n node, c config) (*Array, error) {
	navigate, err := c.roles.flags(len(n.shape()))
	if err != nil {
		return nil, err
	}
	a := &Array{node: n, files: filesOf(n), axes: make([]Axis, len(n.shape()))}
	for d, size := range n.shape() {
		a.axes[d] = Axis{Size: size, Navigate: navigate[d]}
	}
	return a.replan(c)
}

// inOrder reports whether a file is one that is cheap to read in order only.
func (a *Array) inOrder() bool {
	for _, f := range a.files {
		if s, ok := f.src.(interface{ InOrder() bool }); ok && s.InOrder() {
			return true
		}
	}
	return false
}

// outOfOrder tells such files that elements will be read in another order than theirs.
func (a *Array) outOfOrder() {
	for _, f := range a.files {
		if s, ok := f.src.(interface{ OutOfOrder() }); ok {
			s.OutOfOrder()
		}
	}
}

// axisIndex resolves a possibly negative axis number of an n-dimensional array.
func axisIndex(axis, n int) (int, error) {
	if axis < -n || axis >= n {
		return 0, fmt.Errorf("%w: axis %d is out of bounds for an array of dimension %d", ErrIndex, axis, n)
	}
	if axis < 0 {
		axis += n
	}
	return axis, nil
}

// replan returns a copy of a with configuration c and the plan that follows
// from it. Axis flags are a's own.
func (a *Array) replan(c config) (*Array, error) {
	var navigation []int
	for d, ax := range a.axes {
		if ax.Navigate {
			navigation = append(navigation, d)
		}
	}
	layout := chunk.Layout{Shape: a.Shape(), ItemSize: a.DType().ItemSize(), Order: a.node.order()}
	spec := c.spec
	if layout.ItemSize == 0 && spec.IsAuto() {
		spec = chunk.Size(-1) // there can be 2^62 elements of no bytes, and nothing to cut them for
	}
	plan, err := chunk.NewPlan(layout, navigation, spec, c.planLimits(a.granule()))
	if err != nil {
		return nil, err
	}
	out := *a
	out.config, out.plan = c, plan
	return &out, nil
}

// granule is the bytes that are cheapest to read together, of the file for which they
// are most.
func (a *Array) granule() int64 {
	most := int64(0)
	for _, f := range a.files {
		most = max(most, f.granule)
	}
	return most
}

// with returns the array of another expression, made of a and others, whose axes a's chunk spec
// is for.
func (a *Array) with(n node, axes []Axis, others ...*Array) (*Array, error) {
	out := &Array{node: n, files: filesBehind(n, a, others), axes: axes}
	return out.replan(a.config)
}

// derive returns the array of another expression, made of a and others, over other axes. A chunk
// spec that asks something of each of a's axes is not for them, so the derived array plans
// automatically.
func (a *Array) derive(n node, axes []Axis, others ...*Array) (*Array, error) {
	out := &Array{node: n, files: filesBehind(n, a, others), axes: axes}
	c := a.config
	if c.spec.Axes(a.NDim()) != nil {
		c.spec = chunk.Auto()
	}
	return out.replan(c)
}

// along is derive for axes that come of a's: axis d is axis from[d], or a new one where that is
// negative. Of each of a's axes it has what sel selects; nil is all. The chunk spec goes with the
// axes.
func (a *Array) along(n node, axes []Axis, from []int, sel []selected) (*Array, error) {
	asked := a.config.spec.Axes(a.NDim())
	if asked == nil || len(axes) == 0 {
		return a.derive(n, axes)
	}
	spec := make([]chunk.AxisSpec, len(axes))
	for d, f := range from {
		switch {
		case f < 0:
			spec[d] = chunk.AxisWhole()
		case sel == nil:
			spec[d] = asked[f]
		default:
			spec[d] = asked[f].Slice(sel[f].first, sel[f].count, sel[f].step)
		}
	}
	out := &Array{node: n, files: filesBehind(n, a, nil), axes: axes}
	c := a.config
	c.spec = chunk.PerAxis(spec...)
	if planned, err := out.replan(c); err == nil {
		return planned, nil
	}
	return a.derive(n, axes) // what was asked for is not possible of a part
}

// With returns the same array with other options. Options about axes replace the
// flags of all axes. Options about the file ([Backend], [RandomAccess], [Lenient], [Header], [Zip])
// are an error: the file is open already.
func (a *Array) With(opts ...Option) (*Array, error) {
	c := a.config
	c.roles, c.opening = roles{}, ""
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&c); err != nil {
			return nil, err
		}
	}
	if err := c.withoutFile("that of " + a.Name() + " is open already"); err != nil {
		return nil, err
	}
	out := *a
	if c.roles.given {
		navigate, err := c.roles.flags(a.NDim())
		if err != nil {
			return nil, err
		}
		out.axes = slices.Clone(a.axes)
		for d := range out.axes {
			out.axes[d].Navigate = navigate[d]
		}
	}
	return out.replan(c)
}

// Rechunk returns the array cut into other blocks. For an array in a file it is
// free: blocks are arithmetic, and nothing is moved.
func (a *Array) Rechunk(spec chunk.Spec) (*Array, error) { return a.With(ChunkSpec(spec)) }

// Close closes the files behind a and every array derived from them. It waits for
// blocks that are out, and is safe to call twice. Of an [Archive] that was opened as
// such it closes nothing: the file is closed by [Archive.Close].
func (a *Array) Close() error {
	var errs []error
	for _, f := range a.files {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// DType is the type of the elements.
func (a *Array) DType() mmapnpy.DType { return a.node.dtype() }

// Shape is the number of elements along each axis, empty and not nil for a 0-d array. The caller
// owns the slice.
func (a *Array) Shape() []int64 { return append([]int64{}, a.node.shape()...) }

// NDim is the number of axes.
func (a *Array) NDim() int { return len(a.node.shape()) }

// Len is the number of elements.
func (a *Array) Len() int64 { return product(a.node.shape()) }

// NBytes is the size of the elements in bytes, as if they were in memory.
func (a *Array) NBytes() int64 { return nbytes(a.node) }

// Axes describes the axes. The caller owns the slice.
func (a *Array) Axes() []Axis { return slices.Clone(a.axes) }

// Plan is how the array is cut into blocks.
func (a *Array) Plan() *chunk.Plan { return a.plan }

// Header describes a. Of an array that is all of one file it is what the file says, whose elements
// lie in the order that FortranOrder tells from DataOffset on. Of anything else, such as a slice,
// it is the header that [Array.Save] would write: with [Array.Elements] behind it, it makes a file.
func (a *Array) Header() mmapnpy.Header {
	if h, ok := a.FileHeader(); ok && a.shows(h) {
		return h
	}
	return mmapnpy.Header{DType: a.DType(), Shape: a.Shape()}
}

// FileHeader is the header of the file behind a, whatever a shows of it. It is false if a is not in
// exactly one file.
func (a *Array) FileHeader() (mmapnpy.Header, bool) {
	if len(a.files) != 1 {
		return mmapnpy.Header{}, false
	}
	h := a.files[0].header
	h.Shape = append([]int64{}, h.Shape...)
	return h, true
}

// shows reports whether a is all of the array that a file says it has, as it lies there.
func (a *Array) shows(h mmapnpy.Header) bool {
	l, ok := a.node.(*leaf)
	return ok && l.view.base == h.DataOffset && l.view.dtype.Equal(h.DType) &&
		slices.Equal(l.view.shape, h.Shape) && slices.Equal(l.view.strides, h.Strides())
}

// Path is the path of the file that was opened, without the key of a member. It is the
// first of several, and empty for an array in memory.
func (a *Array) Path() string {
	if len(a.files) == 0 {
		return ""
	}
	return a.files[0].path
}

// Paths are the paths of the files that an array reads, each once, without the keys of members:
// more than one for a stack, or an expression over several files.
func (a *Array) Paths() []string {
	var paths []string
	for _, f := range a.files {
		if !slices.Contains(paths, f.path) {
			paths = append(paths, f.path)
		}
	}
	return paths
}

// Key is the key of the array in its archive, and empty if it is a file of its own.
func (a *Array) Key() string {
	if len(a.files) != 1 {
		return ""
	}
	return a.files[0].key
}

// Name is the path, with ":KEY" behind it for an array of an archive; of several files that
// of the first, and how many more there are.
func (a *Array) Name() string {
	switch n := len(a.files); n {
	case 0:
		return "array in memory"
	case 1:
		return a.files[0].src.Name()
	default:
		return fmt.Sprintf("%s and %d more", a.files[0].src.Name(), n-1)
	}
}

// Backend is the way of reading that was chosen, and why, in one line; of several files that
// of the first.
func (a *Array) Backend() (name, reason string) {
	if len(a.files) == 0 {
		return "memory", "nothing to read"
	}
	return string(a.files[0].src.Backend()), a.files[0].src.Reason()
}

// changed returns an error if a file behind the array is not any more what was opened.
func (a *Array) changed() error {
	var errs []error
	for _, f := range a.files {
		errs = append(errs, f.src.Changed())
	}
	return errors.Join(errs...)
}

// Streamed reports whether elements come out of a member of an archive that can only be decoded
// from its start: one that is compressed by bzip2, lzma or zstd. A pass in the order of the file
// decodes it once. Other orders take room for what is decoded in the folder for temporary files, or
// decode it again and again.
func (a *Array) Streamed() bool { return a.inOrder() }

// String describes a in one line: shape, dtype, storage order and plan, as in
// "(256, 256, 128, 128) uint16 C-order, 64 blocks of (4, 256, 128, 128), 32 MiB".
func (a *Array) String() string {
	return fmt.Sprintf("%s %s %s, %s", shapeString(a.node.shape()), a.DType(), a.orderName(), a.plan)
}

// orderName says how the elements lie in storage, in NumPy's words; lazy where they are made.
func (a *Array) orderName() string {
	n := a.node
	for {
		c, ok := n.(*cast)
		if !ok {
			break
		}
		n = c.in
	}
	if l, ok := n.(*leaf); ok {
		return l.view.orderName()
	}
	return "lazy"
}

// shapeString writes a shape as Python does a tuple: (), (3,), (3, 4).
func shapeString(shape []int64) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	var b strings.Builder
	b.WriteByte('(')
	for d, n := range shape {
		if d > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	b.WriteByte(')')
	return b.String()
}

// product is the number of elements of a shape. Shapes come from headers whose
// products were checked against overflow, and views only shrink them.
func product(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}
