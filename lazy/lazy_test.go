package lazy

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// sample is an array made by a test: its file, and its values as float64 in C
// order to check against.
type sample struct {
	path   string
	shape  []int64
	values []float64
}

// makeSample writes small random integers, with some NaN and infinities in
// floats if asked, in the given dtype, byte order and storage order.
func makeSample(t testing.TB, dir string, dt mmapnpy.DType, shape []int64, fortran bool, special bool, seed uint64) sample {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	n := product(shape)
	s := sample{shape: shape, values: make([]float64, n)}
	stored := make([]float64, n)
	strides := make([]int64, len(shape)) // of storage, in elements
	step := int64(1)
	for i := range shape {
		d := len(shape) - 1 - i
		if fortran {
			d = i
		}
		strides[d] = step
		step *= shape[d]
	}
	idx := make([]int64, len(shape))
	for i := range s.values {
		v := float64(rng.IntN(200))
		if dt.Kind() == 'b' {
			v = float64(rng.IntN(2))
		}
		if dt.Kind() == 'f' {
			v = float64(rng.IntN(4000)-2000) / 8
			if special && rng.IntN(50) == 0 {
				v = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rng.IntN(3)]
			}
		}
		if dt.Kind() == 'i' && dt.ItemSize() > 1 {
			v -= 100
		} else if dt.Kind() == 'i' {
			v = float64(int8(v))
		}
		s.values[i] = v
		at := int64(0)
		for d := range idx {
			at += idx[d] * strides[d]
		}
		stored[at] = v
		for d := len(idx) - 1; d >= 0; d-- {
			if idx[d]++; idx[d] < shape[d] {
				break
			}
			idx[d] = 0
		}
	}
	e, ok := dt.Elem()
	if !ok {
		t.Fatalf("%s is not numeric", dt)
	}
	raw := make([]byte, int(n)*e.Size())
	kernel.Convert(raw, e, kernel.Bytes(stored), kernel.Float64, false)
	if !dt.Native() {
		kernel.SwapBytes(raw, raw, swapWidth(dt))
	}
	s.path = writeFile(t, dir, dt, shape, fortran, raw)
	return s
}

