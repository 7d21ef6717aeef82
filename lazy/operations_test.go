package lazy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// must fails the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// scan is a small scan in memory, of values that differ, with two navigation axes.
func scan(t testing.TB, opts ...Option) (*Array, []int32) {
	t.Helper()
	s := make([]int32, 5*4*6*7)
	for i := range s {
		s[i] = int32(i*i%1009) - 300
	}
	a := must[*Array](t)(mustSlice(t, s, 5, 4, 6, 7).With(append([]Option{NavigationAxes(0, 1)}, opts...)...))
	return a, s
}

// ways are chunkings and numbers of workers under which results must be the same.
var ways = [][]Option{
	{Workers(1)},
	{Workers(2), Chunks("(2, 3, 4, -1)")},
	{Workers(8), Chunks("(1, 1, -1, 3)")},
	{Workers(3), Chunks("(-1, -1, 1, 1)")},
}

// same reads an array of four axes in all ways, and compares.
func same[T comparable](t *testing.T, what string, a *Array, want []T) {
	t.Helper()
	for _, opts := range ways {
		b := a
		if a.NDim() == 4 {
			b = must[*Array](t)(a.With(opts...))
		}
		if got := valuesOf[T](t, b); !slices.Equal(got, want) {
			t.Fatalf("%s: %v instead of %v", what, got, want)
		}
		var got []T
		blocks := make(map[int64][]T)
		for block, err := range b.Blocks(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			blocks[block.Index] = must[[]T](t)(Copy[T](block))
		}
		all := make([]T, len(want))
		for i, values := range blocks {
			place(all, b.Shape(), b.Plan().Region(i).Start, b.Plan().Region(i).Shape, values)
		}
		if got = all; !slices.Equal(got, want) {
			t.Fatalf("%s, by blocks: %v instead of %v", what, got, want)
		}
	}
}

// place puts the values of a region where they belong in C order.
func place[T any](all []T, shape, start, size []int64, values []T) {
	idx := make([]int64, len(shape))
	for _, v := range values {
		at := int64(0)
		for d := range shape {
			at = at*shape[d] + start[d] + idx[d]
		}
		all[at] = v
		for d := len(shape) - 1; d >= 0; d-- {
			if idx[d]++; idx[d] < size[d] {
				break
			}
			idx[d] = 0
		}
	}
}

func TestMap(t *testing.T) {
	a, s := scan(t)
	half := must[*Array](t)(Map(a, func(dst []float64, src []int32) {
		for i, v := range src {
			dst[i] = float64(v) / 2
		}
	}))
	want := make([]float64, len(s))
	for i, v := range s {
		want[i] = float64(v) / 2
	}
	same(t, "half", half, want)
	reversed := must[*Array](t)(half.Slice("::-1, :, ::2"))
	if got := valuesOf[float64](t, reversed)[0]; got != want[4*4*6*7] {
		t.Errorf("first of the reversed: %v", got)
	}
	if nav := reversed.Axes(); !nav[0].Navigate || !nav[1].Navigate || nav[2].Navigate {
		t.Errorf("axes %v", nav)
	}
	sum := must[*Result](t)(Sum(t.Context(), half, OverAll()))
	total := 0.0
	for _, v := range want {
		total += v
	}
	if sum.Float64() != total {
		t.Errorf("sum %v instead of %v", sum, total)
	}
	product := must[*Array](t)(Map2(a, half, func(dst []float64, x []int32, y []float64) {
		for i := range dst {
			dst[i] = float64(x[i]) * y[i]
		}
	}))
	if got := valuesOf[float64](t, product)[3]; got != float64(s[3])*want[3] {
		t.Errorf("product %v", got)
	}
	if _, err := Map(a, func([]int32, []uint32) {}); !errors.Is(err, mmapnpy.ErrType) {
		t.Errorf("a function of another type: %v", err)
	}
}

