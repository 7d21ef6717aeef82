package chunk

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// maxRounds bounds the search for sizes that follow previous chunks. dask's own
// search has no bound; it settles within a few rounds per axis.
const maxRounds = 1000

// previousAxes checks the previous chunks and brings them into the form of axes.
func (c *cutter) previousAxes(previous [][]int64) ([]axis, error) {
	if len(previous) == 0 {
		return nil, nil
	}
	if len(previous) != len(c.shape) {
		return nil, c.spec.errorf("previous chunks for %d axes of %d", len(previous), len(c.shape))
	}
	axes := newAxes(len(c.shape))
	for d, sizes := range previous {
		length := c.shape[d]
		reason := checkSizes(sizes)
		switch {
		case reason != "":
		case len(sizes) > 1:
			reason = axes[d].setExplicit(sizes, length)
		case sizes[0] == 0 && length > 0:
			reason = "chunk size 0 is not positive"
		default:
			axes[d].setRegular(length, sizes[0])
		}
		if reason != "" {
			return nil, AxisSizes(sizes...).errorf(d, "previous chunks: %s", reason)
		}
	}
	return axes, nil
}

// follower is the state of dask's search for chunks that follow previous ones.
type follower struct {
	*cutter
	previous []axis
	perBlock float64
	factor   float64 // by how much blocks may grow; below 1 they shrink

	// medians are the chunk sizes that the factor refers to: at first the medians
	// of the previous chunks. When blocks shrink, results is the same table, so
	// that each round starts from the sizes the one before it has found.
	medians, results *sizeTable
}

// autoFrom multiplies the median sizes of the previous chunks of all open axes by
// one factor, such that a block is as large as it may be. Axes that this makes
// longer than the array end there; the others then take up the slack, round by
// round.
func (c *cutter) autoFrom(previous []axis, perBlock float64) error {
	if err := c.checkFixed(); err != nil {
		return err
	}
	f := follower{cutter: c, previous: previous, perBlock: perBlock, medians: &sizeTable{}, results: &sizeTable{}}
	for _, d := range c.open {
		f.medians.set(sizeEntry{axis: d, size: previous[d].median()})
	}
	f.factor = f.room()
	if f.factor < 1 {
		f.results = f.medians
	}
	for range maxRounds {
		if !f.round() {
			return f.apply()
		}
	}
	return c.spec.errorf("no chunks that follow the previous ones were found")
}

// room is how many times larger than the medians blocks may be.
func (f *follower) room() float64 { return f.perBlock / f.fixed / f.medians.product() }

// round proposes sizes once. It reports whether another round is needed.
func (f *follower) round() (again bool) {
	shrinking := f.results == f.medians
	n := len(f.open)
	if n == 0 {
		return false
	}
	factor, tolerance := root(f.factor, n), root(chunkSizeTolerance, n)
	for _, d := range slices.Clone(f.open) {
		length, previous := f.shape[d], &f.previous[d]
		proposed := float64(f.medians.get(d) * factor)
		switch {
		case proposed > float64(length):
			f.close(d)
			f.medians.remove(d)
			f.fixed *= float64(length)
			f.results.set(wholeEntry(d, length))
			again = true
		case shrinking || float64(previous.largest()) > float64(proposed*tolerance):
			f.results.set(sizeEntry{axis: d, size: roundTo(proposed, float64(previous.ideal()))})
			if proposed < 1 {
				f.close(d)
				again = true
			}
		default:
			merged := previous.merge(truncate(proposed, length))
			f.results.set(sizeEntry{axis: d, chunks: &merged})
		}
	}
	if again || shrinking {
		last := f.factor
		f.factor = f.room()
		again = again || f.factor != last
	}
	return again
}

// close takes axis d out of the axes left open.
func (f *follower) close(d int) {
	f.open = slices.DeleteFunc(f.open, func(o int) bool { return o == d })
}

