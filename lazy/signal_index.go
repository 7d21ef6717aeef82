package lazy

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Slice applies NumPy's basic indexing to the data, as [Array.Slice] does, and to the axes: the
// offset moves to the first position that is left, the scale is multiplied by the step, and the
// axis of a single position goes. A number with a point or an exponent is a calibrated value and
// stands for the position nearest to it ([SignalAxis.IndexOf]), as in HyperSpy: "2.5:7.0, ::2" is
// cut at the values 2.5 and 7.0. A slice that begins before the axis or ends behind it is clipped;
// one that lies outside altogether, by values, is an error. A step that is a value is divided by
// the scale.
func (s *Signal) Slice(index string) (*Signal, error) {
	items, err := parseSignalIndex(index)
	if err != nil {
		return nil, err
	}
	return s.cut(items)
}

// Index is [Signal.Slice] for an index of positions built in Go.
func (s *Signal) Index(items ...Index) (*Signal, error) {
	list := make([]signalIndex, len(items))
	for i, ix := range items {
		list[i].Index = ix
	}
	return s.cut(list)
}

// Inav slices the navigation axes only, in HyperSpy's order: the one that varies fastest, which is
// the last in the array, comes first. "10, 20:30" is column 10 of rows 20 to 30. Numbers are as in
// [Signal.Slice].
func (s *Signal) Inav(index string) (*Signal, error) { return s.sliceRole(index, true) }

// Isig slices the signal axes only, in HyperSpy's order, as [Signal.Inav] does the navigation axes.
func (s *Signal) Isig(index string) (*Signal, error) { return s.sliceRole(index, false) }

func (s *Signal) sliceRole(index string, navigate bool) (*Signal, error) {
	items, err := parseSignalIndex(index)
	if err != nil {
		return nil, err
	}
	var role []int // the axes of this role, the last one first
	for d := len(s.Axes) - 1; d >= 0; d-- {
		if s.Axes[d].Navigate == navigate {
			role = append(role, d)
		}
	}
	if slices.ContainsFunc(items, func(ix signalIndex) bool { return ix.kind == kindNewAxis }) {
		return nil, fmt.Errorf("%w: %q: a new axis has no place among navigation or signal axes", ErrIndex, index)
	}
	if items, err = expandSignalEllipsis(items, len(role)); err != nil {
		return nil, err
	}
	all := make([]signalIndex, len(s.Axes))
	for d := range all {
		all[d].Index = All()
	}
	for i, d := range role {
		all[d] = items[i]
	}
	return s.cut(all)
}

// cut slices data and axes alike.
func (s *Signal) cut(items []signalIndex) (*Signal, error) {
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	if items, err = expandSignalEllipsis(items, len(s.Axes)); err != nil {
		return nil, err
	}
	positions := make([]Index, len(items))
	var axes []SignalAxis
	d := 0
	for i, item := range items {
		if item.kind == kindNewAxis {
			positions[i] = item.Index
			axes = append(axes, plainAxis(0, 1, false))
			continue
		}
		ax := s.Axes[d]
		d++
		ix, err := item.on(ax)
		if err != nil {
			return nil, err
		}
		if positions[i] = ix; ix.kind == kindSlice {
			first, count, step := ix.resolve(ax.Size)
			axes = append(axes, ax.slice(first, count, step))
		}
	}
	if data, err = data.Index(positions...); err != nil {
		return nil, err
	}
	return s.derive(data, axes)
}

// signalIndex is an index some of whose numbers may be calibrated values.
type signalIndex struct {
	Index
	startValue, stopValue, stepValue *float64
}

// expandSignalEllipsis is expandEllipsis for n axes.
func expandSignalEllipsis(items []signalIndex, n int) ([]signalIndex, error) {
	plain := make([]Index, len(items))
	for i, ix := range items {
		plain[i] = ix.Index
	}
	full, err := expandEllipsis(plain, n)
	if err != nil {
		return nil, err
	}
	out := make([]signalIndex, len(full))
	for i, ix := range full {
		out[i].Index = ix
	}
	// What was before the ellipsis is at the beginning, and what was behind it at the end.
	at := slices.IndexFunc(plain, func(ix Index) bool { return ix.kind == kindEllipsis })
	if at < 0 {
		at = len(items)
	}
	copy(out, items[:at])
	if at < len(items) {
		behind := items[at+1:]
		copy(out[len(out)-len(behind):], behind)
	}
	return out, nil
}

