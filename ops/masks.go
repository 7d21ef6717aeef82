package ops

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// Mask is a virtual detector as a parameter, with the numbers that the function of package lazy of
// the same name takes, in their order. Exactly one of the fields must be set.
type Mask struct {
	Disk       []Float `json:"disk,omitempty"`        // cy, cx, r
	Ring       []Float `json:"ring,omitempty"`        // cy, cx, inner, outer
	SmoothDisk []Float `json:"smooth_disk,omitempty"` // cy, cx, r
	SmoothRing []Float `json:"smooth_ring,omitempty"` // cy, cx, inner, outer
	Rect       []int64 `json:"rect,omitempty"`        // y0, x0, y1, x1, the ends not included
	// where it starts, and where it stops, a number per axis
	Box      [][]int64 `json:"box,omitempty"`
	Interval []int64   `json:"interval,omitempty"` // start, stop
	Point    []int64   `json:"point,omitempty"`    // an index per axis
	// a file of weights, of the shape of a frame
	Array Path `json:"array,omitempty"`
}

func newMasks(p MasksParams) (lazy.Reducer, error) {
	if len(p.Masks) == 0 {
		return lazy.Reducer{}, errors.New("parameter masks: there is none")
	}
	var masks []lazy.Mask
	for i, m := range p.Masks {
		mask, err := m.mask()
		if err != nil {
			return lazy.Reducer{}, fmt.Errorf("parameter masks: mask %d: %w", i, err)
		}
		masks = append(masks, mask)
	}
	return lazy.NewMasks(masks...), nil
}

// mask makes the mask of the one field that is set.
func (m Mask) mask() (lazy.Mask, error) {
	set := 0
	for _, n := range []int{len(m.Disk), len(m.Ring), len(m.SmoothDisk), len(m.SmoothRing), len(m.Rect), len(m.Box),
		len(m.Interval), len(m.Point), len(m.Array)} {
		set += min(n, 1)
	}
	switch {
	case set != 1:
		return lazy.Mask{}, fmt.Errorf("it has %d forms, not one of disk, ring, smooth_disk, smooth_ring, rect, box, interval, point, array", set)
	case len(m.Box) > 0:
		if len(m.Box) != 2 || len(m.Box[0]) != len(m.Box[1]) {
			return lazy.Mask{}, errors.New("box: not two lists of the same length")
		}
		return lazy.Box(m.Box[0], m.Box[1]), nil
	case len(m.Point) > 0:
		return lazy.Point(m.Point...), nil
	case m.Array != "":
		weights, err := load(m.Array)
		if err != nil {
			return lazy.Mask{}, err
		}
		mask, err := lazy.MaskFrom(weights)
		if err != nil {
			return lazy.Mask{}, fileerr.New(string(m.Array), err)
		}
		return mask, nil
	}
	return m.shape()
}

// shape makes a mask of a fixed number of numbers.
func (m Mask) shape() (lazy.Mask, error) {
	switch {
	case len(m.Disk) > 0:
		return shaped(m.Disk, 3, func(x []Float) lazy.Mask { return lazy.Disk(float64(x[0]), float64(x[1]), float64(x[2])) })
	case len(m.SmoothDisk) > 0:
		return shaped(m.SmoothDisk, 3, func(x []Float) lazy.Mask {
			return lazy.SmoothDisk(float64(x[0]), float64(x[1]), float64(x[2]))
		})
	case len(m.Ring) > 0:
		return shaped(m.Ring, 4, func(x []Float) lazy.Mask {
			return lazy.Ring(float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3]))
		})
	case len(m.SmoothRing) > 0:
		return shaped(m.SmoothRing, 4, func(x []Float) lazy.Mask {
			return lazy.SmoothRing(float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3]))
		})
	case len(m.Rect) > 0:
		return shaped(m.Rect, 4, func(x []int64) lazy.Mask { return lazy.Rect(x[0], x[1], x[2], x[3]) })
	}
	return shaped(m.Interval, 2, func(x []int64) lazy.Mask { return lazy.Interval(x[0], x[1]) })
}

func shaped[T any](x []T, n int, f func(x []T) lazy.Mask) (lazy.Mask, error) {
	if len(x) != n {
		return lazy.Mask{}, fmt.Errorf("it has %d numbers, not %d", len(x), n)
	}
	return f(x), nil
}

// parseMasks reads "disk(64,64,20) ring(64,64,20,40) mask.npy".
func parseMasks(s string) (any, error) {
	var masks []map[string]any
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimSpace(rest) {
		item := rest
		if end := strings.IndexAny(rest, " \t"); end >= 0 && !strings.Contains(rest[:end], "(") {
			item = rest[:end]
		} else if end := strings.IndexByte(rest, ')'); end >= 0 {
			item = rest[:end+1]
		}
		mask, err := parseMask(item)
		if err != nil {
			return nil, err
		}
		masks = append(masks, mask)
		rest = rest[len(item):]
	}
	if len(masks) == 0 {
		return nil, errors.New("parameter masks: there is none")
	}
	return map[string]any{"masks": masks}, nil
}

// parseMask reads a form with its numbers, or the path of a file. The numbers of a box are where it
// starts and then where it stops.
func parseMask(s string) (map[string]any, error) {
	form, inner, ok := strings.Cut(s, "(")
	if !ok {
		return map[string]any{"array": Path(s)}, nil
	}
	inner, ok = strings.CutSuffix(inner, ")")
	if !ok {
		return nil, fmt.Errorf("parameter masks: %q has no closing parenthesis", s)
	}
	numbers, err := listArg.parse(inner)
	if err != nil {
		return nil, fmt.Errorf("parameter masks: %q: %w", s, err)
	}
	if list, ok := numbers.([]any); ok && form == "box" {
		numbers = [][]any{list[:len(list)/2], list[len(list)/2:]}
	}
	return map[string]any{form: numbers}, nil
}
