package chunk

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		text  string
		shape []int64
		want  string
	}{
		{"-1", []int64{7, 8}, "((7,), (8,))"},
		{"3", []int64{10, 7}, "((3, 3, 3, 1), (3, 3, 1))"},
		{"100", []int64{10}, "((10,),)"},
		{"(3, 2)", []int64{5}, "((3, 2),)"},
		{"(5,)", []int64{10}, "((5, 5),)"},
		{"((5, 5),)", []int64{10}, "((5, 5),)"},
		{"((2, 2, 1), (2, 2, 2))", []int64{5, 6}, "((2, 2, 1), (2, 2, 2))"},
		{"{0: 2}", []int64{6, 6}, "((2, 2, 2), (6,))"},
		{"{}", []int64{6, 6}, "((6,), (6,))"},
		{"{1: (1, 5)}", []int64{6, 6}, "((6,), (1, 5))"},
		{"()", nil, "()"},
		{"5", nil, "()"},
		{"auto", nil, "()"},
		{"()", []int64{0, 0}, "((0,), (0,))"},
		{"(4, 0)", []int64{10, 0}, "((4, 4, 2), (0,))"},
		{"((0,), 4)", []int64{0, 10}, "((0,), (4, 4, 2))"},
		{"auto", []int64{0, 5}, "((0,), (5,))"},
		{"(9000000000000000000, 9000000000000000000, auto)", []int64{2, 2, 3}, "((2,), (2,), (1, 1, 1))"},
	} {
		s, err := Parse(c.text)
		if err != nil {
			t.Error(err)
			continue
		}
		g, err := Normalize(s, c.shape, NormalizeOptions{ItemSize: 4})
		if err != nil || pythonTuples(g) != c.want {
			t.Errorf("%s of %v: %v, %v, want %s", c.text, c.shape, g, err, c.want)
		}
	}
}

func TestNormalizeErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		s      Spec
		shape  []int64
		o      NormalizeOptions
		axis   int
		reason string
	}{
		{"size 0", Size(0), []int64{5}, NormalizeOptions{}, 0, "0: a chunk size is positive"},
		{"size -3", Sizes(4, -3), []int64{5, 4}, NormalizeOptions{}, 1, "-3: a chunk size is positive"},
		{"size -3 of all", Size(-3), []int64{5, 4}, NormalizeOptions{}, -1, "-3: a chunk size is positive"},
		{"-1 among explicit sizes", Sizes(-1, 5), []int64{4}, NormalizeOptions{}, 0, "chunk size -1 is not positive"},
		{"0 among explicit sizes", Explicit([][]int64{{0, 5}}), []int64{5}, NormalizeOptions{}, 0, "chunk size 0 is not positive"},
		{"explicit (0,)", Explicit([][]int64{{0}}), []int64{5}, NormalizeOptions{}, 0, "add up to 0, the axis' length is 5"},
		{"no explicit sizes", Explicit([][]int64{{}}), []int64{5}, NormalizeOptions{}, 0, "no sizes"},
		{"sum too small", Explicit([][]int64{{2, 2}}), []int64{5}, NormalizeOptions{}, 0, "add up to 4, the axis' length is 5"},
		{"sum too large", Explicit([][]int64{{2, 4}}), []int64{5}, NormalizeOptions{}, 0, "more than the axis' length of 5"},
		{"sum beyond int64", Explicit([][]int64{{math.MaxInt64, math.MaxInt64}}), []int64{5}, NormalizeOptions{}, 0, "more than"},
		{"too many axes", Sizes(2, 2, 2), []int64{4, 4}, NormalizeOptions{}, -1, "3 entries for 2 axes"},
		{"too few axes", Sizes(), []int64{3}, NormalizeOptions{}, -1, "0 entries for 1 axes"},
		{"axes of a 0-d array", Sizes(1), nil, NormalizeOptions{}, -1, "1 entries for 0 axes"},
		{"words among explicit sizes", PerAxis(AxisSize(3), AxisAuto()), []int64{5}, NormalizeOptions{ItemSize: 1}, -1, "2 entries for 1 axes"},
		{"unknown axis", Dict(map[int]AxisSpec{2: AxisSize(1)}), []int64{4, 4}, NormalizeOptions{}, 2, "the array has 2 axes"},
		{"negative axis", Dict(map[int]AxisSpec{-1: AxisSize(1)}), []int64{4, 4}, NormalizeOptions{}, -1, "axes count from 0"},
		{"more axes than there can be", PerAxis(make([]AxisSpec, 65)...), []int64{4}, NormalizeOptions{}, -1, "65 axes"},
		{"byte size 0", Bytes(0), []int64{4}, NormalizeOptions{ItemSize: 1}, -1, "at least 1"},
		{"two byte sizes", PerAxis(AxisBytes(1), AxisBytes(2)), []int64{4, 4}, NormalizeOptions{ItemSize: 1}, -1, "only one"},
		{"byte size and limit", Bytes(1024), []int64{4}, NormalizeOptions{ItemSize: 1, Limit: 5}, 0, "'1KiB': but the limit is 5B"},
		{"auto, items of 0 bytes", Auto(), []int64{4}, NormalizeOptions{}, -1, "elements of 0 bytes"},
		{"auto beside an empty axis", PerAxis(AxisWhole(), AxisAuto()), []int64{0, 4}, NormalizeOptions{ItemSize: 1}, -1, "length 0"},
		{"auto, an axis empty", Auto(), []int64{0, 1 << 40}, NormalizeOptions{ItemSize: 1}, -1, "length 0"},
		{"auto beside sizes beyond any", PerAxis(append(slices.Repeat([]AxisSpec{AxisSize(math.MaxInt64)}, 20), AxisAuto())...),
			slices.Repeat([]int64{2}, 21), NormalizeOptions{ItemSize: 1}, -1, "too large"},
		{"previous chunks of other axes", Auto(), []int64{4, 4}, NormalizeOptions{ItemSize: 1, Previous: [][]int64{{4}}}, -1, "for 1 axes of 2"},
		{"previous chunks that do not fit", Auto(), []int64{4}, NormalizeOptions{ItemSize: 1, Previous: [][]int64{{2, 3}}}, 0, "previous chunks"},
		{"previous chunks of size 0", Auto(), []int64{4}, NormalizeOptions{ItemSize: 1, Previous: [][]int64{{0}}}, 0, "previous chunks"},
		{"previous chunks of size -1", Size(1), []int64{4}, NormalizeOptions{ItemSize: 1, Previous: [][]int64{{-1}}}, 0, "previous chunks"},
	} {
		g, err := Normalize(c.s, c.shape, c.o)
		var spec *SpecError
		if !errors.As(err, &spec) {
			t.Errorf("%s: %v, %v, want a *SpecError", c.name, g, err)
			continue
		}
		if spec.Axis != c.axis || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: axis %d: %v, want axis %d and %q", c.name, spec.Axis, err, c.axis, c.reason)
		}
	}
}

