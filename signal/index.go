package signal

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/lazy"
)

// Slice applies NumPy's basic indexing to the data, as [lazy.Array.Slice] does, and to the axes:
// the offset moves to the first position that is left, the scale is multiplied by the step, and the
// axis of a single position goes. A number with a point or an exponent is a calibrated value and
// stands for the position nearest to it ([Axis.IndexOf]), as in HyperSpy: "2.5:7.0, ::2" is cut at
// the values 2.5 and 7.0. A slice that begins before the axis or ends behind it is clipped; one
// that lies outside altogether, by values, is an error. A step that is a value is divided by the
// scale.
func (s *Signal) Slice(index string) (*Signal, error) {
	axes := make([]int, len(s.Axes))
	for d := range axes {
		axes[d] = d
	}
	items, err := s.positions(index, axes)
	if err != nil {
		return nil, err
	}
	return s.sliceTexts(items)
}

// Index is [Signal.Slice] for an index of positions built in Go.
func (s *Signal) Index(items ...lazy.Index) (*Signal, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	data, err := s.Data.Index(items...)
	if err != nil {
		return nil, err
	}
	picked, err := lazy.ResolveIndex(items, s.Data.Shape())
	if err != nil {
		return nil, err
	}
	var axes []Axis
	for _, p := range picked {
		switch {
		case p.Dropped:
		case p.Axis < 0:
			axes = plainAxes(axes, len(axes)+1)
		default:
			axes = append(axes, s.Axes[p.Axis].slice(p.First, p.Count, p.Step))
		}
	}
	return s.derive(data, axes), nil
}

// Inav slices the navigation axes only, in HyperSpy's order: the one that varies fastest, which is
// the last in the array, comes first. "10, 20:30" is column 10 of rows 20 to 30. Numbers are as in
// [Signal.Slice].
func (s *Signal) Inav(index string) (*Signal, error) { return s.sliceRole(index, true) }

// Isig slices the signal axes only, in HyperSpy's order, as [Signal.Inav] does the navigation axes.
func (s *Signal) Isig(index string) (*Signal, error) { return s.sliceRole(index, false) }

func (s *Signal) sliceRole(index string, navigate bool) (*Signal, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	var role []int // the axes of this role, the last one first
	var shape []int64
	for d, ax := range slices.Backward(s.Data.Axes()) {
		if ax.Navigate == navigate {
			role, shape = append(role, d), append(shape, ax.Size)
		}
	}
	items, err := s.positions(index, role)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(items, isNewAxis) {
		return nil, fmt.Errorf("%w: %q: a new axis has no place among navigation or signal axes", lazy.ErrIndex, index)
	}
	parsed, err := lazy.ParseIndex(strings.Join(items, ","))
	if err == nil {
		_, err = lazy.ResolveIndex(parsed, shape)
	}
	if err != nil {
		return nil, err
	}
	all := slices.Repeat([]string{":"}, len(s.Axes))
	for k, item := range onAxes(items, len(role)) {
		if k < len(role) && !isEllipsis(item) {
			all[role[k]] = item
		}
	}
	return s.sliceTexts(all)
}

// sliceTexts slices by the items of an index of positions.
func (s *Signal) sliceTexts(items []string) (*Signal, error) {
	index, err := lazy.ParseIndex(strings.Join(items, ","))
	if err != nil {
		return nil, err
	}
	return s.Index(index...)
}

// positions are the items of an index, whose values have become positions along the axes that the
// items are about. What is wrong otherwise [lazy.ParseIndex] says.
func (s *Signal) positions(index string, axes []int) ([]string, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	items, shape := splitIndex(index), s.Data.Shape()
	out := make([]string, 0, len(items))
	for k, item := range onAxes(items, len(axes)) {
		if !isEllipsis(item) && !isNewAxis(item) && k < len(axes) {
			var err error
			if item, err = s.Axes[axes[k]].position(item, shape[axes[k]]); err != nil {
				return nil, err
			}
		}
		out = append(out, item)
	}
	return out, nil
}

// splitIndex is the items of an index with or without brackets around it.
func splitIndex(index string) []string {
	text := strings.TrimSpace(index)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return []string{index}
		}
		text = strings.TrimSpace(inner)
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	if last := len(items) - 1; items[last] == "" { // as in Python, one comma may be the last
		items = items[:last]
	}
	return items
}

func isEllipsis(item string) bool { return item == "..." || item == "Ellipsis" }

func isNewAxis(item string) bool {
	return item == "newaxis" || item == "np.newaxis" || item == "None"
}

// onAxes yields items together with which of n axes each is about; ellipses and new axes are about
// none.
func onAxes(items []string, n int) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		k := 0
		for i, item := range items {
			if !yield(k, item) {
				return
			}
			switch {
			case isEllipsis(item): // what follows is at the end
				k = n
				for _, later := range items[i+1:] {
					if !isNewAxis(later) {
						k--
					}
				}
				k = max(k, 0)
			case !isNewAxis(item):
				k++
			}
		}
	}
}

// position is an item of an index without values: each has become the position that it stands for,
// on an axis of so many positions.
func (ax Axis) position(item string, size int64) (string, error) {
	parts := strings.Split(item, ":")
	if len(parts) > 3 {
		return item, nil
	}
	var values [3]*float64
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if !strings.ContainsAny(p, ".eE") {
			continue
		}
		if v, err := strconv.ParseFloat(p, 64); err == nil && finite(v) {
			values[i] = &v
		}
	}
	if values[2] != nil {
		step, err := ax.steps(*values[2], size)
		if err != nil {
			return "", err
		}
		parts[2] = strconv.FormatInt(step, 10)
	}
	if values[0] != nil && len(parts) == 1 {
		i, err := ax.IndexOf(*values[0], size)
		return strconv.FormatInt(i, 10), err
	}
	open := [2]int{-1, 1} // the sides beyond which a slice may begin and end
	if len(parts) == 3 && strings.HasPrefix(strings.TrimSpace(parts[2]), "-") {
		open = [2]int{1, -1}
	}
	for k := range 2 {
		if values[k] == nil {
			continue
		}
		var err error
		if parts[k], err = ax.bound(*values[k], size, open[k]); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, ":"), nil
}

// bound is the position of a value that a slice begins or ends at; none if the value lies beyond
// the side of the axis where that makes no difference.
func (ax Axis) bound(value float64, size int64, open int) (string, error) {
	i, side := ax.locate(value, size)
	switch {
	case side == 0:
		return strconv.FormatInt(i, 10), nil
	case side == open && size > 0:
		return "", nil
	}
	return "", fmt.Errorf("%w: the value %v leaves nothing of %s", lazy.ErrIndex, value, ax.extent(size))
}

// steps is how many positions a distance is.
func (ax Axis) steps(distance float64, size int64) (int64, error) {
	if ax.Values != nil {
		return 0, fmt.Errorf("%w: %s is not uniform, and a step of %v is no number of positions", lazy.ErrIndex, ax.extent(size), distance)
	}
	n := math.RoundToEven(distance / ax.Scale)
	if n == 0 || math.Abs(n) > math.MaxInt32 {
		return 0, fmt.Errorf("%w: a step of %v is %v positions of %s", lazy.ErrIndex, distance, n, ax.extent(size))
	}
	return int64(n), nil
}
