package lazy

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Index is one item of a basic index, as between the brackets of a[...]: a
// position, a slice, an ellipsis or a new axis. See [At], [Range], [Step],
// [Ellipsis] and [NewAxis].
type Index struct {
	kind              indexKind
	start, stop, step int64
	hasStart, hasStop bool
}

type indexKind uint8

const (
	kindSlice indexKind = iota // the zero Index is a full slice, ":"
	kindAt
	kindEllipsis
	kindNewAxis
)

// At picks position i and drops the axis; negative i counts from the end.
func At(i int64) Index { return Index{kind: kindAt, start: i} }

// Range is start:stop, clipped to the axis as NumPy does.
func Range(start, stop int64) Index {
	return Index{start: start, stop: stop, step: 1, hasStart: true, hasStop: true}
}

// Step is start:stop:step.
func Step(start, stop, step int64) Index {
	return Index{start: start, stop: stop, step: step, hasStart: true, hasStop: true}
}

// All is ":", the whole axis.
func All() Index { return Index{step: 1} }

// Ellipsis is "...": as many full slices as the array has axes left.
func Ellipsis() Index { return Index{kind: kindEllipsis} }

// NewAxis inserts an axis of length one, a signal axis.
func NewAxis() Index { return Index{kind: kindNewAxis} }

// ParseIndex reads NumPy's basic indexing: "3", "-1, ::2", "10:20, ..., newaxis".
// Brackets around the whole are allowed. An empty string is the whole array.
func ParseIndex(s string) ([]Index, error) {
	text := strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return nil, fmt.Errorf("%w: %q has an opening bracket without a closing one", ErrIndex, s)
		}
		text = strings.TrimSpace(inner)
	}
	if text == "" {
		return nil, nil
	}
	var items []Index
	for text != "" {
		item, rest, _ := strings.Cut(text, ",")
		ix, err := parseIndexItem(strings.TrimSpace(item))
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

// pythonInteger matches decimal integers as Python spells them: underscores are between digits, and
// only zero begins with a zero.
var pythonInteger = regexp.MustCompile(`^[+-]?(0(_?0)*|[1-9](_?[0-9])*)$`)

func parseIndexItem(s string) (Index, error) {
	switch s {
	case "...", "Ellipsis":
		return Ellipsis(), nil
	case "newaxis", "np.newaxis", "None":
		return NewAxis(), nil
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return Index{}, fmt.Errorf("%w: %q has more than two colons", ErrIndex, s)
	}
	var n [3]int64
	var has [3]bool
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if p == "" || p == "None" {
			continue
		}
		// A bound beyond 64 bits is clipped to them, as in Python; a position is out of bounds
		// everywhere.
		v, err := strconv.ParseInt(strings.ReplaceAll(p, "_", ""), 10, 64)
		if errors.Is(err, strconv.ErrRange) && len(parts) > 1 {
			err = nil
		}
		if err != nil || !pythonInteger.MatchString(p) {
			return Index{}, fmt.Errorf("%w: %q is not an integer", ErrIndex, p)
		}
		n[i], has[i] = v, true
	}
	if len(parts) == 1 {
		if !has[0] {
			return Index{}, fmt.Errorf("%w: empty item", ErrIndex)
		}
		return At(n[0]), nil
	}
	ix := Index{start: n[0], stop: n[1], step: 1, hasStart: has[0], hasStop: has[1]}
	if has[2] {
		ix.step = n[2]
	}
	if ix.step == 0 {
		return Index{}, fmt.Errorf("%w: slice step cannot be zero", ErrIndex)
	}
	return ix, nil
}

// String writes the item in the form that [ParseIndex] reads.
func (ix Index) String() string {
	switch ix.kind {
	case kindAt:
		return strconv.FormatInt(ix.start, 10)
	case kindEllipsis:
		return "..."
	case kindNewAxis:
		return "newaxis"
	}
	var b strings.Builder
	if ix.hasStart {
		b.WriteString(strconv.FormatInt(ix.start, 10))
	}
	b.WriteByte(':')
	if ix.hasStop {
		b.WriteString(strconv.FormatInt(ix.stop, 10))
	}
	if ix.step != 1 && ix.step != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.FormatInt(ix.step, 10))
	}
	return b.String()
}