func TestNormalizeRefusesGeometry(t *testing.T) {
	for _, c := range []struct {
		shape []int64
		o     NormalizeOptions
		want  error
	}{
		{[]int64{-1}, NormalizeOptions{}, ErrLayout},
		{make([]int64, MaxDims+1), NormalizeOptions{}, ErrLayout},
		{[]int64{1}, NormalizeOptions{Limit: -1}, ErrLimits},
		{[]int64{1}, NormalizeOptions{ItemSize: -1}, ErrLimits},
	} {
		if _, err := Normalize(Size(1), c.shape, c.o); !errors.Is(err, c.want) {
			t.Errorf("shape %v, %+v: error %v, want %v", c.shape, c.o, err, c.want)
		}
	}
}

// TestNormalizeHugePrevious follows previous chunks that would fill the memory if
// they were written out.
func TestNormalizeHugePrevious(t *testing.T) {
	for _, c := range []struct {
		length, previous int64
		limit            int64
		first, count     int64
	}{
		{1 << 50, 1, 1 << 20, 1 << 20, 1 << 30},
		{1 << 50, 1 << 10, 1 << 20, 1 << 20, 1 << 30},
		{1e15, 1e3, 1e6 + 500, 1e6, 1e9},
		{1e15 + 7, 1e3, 1e6 + 500, 1e6, 1e9},       // the last chunk holds 1e6+7
		{1e15 + 700, 1e3, 1e6 + 500, 1e6, 1e9 + 1}, // the last one 700
		{1e15, 1e6, 1e3, 1e3, 1e12},
	} {
		var g Grid
		var err error
		bytes := allocated(func() {
			g, err = Normalize(Auto(), []int64{c.length}, NormalizeOptions{ItemSize: 1, Limit: c.limit, Previous: [][]int64{{c.previous}}})
		})
		if err != nil {
			t.Error(err)
			continue
		}
		if _, size := g.AxisChunk(0, 0); size != c.first || g.NumBlocks() != c.count || bytes > 8192 {
			t.Errorf("%+v: %v, %d chunks, %d bytes allocated", c, g, g.NumBlocks(), bytes)
		}
	}
}

