package chunk

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const mib = 1 << 20

func mustPlan(t testing.TB, l Layout, navigation []int, s Spec, lim Limits) *Plan {
	t.Helper()
	p, err := NewPlan(l, navigation, s, lim)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanAuto(t *testing.T) {
	for _, c := range []struct {
		name       string
		shape      []int64
		itemSize   int64
		order      []int
		navigation []int
		lim        Limits
		want       string
		runs       int64
	}{
		{"4d-stem", []int64{256, 256, 128, 128}, 2, nil, []int{0, 1}, Limits{},
			"64 blocks of (4, 256, 128, 128), 32 MiB", 1},
		{"4d-stem, navigation in any order", []int64{256, 256, 128, 128}, 2, nil, []int{1, 0}, Limits{},
			"64 blocks of (4, 256, 128, 128), 32 MiB", 1},
		{"smaller blocks for more of them", []int64{64, 64, 128, 128}, 2, nil, []int{0, 1}, Limits{},
			"64 blocks of (1, 64, 128, 128), 2 MiB", 1},
		{"no smaller than MinBlock", []int64{16, 16, 128, 128}, 2, nil, []int{0, 1}, Limits{},
			"8 blocks of (2, 16, 128, 128), 1 MiB", 1},
		{"one block is enough", []int64{4, 4, 64, 64}, 2, nil, []int{0, 1}, Limits{},
			"1 block of (4, 4, 64, 64), 128 KiB", 1},
		{"the fast navigation axis cut", []int64{4, 4096, 128, 128}, 2, nil, []int{0, 1}, Limits{},
			"64 blocks of (1, 256, 128, 128), 8 MiB", 1},
		{"balanced, no tail of one frame", []int64{65, 256, 128, 128}, 2, nil, []int{0, 1}, Limits{MinBlocks: 1},
			"17 blocks of up to (4, 256, 128, 128), 32 MiB", 1},
		{"balanced parts", []int64{10, 400, 512, 512}, 1, nil, []int{0, 1}, Limits{},
			"70 blocks of up to (1, 58, 512, 512), 14.5 MiB", 1},
		{"frames of nearly MaxBlock", []int64{100, 4096, 4095}, 2, nil, []int{0}, Limits{},
			"100 blocks of (1, 4096, 4095), 32 MiB", 1},
		{"whole frames, though few blocks", []int64{10, 2048, 2048}, 2, nil, []int{0}, Limits{},
			"10 blocks of (1, 2048, 2048), 8 MiB", 1},
		{"frames beyond MaxBlock", []int64{10, 8192, 8192}, 2, nil, []int{0}, Limits{},
			"70 blocks of up to (1, 1171, 8192), 18.3 MiB", 1},
		{"frames cut along both axes", []int64{2, 3, 1 << 26}, 2, nil, []int{0}, Limits{},
			"66 blocks of up to (1, 1, 6100806), 11.6 MiB", 1},
		{"Fortran order", []int64{256, 256, 128, 128}, 2, FOrder(4), []int{2, 3}, Limits{},
			"64 blocks of (256, 256, 128, 2), 32 MiB", 1},
		{"Fortran order, navigation fast", []int64{256, 256, 128, 128}, 2, FOrder(4), []int{0, 1}, Limits{},
			"64 blocks of (256, 4, 128, 128), 32 MiB", 128 * 128},
		{"navigation fast and signal too large", []int64{4096, 8192, 256, 256}, 2, nil, []int{2, 3}, Limits{},
			"131072 blocks of (1, 8192, 8, 256), 32 MiB", 8192},
		{"no navigation: slabs", []int64{10000, 1000, 100}, 8, nil, nil, Limits{},
			"244 blocks of up to (41, 1000, 100), 31.3 MiB", 1},
		{"no navigation: rows", []int64{100000, 100000}, 4, nil, nil, Limits{},
			"1205 blocks of up to (83, 100000), 31.7 MiB", 1},
		{"no navigation, Fortran order", []int64{100000, 100000}, 4, FOrder(2), nil, Limits{},
			"1205 blocks of up to (100000, 83), 31.7 MiB", 1},
		{"no signal", []int64{100000, 100000}, 4, nil, []int{0, 1}, Limits{},
			"1205 blocks of up to (83, 100000), 31.7 MiB", 1},
		{"1-d", []int64{1e9}, 8, nil, nil, Limits{},
			"239 blocks of up to (4184101,), 31.9 MiB", 1},
		{"1-d, small", []int64{1000}, 8, nil, nil, Limits{},
			"1 block of (1000,), 7.81 KiB", 1},
		{"0-d", nil, 8, nil, nil, Limits{},
			"1 block of (), 8 B", 1},
		{"empty", []int64{5, 0, 7}, 8, nil, []int{0}, Limits{},
			"0 blocks", 0},
		{"items beyond MaxBlock", []int64{3, 2}, 100 * mib, nil, nil, Limits{},
			"6 blocks of (1, 1), 100 MiB", 1},
		{"items of no bytes", []int64{1000, 1000}, 0, nil, nil, Limits{},
			"1 block of (1000, 1000), 0 B", 0},
		{"tiny limits", []int64{6, 5, 4}, 1, nil, []int{0}, Limits{MaxBlock: 7, MinBlock: 1, MinBlocks: 1},
			"30 blocks of (1, 1, 4), 4 B", 1},
		{"axes of length 1", []int64{1, 300, 1, 1024, 1024, 1}, 4, nil, []int{0, 1, 2}, Limits{},
			"64 blocks of up to (1, 5, 1, 1024, 1024, 1), 20 MiB", 1},
	} {
		l := Layout{Shape: c.shape, ItemSize: c.itemSize, Order: c.order}
		p := mustPlan(t, l, c.navigation, Auto(), c.lim)
		runs, bytes := p.BlockRuns()
		if p.String() != c.want || runs != c.runs {
			t.Errorf("%s: %v in %d runs of %s, want %s in %d", c.name, p, runs, FormatBytes(bytes), c.want, c.runs)
		}
		if runs*bytes != p.BlockBytes() {
			t.Errorf("%s: %d runs of %d bytes are not %d bytes", c.name, runs, bytes, p.BlockBytes())
		}
	}
}

// randomSpec asks for anything that fits the shape.
func randomSpec(rng *rand.Rand, shape []int64) Spec {
	axes := make([]AxisSpec, len(shape))
	for d, n := range shape {
		switch rng.IntN(4) {
		case 0:
			axes[d] = AxisWhole()
		case 1:
			axes[d] = AxisSize(1 + rng.Int64N(10))
		case 2:
			var sizes []int64
			for rest := n; rest > 0; rest -= sizes[len(sizes)-1] {
				sizes = append(sizes, 1+rng.Int64N(rest))
			}
			if n == 0 {
				sizes = []int64{0}
			}
			axes[d] = AxisSizes(sizes...)
		case 3:
			axes[d] = AxisWhole()
			if !slices.Contains(shape, 0) {
				axes[d] = AxisAuto()
			}
		}
	}
	return PerAxis(axes...)
}

// TestPlanCovers checks plans of all kinds of specs: every element lies in
// exactly one block, which BlockOf finds; blocks are numbered in storage order;
// the runs of all blocks are the bytes of the array.
func TestPlanCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		l := randomLayout(rng)
		l.ItemSize++
		navigation := rng.Perm(len(l.Shape))[:rng.IntN(len(l.Shape)+1)]
		lim := Limits{MaxBlock: 1 + rng.Int64N(200), MinBlock: 1 + rng.Int64N(50), MinBlocks: 1 + rng.Int64N(20)}
		s := Auto()
		if rng.IntN(2) == 0 {
			s = randomSpec(rng, l.Shape)
		}
		p := mustPlan(t, l, navigation, s, lim)
		if l.Len() == 0 != (p.NumBlocks() == 0) {
			t.Fatalf("%+v: %v", l, p)
		}
		owner := make(map[int64]int64) // block by offset
		count, covered := int64(0), int64(0)
		var previous []int64
		for i, r := range p.All() {
			if i != count || r.Empty() {
				t.Fatalf("%+v %v: block %d is %v, number %d to come", l, s, i, r, count)
			}
			count++
			for run := range l.Runs(r) {
				covered += run.Len
			}
			for _, offset := range offsets(l, r) {
				if other, twice := owner[offset]; twice {
					t.Fatalf("%+v %v: offset %d in blocks %d and %d", l, s, offset, other, i)
				}
				owner[offset] = i
			}
			if p.BlockOf(r.Start) != i || p.BlockOf(lastOf(r)) != i {
				t.Fatalf("%+v %v: block %d, %v, is %d to %d", l, s, i, r, p.BlockOf(r.Start), p.BlockOf(lastOf(r)))
			}
			start := inStorageOrder(p, r.Start)
			if previous != nil && slices.Compare(previous, start) >= 0 {
				t.Fatalf("%+v %v: block %d starts at %v, after %v", l, s, i, start, previous)
			}
			previous = start
			checkGrid(t, p, i, r)
		}
		if count != p.NumBlocks() || int64(len(owner)) != l.Len() || covered != l.NBytes() {
			t.Fatalf("%+v %v: %d of %d blocks, %d of %d elements, %d of %d bytes",
				l, s, count, p.NumBlocks(), len(owner), l.Len(), covered, l.NBytes())
		}
	}
}