// writeFile writes a .npy file from its parts.
func writeFile(t testing.TB, dir string, dt mmapnpy.DType, shape []int64, fortran bool, raw []byte) string {
	t.Helper()
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dt, Shape: shape, FortranOrder: fortran})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(dir, "*.npy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(append(head, raw...)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func mustOpen(t testing.TB, path string, opts ...Option) *Array {
	t.Helper()
	a, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// floats are the elements of r in C order.
func floats(t testing.TB, r *Result) []float64 {
	t.Helper()
	n, err := mmapnpy.Numbers[float64](r.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(n.All())
}

func TestFirstProgram(t *testing.T) {
	ctx := context.Background()
	raw := make([]byte, 4*5*6*7*2)
	for i := range 4 * 5 * 6 * 7 {
		binary.NativeEndian.PutUint16(raw[2*i:], uint16(i))
	}
	path := writeFile(t, t.TempDir(), mmapnpy.Uint16, []int64{4, 5, 6, 7}, false, raw)

	a, err := Open(path, NavigationAxes(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.String(), "(4, 5, 6, 7) uint16 C-order, 1 block of (4, 5, 6, 7), 1.64 KiB"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	bright, err := Sum(ctx, a, OverSignal())
	if err != nil {
		t.Fatal(err)
	}
	image, err := View[uint64](bright)
	if err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	for i := range 42 {
		want += uint64((3*5+2)*42 + i)
	}
	if got := image.At(3, 2); got != want {
		t.Errorf("image.At(3, 2) = %d, want %d", got, want)
	}
	part, err := a.Slice("1:3, ::2")
	if err != nil {
		t.Fatal(err)
	}
	seen := int64(0)
	for b, err := range part.Blocks(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		v, err := View[uint16](b)
		if err != nil {
			t.Fatal(err)
		}
		seen += b.Region.Len()
		if got := v.At(0, 1, 0, 0); b.Index == 0 && got != (5+2)*42 {
			t.Errorf("block 0 begins with %d", got)
		}
	}
	if seen != part.Len() {
		t.Errorf("blocks hold %d elements of %d", seen, part.Len())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Sum(ctx, a, OverAll()); err == nil {
		t.Error("Sum after Close succeeded")
	}
}

// grouped sorts values of the given shape, in C order, by the output of a reduction
// over the flagged axes that they belong to.
func grouped(values []float64, shape []int64, reduced []bool) [][]float64 {
	n, size := int64(1), int64(1)
	for d, length := range shape {
		if reduced[d] {
			size *= length
		} else {
			n *= length
		}
	}
	groups := make([][]float64, n)
	backing := make([]float64, 0, n*size)
	for k := range groups {
		groups[k], backing = backing[:0:size], backing[size:cap(backing)][:0]
	}
	i := 0
	eachIndex(shape, func(idx []int64) {
		key := int64(0)
		for d, r := range reduced {
			if !r {
				key = key*shape[d] + idx[d]
			}
		}
		groups[key] = append(groups[key], values[i])
		i++
	})
	return groups
}

func count(x []float64, is func(float64) bool) float64 {
	n := 0.0
	for _, v := range x {
		if is(v) {
			n++
		}
	}
	return n
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func variance(x []float64) float64 {
	mean := sum(x) / float64(len(x))
	s := 0.0
	for _, v := range x {
		s += (v - mean) * (v - mean)
	}
	return s / float64(len(x))
}

func argFirst(x []float64, better func(a, b float64) bool) float64 {
	best := 0
	for i, v := range x {
		if x[best] != x[best] {
			break
		}
		if v != v || better(v, x[best]) {
			best = i
		}
	}
	return float64(best)
}

func extremeOf(x []float64, f func(a, b float64) float64) float64 {
	m := x[0]
	for _, v := range x {
		m = f(m, v)
	}
	return m
}

var oracles = []struct {
	make  func(Over) Reducer
	exact bool
	f     func([]float64) float64
}{
	{NewSum, true, sum},
	{NewMean, false, func(x []float64) float64 { return sum(x) / float64(len(x)) }},
	{NewMin, true, func(x []float64) float64 { return extremeOf(x, func(a, b float64) float64 { return min(a, b) }) }},
	{NewMax, true, func(x []float64) float64 { return extremeOf(x, func(a, b float64) float64 { return max(a, b) }) }},
	{func(o Over) Reducer { return NewVar(o, 0) }, false, variance},
	{func(o Over) Reducer { return NewStd(o, 0) }, false, func(x []float64) float64 { return math.Sqrt(variance(x)) }},
	{NewArgMin, true, func(x []float64) float64 { return argFirst(x, func(a, b float64) bool { return a < b }) }},
	{NewArgMax, true, func(x []float64) float64 { return argFirst(x, func(a, b float64) bool { return a > b }) }},
	{NewCountNaN, true, func(x []float64) float64 { return count(x, math.IsNaN) }},
	{NewCountInf, true, func(x []float64) float64 { return count(x, func(v float64) bool { return math.IsInf(v, 0) }) }},
	{NewCountZero, true, func(x []float64) float64 { return count(x, func(v float64) bool { return v == 0 }) }},
	{func(o Over) Reducer { return NewHistogram(o, 10, -50, 50) }, true, nil},
}

var sampleDTypes = []string{"|b1", "|u1", "|i1", "<u2", ">i2", "<i4", ">u4", "<i8", "<u8", "<f2", "<f4", ">f4", "<f8", ">f8"}

// TestReducers checks every reducer, over dtypes, byte orders, storage orders,
// shapes, axes and chunkings, against plain loops, and that the result is the same
// bit for bit with 1, 2 and 8 workers.
func TestReducers(t *testing.T) {
	dir := t.TempDir()
	shapes := [][]int64{{}, {1}, {40}, {7, 5}, {3, 1, 4}, {4, 5, 6, 3}, {2, 3, 2, 3, 2}}
	seed := uint64(0)
	for _, name := range sampleDTypes {
		dt, err := mmapnpy.ParseDType(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range shapes {
			for _, fortran := range []bool{false, true} {
				seed++
				s := makeSample(t, dir, dt, shape, fortran, seed%2 == 0, seed)
				rng := rand.New(rand.NewPCG(seed, 11))
				chunks := "auto"
				if len(shape) > 0 && rng.IntN(2) == 0 {
					chunks = fmt.Sprint(1 + rng.IntN(4))
				}
				t.Run(fmt.Sprintf("%s%v,F=%v,%s", name, shape, fortran, chunks), func(t *testing.T) {
					checkReducers(t, s, chunks, rng)
				})
			}
		}
	}
}

func checkReducers(t *testing.T, s sample, chunks string, rng *rand.Rand) {
	var axes []int
	for d := range s.shape {
		if rng.IntN(2) == 0 {
			axes = append(axes, d)
		}
	}
	for _, over := range []Over{OverAll(), OverAxes(axes...)} {
		var first []*Result
		for _, workers := range []int{1, 2, 8} {
			a := mustOpen(t, s.path, Chunks(chunks), Workers(workers))
			var reducers []Reducer
			for _, o := range oracles {
				reducers = append(reducers, o.make(over))
			}
			got, err := Run(t.Context(), a, reducers...)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
				reduced, err := over.reduced(a)
				if err != nil {
					t.Fatal(err)
				}
				checkOracles(t, s, reduced, got)
			}
			for i := range got {
				if !got[i].Equal(first[i]) {
					t.Errorf("%s with %d workers differs from 1 worker", reducers[i], workers)
				}
			}
		}
	}
}

func checkOracles(t *testing.T, s sample, reduced []bool, got []*Result) {
	t.Helper()
	groups := grouped(s.values, s.shape, reduced)
	for i, o := range oracles {
		if o.f != nil {
			checkOracle(t, o.make(OverAll()).String(), got[i], groups, o.f, o.exact)
		}
	}
	hist := got[len(got)-1]
	total := sum(floats(t, hist))
	if want := count(s.values, func(v float64) bool { return v >= -50 && v <= 50 }); total != want {
		t.Fatalf("histogram counts %v elements, want %v", total, want)
	}
}

// checkOracle compares a result with what f makes of the elements of every output.
func checkOracle(t *testing.T, name string, got *Result, groups [][]float64, f func([]float64) float64, exact bool) {
	t.Helper()
	have, size := floats(t, got), got.DType().ItemSize()
	if len(have) != len(groups) {
		t.Fatalf("%s has %d values, want %d", name, len(have), len(groups))
	}
	for k, x := range groups {
		if want := f(x); !near(have[k], want, exact && size == 8, size) {
			t.Fatalf("%s[%d] = %v, want %v", name, k, have[k], want)
		}
	}
}

// near compares a result with its oracle; the tolerance is the rounding of the
// result's own dtype where the operation rounds.
func near(have, want float64, exact bool, size int64) bool {
	if have == want || have != have && want != want {
		return true
	}
	if exact {
		return false
	}
	tolerance := map[int64]float64{2: 2e-3, 4: 1e-6, 8: 1e-12}[size]
	return math.Abs(have-want) <= tolerance*(1+math.Abs(want)) || size == 2 && math.Abs(want) > 65504 && math.IsInf(have, 0)
}

func TestCloseIsShared(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Float64, []int64{10, 10}, false, false, 1)
	a := mustOpen(t, s.path)
	b, err := a.Slice("2:4")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context()); err == nil {
		t.Error("Load after Close of a slice succeeded")
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.npy")
	if _, err := Open(missing); !os.IsNotExist(err) && !errorsIsNotExist(err) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory opened")
	}
	s := makeSample(t, dir, mmapnpy.Float64, []int64{4}, false, false, 1)
	for _, o := range []Option{Workers(-1), Memory(1), Chunks("nonsense"), NavigationAxes(1), NavigationAxes(0, 0), Backend("tape")} {
		if a, err := Open(s.path, o); err == nil {
			t.Errorf("a wrong option opened %s", a)
		}
	}
}

// TestLoadTogether loads an array of many pieces on many workers.
func TestLoadTogether(t *testing.T) {
	const rows, columns = 40, 100_003 // a piece is no whole number of rows
	raw := make([]byte, 8*rows*columns)
	for i := range rows * columns {
		binary.NativeEndian.PutUint64(raw[8*i:], uint64(i))
	}
	for _, fortran := range []bool{false, true} {
		path := writeFile(t, t.TempDir(), mmapnpy.Uint64, []int64{rows, columns}, fortran, raw)
		a := mustOpen(t, path, Workers(8))
		for range 5 {
			r, err := a.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			values, err := Copy[uint64](r)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				want := i
				if fortran {
					want = i/columns + i%columns*rows
				}
				if v != uint64(want) {
					t.Fatalf("Fortran %v: element %d is %d, want %d", fortran, i, v, want)
				}
			}
		}
	}
}
