package lazy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrAxes is matched by the error for a signal whose axes do not describe its data.
var ErrAxes = errors.New("axes do not fit the data")

// Signal is a lazy array with what is known of its axes, as in HyperSpy and RosettaSciIO: names,
// units, calibration, and which of them are navigation axes. It owns nothing but its description:
// operations give signals over the same file, and [Signal.Close] of any of them closes it for all.
//
// The fields may be changed before a signal is used. There must be one axis for every axis of the
// data, in order; see [Signal.Validate]. Where Navigate and [Array.Axes] differ, Navigate counts.
type Signal struct {
	Data *Array
	Axes []SignalAxis

	// Metadata and OriginalMetadata are what HyperSpy calls so. What was read from a sidecar
	// consists of nil, bool, string, int64, float64 (NaN and infinities included), []any and
	// map[string]any, and json.Number for numbers that fit neither. They are never nil in a signal
	// that this package made.
	Metadata, OriginalMetadata map[string]any

	sidecar string         // what was read
	extra   map[string]any // fields of the description that are not known here
	outside map[string]any // fields beside the description that are not known here
}

// SignalAxis describes one axis of a [Signal]. Position i along it has the value Offset + i*Scale
// in Units, or Values[i] where that is not nil.
type SignalAxis struct {
	Name, Units string // empty if not known
	Size        int64  // elements along the axis
	Scale       float64
	Offset      float64
	Navigate    bool // a navigation axis (scan position) rather than a signal axis

	// IndexInArray is which axis of the data this is: its place in Signal.Axes.
	IndexInArray int

	// Values makes a non-uniform axis: a value for every position, rising or falling. Scale and
	// Offset mean nothing then. Nil for a uniform axis.
	Values []float64

	extra map[string]any // fields that are not known here
}

// NewSignal describes an array by what it knows of itself: its shape and its navigation axes. Names
// and units are empty, scales are 1, and offsets 0.
func NewSignal(a *Array) *Signal {
	s := &Signal{Data: a, Metadata: map[string]any{}, OriginalMetadata: map[string]any{}}
	for d, ax := range a.Axes() {
		s.Axes = append(s.Axes, plainAxis(d, ax.Size, ax.Navigate))
	}
	return s
}

// plainAxis is an axis of which nothing is known.
func plainAxis(d int, size int64, navigate bool) SignalAxis {
	return SignalAxis{Size: size, Scale: 1, Navigate: navigate, IndexInArray: d}
}

// Close closes the file behind the data, as [Array.Close] does.
func (s *Signal) Close() error { return s.Data.Close() }

// Sidecar is the path of the file that the description was read from, and empty if there was none.
func (s *Signal) Sidecar() string { return s.sidecar }

// String writes the dimensions in HyperSpy's order, the one that varies fastest first, navigation
// before signal: "(128, 64|256, 256) uint16" for a scan of 64 rows.
func (s *Signal) String() string {
	var nav, sig []string
	for d := len(s.Axes) - 1; d >= 0; d-- {
		if n := fmt.Sprint(s.Axes[d].Size); s.Axes[d].Navigate {
			nav = append(nav, n)
		} else {
			sig = append(sig, n)
		}
	}
	return fmt.Sprintf("(%s|%s) %s", strings.Join(nav, ", "), strings.Join(sig, ", "), s.Data.DType())
}

// Validate returns an error that matches [ErrAxes] if the axes do not describe the data: another
// number of axes, another size, an index that is not the axis's place, a scale that is zero, a
// calibration that is not finite, or Values of another length or out of order.
func (s *Signal) Validate() error {
	if s == nil || s.Data == nil {
		return fmt.Errorf("%w: there are no data", ErrAxes)
	}
	shape := s.Data.Shape()
	if len(s.Axes) != len(shape) {
		return fmt.Errorf("%w: %d axes for data of shape %s", ErrAxes, len(s.Axes), shapeString(shape))
	}
	for d := range s.Axes {
		ax := &s.Axes[d]
		if ax.Size != shape[d] {
			return fmt.Errorf("%w: axis %d has size %d, and the data have shape %s", ErrAxes, d, ax.Size, shapeString(shape))
		}
		if ax.IndexInArray != d {
			return fmt.Errorf("%w: axis %d says that it is axis %d", ErrAxes, d, ax.IndexInArray)
		}
		if field, msg := ax.flaw(); msg != "" {
			return fmt.Errorf("%w: axis %d: %s %s", ErrAxes, d, field, msg)
		}
	}
	return nil
}

// flaw says what is wrong with an axis by itself, in the words of the sidecar; empty if nothing is.
func (ax *SignalAxis) flaw() (field, msg string) {
	switch {
	case ax.Size < 0:
		return "size", fmt.Sprintf("is %d", ax.Size)
	case ax.Values != nil:
		return "axis", ax.valuesFlaw()
	case !isFinite(ax.Scale) || ax.Scale == 0:
		return "scale", fmt.Sprintf("is %v, which is no distance between positions", ax.Scale)
	case !isFinite(ax.Offset):
		return "offset", fmt.Sprintf("is %v, which is not finite", ax.Offset)
	}
	return "", ""
}

// valuesFlaw says what is wrong with the values of a non-uniform axis.
func (ax *SignalAxis) valuesFlaw() string {
	v := ax.Values
	if int64(len(v)) != ax.Size {
		return fmt.Sprintf("has %d values, and size is %d", len(v), ax.Size)
	}
	for i, x := range v {
		switch {
		case !isFinite(x):
			return fmt.Sprintf("has the value %v at position %d, which is not finite", x, i)
		case i > 0 && x == v[i-1], i > 1 && (x > v[i-1]) != (v[1] > v[0]):
			return fmt.Sprintf("neither rises nor falls throughout: %v follows %v at position %d", x, v[i-1], i)
		}
	}
	return ""
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// data is the array with the navigation axes that the description names.
func (s *Signal) data() (*Array, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return navigated(s.Data, s.Axes)
}

// navigated returns the array with the navigation axes that its description names.
func navigated(a *Array, axes []SignalAxis) (*Array, error) {
	var navigation []int
	same := true
	for d, have := range a.Axes() {
		if axes[d].Navigate {
			navigation = append(navigation, d)
		}
		same = same && axes[d].Navigate == have.Navigate
	}
	if same {
		return a, nil
	}
	return a.With(NavigationAxes(navigation...))
}

// derive is a signal over other data that keeps what is known of the whole.
func (s *Signal) derive(a *Array, axes []SignalAxis) (*Signal, error) {
	for d := range axes {
		axes[d].IndexInArray = d
		axes[d].Values = slices.Clone(axes[d].Values)
	}
	out := &Signal{
		Data: a, Axes: axes, Metadata: cloneObject(s.Metadata), OriginalMetadata: cloneObject(s.OriginalMetadata),
		extra: s.extra, outside: s.outside,
	}
	var err error
	out.Data, err = out.data()
	return out, err
}

// cloneObject copies a tree of metadata, so that changing that of one signal does not change that
// of another.
func cloneObject(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = cloneTree(v, maxJSONDepth)
	}
	return out
}

// cloneTree copies what metadata read from a file consist of, to a depth that no such file has;
// anything else is shared.
func cloneTree(v any, depth int) any {
	if depth == 0 {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = cloneTree(x, depth-1)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = cloneTree(x, depth-1)
		}
		return out
	}
	return v
}