// apply cuts the axes as found.
func (f *follower) apply() error {
	for _, e := range *f.results {
		if e.chunks != nil {
			f.axes[e.axis] = *e.chunks
			continue
		}
		length := f.shape[e.axis]
		f.axes[e.axis].setRegular(length, truncate(e.size, length))
	}
	return nil
}

// roundTo is c without its fraction, but at least 1; or, above s, the multiple of
// s below it.
func roundTo(c, s float64) float64 {
	if c <= s {
		return max(math.Trunc(c), 1)
	}
	// Python's float floor division: exact, where Floor(c/s) may round up.
	quotient := (c - math.Mod(c, s)) / s
	return math.Floor(quotient+0.5) * s
}

// sizeTable is a Python dict from axes to chunk sizes: it keeps the order of
// insertion, on which the rounding of a long product depends.
type sizeTable []sizeEntry

// sizeEntry is a size, or all chunks of an axis.
type sizeEntry struct {
	axis   int
	size   float64
	chunks *axis // nil if there is just a size
}

// wholeEntry leaves axis d in one piece.
func wholeEntry(d int, length int64) sizeEntry {
	var a axis
	a.setRegular(length, length)
	return sizeEntry{axis: d, chunks: &a}
}

func (t *sizeTable) index(d int) int {
	return slices.IndexFunc(*t, func(e sizeEntry) bool { return e.axis == d })
}

// get is the size noted for axis d, which has one.
func (t *sizeTable) get(d int) float64 { return (*t)[t.index(d)].size }

func (t *sizeTable) set(e sizeEntry) {
	if i := t.index(e.axis); i >= 0 {
		(*t)[i] = e
		return
	}
	*t = append(*t, e)
}

func (t *sizeTable) remove(d int) {
	*t = slices.DeleteFunc(*t, func(e sizeEntry) bool { return e.axis == d })
}

// product is the number of elements of a block of these sizes, or of the largest
// chunks. Sizes of 0 do not count.
func (t *sizeTable) product() float64 {
	p := 1.0
	for _, e := range *t {
		size := e.size
		if e.chunks != nil {
			size = float64(e.chunks.largest())
		}
		if size != 0 {
			p = float64(p * size)
		}
	}
	return p
}

// median is the median chunk size.
func (a *axis) median() float64 {
	bySize := slices.SortedFunc(slices.Values(a.runs), func(x, y run) int { return cmp.Compare(x.size, y.size) })
	at := func(k int64) float64 {
		for _, r := range bySize {
			if k < r.count {
				return float64(r.size)
			}
			k -= r.count
		}
		return 0
	}
	return (at((a.count-1)/2) + at(a.count/2)) / 2
}

// ideal is the chunk size that at least half of the chunks have, if it is more
// than 1; otherwise the axis' length.
func (a *axis) ideal() int64 {
	chunks := make(map[int64]int64)
	for _, r := range a.runs {
		chunks[r.size] += r.count
	}
	most := slices.Max(slices.Collect(maps.Values(chunks)))
	for _, r := range a.runs { // of several, the size that comes first
		if chunks[r.size] == most {
			if r.size > 1 && most >= a.count-most {
				return r.size
			}
			return a.length
		}
	}
	return a.length
}

// merge joins consecutive chunks as long as they stay within a size. Chunks that
// are larger stay as they are.
func (a *axis) merge(within int64) axis {
	var m axis
	joined := int64(0) // what the chunk being made holds so far
	for _, r := range a.runs {
		if r.size == 0 {
			return *a
		}
		n := r.count
		if joined < within {
			fit := min(n, (within-joined)/r.size)
			joined += fit * r.size
			n -= fit
		}
		if n == 0 {
			continue
		}
		if joined > 0 {
			m.append(joined, 1)
		}
		each := max(within/r.size, 1)
		full := (n - 1) / each // the last one may take in more from the next run
		m.append(each*r.size, full)
		joined = (n - full*each) * r.size
	}
	m.append(joined, 1)
	return m
}
