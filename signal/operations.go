package signal

import (
	"context"
	"slices"

	"github.com/lazynpy/lazynpy/lazy"
)

// Transpose permutes the axes of the data together with their descriptions, as
// [lazy.Array.Transpose] does; without arguments it reverses them.
func (s *Signal) Transpose(axes ...int) (*Signal, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	data, err := s.Data.Transpose(axes...)
	if err != nil {
		return nil, err
	}
	n := len(s.Axes)
	out := make([]Axis, n)
	for d := range out {
		from := n - 1 - d
		if len(axes) > 0 {
			from = (axes[d] + n) % n // Transpose has checked it
		}
		out[d] = s.Axes[from]
	}
	return s.derive(data, out), nil
}

// Field picks one field of structured data, as [lazy.Array.Field] does. The axes of a subarray
// field are signal axes of which nothing is known.
func (s *Signal) Field(name string) (*Signal, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	data, err := s.Data.Field(name)
	if err != nil {
		return nil, err
	}
	return s.derive(data, plainAxes(slices.Clone(s.Axes), data.NDim())), nil
}

// Reduce makes one pass over the data and gives the results of all reducers, in their order, as
// signals in memory: the axes that are left keep their descriptions, and metadata stay. The sum
// over the signal axes of a scan is an image over its navigation axes, calibrated as they are. The
// bins of a histogram are a signal axis "value" at the end, whose offset is the lower edge of the
// first bin.
//
// Closing a result frees nothing, and does not close s.
func (s *Signal) Reduce(ctx context.Context, reducers ...lazy.Reducer) ([]*Signal, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	results, err := lazy.Run(ctx, s.Data, reducers...)
	if err != nil {
		return nil, err
	}
	out := make([]*Signal, len(results))
	for i, r := range results {
		if out[i], err = s.reduced(r, reducers[i].Over()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reduced describes the result of a reduction over some axes.
func (s *Signal) reduced(r *lazy.Result, over lazy.Over) (*Signal, error) {
	removed, err := over.Axes(s.Data)
	if err != nil {
		return nil, err
	}
	var axes []Axis
	var navigation []int
	for d, ax := range s.Data.Axes() {
		if slices.Contains(removed, d) {
			continue
		}
		if ax.Navigate {
			navigation = append(navigation, len(axes))
		}
		axes = append(axes, s.Axes[d])
	}
	data, err := lazy.FromResult(r)
	if err == nil {
		data, err = data.With(lazy.NavigationAxes(navigation...))
	}
	if err != nil {
		return nil, err
	}
	axes = plainAxes(axes, data.NDim())
	if edges := r.Edges(); len(edges) > 1 {
		bins := &axes[len(axes)-1]
		bins.Name, bins.Offset = "value", edges[0]
		bins.Scale = (edges[len(edges)-1] - edges[0]) / float64(len(edges)-1)
	}
	return s.derive(data, axes), nil
}