// parseSignalIndex reads what [Signal.Slice] takes.
func parseSignalIndex(s string) ([]signalIndex, error) {
	var items []signalIndex
	text := strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return nil, fmt.Errorf("%w: %q has an opening bracket without a closing one", ErrIndex, s)
		}
		text = strings.TrimSpace(inner)
	}
	for text != "" {
		item, rest, _ := strings.Cut(text, ",")
		ix, err := parseSignalIndexItem(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("%w in %q", err, s)
		}
		if items = append(items, ix); len(items) > maxIndexItems {
			return nil, fmt.Errorf("%w: more than %d items", ErrIndex, maxIndexItems)
		}
		text = strings.TrimSpace(rest)
	}
	return items, nil
}

func parseSignalIndexItem(s string) (signalIndex, error) {
	plain, err := parseIndexItem(s)
	if err == nil {
		return signalIndex{Index: plain}, nil
	}
	parts := strings.Split(s, ":")
	values := make([]*float64, len(parts))
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if !strings.ContainsAny(p, ".eE") || p == "None" {
			continue
		}
		v, bad := strconv.ParseFloat(p, 64)
		if bad != nil || !isFinite(v) {
			return signalIndex{}, err
		}
		// What remains are positions; a single value stands for one as well.
		if values[i], parts[i] = &v, ""; len(parts) == 1 {
			parts[i] = "0"
		}
	}
	if plain, err = parseIndexItem(strings.Join(parts, ":")); err != nil {
		return signalIndex{}, err
	}
	out := signalIndex{Index: plain, startValue: values[0]}
	if len(values) > 1 {
		out.stopValue = values[1]
	}
	if len(values) > 2 {
		out.stepValue = values[2]
	}
	return out, nil
}

// on finds the positions of the values along an axis.
func (ix signalIndex) on(ax SignalAxis) (Index, error) {
	out := ix.Index
	if ix.stepValue != nil {
		step, err := ax.steps(*ix.stepValue)
		if err != nil {
			return out, err
		}
		out.step = step
	}
	if ix.startValue != nil && ix.kind == kindAt {
		i, err := ax.IndexOf(*ix.startValue)
		return At(i), err
	}
	// Walking backwards, the end of the axis is where a slice begins.
	before := -1
	if out.step < 0 {
		before = 1
	}
	var err error
	if ix.startValue != nil {
		if out.start, out.hasStart, err = ax.bound(*ix.startValue, before); err != nil {
			return out, err
		}
	}
	if ix.stopValue != nil {
		out.stop, out.hasStop, err = ax.bound(*ix.stopValue, -before)
	}
	return out, err
}

// bound is the position of a value that a slice begins or ends at; none if the value lies beyond
// the side of the axis where that makes no difference.
func (ax SignalAxis) bound(value float64, open int) (i int64, ok bool, err error) {
	i, side := ax.locate(value)
	switch {
	case side == 0:
		return i, true, nil
	case side == open && ax.Size > 0:
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("%w: the value %v leaves nothing of %s", ErrIndex, value, ax.extent())
}

// steps is how many positions a distance is.
func (ax SignalAxis) steps(distance float64) (int64, error) {
	if ax.Values != nil {
		return 0, fmt.Errorf("%w: %s is not uniform, and a step of %v is no number of positions", ErrIndex, ax.extent(), distance)
	}
	n := math.RoundToEven(distance / ax.Scale)
	if n == 0 || math.Abs(n) > math.MaxInt32 {
		return 0, fmt.Errorf("%w: a step of %v is %v positions of %s", ErrIndex, distance, n, ax.extent())
	}
	return int64(n), nil
}
