package lazy

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func errorsIsNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func TestIndexErrors(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Int32, []int64{4, 5}, false, false, 1)
	a := mustOpen(t, s.path)
	for _, bad := range []string{"4", "-5", "0,0,0", "..., ...", "::0", "a", "1.5", ",", "1,,2", "1:2:3:4", "[1", "9223372036854775808", strings.Repeat("newaxis,", 64)} {
		if got, err := a.Slice(bad); !errors.Is(err, ErrIndex) {
			t.Errorf("Slice(%q) = %v, %v; want ErrIndex", bad, got, err)
		}
	}
	if _, err := a.Transpose(0, 0); !errors.Is(err, ErrIndex) {
		t.Errorf("Transpose(0, 0): %v", err)
	}
	if _, err := a.Field("x"); !errors.Is(err, ErrIndex) {
		t.Errorf("Field: %v", err)
	}
}

func TestSliceShapes(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Int32, []int64{10, 4, 3}, false, false, 1)
	a := mustOpen(t, s.path, NavigationAxes(0))
	for _, c := range []struct {
		index string
		shape []int64
	}{
		{"", []int64{10, 4, 3}},
		{"3", []int64{4, 3}},
		{"-1, -1, -1", nil},
		{"2:8:3", []int64{2, 4, 3}},
		{"::-1", []int64{10, 4, 3}},
		{"8:2:-2, 1:", []int64{3, 3, 3}},
		{"..., 0", []int64{10, 4}},
		{"newaxis, ..., None", []int64{1, 10, 4, 3, 1}},
		{"100:", []int64{0, 4, 3}},
		{"-100:100", []int64{10, 4, 3}},
		{"5:2", []int64{0, 4, 3}},
		{"[:, 1:2]", []int64{10, 1, 3}},
		{"::9223372036854775807", []int64{1, 4, 3}},
		{"::-9223372036854775808", []int64{1, 4, 3}},
	} {
		got, err := a.Slice(c.index)
		if err != nil {
			t.Errorf("Slice(%q): %v", c.index, err)
			continue
		}
		if !slices.Equal(got.Shape(), c.shape) {
			t.Errorf("Slice(%q) has shape %v, want %v", c.index, got.Shape(), c.shape)
		}
	}
	if b, _ := a.Slice("newaxis, 1:5"); !slices.Equal(b.Axes(), []Axis{{1, false}, {4, true}, {4, false}, {3, false}}) {
		t.Errorf("axes after a slice: %v", b.Axes())
	}
}

// TestViewsAgainstLoops applies random chains of slices and transposes and checks
// every element, read in three ways, against the same chain on a plain array.
func TestViewsAgainstLoops(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 5))
	for trial := range 300 {
		dt := []mmapnpy.DType{mmapnpy.Float64, mmapnpy.Uint8, mmapnpy.Int16.WithByteOrder('>'), mmapnpy.Float32}[trial%4]
		shape := make([]int64, 1+rng.IntN(4))
		for d := range shape {
			shape[d] = 1 + rng.Int64N(9)
		}
		s := makeSample(t, dir, dt, shape, rng.IntN(2) == 0, false, uint64(trial))
		a := mustOpen(t, s.path, Backend([]string{"mmap", "pread", "copy"}[trial%3]))
		plain := plainArray{values: s.values, shape: shape, index: make([]int, len(s.values))}
		for i := range plain.index {
			plain.index[i] = i
		}
		for range 1 + rng.IntN(3) {
			a, plain = randomView(t, rng, a, plain)
		}
		checkPlain(t, a, plain, rng)
	}
}

// plainArray is an array of positions into values, in C order.
type plainArray struct {
	values []float64
	shape  []int64
	index  []int
}

func (p plainArray) at(idx []int64) int {
	k := int64(0)
	for d, i := range idx {
		k = k*p.shape[d] + i
	}
	return p.index[k]
}