// checkGrid checks what the plan and its grid say about block i.
func checkGrid(t *testing.T, p *Plan, i int64, r Region) {
	t.Helper()
	g, index, most := p.Grid(), p.Index(i), p.BlockShape()
	for d, k := range index {
		start, size := g.AxisChunk(d, k)
		if start != r.Start[d] || size != r.Shape[d] || size > most[d] || g.AxisFind(d, start+size-1) != k {
			t.Fatalf("%v: chunk %d of axis %d is %d+%d, the block %v", p, k, d, start, size, r)
		}
	}
}

func lastOf(r Region) []int64 {
	last := r.Stop()
	for d := range last {
		last[d]--
	}
	return last
}

func inStorageOrder(p *Plan, index []int64) []int64 {
	var ordered []int64
	for _, d := range p.Layout().Order {
		ordered = append(ordered, index[d])
	}
	return ordered
}

// TestPlanAutoProperties checks what NewPlan promises of "auto".
func TestPlanAutoProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		ndim := 1 + rng.IntN(5)
		l := Layout{Shape: make([]int64, ndim), ItemSize: 1 << rng.IntN(5), Order: rng.Perm(ndim)}
		for d := range l.Shape {
			l.Shape[d] = 1 + rng.Int64N(1<<rng.IntN(11))
		}
		navigation := rng.Perm(ndim)[:rng.IntN(ndim)]
		lim := Limits{MaxBlock: 1 << (4 + rng.IntN(20)), MinBlock: 1 << (4 + rng.IntN(16)), MinBlocks: 1 << rng.IntN(8)}
		p := mustPlan(t, l, navigation, Auto(), lim)
		name := fmt.Sprintf("%+v, navigation %v, %+v: %v", l, navigation, lim, p)

		if p.BlockBytes() > max(lim.MaxBlock, l.ItemSize) {
			t.Fatalf("%s: beyond MaxBlock", name)
		}
		signalBytes, split := l.ItemSize, false
		for _, d := range p.Signal() {
			signalBytes *= l.Shape[d]
			split = split || p.Grid().AxisCount(d) > 1
		}
		if len(navigation) > 0 && signalBytes <= lim.MaxBlock && split {
			t.Fatalf("%s: a signal of %s is split", name, FormatBytes(signalBytes))
		}
		for d := range ndim {
			sizes := slices.Collect(p.Grid().Sizes(d))
			if slices.Max(sizes)-slices.Min(sizes) > 1 {
				t.Fatalf("%s: axis %d is not balanced", name, d)
			}
		}
		// Too few blocks are near MinBlock, or one signal each; and none is cut to
		// below MinBlock but for the sake of MaxBlock.
		least := max(lim.MinBlock, l.ItemSize)
		oneSignal := len(navigation) > 0 && p.BlockBytes() == signalBytes
		if p.NumBlocks() < lim.MinBlocks && p.BlockBytes() >= 4*least && !oneSignal {
			t.Fatalf("%s: too few blocks", name)
		}
		if p.NumBlocks() > 1 && p.BlockBytes() < lim.MinBlock && lim.MinBlock <= lim.MaxBlock/2 {
			t.Fatalf("%s: blocks too small", name)
		}
		if runs, _ := p.BlockRuns(); runs > 1 && p.contiguousPossible() {
			t.Fatalf("%s: %d runs", name, runs)
		}
	}
}