// TestPanicsOfUsers lets functions fail: the error names the block, and the process lives.
func TestPanicsOfUsers(t *testing.T) {
	a, _ := scan(t, Chunks("(1, -1, -1, -1)"), Workers(2))
	bad := must[*Array](t)(Map(a, func(dst, src []int32) {
		if slices.Contains(src, int32(2*4*6*7*2*4*6*7%1009)-300) {
			panic("out of cheese")
		}
		copy(dst, src)
	}))
	_, err := Sum(t.Context(), bad, OverAll())
	if err == nil || !strings.Contains(err.Error(), "block ") || !strings.Contains(err.Error(), "out of cheese") {
		t.Errorf("Sum: %v", err)
	}
	if _, err := bad.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "out of cheese") {
		t.Errorf("Load: %v", err)
	}
	err = Each(t.Context(), bad, func(context.Context, Block) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "block ") {
		t.Errorf("Each: %v", err)
	}
	broken := errors.New("broken")
	worse := must[*Array](t)(MapSignal(a, nil, func([]int32, []int32) error { return broken }))
	if _, err := Max(t.Context(), worse, OverAll()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "block 0") {
		t.Errorf("MapSignal: %v", err)
	}
}

func TestArithmetic(t *testing.T) {
	a, s := scan(t)
	dark := make([]float32, 6*7)
	for i := range dark {
		dark[i] = float32(i) / 4
	}
	d := mustSlice(t, dark, 6, 7)
	x := must[*Array](t)(Subtract(a, d))
	if x.DType().String() != "float64" {
		t.Errorf("int32 - float32 is %s", x.DType())
	}
	want := make([]float64, len(s))
	for i, v := range s {
		want[i] = float64(v) - float64(dark[i%len(dark)])
	}
	same(t, "dark", x, want)
	y := must[*Array](t)(Add(must[*Array](t)(Multiply(x, 2)), 0.5))
	for i := range want {
		want[i] = want[i]*2 + 0.5
	}
	same(t, "scaled", y, want)
	mask := must[*Array](t)(Greater(a, 100))
	chosen := must[*Array](t)(Where(mask, a, -1))
	picked := make([]int32, len(s))
	for i, v := range s {
		if picked[i] = -1; v > 100 {
			picked[i] = v
		}
	}
	same(t, "where", chosen, picked)
	fortran := must[*Array](t)(must[*Array](t)(mustSlice(t, s, 7, 6, 4, 5).Transpose()).With(NavigationAxes(0, 1)))
	both := must[*Array](t)(Add(a, fortran))
	sums := make([]int32, len(s))
	for i := range sums {
		w := i % 7
		z := i / 7 % 6
		v := i / 42 % 4
		u := i / 168
		sums[i] = s[i] + s[((w*6+z)*4+v)*5+u]
	}
	same(t, "C + F", both, sums)
	rows := must[*Array](t)(BroadcastSum(t, a))
	same(t, "broadcast of a computed row", rows, broadcastSum(s))
}

// BroadcastSum adds the first pattern, doubled, to all.
func BroadcastSum(t *testing.T, a *Array) (*Array, error) {
	first := must[*Array](t)(Multiply(must[*Array](t)(a.Slice("0, 0")), 2))
	return Add(a, first)
}

func broadcastSum(s []int32) []int32 {
	out := slices.Clone(s)
	for i := range out {
		out[i] += 2 * s[i%42]
	}
	return out
}

// TestReshapeOfExpressions sees a corrected scan as a list of frames.
func TestReshapeOfExpressions(t *testing.T) {
	a, s := scan(t)
	x := must[*Array](t)(Add(must[*Array](t)(Map(a, func(dst, src []int32) { copy(dst, src) })), mustSlice(t, []int32{1})))
	frames := must[*Array](t)(x.Reshape(20, 6, 7))
	want := make([]int32, len(s))
	for i, v := range s {
		want[i] = v + 1
	}
	same(t, "reshaped", frames, want)
	if ax := frames.Axes(); !ax[0].Navigate || ax[1].Navigate {
		t.Errorf("axes %v", ax)
	}
}

