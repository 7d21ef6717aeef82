package chunk

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Spec is how the user asks for an array to be cut. [Parse] reads one from text;
// [Auto], [Size], [Sizes], [Bytes], [PerAxis], [Dict] and [Explicit] make one in Go.
// The zero Spec is "auto".
type Spec struct {
	form specForm
	all  AxisSpec   // formAll
	flat []int64    // formFlat
	axes []AxisSpec // formAxes, formDict
	keys []int      // formDict: the axis of each of axes, ascending
}

type specForm uint8

const (
	formAll  specForm = iota // one AxisSpec for every axis
	formFlat                 // plain sizes: one per axis or, for 1-d arrays, all of its chunks
	formAxes                 // one AxisSpec per axis, not all of them plain sizes
	formDict                 // AxisSpecs for some axes, the others whole
)

// AxisSpec is what a [Spec] asks for along one axis. The zero AxisSpec is "auto".
type AxisSpec struct {
	kind  axisKind
	n     int64   // kindSize, kindBytes
	sizes []int64 // kindSizes
}

type axisKind uint8

const (
	kindAuto  axisKind = iota
	kindSize           // n elements; wholeAxis for all
	kindBytes          // "auto", for blocks of n bytes
	kindSizes          // explicit sizes
)

// wholeAxis is the size that stands for the length of the axis.
const wholeAxis = -1

// AxisAuto leaves the chunk size of an axis to the planner.
func AxisAuto() AxisSpec { return AxisSpec{} }

// AxisWhole leaves an axis uncut: -1 or None in text.
func AxisWhole() AxisSpec { return AxisSize(wholeAxis) }

// AxisSize cuts an axis into chunks of n elements and a remainder; -1 leaves it
// whole, and a size beyond the axis' length does too.
func AxisSize(n int64) AxisSpec { return AxisSpec{kind: kindSize, n: n} }

// AxisBytes leaves the chunk size of an axis to the planner, for blocks of at
// most n bytes. All byte sizes of a spec must be the same.
func AxisBytes(n int64) AxisSpec { return AxisSpec{kind: kindBytes, n: n} }

// AxisSizes cuts an axis into chunks of exactly these sizes, which must add up
// to its length.
func AxisSizes(sizes ...int64) AxisSpec {
	return AxisSpec{kind: kindSizes, sizes: slices.Clone(sizes)}
}

// Auto leaves everything to the planner: the single word "auto". It is the one
// spec that [NewPlan] and [Normalize] read differently.
func Auto() Spec { return Spec{} }

// Size cuts every axis into chunks of n elements; -1 leaves every axis whole.
func Size(n int64) Spec { return Spec{all: AxisSize(n)} }

// Bytes asks for near-cubic blocks of at most n bytes.
func Bytes(n int64) Spec { return Spec{all: AxisBytes(n)} }

// Sizes gives the chunk size of each axis, -1 for the whole of it. For a 1-d
// array two or more sizes are, as in dask, the explicit sizes of its chunks.
func Sizes(sizes ...int64) Spec { return Spec{form: formFlat, flat: slices.Clone(sizes)} }

// PerAxis asks for something of each axis.
func PerAxis(axes ...AxisSpec) Spec {
	if slices.ContainsFunc(axes, func(a AxisSpec) bool { return a.kind != kindSize }) {
		return Spec{form: formAxes, axes: slices.Clone(axes)}
	}
	// Plain sizes have a form of their own, so that equal specs are equal values.
	s := Spec{form: formFlat}
	for _, a := range axes {
		s.flat = append(s.flat, a.n)
	}
	return s
}

// Dict asks for something of some axes, by number from 0; the others stay whole.
func Dict(axes map[int]AxisSpec) Spec {
	s := Spec{form: formDict, keys: slices.Sorted(maps.Keys(axes))}
	for _, d := range s.keys {
		s.axes = append(s.axes, axes[d])
	}
	return s
}

// Explicit gives the sizes of all chunks along every axis.
func Explicit(sizes [][]int64) Spec {
	axes := make([]AxisSpec, len(sizes))
	for d, s := range sizes {
		axes[d] = AxisSizes(s...)
	}
	return PerAxis(axes...)
}

// IsAuto reports whether s is the single word "auto".
func (s Spec) IsAuto() bool { return s.form == formAll && s.all.kind == kindAuto }

