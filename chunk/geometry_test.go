package chunk

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomLayout is a small array of up to four axes in a random storage order.
func randomLayout(rng *rand.Rand) Layout {
	ndim := rng.IntN(5)
	l := Layout{Shape: make([]int64, ndim), ItemSize: rng.Int64N(9), Order: rng.Perm(ndim)}
	for d := range l.Shape {
		l.Shape[d] = rng.Int64N(9)
	}
	if rng.IntN(4) == 0 {
		l.Order = nil
	}
	return l
}

// randomRegion lies inside the shape.
func randomRegion(rng *rand.Rand, shape []int64) Region {
	r := makeRegion(len(shape))
	for d, n := range shape {
		r.Start[d] = rng.Int64N(n + 1)
		r.Shape[d] = rng.Int64N(n - r.Start[d] + 1)
		if rng.IntN(3) == 0 {
			r.Start[d], r.Shape[d] = 0, n
		}
	}
	return r
}

// offsets is the offset of every element of the region, in storage order. It is
// the plain definition that everything else is measured by.
func offsets(l Layout, r Region) []int64 {
	found := []int64{0}
	strides := l.Strides()
	for j := range l.Shape {
		d := l.axis(j)
		var next []int64
		for _, base := range found {
			for i := range r.Shape[d] {
				next = append(next, base+(r.Start[d]+i)*strides[d])
			}
		}
		found = next
	}
	return found
}

func TestRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		l := randomLayout(rng)
		r := randomRegion(rng, l.Shape)
		gap := rng.Int64N(3) * rng.Int64N(20)
		// Joining neighbours one by one is the definition.
		var want []Run
		for at, offset := range offsets(l, r) {
			if l.ItemSize == 0 {
				break
			}
			last := len(want) - 1
			if last >= 0 && offset-(want[last].Offset+want[last].Len) <= gap {
				want[last].Len = offset + l.ItemSize - want[last].Offset
				continue
			}
			want = append(want, Run{Offset: offset, Len: l.ItemSize, At: int64(at)})
		}
		if got := slices.Collect(l.RunsCoalesced(r, gap)); !slices.Equal(got, want) {
			t.Fatalf("%+v %v gap %d:\n got %v\nwant %v", l, r, gap, got, want)
		}
		if gap == 0 && !slices.Equal(slices.Collect(l.Runs(r)), want) {
			t.Fatalf("%+v %v: Runs is not RunsCoalesced without a gap", l, r)
		}
	}
}

func TestRunsStop(t *testing.T) {
	l := Layout{Shape: []int64{4, 4}, ItemSize: 1}
	runs := l.Runs(Region{Start: []int64{1, 1}, Shape: []int64{3, 2}})
	for range 2 { // an iterator may be used again
		var first []Run
		for run := range runs {
			if first = append(first, run); len(first) == 2 {
				break
			}
		}
		if want := []Run{{5, 2, 0}, {9, 2, 2}}; !slices.Equal(first, want) {
			t.Errorf("got %v, want %v", first, want)
		}
	}
}

func TestRunsPanicsOutside(t *testing.T) {
	if err := panicOf(func() { Layout{Shape: []int64{-1}}.Runs(Whole([]int64{-1})) }); !errors.Is(err, ErrLayout) {
		t.Errorf("an invalid layout panics with %v, want ErrLayout", err)
	}
	l := Layout{Shape: []int64{4, 4}, ItemSize: 1}
	for _, r := range []Region{
		Whole([]int64{4}),
		Whole([]int64{4, 5}),
		{Start: []int64{3, 0}, Shape: []int64{2, 1}},
		{Start: []int64{-1, 0}, Shape: []int64{1, 1}},
		{Start: []int64{0, 0}, Shape: []int64{1, -1}},
		{Start: []int64{5, 0}, Shape: []int64{math.MaxInt64, 1}},
		{Start: []int64{0}, Shape: []int64{1, 1}},
	} {
		if err := panicOf(func() { l.Runs(r) }); !errors.Is(err, ErrLayout) {
			t.Errorf("Runs(%v) of %v: panic %v, want ErrLayout", r.Shape, l.Shape, err)
		}
	}
}

// panicOf is the error that f panics with, or nil.
func panicOf(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

func TestSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		l := randomLayout(rng)
		r := randomRegion(rng, l.Shape)
		maxLen := rng.Int64N(40) - 1
		var got []int64
		least, most := r.Clone(), makeRegion(len(r.Shape))
		for piece := range r.Split(l.Order, maxLen) {
			if n := piece.Len(); n < 1 || n > max(maxLen, 1) {
				t.Fatalf("%v split by %d: %v has %d elements", r, maxLen, piece, n)
			}
			for d, n := range piece.Shape {
				least.Shape[d], most.Shape[d] = min(least.Shape[d], n), max(most.Shape[d], n)
			}
			got = append(got, offsets(l, piece)...)
		}
		if want := offsets(l, r); !slices.Equal(got, want) {
			t.Fatalf("%+v %v split by %d:\n got %v\nwant %v", l, r, maxLen, got, want)
		}
		for d := range most.Shape {
			if most.Shape[d]-least.Shape[d] > 1 && len(got) > 0 {
				t.Fatalf("%v split by %d: pieces of %d to %d along axis %d", r, maxLen, least.Shape[d], most.Shape[d], d)
			}
		}
	}
}