func TestArithmeticRefuses(t *testing.T) {
	a := mustSlice(t, []uint8{1, 2, 3})
	for name, f := range map[string]func() (*Array, error){
		"300 is no uint8":   func() (*Array, error) { return Add(a, 300) },
		"shapes":            func() (*Array, error) { return Add(a, mustSlice(t, []uint8{1, 2})) },
		"numbers alone":     func() (*Array, error) { return Add(1, 2) },
		"a string":          func() (*Array, error) { return Add(a, "1") },
		"no array":          func() (*Array, error) { return Add(a, (*Array)(nil)) },
		"bits of floats":    func() (*Array, error) { return BitwiseAnd(a, 1.5) },
		"minus of booleans": func() (*Array, error) { return Subtract(mustSlice(t, []bool{true}), true) },
	} {
		if _, err := f(); !errors.Is(err, ErrDType) && !errors.Is(err, ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := valuesOf[bool](t, must[*Array](t)(Less(a, 300))); !slices.Equal(got, []bool{true, true, true}) {
		t.Errorf("less than 300: %v", got)
	}
	if got := valuesOf[bool](t, must[*Array](t)(Greater(-1, a))); !slices.Equal(got, []bool{false, false, false}) {
		t.Errorf("-1 greater: %v", got)
	}
	negative := must[*Array](t)(Power(a, mustSlice(t, []int8{-1})))
	if _, err := negative.Load(t.Context()); !errors.Is(err, ErrNegativePower) {
		t.Errorf("negative power: %v", err)
	}
}

func TestSelectionsOfExpressions(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	a, s := scan(t)
	kinds := map[string]func(*Array) *Array{
		"overlap": func(x *Array) *Array {
			return must[*Array](t)(MapOverlap(x, []int64{0, 1, 1, 2}, Nearest(), func(dst, src mmapnpy.NDArray[int32]) error {
				n := src.Shape()
				for i := range src.Len() {
					at := []int64{i / (n[1] * n[2] * n[3]), i / (n[2] * n[3]) % n[1], i / n[3] % n[2], i % n[3]}
					dst.Set(src.At(at...), at...)
				}
				return nil
			}))
		},
		"signals": func(x *Array) *Array {
			return must[*Array](t)(MapSignal(x, []int64{6, 7}, func(dst, src []int32) error {
				copy(dst, src)
				return nil
			}))
		},
		"sum": func(x *Array) *Array { return must[*Array](t)(Add(x, 0)) },
		"bins": func(x *Array) *Array {
			return must[*Array](t)(must[*Array](t)(x.BinSum(1, 1, 1, 1)).AsType(mmapnpy.Int32))
		},
	}
	plain := mustSlice(t, s, 5, 4, 6, 7)
	for name, f := range kinds {
		made := f(a)
		for range 60 {
			x, y := made, plain
			for range 1 + rng.IntN(3) {
				var index []string
				for _, n := range x.Shape() {
					if rng.IntN(6) == 0 {
						index = append(index, "newaxis")
					}
					switch k := rng.IntN(5); {
					case k == 0 && n > 0:
						index = append(index, fmt.Sprint(rng.Int64N(n)))
					case k == 1:
						index = append(index, fmt.Sprintf("%d:%d", rng.Int64N(n+1), rng.Int64N(n+1)))
					case k == 2:
						index = append(index, fmt.Sprintf("::%d", []int{-3, -2, -1, 2, 3}[rng.IntN(5)]))
					default:
						index = append(index, ":")
					}
				}
				text := strings.Join(index, ",")
				x, y = must[*Array](t)(x.Slice(text)), must[*Array](t)(y.Slice(text))
				if rng.IntN(3) == 0 {
					order := rng.Perm(x.NDim())
					if len(order) > 0 {
						x, y = must[*Array](t)(x.Transpose(order...)), must[*Array](t)(y.Transpose(order...))
					}
				}
			}
			if !slices.Equal(x.Shape(), y.Shape()) {
				t.Fatalf("%s: %v and %v", name, x.Shape(), y.Shape())
			}
			if got, want := valuesOf[int32](t, x), valuesOf[int32](t, y); !slices.Equal(got, want) {
				t.Fatalf("%s of shape %v: %v instead of %v", name, x.Shape(), got, want)
			}
			if x.Len() == 0 {
				continue
			}
			got := must[*Result](t)(Max(t.Context(), x, OverAll()))
			if want := must[*Result](t)(Max(t.Context(), y, OverAll())); !got.Equal(want) {
				t.Fatalf("%s: maximum %v instead of %v", name, got, want)
			}
		}
	}
}

// TestMapOverlap blurs with every boundary and compares with a loop over all elements.
func TestMapOverlap(t *testing.T) {
	a, s := scan(t)
	depth := []int64{1, 0, 2, 3}
	shape := []int64{5, 4, 6, 7}
	blur := func(dst, src mmapnpy.NDArray[int32]) error {
		n := src.Shape()
		for i := range n[0] {
			for j := range n[1] {
				for k := range n[2] {
					for l := range n[3] {
						sum := int32(0)
						for _, o := range [][4]int64{{-1, 0, 0, 0}, {1, 0, 0, 0}, {0, 0, -2, 0}, {0, 0, 2, 1}, {0, 0, 0, -3}, {0, 0, 0, 3}, {0, 0, 0, 0}} {
							p := [4]int64{i + o[0], j + o[1], k + o[2], l + o[3]}
							if p[0] < 0 || p[0] >= n[0] || p[2] < 0 || p[2] >= n[2] || p[3] < 0 || p[3] >= n[3] {
								continue
							}
							sum = 3*sum + src.At(p[:]...)
						}
						dst.Set(sum, i, j, k, l)
					}
				}
			}
		}
		return nil
	}
	for name, b := range map[string]Boundary{"none": NoBoundary(), "reflect": Reflect(), "periodic": Periodic(), "nearest": Nearest(), "constant": Constant(-7)} {
		at := func(i, n int64) (int64, bool) {
			if i >= 0 && i < n {
				return i, true
			}
			switch name {
			case "reflect":
				if i < 0 {
					return -i - 1, true
				}
				return 2*n - 1 - i, true
			case "periodic":
				return (i + n) % n, true
			case "nearest":
				return min(max(i, 0), n-1), true
			}
			return 0, false
		}
		want := make([]int32, len(s))
		for i := range want {
			p := [4]int64{int64(i) / 168, int64(i) / 42 % 4, int64(i) / 7 % 6, int64(i) % 7}
			for _, o := range [][4]int64{{-1, 0, 0, 0}, {1, 0, 0, 0}, {0, 0, -2, 0}, {0, 0, 2, 1}, {0, 0, 0, -3}, {0, 0, 0, 3}, {0, 0, 0, 0}} {
				v, there := int32(-7), true
				q := [4]int64{}
				for d := range q {
					var ok bool
					q[d], ok = at(p[d]+o[d], shape[d])
					there = there && ok
				}
				switch {
				case there:
					v = s[((q[0]*4+q[1])*6+q[2])*7+q[3]]
				case name == "none":
					continue
				}
				want[i] = 3*want[i] + v
			}
		}
		blurred := must[*Array](t)(MapOverlap(a, depth, b, blur))
		same(t, name, blurred, want)
	}
	if _, err := MapOverlap(a, []int64{0, 0, 0, 8}, Reflect(), blur); !errors.Is(err, ErrShape) {
		t.Errorf("a depth beyond the axis: %v", err)
	}
	if _, err := MapOverlap(a, []int64{1}, Reflect(), blur); !errors.Is(err, ErrShape) {
		t.Errorf("a depth for one axis of four: %v", err)
	}
}

func TestMapSignal(t *testing.T) {
	a, s := scan(t)
	sums := must[*Array](t)(MapSignal(a, []int64{2}, func(dst []int64, src []int32) error {
		for i, v := range src {
			dst[i%2] += int64(v)
		}
		return nil
	}))
	want := make([]int64, 5*4*2)
	for i, v := range s {
		want[i/42*2+i%42%2] += int64(v)
	}
	if got := valuesOf[int64](t, sums); !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
	if !slices.Equal(sums.Shape(), []int64{5, 4, 2}) {
		t.Errorf("shape %v", sums.Shape())
	}
	swapped := must[*Array](t)(must[*Array](t)(a.Transpose(2, 3, 0, 1)).With(NavigationAxes(2, 3)))
	again := must[*Array](t)(MapSignal(swapped, nil, func(dst []int32, src []int32) error {
		dst[0] = src[1]
		return nil
	}))
	for i, v := range valuesOf[int32](t, again) {
		if v != s[42*i+1] {
			t.Errorf("position %d: %d instead of %d", i, v, s[42*i+1])
		}
	}
}

func TestBins(t *testing.T) {
	a, s := scan(t)
	want := make([]int64, 5*2*3*7)
	for i, v := range s {
		p := [4]int{i / 168, i / 42 % 4 / 2, i / 7 % 6 / 2, i % 7}
		want[((p[0]*2+p[1])*3+p[2])*7+p[3]] += int64(v)
	}
	same(t, "bins", must[*Array](t)(a.BinSum(1, 2, 2, 1)), want)
	mean := valuesOf[float64](t, must[*Array](t)(a.BinMean(1, 2, 2, 1)))
	for i, v := range mean {
		if v != float64(want[i])/4 {
			t.Fatalf("mean %v instead of %v", v, float64(want[i])/4)
		}
	}
	if _, err := a.BinSum(2, 1, 1, 1); !errors.Is(err, ErrShape) {
		t.Errorf("5 by 2: %v", err)
	}
}

func TestCorrect(t *testing.T) {
	a, s := scan(t)
	dark := mustSlice(t, slices.Repeat([]float64{3}, 42), 6, 7)
	c := must[*Array](t)(a.Correct(Correction{Dark: dark, Gain: 0.5, DeadPixels: [][]int64{{0, 0}, {3, 4}, {3, 5}, {-1, -1}, {3, 4}}}))
	want := make([]float64, len(s))
	for i, v := range s {
		want[i] = (float64(v) - 3) * 0.5
	}
	fixed := slices.Clone(want)
	dead := map[int]bool{0: true, 3*7 + 4: true, 3*7 + 5: true, 41: true}
	for frame := 0; frame < len(s); frame += 42 {
		for pixel := range dead {
			sum, n := 0.0, 0
			for y := max(pixel/7-1, 0); y <= min(pixel/7+1, 5); y++ {
				for x := max(pixel%7-1, 0); x <= min(pixel%7+1, 6); x++ {
					if !dead[y*7+x] {
						sum, n = sum+want[frame+y*7+x], n+1
					}
				}
			}
			fixed[frame+pixel] = sum / float64(n)
		}
	}
	same(t, "corrected", c, fixed)
	var all [][]int64
	for i := range int64(42) {
		all = append(all, []int64{i / 7, i % 7})
	}
	if _, err := a.Correct(Correction{DeadPixels: all}); !errors.Is(err, ErrIndex) {
		t.Errorf("no pixel alive: %v", err)
	}
	if _, err := a.Correct(Correction{DeadPixels: [][]int64{{6, 0}}}); !errors.Is(err, ErrIndex) {
		t.Errorf("a pixel outside: %v", err)
	}
}

func TestUnary(t *testing.T) {
	x := mustSlice(t, []float64{-2, 0, 2.5, math.NaN(), math.Inf(1)})
	for _, c := range []struct {
		f    func(*Array) (*Array, error)
		want []float64
	}{
		{Negative, []float64{2, 0, -2.5, math.NaN(), math.Inf(-1)}},
		{Absolute, []float64{2, 0, 2.5, math.NaN(), math.Inf(1)}},
		{Rint, []float64{-2, 0, 2, math.NaN(), math.Inf(1)}},
		{Sign, []float64{-1, 0, 1, math.NaN(), 1}},
	} {
		for i, v := range valuesOf[float64](t, must[*Array](t)(c.f(x))) {
			if v != c.want[i] && !(math.IsNaN(v) && math.IsNaN(c.want[i])) {
				t.Errorf("%v instead of %v", v, c.want[i])
			}
		}
	}
	if got := valuesOf[bool](t, must[*Array](t)(IsFinite(x))); !slices.Equal(got, []bool{true, true, true, false, false}) {
		t.Errorf("finite: %v", got)
	}
}

// TestCorrectInFloatingPoint has a dark frame above some of the counts, for counts of all dtypes.
// The results are LiberTEM's, dtypes included (libertem.corrections.detector.correct, 0.16).
func TestCorrectInFloatingPoint(t *testing.T) {
	counts := mustSlice(t, []uint8{0, 1, 2, 3, 4, 5}, 1, 2, 3)
	dark := []float64{1, 0.5, 0, 3, 7, 1}
	gain := mustSlice(t, []float32{1, 2, 0.5, 1, 1, 4}, 2, 3)
	want := []float64{-1, 1, 1, 0, -3, 16}
	fixed := []float64{-1, 1, 1, 0, 3.4, 16} // dead: the mean of the other five
	for from, to := range map[string]string{
		"|u1": "float32", "|i1": "float32", "<u2": "float32", ">u2": "float32", "<i2": "float32", "<f2": "float32", "<f4": "float32",
		"<u4": "float64", "<i4": "float64", "<u8": "float64", ">i8": "float64", "<f8": "float64", "<c8": "complex64", ">c16": "complex128",
	} {
		a := must[*Array](t)(must[*Array](t)(counts.AsType(mustDType(t, from))).With(NavigationAxes(0)))
		for name, d := range map[string]Operand{
			"float64": mustSlice(t, dark, 2, 3),
			"uint16":  mustSlice(t, []uint16{1, 0, 0, 3, 7, 1}, 2, 3),
		} {
			c := must[*Array](t)(a.Correct(Correction{Dark: d, Gain: gain}))
			expected := slices.Clone(want)
			if name == "uint16" {
				expected[1] = 2
			}
			if got := must[*Array](t)(Real(c)); c.DType().String() != to || !slices.Equal(valuesOf[float64](t, must[*Array](t)(got.AsType(mmapnpy.Float64))), expected) {
				t.Errorf("%s less %s is %s %v", from, name, c.DType(), got)
			}
		}
		c := must[*Array](t)(a.Correct(Correction{Dark: mustSlice(t, dark, 2, 3), Gain: gain, DeadPixels: [][]int64{{1, 1}}}))
		got := valuesOf[float64](t, must[*Array](t)(must[*Array](t)(Real(c)).AsType(mmapnpy.Float64)))
		if math.Abs(got[4]-3.4) < 1e-6 {
			got[4] = 3.4
		}
		if c.DType().String() != to || !slices.Equal(got, fixed) {
			t.Errorf("%s with a dead pixel is %s %v", from, c.DType(), got)
		}
		alone := must[*Array](t)(a.Correct(Correction{DeadPixels: [][]int64{{0, 0}}}))
		first := must[*Result](t)(must[*Array](t)(must[*Array](t)(must[*Array](t)(Real(alone)).AsType(mmapnpy.Float64)).Slice("0, 0, :1")).Load(t.Context()))
		if mean := valuesOf[float64](t, must[*Array](t)(FromResult(first)))[0]; alone.DType().String() != to || math.Abs(mean-8.0/3) > 1e-6 {
			t.Errorf("%s: a dead pixel among 1, 3 and 4 is %s %v", from, alone.DType(), mean)
		}
	}
	a := must[*Array](t)(counts.With(NavigationAxes(0)))
	if same := must[*Array](t)(a.Correct(Correction{})); same != a {
		t.Errorf("no correction at all gives %v", same)
	}
	negative := must[*Array](t)(a.Correct(Correction{Dark: 3}))
	if got := valuesOf[float32](t, negative); !slices.Equal(got, []float32{-3, -2, -1, 0, 1, 2}) {
		t.Errorf("a number as dark frame: %v", got)
	}
	turned := must[*Array](t)(a.Correct(Correction{Gain: 1i}))
	if turned.DType().String() != "complex64" {
		t.Errorf("a complex gain gives %s", turned.DType())
	}
	words := must[*Array](t)(FromBuffer(mmapnpy.Buffer{Data: make([]byte, 6), DType: mustDType(t, "S1"), Shape: []int64{2, 3}, Strides: []int64{3, 1}}))
	if _, err := words.Correct(Correction{Gain: 2}); !errors.Is(err, ErrDType) {
		t.Errorf("text: %v", err)
	}
}
