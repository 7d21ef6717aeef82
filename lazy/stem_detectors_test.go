package lazy

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// scene is an array to look at in one of many ways.
type scene struct {
	name string
	open func(t *testing.T, opts ...Option) *Array
}

// scenes are views of one scan of shape (5, 4, 6, 7) in many dtypes, orders and cuts. The
// elements are small integers, so that sums are exact whatever the order of additions.
func scenes(t *testing.T) []scene {
	dir := t.TempDir()
	var all []scene
	for _, dtype := range []string{"|u1", "|i1", "|b1", "<u2", ">u2", "<i2", ">i4", "<u4", "<i8", "<u8", "<f2", ">f4", "<f8", "<c8", ">c16"} {
		dt, err := mmapnpy.ParseDType(dtype)
		if err != nil {
			t.Fatal(err)
		}
		for _, fortran := range []bool{false, true} {
			path := integerFile(t, dir, dt, []int64{5, 4, 6, 7}, fortran)
			for _, index := range []string{"", "::-1, :, ::-2, 1:", ":, 1:3, ::2, ::-1", ":, :, :, 2:3"} {
				for _, axes := range [][]int{nil, {1, 0, 3, 2}, {2, 0, 3, 1}, {3, 2, 1, 0}} {
					name := fmt.Sprintf("%s fortran=%v [%s] %v", dtype, fortran, index, axes)
					if len(all)%7 != 0 && dtype != "<u2" { // one of seven
						all = append(all, scene{})
						continue
					}
					all = append(all, scene{name, func(t *testing.T, opts ...Option) *Array {
						return viewOf(t, path, index, axes, opts)
					}})
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(s scene) bool { return s.open == nil })
}

// integerFile is a file of small integers.
func integerFile(t *testing.T, dir string, dt mmapnpy.DType, shape []int64, fortran bool) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(len(dt.String())), 11))
	e, ok := dt.Elem()
	if !ok {
		t.Fatalf("%s is not a number", dt)
	}
	values := make([]float64, product(shape)*int64(1+truthOf(e.IsComplex())))
	for i := range values {
		values[i] = float64(rng.IntN(100))
		if dt.Kind() == 'b' {
			values[i] = float64(rng.IntN(2))
		}
	}
	raw := make([]byte, product(shape)*dt.ItemSize())
	kernel.Convert(raw, e.Part(), kernel.Bytes(values), kernel.Float64, false)
	if !dt.Native() {
		kernel.SwapBytes(raw, raw, swapWidth(dt))
	}
	return writeFile(t, dir, dt, shape, fortran, raw)
}

func truthOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// viewOf opens a file and looks at a part of it with other axes, of which the first two
// are navigation axes.
func viewOf(t *testing.T, path, index string, axes []int, opts []Option) *Array {
	t.Helper()
	a := mustOpen(t, path)
	a, err := a.Slice(index)
	if err == nil && axes != nil {
		a, err = a.Transpose(axes...)
	}
	if err == nil {
		a, err = a.With(append([]Option{NavigationAxes(0, 1)}, opts...)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// cuts are chunks for arrays of four axes.
var cuts = []string{"auto", "(2, 3, -1, -1)", "(1, 2, 2, 3)", "(-1, -1, 2, 1)"}

// eachScene runs a reducer over all scenes, cuts and numbers of workers, and compares it with
// what want makes of the elements, frame by frame. Complex elements are pairs.
func eachScene(t *testing.T, makeReducer func() Reducer, want func(frame []float64, h, w, parts int) []float64) {
	for i, s := range scenes(t) {
		var values []float64
		for j, cut := range cuts {
			for _, workers := range []int{1, 2, 8} {
				a := s.open(t, Chunks(cut), Workers(workers))
				if values == nil {
					values = referenceOf(t, a, want)
				}
				if workers != 1 && (i+j)%4 != 0 {
					continue
				}
				got, err := runOne(t.Context(), a, makeReducer())
				if err != nil {
					t.Fatalf("%s cut %s: %v", s.name, cut, err)
				}
				if f := partsOf(t, got); !closeTo(f, values) {
					t.Fatalf("%s cut %s by %d workers:\n got %v\nwant %v", s.name, cut, workers, f, values)
				}
			}
		}
	}
}

func referenceOf(t *testing.T, a *Array, want func(frame []float64, h, w, parts int) []float64) []float64 {
	t.Helper()
	loaded, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shape, all := a.Shape(), partsOf(t, loaded)
	parts := len(all) / int(loaded.Len())
	n := int(shape[2]*shape[3]) * parts
	var out []float64
	for ; len(all) > 0; all = all[n:] {
		out = append(out, want(all[:n], int(shape[2]), int(shape[3]), parts)...)
	}
	return out
}

// partsOf is the elements of a result as float64; two for a complex one.
func partsOf(t *testing.T, r *Result) []float64 {
	t.Helper()
	if r.DType().Kind() != 'c' {
		return floats(t, r)
	}
	z, err := mmapnpy.Numbers[complex128](r.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	for v := range z.All() {
		out = append(out, real(v), imag(v))
	}
	return out
}

func closeTo(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool {
		return a == b || a != a && b != b || math.Abs(a-b) <= 1e-12*math.Abs(b)
	})
}

func TestMasks(t *testing.T) {
	masks := []Mask{Disk(2, 3, 2), Ring(1.5, 2, 0.5, 3), Rect(-1, 1, 3, 100), Box([]int64{0, 0}, []int64{100, 100}), SmoothDisk(2, 2.25, 1.75)}
	eachScene(t, func() Reducer { return NewMasks(masks...) }, func(frame []float64, h, w, parts int) []float64 {
		var out []float64
		for _, m := range masks {
			weights, err := m.Weights(int64(h), int64(w))
			if err != nil {
				t.Fatal(err)
			}
			sums := make([]float64, parts)
			for i, v := range frame {
				sums[i%parts] += v * weights[i/parts]
			}
			out = append(out, sums...)
		}
		return out
	})
}

func TestRadialProfile(t *testing.T) {
	const cy, cx = 2.25, 3
	for _, mean := range []bool{true, false} {
		for _, bins := range []int{0, 3} {
			newRadial := NewRadialSum
			if mean {
				newRadial = NewRadialProfile
			}
			eachScene(t, func() Reducer { return newRadial(cy, cx, bins) }, func(frame []float64, h, w, parts int) []float64 {
				return profile(frame, h, w, parts, cy, cx, bins, mean)
			})
		}
	}
}

// profile is the definition of a radial profile.
func profile(frame []float64, h, w, parts int, cy, cx float64, bins int, mean bool) []float64 {
	radius := func(i int) int { return int(math.Hypot(float64(i/w)-cy, float64(i%w)-cx)) }
	if bins == 0 {
		for i := range h * w {
			bins = max(bins, radius(i)+1)
		}
	}
	sums, counts := make([]float64, bins*parts), make([]float64, bins)
	for i := range h * w {
		r := radius(i)
		if r >= bins {
			continue
		}
		counts[r]++
		for p := range parts {
			sums[r*parts+p] += frame[i*parts+p]
		}
	}
	if mean {
		for i := range sums {
			sums[i] /= counts[i/parts]
		}
	}
	return sums
}

// TestMasksOverManyTiles uses arrays of many tasks, windows and tiles, and checks that results
// do not depend on the number of workers.
func TestMasksOverManyTiles(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		dtype   string
		shape   []int64
		fortran bool
		chunks  string
	}{
		{"<u2", []int64{8, 9, 90, 80}, false, "auto"},
		{"<u2", []int64{8, 9, 90, 80}, true, "auto"},
		{"<u2", []int64{8, 9, 90, 80}, false, "(5, 5, 33, 40)"},
		{"<f4", []int64{8, 9, 90, 80}, true, "(5, 5, 33, 40)"},
		{"<f4", []int64{2, 2, 500, 300}, false, "auto"}, // a frame is many tiles
		{"<f8", []int64{100, 80, 8, 5}, true, "auto"},   // more sums than one task may hold
	} {
		dt, err := mmapnpy.ParseDType(c.dtype)
		if err != nil {
			t.Fatal(err)
		}
		s := makeSample(t, dir, dt, c.shape, c.fortran, false, uint64(i))
		h, w := c.shape[2], c.shape[3]
		reducers := []Reducer{
			NewMasks(Disk(float64(h)/2, float64(w)/2, 4), Rect(0, 0, h, w), SmoothRing(3, 3, 1, 5)),
			NewRadialProfile(float64(h)/2, float64(w)/2, 0), NewCenterOfMass(CenterOfMass{}), NewSum(OverSignal()), NewMean(OverNavigation())}
		var first []*Result
		for _, workers := range []int{1, 2, 8} {
			a := mustOpen(t, s.path, NavigationAxes(0, 1), Workers(workers), Chunks(c.chunks))
			got, err := Run(t.Context(), a, reducers...)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
				checkMasks(t, s, got[0], got[3])
				continue
			}
			for k := range got {
				if !got[k].Equal(first[k]) {
					t.Errorf("%v: %s by %d workers differs", c, reducers[k], workers)
				}
			}
		}
	}
}

// checkMasks compares the first two of three masks, of which the second is all ones.
func checkMasks(t *testing.T, s sample, got, sums *Result) {
	t.Helper()
	h, w := s.shape[2], s.shape[3]
	disk, err := Disk(float64(h)/2, float64(w)/2, 4).Weights(h, w)
	if err != nil {
		t.Fatal(err)
	}
	have, whole := floats(t, got), floats(t, sums)
	n := int(h * w)
	for i := range len(s.values) / n {
		want := 0.0
		for p, v := range s.values[i*n : (i+1)*n] {
			want += v * disk[p]
		}
		if have[3*i] != want || !near(have[3*i+1], whole[i], false, 4) {
			t.Fatalf("frame %d: got %v, want %v and %v", i, have[3*i:3*i+2], want, whole[i])
		}
	}
}

// TestMasksOfOtherShapes has frames of no, one and three axes, and arrays without navigation.
func TestMasksOfOtherShapes(t *testing.T) {
	values := make([]int16, 24)
	for i := range values {
		values[i] = int16(i)
	}
	for _, c := range []struct {
		nav  []int
		mask Mask
		want []float64
	}{
		{[]int{0, 1, 2}, MaskOf([]float64{2}), scaled(values, 2)},
		{[]int{0, 1}, Interval(1, 3), []float64{3, 11, 19, 27, 35, 43}},
		{[]int{0, 2}, Interval(1, 3), []float64{12, 14, 16, 18, 36, 38, 40, 42}},
		{nil, Point(1, 2, 3), []float64{23}},
		{nil, Box([]int64{1, 1, 1}, []int64{2, 3, 3}), []float64{17 + 18 + 21 + 22}},
	} {
		a, err := FromSlice(values, 2, 3, 4)
		if err == nil {
			a, err = a.With(NavigationAxes(c.nav...))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := runOne(t.Context(), a, NewMasks(c.mask))
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if f := floats(t, got); !slices.Equal(f, c.want) {
			t.Errorf("navigation %v: got %v, want %v", c.nav, f, c.want)
		}
	}
}

func scaled(x []int16, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = by * float64(v)
	}
	return out
}

// TestMasksIgnoreWhatTheyLeaveOut has NaN and infinity under weights of zero, in the layouts
// of both kernels.
func TestMasksIgnoreWhatTheyLeaveOut(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	values := []float32{1, nan, 3, inf, 2, 5, nan, inf}
	mask := MaskOf([]float64{1, 0, 0.5, 0}, 4)
	for _, nav := range []int{0, 1} {
		x, shape := values, []int64{2, 4}
		if nav == 1 {
			x, shape = []float32{1, 2, nan, 5, 3, 4, inf, inf}, []int64{4, 2}
		}
		a, err := FromSlice(x, shape...)
		if err == nil {
			a, err = a.With(NavigationAxes(nav))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := runOne(t.Context(), a, NewMasks(mask))
		if err != nil {
			t.Fatal(err)
		}
		f := floats(t, got)
		if f[0] != 2.5 || nav == 1 && f[1] != 4 || nav == 0 && f[1] == f[1] {
			t.Errorf("navigation axis %d: %v", nav, f)
		}
	}
}

func TestDetectorErrors(t *testing.T) {
	a, err := FromSlice(make([]uint8, 24), 2, 3, 4)
	if err == nil {
		a, err = a.With(NavigationAxes(0))
	}
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]Reducer{
		"no masks":           NewMasks(),
		"zero Mask":          NewMasks(Mask{}),
		"the frames are of":  NewMasks(MaskOf(make([]float64, 12), 4, 3)),
		"3 weights are not":  NewMasks(MaskOf(make([]float64, 3), 3, 4)),
		"have 2 axes, not 1": NewMasks(Interval(0, 1)),
		"not in a frame":     NewMasks(Point(0, 4)),
		"not in order":       NewMasks(Ring(0, 0, 3, 2)),
		"(0, 0, -1): the r":  NewMasks(Disk(0, 0, -1)),
		"not finite":         NewMasks(Disk(math.NaN(), 0, 1)),
		"is not finite":      NewMasks(SmoothDisk(0, 0, math.Inf(1))),
		"bins out of range":  NewRadialProfile(0, 0, -1),
		"rings":              NewRadialProfile(1e30, 0, 0),
		"numbers for frames": NewCenterOfMass(CenterOfMass{Center: []float64{1}}),
		"radius is negative": NewCenterOfMass(CenterOfMass{Radius: -1}),
		"inner radius":       NewCenterOfMass(CenterOfMass{Radius: 1, InnerRadius: 2}),
		"are of shifts":      NewCenterOfMass(CenterOfMass{Absolute: true, FlipY: true}),
		"2 navigation axes":  NewCenterOfMass(CenterOfMass{Regression: SubtractLinear}),
		"unknown regression": NewCenterOfMass(CenterOfMass{Regression: 9}),
	} {
		if _, err := runOne(t.Context(), a, r); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", want, err)
		}
	}
	strs, err := mmapnpy.ParseDType("S2")
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, writeFile(t, t.TempDir(), strs, []int64{2, 2}, false, []byte("abcdefgh")))
	z, err := FromSlice(make([]complex64, 4), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	for a, r := range map[*Array]Reducer{s: NewMasks(Disk(0, 0, 1)), z: NewCenterOfMass(CenterOfMass{})} {
		if _, err := runOne(t.Context(), a, r); !errors.Is(err, ErrDType) {
			t.Errorf("%s of %s: %v", r, a.DType(), err)
		}
	}
}

// TestDetectorsOfNothing has scans without frames, and frames without pixels.
func TestDetectorsOfNothing(t *testing.T) {
	for _, shape := range [][]int64{{0, 3, 4, 5}, {2, 3, 0, 5}, {2, 3, 4, 0}} {
		a, err := FromSlice([]uint16{}, shape...)
		if err == nil {
			a, err = a.With(NavigationAxes(0, 1))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := Run(t.Context(), a, NewMasks(Disk(1, 1, 1)), NewRadialSum(1, 1, 2), NewCenterOfMass(CenterOfMass{}))
		if err != nil {
			t.Fatal(err)
		}
		for i, last := range []int64{1, 2, 2} {
			if want := []int64{shape[0], 3, last}; !slices.Equal(got[i].Shape(), want) {
				t.Errorf("%v: a result of shape %v, want %v", shape, got[i].Shape(), want)
			}
			if slices.ContainsFunc(floats(t, got[i]), func(x float64) bool { return x != 0 }) {
				t.Errorf("%v: %v of nothing", shape, floats(t, got[i]))
			}
		}
	}
}