// TestRoot compares with what CPython 3.11 and glibc 2.36 give for x ** (1/n).
func TestRoot(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		want float64
	}{
		{134217728.0, 3, 0x1.ffffffffffffdp+8},
		{1000.0, 3, 0x1.3ffffffffffffp+3},
		{1000000.0, 3, 0x1.8fffffffffffep+6},
		{16777216.0, 3, 0x1.ffffffffffffdp+7},
		{1000000.0, 3, 0x1.8fffffffffffep+6},
		{243.0, 5, 0x1.8000000000000p+1},
		{1000000000000000.0, 5, 0x1.f400000000003p+9},
		{14348907.0, 5, 0x1.b000000000001p+4},
		{9.223372036854776e+18, 7, 0x1.ffffffffffffdp+8},
		{1.25, 3, 0x1.13c484138704fp+0},
		{1.25, 4, 0x1.0eafe2143519bp+0},
		{0.001, 3, 0x1.999999999999bp-4},
		{1e-12, 6, 0x1.47ae147ae147cp-7},
		{3195660.1904761903, 2, 0x1.bee9056fb9c38p+10},
		{33588.02002002002, 3, 0x1.021e2ea138b93p+5},
		{117649.0, 6, 0x1.bffffffffffffp+2},
	} {
		if got := root(c.x, c.n); got != c.want {
			t.Errorf("root(%v, %d) = %v, want %v", c.x, c.n, got, c.want)
		}
	}
	for _, x := range []float64{math.SmallestNonzeroFloat64, math.MaxFloat64, 1e-300, 1e300} {
		for n := 1; n <= MaxDims; n++ {
			if got := root(x, n); math.Abs(got/math.Pow(x, 1/float64(n))-1) > 1e-12 {
				t.Errorf("root(%v, %d) = %v", x, n, got)
			}
		}
	}
}

// FuzzNormalize parses anything as a chunk spec and cuts any shape by it.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{
		"auto", "64MiB", "-1", "100", "(4,-1,auto)", "{0: 2, 1: 'auto'}", "((2,3),'auto')", "[[1,1],[2]]",
		"'1e6'", "1_000 kB", "(5)", "((5),)", "{}", "()", "(((", "None", "\"auto\"", "5.4 kB", "9007199254740993B",
	} {
		f.Add(s, int64(100), int64(10), int64(3), int64(4), int64(0), int64(0))
	}
	f.Add("auto", int64(256), int64(256), int64(128), int64(2), int64(0), int64(0))
	f.Add("('auto', 'auto', -1)", int64(1000), int64(1000), int64(100), int64(8), int64(1<<20), int64(7))
	f.Add("((2, 3), 'auto', 4)", int64(5), int64(1<<40), int64(9), int64(1), int64(0), int64(1))
	f.Add("{0: 2, 2: '1MiB'}", int64(6), int64(0), int64(6), int64(0), int64(0), int64(-1))
	f.Add("(9223372036854775807, 'auto', 'auto')", int64(math.MaxInt64), int64(math.MaxInt64), int64(1), int64(1), int64(math.MaxInt64), int64(3))
	f.Add("auto", int64(0), int64(5), int64(7), int64(16), int64(1), int64(100))
	f.Fuzz(func(t *testing.T, text string, a, b, c, itemSize, limit, previous int64) {
		checkParse(t, text)
		shape := []int64{a, b, c}
		o := NormalizeOptions{ItemSize: itemSize, Limit: limit}
		if previous != 0 {
			o.Previous = [][]int64{{previous}, {b / 2, b - b/2}, {c}}
		}
		var g Grid
		bytes := allocated(func() {
			s, err := Parse(text)
			if err == nil {
				g, err = Normalize(s, shape, o)
			}
			var syntax *SyntaxError
			var spec *SpecError
			if err != nil && !errors.As(err, &syntax) && !errors.As(err, &spec) && !errors.Is(err, ErrLayout) && !errors.Is(err, ErrLimits) {
				t.Errorf("untyped error %v", err)
			}
		})
		if most := mostAllocated(text); bytes > most {
			t.Errorf("%d bytes allocated, of at most %d", bytes, most)
		}
		for d := range g.NDim() {
			checkSums(t, g, d, shape[d])
		}
		checkPlan(t, text, shape, itemSize, limit)
	})
}

// checkSums checks that the chunks of an axis follow each other to its end.
func checkSums(t *testing.T, g Grid, d int, length int64) {
	t.Helper()
	end := int64(0)
	for _, r := range g.axes[d].runs {
		if r.start != end || r.count < 1 || r.size < 1 && length > 0 {
			t.Fatalf("axis %d of length %d: %+v", d, length, g.axes[d].runs)
		}
		end += r.size * r.count
	}
	if end != length {
		t.Fatalf("axis %d of length %d: chunks up to %d", d, length, end)
	}
}

// checkPlan checks that NewPlan's blocks reach from the first element to the last.
func checkPlan(t *testing.T, text string, shape []int64, itemSize, limit int64) {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		return
	}
	l := Layout{Shape: shape, ItemSize: itemSize, Order: []int{1, 0, 2}}
	p, err := NewPlan(l, []int{0}, s, Limits{MaxBlock: limit})
	if err != nil || p.NumBlocks() == 0 {
		return
	}
	first, last := p.Region(0), p.Region(p.NumBlocks()-1)
	if !slices.Equal(first.Start, make([]int64, 3)) || !slices.Equal(last.Stop(), shape) {
		t.Fatalf("%v: blocks from %v to %v of %v", p, first, last, shape)
	}
}