func randomView(t *testing.T, rng *rand.Rand, a *Array, p plainArray) (*Array, plainArray) {
	t.Helper()
	n := len(p.shape)
	if rng.IntN(3) == 0 {
		perm := rng.Perm(n)
		b, err := a.Transpose(perm...)
		if err != nil {
			t.Fatal(err)
		}
		out := plainArray{values: p.values, shape: make([]int64, n)}
		for d, s := range perm {
			out.shape[d] = p.shape[s]
		}
		eachIndex(out.shape, func(idx []int64) {
			src := make([]int64, n)
			for d, s := range perm {
				src[s] = idx[d]
			}
			out.index = append(out.index, p.at(src))
		})
		return b, out
	}
	items := make([]Index, n)
	picks := make([][]int64, n)
	out := plainArray{values: p.values}
	for d, size := range p.shape {
		if size > 0 && rng.IntN(5) == 0 {
			i := rng.Int64N(size)
			items[d], picks[d] = At(i), []int64{i}
			continue
		}
		step := []int64{1, 1, 2, 3, -1, -2}[rng.IntN(6)]
		if size == 0 || rng.IntN(3) == 0 {
			items[d] = All()
			for i := range size {
				picks[d] = append(picks[d], i)
			}
		} else if step > 0 {
			lo := rng.Int64N(size)
			items[d] = Step(lo, size, step)
			for i := lo; i < size; i += step {
				picks[d] = append(picks[d], i)
			}
		} else {
			hi := rng.Int64N(size)
			items[d] = Step(hi, -size-1, step)
			for i := hi; i >= 0; i += step {
				picks[d] = append(picks[d], i)
			}
		}
		out.shape = append(out.shape, int64(len(picks[d])))
	}
	b, err := a.Index(items...)
	if err != nil {
		t.Fatal(err)
	}
	full := make([]int64, n)
	for d := range full {
		full[d] = int64(len(picks[d]))
	}
	eachIndex(full, func(idx []int64) {
		src := make([]int64, n)
		for d, i := range idx {
			src[d] = picks[d][i]
		}
		out.index = append(out.index, p.at(src))
	})
	return b, out
}

// eachIndex calls f for every index of a shape in C order.
func eachIndex(shape []int64, f func([]int64)) {
	if product(shape) == 0 {
		return
	}
	idx := make([]int64, len(shape))
	for {
		f(idx)
		d := len(idx) - 1
		for ; d >= 0; d-- {
			if idx[d]++; idx[d] < shape[d] {
				break
			}
			idx[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

func checkPlain(t *testing.T, a *Array, p plainArray, rng *rand.Rand) {
	t.Helper()
	if !slices.Equal(a.Shape(), p.shape) {
		t.Fatalf("shape %v, want %v", a.Shape(), p.shape)
	}
	want := make([]float64, len(p.index))
	for i, k := range p.index {
		want[i] = p.values[k]
	}
	loaded, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := floats(t, loaded); !slices.Equal(got, want) {
		t.Fatalf("Load of %s\n got %v\nwant %v", a, got, want)
	}
	cast, err := a.AsType(mmapnpy.Float64)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.shape) > 0 {
		if cast, err = cast.Rechunk(chunk.Size(1 + rng.Int64N(4))); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]float64, len(want))
	for b, err := range cast.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v, err := View[float64](b)
		if err != nil {
			t.Fatal(err)
		}
		eachIndex(b.Shape(), func(idx []int64) {
			k := int64(0)
			for d, i := range idx {
				k = k*p.shape[d] + i + b.Region.Start[d]
			}
			got[k] = v.At(idx...)
		})
	}
	if !slices.Equal(got, want) {
		t.Fatalf("Blocks of %s\n got %v\nwant %v", cast, got, want)
	}
	total, err := Sum(t.Context(), a, OverAll())
	if err != nil {
		t.Fatal(err)
	}
	if got := floats(t, total)[0]; got != sum(want) {
		t.Fatalf("Sum of %s is %v, want %v", a, got, sum(want))
	}
}

// FuzzIndex checks that the index grammar never panics, and that what it accepts
// prints to something it reads as the same.
func FuzzIndex(f *testing.F) {
	for _, s := range []string{"", "1", "-1, ::2", "10:20, ..., newaxis", "[1:, None]", "::-1", ":,:,:", "1_000:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, err := ParseIndex(s)
		if err != nil {
			if !errors.Is(err, ErrIndex) {
				t.Fatalf("error %v is not ErrIndex", err)
			}
			return
		}
		text := make([]string, len(items))
		for i, ix := range items {
			text[i] = ix.String()
		}
		again, err := ParseIndex(strings.Join(text, ", "))
		if err != nil || !slices.Equal(items, again) {
			t.Fatalf("%q reads as %v, prints as %q, reads again as %v, %v", s, items, text, again, err)
		}
		for _, ix := range items {
			for _, n := range []int64{0, 1, 5, 1 << 62} {
				first, count, step := ix.resolve(n)
				if ix.kind == kindSlice && count > 0 && (first < 0 || first >= n || first+(count-1)*step < 0 || first+(count-1)*step >= n) {
					t.Fatalf("%v on %d elements gives %d, %d, %d", ix, n, first, count, step)
				}
			}
		}
	})
}

// TestBoundsBeyond64Bits clips them, as Python does.
func TestBoundsBeyond64Bits(t *testing.T) {
	a := mustSlice(t, []int16{0, 1, 2, 3, 4}, 5)
	for index, want := range map[string][]int16{
		":99999999999999999999": {0, 1, 2, 3, 4}, "-99999999999999999999:2": {0, 1}, "99999999999999999999:": {}, "::99999999999999999999": {0},
		"::-99999999999999999999": {4}, ":-99999999999999999999:-2": {4, 2, 0}, "9223372036854775808:-9223372036854775809:-1": {4, 3, 2, 1, 0},
	} {
		if got := valuesOf[int16](t, must[*Array](t)(a.Slice(index))); !slices.Equal(got, want) {
			t.Errorf("[%s]: %v, want %v", index, got, want)
		}
	}
	if _, err := a.Slice("99999999999999999999"); !errors.Is(err, ErrIndex) {
		t.Errorf("a position: %v", err)
	}
}

