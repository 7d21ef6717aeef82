package lazy

import (
	"context"
	"slices"
)

// Transpose permutes the axes of the data together with their descriptions, as [Array.Transpose]
// does; without arguments it reverses them.
func (s *Signal) Transpose(axes ...int) (*Signal, error) {
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	if data, err = data.Transpose(axes...); err != nil {
		return nil, err
	}
	out := make([]SignalAxis, len(s.Axes))
	for d := range out {
		from := len(out) - 1 - d
		if len(axes) > 0 {
			from, _ = axisIndex(axes[d], len(out)) // Transpose has checked it
		}
		out[d] = s.Axes[from]
	}
	return s.derive(data, out)
}

// Field picks one field of structured data, as [Array.Field] does. The axes of a subarray field are
// signal axes of which nothing is known.
func (s *Signal) Field(name string) (*Signal, error) {
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	if data, err = data.Field(name); err != nil {
		return nil, err
	}
	return s.derive(data, withPlainAxes(slices.Clone(s.Axes), data.Shape()))
}

// withPlainAxes adds the axes at the end of a shape that have no description.
func withPlainAxes(axes []SignalAxis, shape []int64) []SignalAxis {
	for d := len(axes); d < len(shape); d++ {
		axes = append(axes, plainAxis(d, shape[d], false))
	}
	return axes
}

// Reduce makes one pass over the data and gives the results of all reducers, in their order, as
// signals in memory: the axes that are left keep their descriptions, and metadata stay. The sum
// over the signal axes of a scan is an image over its navigation axes, calibrated as they are. The
// bins of a histogram are a signal axis "value" at the end, whose offset is the lower edge of the
// first bin.
//
// Closing a result frees nothing, and does not close s.
func (s *Signal) Reduce(ctx context.Context, reducers ...Reducer) ([]*Signal, error) {
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	results, err := Run(ctx, data, reducers...)
	if err != nil {
		return nil, err
	}
	out := make([]*Signal, len(results))
	for i, r := range results {
		reduced, err := reducers[i].over.reduced(data)
		if err != nil {
			return nil, err
		}
		if out[i], err = s.reduced(r, reduced); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reduced describes the result of a reduction that has removed some axes.
func (s *Signal) reduced(r *Result, removed []bool) (*Signal, error) {
	var axes []SignalAxis
	for d, ax := range s.Axes {
		if !removed[d] {
			axes = append(axes, ax)
		}
	}
	axes = withPlainAxes(axes, r.Shape())
	if edges := r.Edges(); len(edges) > 1 {
		bins := &axes[len(axes)-1]
		bins.Name, bins.Offset = "value", edges[0]
		bins.Scale = (edges[len(edges)-1] - edges[0]) / float64(len(edges)-1)
	}
	data, err := FromResult(r)
	if err != nil {
		return nil, err
	}
	return s.derive(data, axes)
}
