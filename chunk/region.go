package chunk

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Region is a half-open hyper-rectangle of indices: along axis d it holds
// Start[d] up to, but not including, Start[d]+Shape[d]. Both slices have one
// entry per axis. The region of a 0-d array has none, and holds one element.
type Region struct {
	Start, Shape []int64
}

// Whole is the region that covers an array of the given shape.
func Whole(shape []int64) Region {
	r := makeRegion(len(shape))
	copy(r.Shape, shape)
	return r
}

// makeRegion allocates both slices of a region at once.
func makeRegion(ndim int) Region {
	buf := make([]int64, 2*ndim)
	return Region{Start: buf[:ndim:ndim], Shape: buf[ndim:]}
}

// NDim is the number of axes.
func (r Region) NDim() int { return len(r.Shape) }

// Stop is the index after the last along each axis: Start + Shape.
func (r Region) Stop() []int64 {
	stop := slices.Clone(r.Start)
	for d := range stop {
		stop[d] += r.Shape[d]
	}
	return stop
}

// Len is the number of elements, or math.MaxInt64 where it would be larger.
func (r Region) Len() int64 {
	if r.Empty() {
		return 0
	}
	n, ok := product(r.Shape)
	if !ok {
		return math.MaxInt64
	}
	return n
}

// Empty reports whether r holds no element.
func (r Region) Empty() bool {
	return slices.ContainsFunc(r.Shape, func(n int64) bool { return n <= 0 })
}

// Contains reports whether the index lies inside r. An index of another number
// of axes does not.
func (r Region) Contains(index []int64) bool {
	if len(index) != len(r.Shape) {
		return false
	}
	for d, i := range index {
		if i < r.Start[d] || i-r.Start[d] >= r.Shape[d] {
			return false
		}
	}
	return true
}

// Intersect returns the region that r and o share. It is false when they share
// nothing or differ in their number of axes.
func (r Region) Intersect(o Region) (Region, bool) {
	if len(r.Shape) != len(o.Shape) {
		return Region{}, false
	}
	both := makeRegion(len(r.Shape))
	for d := range both.Shape {
		start := max(r.Start[d], o.Start[d])
		stop := min(r.Start[d]+r.Shape[d], o.Start[d]+o.Shape[d])
		if start >= stop {
			return Region{}, false
		}
		both.Start[d], both.Shape[d] = start, stop-start
	}
	return both, true
}

// Equal reports whether r and o have the same start and shape.
func (r Region) Equal(o Region) bool {
	return slices.Equal(r.Start, o.Start) && slices.Equal(r.Shape, o.Shape)
}

// Clone returns a copy that shares no memory with r.
func (r Region) Clone() Region {
	c := makeRegion(len(r.Shape))
	copy(c.Start, r.Start)
	copy(c.Shape, r.Shape)
	return c
}

// String is r as a NumPy index: "[0:4, 0:256]".
func (r Region) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for d := range r.Shape {
		if d > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(r.Start[d], 10))
		b.WriteByte(':')
		b.WriteString(strconv.FormatInt(r.Start[d]+r.Shape[d], 10))
	}
	b.WriteByte(']')
	return b.String()
}

// resize gives r ndim axes, reusing its slices where they are large enough.
func (r *Region) resize(ndim int) {
	if cap(r.Start) < ndim || cap(r.Shape) < ndim {
		*r = makeRegion(ndim)
		return
	}
	r.Start, r.Shape = r.Start[:ndim], r.Shape[:ndim]
}