// TestChunksOfDerivedArrays follows chunk specs through slices, transpositions and fields.
func TestChunksOfDerivedArrays(t *testing.T) {
	a := must[*Array](t)(mustSlice(t, make([]int16, 10*6), 10, 6).With(Chunks("((3, 5, 2), 'auto')")))
	f := func(b *Array, err error) *Array { return must[*Array](t)(b, err) }
	for name, c := range map[string]struct {
		a    *Array
		want string
	}{
		"slice":      {f(a.Slice("2:7")), "((1, 4), 'auto')"},
		"all":        {f(a.Slice("...")), "((3, 5, 2), 'auto')"},
		"backward":   {f(a.Slice("::-1, 0")), "((2, 5, 3),)"},
		"new axis":   {f(a.Slice("newaxis, 4:, :2")), "(-1, (4, 2), 'auto')"},
		"one":        {f(a.Slice("1")), "('auto',)"},
		"transposed": {f(a.Transpose()), "('auto', (3, 5, 2))"},
		"expanded":   {f(a.ExpandDims(1)), "((3, 5, 2), -1, 'auto')"},
		"squeezed":   {f(f(a.ExpandDims(1)).Squeeze()), "((3, 5, 2), 'auto')"},
		"sum":        {f(Add(f(a.Slice("3:")), 1)), "((5, 2), 'auto')"},
		"reshaped":   {f(a.Reshape(60)), "auto"},
		"bytes":      {f(f(f(a.Rechunk(chunk.Bytes(1 << 20))).Transpose()).Reshape(-1)), "1MiB"},
	} {
		if got := c.a.config.spec.String(); got != c.want {
			t.Errorf("%s: %s instead of %s", name, got, c.want)
		}
	}
	b := f(a.Slice("2:7"))
	if n := b.Plan().Grid().AxisCount(0); n != 2 {
		t.Errorf("%d chunks of a slice of two: %s", n, b)
	}
}

func TestRolesThatContradict(t *testing.T) {
	a := mustSlice(t, make([]int16, 6), 2, 3)
	if _, err := a.With(NavigationAxes(0), SignalAxes(0)); !errors.Is(err, ErrIndex) {
		t.Errorf("both: %v", err)
	}
	if _, err := a.With(NavigationAxes(0), NavigationAxes(1)); err != nil {
		t.Errorf("the same again: %v", err)
	}
	nav := must[*Array](t)(a.With(NavigationAxes(0)))
	if _, err := nav.With(SignalAxes(0)); err != nil {
		t.Errorf("one after the other: %v", err)
	}
}

func TestNaTPrints(t *testing.T) {
	for _, dtype := range []string{"M8[s]", "m8[ns]", "m8[D]"} {
		b := mmapnpy.Buffer{Data: []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, DType: mustDType(t, dtype), Shape: []int64{}, Strides: []int64{}}
		r := must[*Result](t)(must[*Array](t)(FromBuffer(b)).Load(t.Context()))
		if r.String() != "NaT" {
			t.Errorf("%s: %s", dtype, r)
		}
	}
	b := mmapnpy.Buffer{Data: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, DType: mustDType(t, "m8[D]"), Shape: []int64{}, Strides: []int64{}}
	spans := must[mmapnpy.Accessor[mmapnpy.Span]](t)(mmapnpy.Durations(b))
	if s := spans.At(); s.Valid || s.Duration != 0 || s.String() != "9223372036854775807 ticks" {
		t.Errorf("%+v", s)
	}
}

// TestOptionsOfFilesOnOpenArrays gives options that say how a file is opened where none is.
func TestOptionsOfFilesOnOpenArrays(t *testing.T) {
	a := mustSlice(t, make([]int16, 6), 2, 3)
	r := must[*Result](t)(a.Load(t.Context()))
	for name, o := range map[string]Option{"Backend": Backend("mmap"), "RandomAccess": RandomAccess(), "Header": Lenient(), "Zip": Zip()} {
		_, with := a.With(Workers(1), o)
		_, buffer := FromBuffer(r.Buffer(), o)
		_, result := FromResult(r, o)
		for _, err := range []error{with, buffer, result} {
			if err == nil || !strings.Contains(err.Error(), "option "+name+" says") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	path := makeSample(t, t.TempDir(), mmapnpy.Int32, []int64{4, 5}, false, false, 1).path
	b := mustOpen(t, path, Backend("pread"), RandomAccess(), Lenient())
	if _, err := b.With(NavigationAxes(0)); err != nil {
		t.Errorf("an array that was opened with them: %v", err)
	}
}