// namesBytes reports whether some axis of s is given a byte size.
func (s Spec) namesBytes() bool {
	isBytes := func(a AxisSpec) bool { return a.kind == kindBytes }
	return isBytes(s.all) || slices.ContainsFunc(s.axes, isBytes)
}

// String is s as [Parse] reads it: auto, -1, 64MiB, (4, -1, 'auto'),
// {0: 2, 1: 'auto'}, ((2, 3), 'auto').
func (s Spec) String() string {
	var b strings.Builder
	switch s.form {
	case formAll:
		return s.all.word()
	case formFlat:
		writeTuple(&b, s.flat)
	case formAxes:
		b.WriteByte('(')
		for d, a := range s.axes {
			if d > 0 {
				b.WriteString(", ")
			}
			b.WriteString(a.String())
		}
		if len(s.axes) == 1 {
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case formDict:
		b.WriteByte('{')
		for i, a := range s.axes {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%d: %s", s.keys[i], a)
		}
		b.WriteByte('}')
	}
	return b.String()
}

// String is a as it stands inside a tuple: 'auto', 4, -1, '64MiB', (2, 3).
func (a AxisSpec) String() string {
	switch a.kind {
	case kindAuto, kindBytes:
		return "'" + a.word() + "'"
	}
	return a.word()
}

// word is String without quotes.
func (a AxisSpec) word() string {
	switch a.kind {
	case kindSize:
		return strconv.FormatInt(a.n, 10)
	case kindBytes:
		return formatBytesExact(a.n)
	case kindSizes:
		var b strings.Builder
		writeTuple(&b, a.sizes)
		return b.String()
	}
	return "auto"
}

// writeTuple writes numbers as a Python tuple.
func writeTuple(b *strings.Builder, ns []int64) {
	b.WriteByte('(')
	for i, n := range ns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	if len(ns) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
}

// validate checks what can be checked without knowing the array.
func (s Spec) validate() error {
	if len(s.axes) > MaxDims {
		return s.errorf("%d axes, of at most %d", len(s.axes), MaxDims)
	}
	if s.form == formAll {
		return s.all.validate(-1)
	}
	for d, n := range s.flat {
		if err := AxisSize(n).validate(d); err != nil {
			return err
		}
	}
	var bytes int64
	for i, a := range s.axes {
		d := i
		if s.form == formDict {
			d = s.keys[i]
		}
		if d < 0 {
			return s.errorf("axis %d: axes count from 0", d)
		}
		if err := a.validate(d); err != nil {
			return err
		}
		if a.kind == kindBytes {
			if bytes != 0 && bytes != a.n {
				return s.errorf("byte sizes %s and %s: only one is possible",
					formatBytesExact(bytes), formatBytesExact(a.n))
			}
			bytes = a.n
		}
	}
	return nil
}

func (a AxisSpec) validate(axis int) error {
	switch {
	case a.kind == kindSize && a.n < wholeAxis:
		return a.errorf(axis, "a chunk size is positive, or -1 for the whole axis")
	case a.kind == kindBytes && a.n < 1:
		return a.errorf(axis, "a byte size is at least 1")
	case a.kind == kindSizes:
		if reason := checkSizes(a.sizes); reason != "" {
			return a.errorf(axis, "%s", reason)
		}
	}
	return nil
}

// checkSizes says what is wrong with explicit sizes, whatever the length of
// their axis, or "".
func checkSizes(sizes []int64) string {
	if len(sizes) == 0 {
		return "no sizes; those of an axis of length 0 are (0,)"
	}
	for _, n := range sizes {
		if n < 0 || n == 0 && len(sizes) > 1 {
			return fmt.Sprintf("chunk size %d is not positive", n)
		}
	}
	return ""
}

// errorf is a SpecError about s as a whole.
func (s Spec) errorf(format string, args ...any) error {
	return &SpecError{Axis: -1, Value: shorten(s.String()), Reason: fmt.Sprintf(format, args...)}
}

// errorf is a SpecError about a, asked for along an axis.
func (a AxisSpec) errorf(axis int, format string, args ...any) error {
	return &SpecError{Axis: axis, Value: shorten(a.String()), Reason: fmt.Sprintf(format, args...)}
}