// contiguousPossible reports whether the signal axes are the fastest.
func (p *Plan) contiguousPossible() bool {
	order := p.Layout().Order
	fastest := slices.Sorted(slices.Values(order[len(p.navigation):]))
	return len(p.navigation) == 0 || slices.Equal(fastest, p.Signal())
}

func TestPlanOtherSpecs(t *testing.T) {
	l := Layout{Shape: []int64{256, 256, 128, 128}, ItemSize: 2}
	for text, want := range map[string]string{
		"(4, -1, -1, -1)":                "64 blocks of (4, 256, 128, 128), 32 MiB",
		"('auto', 'auto', -1, -1)":       "64 blocks of (32, 32, 128, 128), 32 MiB",
		"('64MiB', '64MiB', -1, -1)":     "36 blocks of up to (45, 45, 128, 128), 63.3 MiB",
		"128MiB":                         "36 blocks of up to (90, 90, 90, 90), 125 MiB",
		"{0: 100}":                       "3 blocks of up to (100, 256, 128, 128), 800 MiB",
		"-1":                             "1 block of (256, 256, 128, 128), 2 GiB",
		"{0: (6, 250), 1: (1, 200, 55)}": "6 blocks of up to (250, 200, 128, 128), 1.53 GiB",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if p := mustPlan(t, l, []int{0, 1}, s, Limits{}); p.String() != want {
			t.Errorf("%s: %v, want %s", text, p, want)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	square := Layout{Shape: []int64{4, 4}, ItemSize: 1}
	for _, c := range []struct {
		name       string
		l          Layout
		navigation []int
		s          Spec
		lim        Limits
		want       error
	}{
		{"navigation axis beyond the last", square, []int{2}, Auto(), Limits{}, ErrLayout},
		{"negative navigation axis", square, []int{-1}, Auto(), Limits{}, ErrLayout},
		{"navigation axis twice", square, []int{1, 1}, Auto(), Limits{}, ErrLayout},
		{"layout", Layout{Shape: []int64{-4}, ItemSize: 1}, nil, Auto(), Limits{}, ErrLayout},
		{"order", Layout{Shape: []int64{4, 4}, ItemSize: 1, Order: []int{1, 1}}, nil, Auto(), Limits{}, ErrLayout},
		{"MaxBlock", square, nil, Auto(), Limits{MaxBlock: -1}, ErrLimits},
		{"MinBlock", square, nil, Auto(), Limits{MinBlock: -1}, ErrLimits},
		{"MinBlocks", square, nil, Auto(), Limits{MinBlocks: -1}, ErrLimits},
	} {
		if p, err := NewPlan(c.l, c.navigation, c.s, c.lim); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, error %v, want %v", c.name, p, err, c.want)
		}
	}
	var spec *SpecError
	if _, err := NewPlan(square, nil, Sizes(1, 2, 3), Limits{}); !errors.As(err, &spec) {
		t.Errorf("error %v, want a *SpecError", err)
	}
}

func TestPlanAccess(t *testing.T) {
	order := []int{2, 0, 1}
	l := Layout{Shape: []int64{4, 6, 8}, ItemSize: 2, Order: order}
	navigation := []int{2, 1}
	p := mustPlan(t, l, navigation, Sizes(2, 3, 4), Limits{})
	order[0], l.Shape[0], navigation[0] = 9, 9, 9 // the plan has its own
	if got := p.Layout(); !slices.Equal(got.Order, []int{2, 0, 1}) || got.Shape[0] != 4 || got.ItemSize != 2 {
		t.Errorf("layout %+v", got)
	}
	if !slices.Equal(p.Navigation(), []int{1, 2}) || !slices.Equal(p.Signal(), []int{0}) {
		t.Errorf("navigation %v, signal %v", p.Navigation(), p.Signal())
	}
	// The slowest storage axis, 2, is the most significant digit; 1 the least.
	if got := p.Index(5); !slices.Equal(got, []int64{0, 1, 1}) || p.Region(5).String() != "[0:2, 3:6, 4:8]" {
		t.Errorf("block 5 is %v at %v", p.Region(5), got)
	}
	for _, index := range [][]int64{{4, 0, 0}, {0, -1, 0}, {0, 0}, {0, 0, 0, 0}, nil} {
		if got := p.BlockOf(index); got != -1 {
			t.Errorf("BlockOf(%v) = %d", index, got)
		}
	}
	for _, i := range []int64{-1, 8} {
		for name, f := range map[string]func(){
			"Region": func() { p.Region(i) }, "Index": func() { p.Index(i) }, "AxisChunk": func() { p.Grid().AxisChunk(0, i) },
		} {
			if !panics(f) {
				t.Errorf("%s(%d) does not panic", name, i)
			}
		}
	}
	for i := range p.All() {
		if i == 2 {
			break
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestGridString(t *testing.T) {
	for _, c := range []struct {
		shape []int64
		s     Spec
		want  string
	}{
		{nil, Auto(), "()"},
		{[]int64{5}, Size(5), "((5,),)"},
		{[]int64{0}, Size(5), "((0,),)"},
		{[]int64{256, 128}, Sizes(90, -1), "((90, 90, 76), (128,))"},
		{[]int64{6}, Size(1), "((1, 1, 1, 1, 1, 1),)"},
		{[]int64{7}, Size(1), "((1, 1, 1, …, 1, 1),)"},
		{[]int64{1e12 + 1}, Size(4), "((4, 4, 4, …, 4, 1),)"},
	} {
		g, err := Normalize(c.s, c.shape, NormalizeOptions{ItemSize: 1})
		if err != nil || g.String() != c.want {
			t.Errorf("%v of %v: %v, %v, want %s", c.s, c.shape, g, err, c.want)
		}
		if !slices.Equal(g.Shape(), c.shape) {
			t.Errorf("%v of %v: shape %v", c.s, c.shape, g.Shape())
		}
	}
}

func TestGridCounts(t *testing.T) {
	if n := (Grid{}).NumBlocks(); n != 1 {
		t.Errorf("the zero Grid has %d blocks", n)
	}
	g, err := Normalize(Size(3), []int64{0, 7}, NormalizeOptions{})
	if err != nil || g.NumBlocks() != 0 || g.AxisCount(0) != 1 || g.AxisCount(1) != 3 || g.AxisFind(0, 0) != -1 {
		t.Errorf("%v, %v: %d blocks", g, err, g.NumBlocks())
	}
	for range g.Sizes(1) {
		break
	}
	_, err = Normalize(Size(1), []int64{1 << 40, 1 << 40}, NormalizeOptions{})
	if !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), "more blocks") {
		t.Errorf("2^80 blocks: %v", err)
	}
}

// billion has 10^9 blocks.
var billion = Layout{Shape: []int64{32000, 31250, 128, 128}, ItemSize: 2}

func TestPlanMemoryIsConstant(t *testing.T) {
	plan := func(shape []int64, s Spec) func() {
		return func() { mustPlan(t, Layout{Shape: shape, ItemSize: 2}, []int{0, 1}, s, Limits{}) }
	}
	for _, s := range []Spec{Auto(), Sizes(1, 1, -1, -1)} {
		few := testing.AllocsPerRun(100, plan([]int64{2, 2, 128, 128}, s))
		many := testing.AllocsPerRun(100, plan(billion.Shape, s))
		if many > few {
			t.Errorf("%v: %v allocations for a small array, %v for a large one", s, few, many)
		}
		if bytes := allocated(plan(billion.Shape, s)); bytes > 4096 {
			t.Errorf("%v: %d bytes allocated", s, bytes)
		}
	}
}

func TestRegionIntoDoesNotAllocate(t *testing.T) {
	p := mustPlan(t, billion, []int{0, 1}, Sizes(1, 1, -1, -1), Limits{})
	var r Region
	i := int64(0)
	if n := testing.AllocsPerRun(100, func() {
		p.RegionInto(i, &r)
		i += 7654321
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	p.RegionInto(p.NumBlocks()-1, &r)
	if want := "[31999:32000, 31249:31250, 0:128, 0:128]"; r.String() != want {
		t.Errorf("the last block is %v, want %s", r, want)
	}
}

// TestPlanAtTheEdge plans arrays of almost 2^63 bytes.
func TestPlanAtTheEdge(t *testing.T) {
	for _, shape := range [][]int64{{math.MaxInt64}, {1 << 31, 1<<32 - 1}, {3037000499, 3037000499}} {
		l := Layout{Shape: shape, ItemSize: 1}
		for _, s := range []Spec{Auto(), Size(1), Bytes(1 << 20), Size(math.MaxInt64)} {
			for _, lim := range []Limits{{}, {MaxBlock: 1}, {MaxBlock: math.MaxInt64, MinBlock: math.MaxInt64, MinBlocks: math.MaxInt64}} {
				p := mustPlan(t, l, nil, s, lim)
				r := p.Region(p.NumBlocks() - 1)
				if !slices.Equal(r.Stop(), shape) || p.BlockOf(lastOf(r)) != p.NumBlocks()-1 {
					t.Errorf("%v of %v with %+v: the last of %d blocks is %v", s, shape, lim, p.NumBlocks(), r)
				}
			}
		}
	}
}

func BenchmarkNewPlan(b *testing.B) {
	for _, s := range []Spec{Auto(), Sizes(1, 1, -1, -1)} {
		p := mustPlan(b, billion, []int{0, 1}, s, Limits{})
		b.Run(fmt.Sprintf("blocks=%d", p.NumBlocks()), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustPlan(b, billion, []int{0, 1}, s, Limits{})
			}
		})
	}
}

func BenchmarkRegionInto(b *testing.B) {
	p := mustPlan(b, billion, []int{0, 1}, Sizes(1, 1, -1, -1), Limits{})
	b.ReportAllocs()
	var r Region
	i, n := int64(0), p.NumBlocks()
	for b.Loop() {
		p.RegionInto(i, &r)
		if i += 7654321; i >= n {
			i -= n
		}
	}
}

func BenchmarkBlockOf(b *testing.B) {
	p := mustPlan(b, billion, []int{0, 1}, Sizes(1, 1, -1, -1), Limits{})
	b.ReportAllocs()
	index := []int64{31999, 31249, 5, 6}
	for b.Loop() {
		p.BlockOf(index)
	}
}

func BenchmarkRuns(b *testing.B) {
	l := Layout{Shape: []int64{64, 64, 64, 64}, ItemSize: 2}
	r := Region{Start: []int64{0, 0, 8, 8}, Shape: []int64{64, 64, 32, 32}}
	b.ReportAllocs()
	for b.Loop() {
		for range l.Runs(r) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(64*64*32), "ns/run")
}

func BenchmarkSplit(b *testing.B) {
	r := Whole([]int64{4, 256, 128, 128})
	b.ReportAllocs()
	for b.Loop() {
		for range r.Split(nil, 1<<19) {
		}
	}
}
