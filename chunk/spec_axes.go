package chunk

import "slices"

// Axes is what s asks of each of n axes. It is nil where s asks it of all together, as "auto" and a
// byte size do, and where s is for another number of axes. It panics if n is negative or above
// 65,536.
func (s Spec) Axes(n int) []AxisSpec {
	countAxes(n)
	axes := slices.Repeat([]AxisSpec{AxisWhole()}, n)
	switch {
	case s.form == formAll && s.all.kind == kindSize:
		for d := range axes {
			axes[d] = s.all
		}
	case s.form == formFlat && n == 1 && len(s.flat) > 1:
		axes[0] = AxisSizes(s.flat...)
	case s.form == formFlat && len(s.flat) == n:
		for d, size := range s.flat {
			axes[d] = AxisSize(size)
		}
	case s.form == formAxes && len(s.axes) == n:
		copy(axes, s.axes)
	case s.form == formDict && (len(s.keys) == 0 || s.keys[0] >= 0 && s.keys[len(s.keys)-1] < n):
		for i, d := range s.keys {
			axes[d] = s.axes[i]
		}
	default:
		return nil
	}
	return axes
}

// Slice is what a asks of an axis that has count of the elements of the one it was for: every
// step-th from first on, which may go backward. Explicit sizes become what is left of each chunk;
// anything else stays. It panics if step is 0.
func (a AxisSpec) Slice(first, count, step int64) AxisSpec {
	if step == 0 {
		panic("chunk: AxisSpec.Slice: step 0")
	}
	if a.kind != kindSizes {
		return a
	}
	var sizes []int64
	stop := int64(0)
	for _, size := range a.sizes {
		start := stop
		stop += size
		if n := within(start, stop, first, count, step); n > 0 {
			sizes = append(sizes, n)
		}
	}
	if len(sizes) == 0 {
		return AxisWhole()
	}
	if step < 0 {
		slices.Reverse(sizes)
	}
	return AxisSizes(sizes...)
}

// within counts the positions first, first+step, ... that lie in start to stop.
func within(start, stop, first, count, step int64) int64 {
	if count <= 1 {
		if count == 1 && first >= start && first < stop {
			return 1
		}
		return 0
	}
	if step < 0 { // seen from the other end
		first, step = first+(count-1)*step, -step
	}
	below := func(at int64) int64 { // positions in front of at
		if at <= first {
			return 0
		}
		return min((at-first-1)/step+1, count)
	}
	return below(stop) - below(start)
}