func TestSplitCutsSlowestAxisFirst(t *testing.T) {
	r := Region{Start: []int64{10, 20, 30}, Shape: []int64{7, 4, 5}}
	for _, c := range []struct {
		order  []int
		maxLen int64
		want   []string
	}{
		{nil, 1000, []string{"[10:17, 20:24, 30:35]"}},
		{nil, 60, []string{"[10:13, 20:24, 30:35]", "[13:15, 20:24, 30:35]", "[15:17, 20:24, 30:35]"}},
		{FOrder(3), 90, []string{"[10:17, 20:24, 30:33]", "[10:17, 20:24, 33:35]"}},
	} {
		var got []string
		for piece := range r.Split(c.order, c.maxLen) {
			got = append(got, piece.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("split by %d: got %v, want %v", c.maxLen, got, c.want)
		}
	}
	if n := len(slices.Collect(r.Split(nil, 12))); n != 7*2 {
		t.Errorf("split by 12: %d pieces, want 14 of (1, 2, 5)", n)
	}
	for piece := range r.Split(nil, 1) {
		if piece.String() != "[10:11, 20:21, 30:31]" {
			t.Errorf("the first piece is %v", piece)
		}
		break
	}
	if err := panicOf(func() { r.Split([]int{0, 0, 1}, 1) }); !errors.Is(err, ErrLayout) {
		t.Errorf("a wrong order panics with %v, want ErrLayout", err)
	}
}

func TestRegion(t *testing.T) {
	r := Region{Start: []int64{0, 2}, Shape: []int64{4, 6}}
	if r.String() != "[0:4, 2:8]" || r.Len() != 24 || r.NDim() != 2 || r.Empty() || !slices.Equal(r.Stop(), []int64{4, 8}) {
		t.Errorf("%v: %d elements, stop %v", r, r.Len(), r.Stop())
	}
	for _, c := range []struct {
		index []int64
		want  bool
	}{{[]int64{0, 2}, true}, {[]int64{3, 7}, true}, {[]int64{4, 2}, false}, {[]int64{0, 1}, false}, {[]int64{0}, false}} {
		if r.Contains(c.index) != c.want {
			t.Errorf("Contains(%v) is not %v", c.index, c.want)
		}
	}
	both, ok := r.Intersect(Region{Start: []int64{3, 0}, Shape: []int64{9, 4}})
	if !ok || both.String() != "[3:4, 2:4]" {
		t.Errorf("intersection %v, %v", both, ok)
	}
	for _, o := range []Region{{Start: []int64{4, 2}, Shape: []int64{1, 1}}, Whole([]int64{4}), Whole([]int64{0, 9})} {
		if both, ok := r.Intersect(o); ok {
			t.Errorf("%v and %v share %v", r, o, both)
		}
	}
	c := r.Clone()
	if !c.Equal(r) {
		t.Errorf("clone %v of %v", c, r)
	}
	if c.Start[0] = 1; c.Equal(r) || r.Start[0] != 0 {
		t.Error("a clone shares memory")
	}
	if scalar := Whole(nil); scalar.Len() != 1 || scalar.Empty() || scalar.String() != "[]" || !scalar.Contains(nil) {
		t.Errorf("0-d region %v", scalar)
	}
	if empty := Whole([]int64{3, 0}); empty.Len() != 0 || !empty.Empty() {
		t.Errorf("empty region %v", empty)
	}
	if huge := Whole([]int64{1 << 62, 4}); huge.Len() != math.MaxInt64 {
		t.Errorf("%v has %d elements", huge, huge.Len())
	}
}

func TestLayout(t *testing.T) {
	l := Layout{Shape: []int64{3, 0, 5}, ItemSize: 2}
	if err := l.Validate(); err != nil {
		t.Error(err)
	}
	if got := l.Strides(); !slices.Equal(got, []int64{10, 10, 2}) || l.Len() != 0 || l.NBytes() != 0 {
		t.Errorf("strides %v, %d elements, %d bytes", got, l.Len(), l.NBytes())
	}
	f := Layout{Shape: []int64{3, 4, 5}, ItemSize: 8, Order: FOrder(3)}
	if got := f.Strides(); !slices.Equal(got, []int64{8, 24, 96}) || f.NBytes() != 480 {
		t.Errorf("strides %v, %d bytes", got, f.NBytes())
	}
	for _, l := range []Layout{
		{Shape: []int64{-1}, ItemSize: 1},
		{Shape: []int64{1}, ItemSize: -1},
		{Shape: []int64{1 << 32, 1 << 31}, ItemSize: 1},
		{Shape: []int64{1 << 32, 1 << 30}, ItemSize: 2},
		{Shape: []int64{0, 1 << 32, 1 << 31}, ItemSize: 1},
		{Shape: []int64{math.MaxInt64, math.MaxInt64}, ItemSize: 0},
		{Shape: make([]int64, MaxDims+1), ItemSize: 1},
		{Shape: []int64{1, 1}, ItemSize: 1, Order: []int{0}},
		{Shape: []int64{1, 1}, ItemSize: 1, Order: []int{0, 0}},
		{Shape: []int64{1, 1}, ItemSize: 1, Order: []int{0, 2}},
		{Shape: []int64{1, 1}, ItemSize: 1, Order: []int{-1, 0}},
	} {
		if err := l.Validate(); !errors.Is(err, ErrLayout) {
			t.Errorf("%+v: error %v, want ErrLayout", l, err)
		}
	}
}
