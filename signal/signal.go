package signal

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/lazy"
)

// ErrAxes is matched by the error for a signal whose axes do not describe its data.
var ErrAxes = errors.New("axes do not fit the data")

// ErrSidecar is matched by every error about the content of a sidecar: one that is malformed, of
// another version, or about an array of another shape.
var ErrSidecar = errors.New("bad sidecar")

// badSidecar is the cause inside a FormatError: it prints as its message alone and matches
// ErrSidecar.
type badSidecar string

func (e badSidecar) Error() string        { return string(e) }
func (e badSidecar) Is(target error) bool { return target == ErrSidecar }

// Signal is a lazy array with what is known of its axes, as in HyperSpy and RosettaSciIO: names,
// units and calibration. How long axes are, and which of them are navigation axes, the array knows
// ([lazy.Array.Axes], [lazy.Array.With]). A signal owns nothing but its description: operations
// give signals over the same file, and [Signal.Close] of any of them closes it for all.
//
// The fields may be changed before a signal is used; see [Signal.Validate].
type Signal struct {
	Data *lazy.Array
	Axes []Axis // one for every axis of the data, in their order

	// Metadata and OriginalMetadata are what HyperSpy calls so. What was read from a sidecar
	// consists of nil, bool, string, int64, float64 (NaN and infinities included), []any and
	// map[string]any, and json.Number for numbers that fit neither. They are never nil in a signal
	// that this package made.
	Metadata, OriginalMetadata map[string]any

	sidecar string         // what was read
	extra   map[string]any // fields of the description that are not known here
	outside map[string]any // fields beside the description that are not known here
}

// Axis is what is known of one axis of a [Signal]. Position i along it has the value
// Offset + i*Scale in Units, or Values[i] where that is not nil.
type Axis struct {
	Name, Units string // empty if not known
	Scale       float64
	Offset      float64

	// Values makes a non-uniform axis: a value for every position, rising or falling. Scale and
	// Offset mean nothing then. Nil for a uniform axis.
	Values []float64

	extra map[string]any // fields of the sidecar that are not known here
}

// New describes an array by what it knows of itself. Names and units are empty, scales are 1, and
// offsets 0.
func New(a *lazy.Array) *Signal {
	return &Signal{Data: a, Axes: plainAxes(nil, a.NDim()), Metadata: map[string]any{}, OriginalMetadata: map[string]any{}}
}

// plainAxes completes axes to n by some of which nothing is known.
func plainAxes(axes []Axis, n int) []Axis {
	for len(axes) < n {
		axes = append(axes, Axis{Scale: 1})
	}
	return axes
}

// Close closes the file behind the data, as [lazy.Array.Close] does.
func (s *Signal) Close() error { return s.Data.Close() }

// Sidecar is the path of the file that the description was read from, and empty if there was none.
func (s *Signal) Sidecar() string { return s.sidecar }

// String writes the dimensions in HyperSpy's order, the one that varies fastest first, navigation
// before signal: "(128, 64|256, 256) uint16" for a scan of 64 rows.
func (s *Signal) String() string {
	var nav, sig []string
	for _, ax := range slices.Backward(s.Data.Axes()) {
		if n := fmt.Sprint(ax.Size); ax.Navigate {
			nav = append(nav, n)
		} else {
			sig = append(sig, n)
		}
	}
	return fmt.Sprintf("(%s|%s) %s", strings.Join(nav, ", "), strings.Join(sig, ", "), s.Data.DType())
}

// Validate returns an error that matches [ErrAxes] if the axes do not describe the data: another
// number of axes, a scale that is zero, a calibration that is not finite, or Values of another
// length or out of order.
func (s *Signal) Validate() error {
	if s == nil || s.Data == nil {
		return fmt.Errorf("%w: there are no data", ErrAxes)
	}
	shape := s.Data.Shape()
	if len(s.Axes) != len(shape) {
		return fmt.Errorf("%w: %d axes for data of shape %s", ErrAxes, len(s.Axes), shapeString(shape))
	}
	for d, ax := range s.Axes {
		if field, msg := ax.flaw(shape[d]); msg != "" {
			return fmt.Errorf("%w: axis %d: %s %s", ErrAxes, d, field, msg)
		}
	}
	return nil
}

// flaw says what is wrong with the description of an axis of so many positions, in the words of the
// sidecar; empty if nothing is.
func (ax Axis) flaw(size int64) (field, msg string) {
	switch {
	case ax.Values != nil:
		return "axis", ax.valuesFlaw(size)
	case !finite(ax.Scale) || ax.Scale == 0:
		return "scale", fmt.Sprintf("is %v, which is no distance between positions", ax.Scale)
	case !finite(ax.Offset):
		return "offset", fmt.Sprintf("is %v, which is not finite", ax.Offset)
	}
	return "", ""
}

// valuesFlaw says what is wrong with the values of a non-uniform axis.
func (ax Axis) valuesFlaw(size int64) string {
	v := ax.Values
	if int64(len(v)) != size {
		return fmt.Sprintf("has %d values, and size is %d", len(v), size)
	}
	for i, x := range v {
		switch {
		case !finite(x):
			return fmt.Sprintf("has the value %v at position %d, which is not finite", x, i)
		case i > 0 && x == v[i-1], i > 1 && (x > v[i-1]) != (v[1] > v[0]):
			return fmt.Sprintf("neither rises nor falls throughout: %v follows %v at position %d", x, v[i-1], i)
		}
	}
	return ""
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// shapeString writes a shape as Python does a tuple.
func shapeString(shape []int64) string {
	text := strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", ", ")
	if len(shape) == 1 {
		text += ","
	}
	return "(" + text + ")"
}

// derive is a signal over other data that keeps what is known of the whole.
func (s *Signal) derive(a *lazy.Array, axes []Axis) *Signal {
	for d := range axes {
		axes[d].Values = slices.Clone(axes[d].Values)
	}
	return &Signal{
		Data: a, Axes: axes, Metadata: cloneObject(s.Metadata), OriginalMetadata: cloneObject(s.OriginalMetadata),
		extra: s.extra, outside: s.outside,
	}
}

// cloneObject copies a tree of metadata, so that changing that of one signal does not change that
// of another.
func cloneObject(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = cloneTree(v, strictjson.MaxDepth)
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
