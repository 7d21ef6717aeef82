package lazy

import (
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Take picks elements along an axis by their indices, as np.take does, in any order and any number
// of times; negative ones count from the end. What is not picked is not read. An index out of range
// is an [ErrIndex].
func (a *Array) Take(indices []int64, axis int) (*Array, error) {
	d, err := axisIndex(axis, a.NDim())
	if err != nil {
		return nil, err
	}
	n := a.node.shape()[d]
	table := make([]int64, len(indices))
	for k, i := range indices {
		if i < -n || i >= n {
			return nil, fmt.Errorf("%w: index %d, number %d of those to take, is out of bounds for axis %d with size %d", ErrIndex, i, k, d, n)
		}
		if i < 0 {
			i += n
		}
		table[k] = i
	}
	axes := a.Axes()
	axes[d].Size = int64(len(table))
	return a.derive(takeAlong(a.node, d, table), axes)
}

// Select picks measurements by a mask of booleans over all navigation axes, in their order, as
// a[mask] does in NumPy: the result has one navigation axis, of those for which the mask is true,
// in C order, and the signal axes. Only they are read. A mask of another shape is an [ErrShape],
// one of another dtype an [ErrDType].
func (a *Array) Select(mask *Result) (*Array, error) {
	if k := mask.dtype.Kind(); k != mmapnpy.KindBool {
		return nil, fmt.Errorf("%w: a mask has to be of bool and is of %s", ErrDType, mask.dtype)
	}
	t := take{in: a.node}
	axes := []Axis{{Navigate: true}}
	t.axes = []takeAxis{{from: -1, stride: 1}}
	for d, ax := range a.axes {
		if ax.Navigate {
			t.over, t.lengths = append(t.over, d), append(t.lengths, ax.Size)
		} else {
			t.axes, axes = append(t.axes, takeAxis{from: d, n: ax.Size}), append(axes, ax)
		}
	}
	if len(t.over) == 0 {
		return nil, fmt.Errorf("%w: the array has no navigation axes for a mask to select from", ErrIndex)
	}
	if !slices.Equal(mask.shape, t.lengths) {
		return nil, fmt.Errorf("%w: the mask is of shape %s and the navigation axes of %s", ErrShape, shapeString(mask.shape), shapeString(t.lengths))
	}
	t.table = []int64{}
	for i, b := range mask.data {
		if b != 0 {
			t.table = append(t.table, int64(i))
		}
	}
	t.joinIndexed()
	t.axes[0].n, axes[0].Size = int64(len(t.table)), int64(len(t.table))
	return a.derive(newTake(t), axes)
}

// joinIndexed makes one axis of those that are indexed where they can be seen so, so that slabs
// follow each other beyond the end of a row.
func (t *take) joinIndexed() {
	if len(t.over) == 1 || !slices.IsSorted(t.over) || t.over[len(t.over)-1]-t.over[0] != len(t.over)-1 {
		return
	}
	d, shape := t.over[0], t.in.shape()
	n := product(t.lengths)
	joined, ok := reshape(t.in, slices.Concat(shape[:d], []int64{n}, shape[d+len(t.over):]))
	if !ok {
		return
	}
	gone := len(t.over) - 1
	for k, ax := range t.axes {
		if ax.from > d {
			t.axes[k].from -= gone
		}
	}
	t.in, t.over, t.lengths = joined, []int{d}, []int64{n}
}

// AtPositions puts measurements at their places in a scan: a's first axis counts them, in the order
// in which they were made, and positions has the place of each, an index for every axis of scan.
// The result has the axes of scan, navigation axes, and then those of one measurement. Places that
// nobody was at are zeros, which are not read. It is what RosettaSciIO's memmap_distributed does
// with positions.
//
// Without scan, it is the smallest that has all positions. A position outside the scan and a place
// that is taken twice are an [ErrIndex] that names them, and another number of positions than of
// measurements is an [ErrShape]. A scan has at most 2^28 places (2^26 on 32-bit systems).
func (a *Array) AtPositions(positions [][]int64, scan ...int64) (*Array, error) {
	if a.NDim() == 0 {
		return nil, fmt.Errorf("%w: an array of no axes has no measurements to place", ErrShape)
	}
	frames := a.node.shape()[0]
	if int64(len(positions)) != frames {
		return nil, fmt.Errorf("%w: %d positions for %d measurements along axis 0", ErrShape, len(positions), frames)
	}
	if len(scan) == 0 {
		scan = extent(positions)
	}
	if !slices.ContainsFunc(scan, func(n int64) bool { return n < 0 }) {
		if err := a.afford("the table of the scan", arith.Times(8, min(arith.Times(scan...), maxScan))); err != nil {
			return nil, err
		}
	}
	table, err := scanTable(positions, scan)
	if err != nil {
		return nil, err
	}
	if len(scan)+a.NDim()-1 > maxDims {
		return nil, fmt.Errorf("%w: the result would have more than %d axes", ErrShape, maxDims)
	}
	t := take{in: a.node, over: []int{0}, lengths: []int64{frames}, table: table}
	var axes []Axis
	stride := int64(1)
	for _, n := range scan {
		stride *= max(n, 1)
	}
	for _, n := range scan {
		stride /= max(n, 1)
		t.axes, axes = append(t.axes, takeAxis{from: -1, n: n, stride: stride}), append(axes, Axis{Size: n, Navigate: true})
	}
	for d, ax := range a.axes[1:] {
		t.axes, axes = append(t.axes, takeAxis{from: d + 1, n: ax.Size}), append(axes, ax)
	}
	if inPlace(table, frames) {
		if n, ok := reshape(a.node, slices.Concat(scan, a.node.shape()[1:])); ok {
			return a.derive(n, axes)
		}
	}
	return a.derive(newTake(t), axes)
}

// extent is the smallest scan that has all positions.
func extent(positions [][]int64) []int64 {
	if len(positions) == 0 {
		return []int64{0}
	}
	scan := make([]int64, len(positions[0]))
	for _, p := range positions {
		for d := range min(len(p), len(scan)) {
			if p[d] < math.MaxInt64 {
				scan[d] = max(scan[d], p[d]+1)
			}
		}
	}
	return scan
}

// scanTable says which measurement is at each place of a scan, in C order.
func scanTable(positions [][]int64, scan []int64) ([]int64, error) {
	places := int64(1)
	for _, n := range scan {
		if n < 0 {
			return nil, fmt.Errorf("%w: a scan of shape %s", ErrShape, shapeString(scan))
		}
		if max(n, 1) > maxScan/places {
			return nil, fmt.Errorf("%w: a scan of shape %s has more than %d places", ErrShape, shapeString(scan), int64(maxScan))
		}
		places *= max(n, 1)
	}
	table := slices.Repeat([]int64{missing}, int(min(places, product(scan))))
	for i, p := range positions {
		if len(p) != len(scan) {
			return nil, fmt.Errorf("%w: position %d has %d indices, for a scan of %d axes", ErrIndex, i, len(p), len(scan))
		}
		at := int64(0)
		for d, k := range p {
			if k < 0 || k >= scan[d] {
				return nil, fmt.Errorf("%w: position %d is %s, outside a scan of shape %s", ErrIndex, i, shapeString(p), shapeString(scan))
			}
			at = at*scan[d] + k
		}
		if table[at] != missing {
			return nil, fmt.Errorf("%w: positions %d and %d are both %s", ErrIndex, table[at], i, shapeString(p))
		}
		table[at] = int64(i)
	}
	return table, nil
}

// inPlace reports whether a table names n slabs in their order and no others.
func inPlace(table []int64, n int64) bool {
	if int64(len(table)) != n {
		return false
	}
	for k, i := range table {
		if i != int64(k) {
			return false
		}
	}
	return true
}
