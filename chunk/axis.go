package chunk

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sort"
)

// axis is how one axis is cut: runs of equal chunks, one after the other. A
// regular axis (equal chunks and a remainder) and a balanced one (near-equal
// parts) are at most two runs, whatever their number of chunks; explicit sizes
// are as many runs as the size changes.
type axis struct {
	runs   []run
	count  int64 // chunks
	length int64 // elements
}

// run is count consecutive chunks of one size.
type run struct {
	first int64 // number of its first chunk
	start int64 // index of its first element
	size  int64
	count int64
}

// newAxes returns n axes with room for two runs each, in two allocations.
func newAxes(n int) []axis {
	axes := make([]axis, n)
	runs := make([]run, 2*n)
	for d := range axes {
		axes[d].runs = runs[2*d : 2*d : 2*d+2]
	}
	return axes
}

// append adds count chunks of a size at the end. The caller has made sure that
// the length stays within int64.
func (a *axis) append(size, count int64) {
	if count == 0 {
		return
	}
	if last := len(a.runs) - 1; last >= 0 && a.runs[last].size == size {
		a.runs[last].count += count
	} else {
		a.runs = append(a.runs, run{first: a.count, start: a.length, size: size, count: count})
	}
	a.count += count
	a.length += size * count
}

// setRegular cuts a length into chunks of a size, size > 0, and a remainder. An
// axis of length 0 has one chunk of size 0, as in dask.
func (a *axis) setRegular(length, size int64) {
	a.reset()
	if length == 0 {
		a.append(0, 1)
		return
	}
	a.append(size, length/size)
	if rest := length % size; rest > 0 {
		a.append(rest, 1)
	}
}

// setBalanced cuts a length into n parts, n > 0, whose sizes differ by at most
// one, larger ones first, as numpy.array_split does.
func (a *axis) setBalanced(length, n int64) {
	a.reset()
	if length == 0 {
		a.append(0, 1)
		return
	}
	n = min(n, length)
	size, larger := length/n, length%n
	a.append(size+1, larger)
	a.append(size, n-larger)
}

// setExplicit cuts a length into chunks of the given sizes, which have passed
// checkSizes. It says why they do not fit the length, or "".
func (a *axis) setExplicit(sizes []int64, length int64) string {
	a.reset()
	if n := changes(sizes) + 1; n > cap(a.runs) {
		a.runs = make([]run, 0, n)
	}
	for _, size := range sizes {
		if size > length-a.length {
			return fmt.Sprintf("the sizes add up to more than the axis' length of %d", length)
		}
		a.append(size, 1)
	}
	if a.length != length {
		return fmt.Sprintf("the sizes add up to %d, the axis' length is %d", a.length, length)
	}
	return ""
}

// changes is how often consecutive sizes differ.
func changes(sizes []int64) int {
	n := 0
	for i := 1; i < len(sizes); i++ {
		if sizes[i] != sizes[i-1] {
			n++
		}
	}
	return n
}

func (a *axis) reset() { *a = axis{runs: a.runs[:0]} }

// chunk returns where chunk k starts and its size. k must be in range.
func (a *axis) chunk(k int64) (start, size int64) {
	r := &a.runs[0]
	if k >= r.count {
		r = &a.runs[a.runIndex(func(r *run) bool { return r.first > k })]
	}
	return r.start + (k-r.first)*r.size, r.size
}

// find returns the chunk that holds index i, 0 <= i < length.
func (a *axis) find(i int64) int64 {
	r := &a.runs[a.runIndex(func(r *run) bool { return r.start > i })]
	return r.first + (i-r.start)/r.size
}

// runIndex is the run before the first one that lies beyond.
func (a *axis) runIndex(beyond func(*run) bool) int {
	return sort.Search(len(a.runs), func(i int) bool { return beyond(&a.runs[i]) }) - 1
}

// sizes yields the size of every chunk in order.
func (a *axis) sizes() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, r := range a.runs {
			for range r.count {
				if !yield(r.size) {
					return
				}
			}
		}
	}
}

// largest is the size of the largest chunk.
func (a *axis) largest() int64 {
	return slices.MaxFunc(a.runs, func(x, y run) int { return cmp.Compare(x.size, y.size) }).size
}

// uniform reports whether all chunks are of one size.
func (a *axis) uniform() bool { return len(a.runs) == 1 }