// resolve turns a slice into first position, count and step on an axis of n
// elements, by the rules of Python's slice.indices.
func (ix Index) resolve(n int64) (first, count, step int64) {
	step = ix.step
	if step == 0 {
		step = 1 // the zero Index
	}
	step = max(step, -math.MaxInt64) // so that -step below cannot overflow
	low, high := int64(0), n
	if step < 0 {
		low, high = -1, n-1
	}
	clip := func(v int64) int64 {
		if v < 0 {
			v += n
		}
		return min(max(v, low), high)
	}
	first, stop := low, high
	if step < 0 {
		first, stop = high, low
	}
	if ix.hasStart {
		first = clip(ix.start)
	}
	if ix.hasStop {
		stop = clip(ix.stop)
	}
	switch {
	case step > 0 && first < stop:
		count = (stop-first-1)/step + 1
	case step < 0 && stop < first:
		count = (first-stop-1)/-step + 1
	default:
		first = 0 // an empty axis; keep the position inside the array
	}
	return first, count, step
}

// Slice applies NumPy's basic indexing lazily: "10:20, ::2", "-1, ...",
// "..., newaxis". See [ParseIndex].
func (a *Array) Slice(index string) (*Array, error) {
	items, err := ParseIndex(index)
	if err != nil {
		return nil, err
	}
	return a.Index(items...)
}

// Index is [Array.Slice] for an index built in Go.
func (a *Array) Index(items ...Index) (*Array, error) {
	picked, err := ResolveIndex(items, a.node.shape())
	if err != nil {
		return nil, err
	}
	sel := make([]selected, 0, a.NDim())
	var from []int // the axis of a that each axis of the result is
	var axes []Axis
	for _, p := range picked {
		if p.Axis >= 0 {
			if p.Count <= 1 {
				p.Step = 1 // never taken, and what it is multiplied with could overflow
			}
			sel = append(sel, selected{p.First, p.Count, p.Step})
		}
		if !p.Dropped {
			from, axes = append(from, p.Axis), append(axes, Axis{Size: p.Count, Navigate: p.Axis >= 0 && a.axes[p.Axis].Navigate})
		}
	}
	if len(from) > maxDims {
		return nil, fmt.Errorf("%w: the result would have %d axes, more than %d", ErrIndex, len(from), maxDims)
	}
	return a.along(arrange(narrow(a.node, sel), from), axes, from, sel)
}

// Picked is what one item of an index picks.
type Picked struct {
	Axis               int   // of the array; -1 for a new axis, which has one position
	First, Count, Step int64 // positions along it: First + i*Step for i from 0 to Count-1
	Dropped            bool  // picked by a number, so that the result lacks the axis
}

// ResolveIndex says what an index picks of an array of a shape: one Picked for every axis of it, in
// their order, and for every new one. An index that does not fit is an [ErrIndex].
func ResolveIndex(items []Index, shape []int64) ([]Picked, error) {
	items, err := expandEllipsis(items, len(shape))
	if err != nil {
		return nil, err
	}
	picked := make([]Picked, len(items))
	d := 0
	for i, ix := range items {
		if ix.kind == kindNewAxis {
			picked[i] = Picked{Axis: -1, Count: 1, Step: 1}
			continue
		}
		p := Picked{Axis: d, Dropped: ix.kind == kindAt}
		if p.Dropped {
			p.First, p.Count, p.Step = ix.start, 1, 1
			if n := shape[d]; p.First < -n || p.First >= n {
				return nil, fmt.Errorf("%w: index %d is out of bounds for axis %d with size %d", ErrIndex, p.First, d, n)
			}
			if p.First < 0 {
				p.First += shape[d]
			}
		} else {
			p.First, p.Count, p.Step = ix.resolve(shape[d])
		}
		picked[i] = p
		d++
	}
	return picked, nil
}

// expandEllipsis replaces the ellipsis, or the end of the list, by full slices
// so that every one of n axes is named.
func expandEllipsis(items []Index, n int) ([]Index, error) {
	named, at := 0, -1
	for i, ix := range items {
		switch ix.kind {
		case kindEllipsis:
			if at >= 0 {
				return nil, fmt.Errorf("%w: an index can only have a single ellipsis ('...')", ErrIndex)
			}
			at = i
		case kindAt, kindSlice:
			named++
		}
	}
	if named > n {
		return nil, fmt.Errorf("%w: too many indices: array is %d-dimensional, but %d were indexed", ErrIndex, n, named)
	}
	fill := slices.Repeat([]Index{All()}, n-named)
	if at < 0 {
		return slices.Concat(items, fill), nil
	}
	return slices.Concat(items[:at], fill, items[at+1:]), nil
}
