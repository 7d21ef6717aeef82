package lazy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// spread is the smallest and the largest of some elements, and how many they are.
type spread struct {
	lo, hi uint16
	n      int64
}

// spreadFold gives hi - lo and the number of elements.
func spreadFold(over Over) Reducer {
	return NewFold("spread", over, Fold[uint16, spread, [2]int64]{
		Init: func() spread { return spread{lo: math.MaxUint16} },
		Add: func(s *spread, x []uint16) {
			s.lo, s.hi, s.n = min(s.lo, slices.Min(x)), max(s.hi, slices.Max(x)), s.n+int64(len(x))
		},
		Merge: func(s *spread, o spread) {
			s.lo, s.hi, s.n = min(s.lo, o.lo), max(s.hi, o.hi), s.n+o.n
		},
		Finish: func(s spread) [2]int64 { return [2]int64{int64(s.hi) - int64(s.lo), s.n} },
	})
}

// TestFold runs a user's fold beside built-in reducers that tell the same.
func TestFold(t *testing.T) {
	dir := t.TempDir()
	for _, dtype := range []string{"<u2", ">u2"} {
		dt, err := mmapnpy.ParseDType(dtype)
		if err != nil {
			t.Fatal(err)
		}
		for _, fortran := range []bool{false, true} {
			s := makeSample(t, dir, dt, []int64{6, 5, 90, 24}, fortran, false, 3)
			for _, index := range []string{"", "::-2, 1:, ::3, ::-1"} {
				for i, over := range []Over{OverAll(), OverSignal(), OverNavigation(), OverAxes(0, 2), OverAxes()} {
					for j, cut := range []string{"auto", "(4, 2, 40, 9)"} {
						a := viewOf(t, s.path, index, nil, []Option{Chunks(cut), Workers(1 + 3*((i+j)%2))})
						checkSpread(t, a, over)
					}
				}
			}
		}
	}
}

func checkSpread(t *testing.T, a *Array, over Over) {
	t.Helper()
	got, err := Run(t.Context(), a, NewMin(over), spreadFold(over), NewMax(over))
	if err != nil {
		t.Fatal(err)
	}
	if want := append(got[0].Shape(), 2); !slices.Equal(got[1].Shape(), want) {
		t.Fatalf("shape %v, want %v", got[1].Shape(), want)
	}
	lo, pairs, hi := floats(t, got[0]), floats(t, got[1]), floats(t, got[2])
	for i := range lo {
		if pairs[2*i] != hi[i]-lo[i] || pairs[2*i+1] != float64(a.Len()/got[0].Len()) {
			t.Fatalf("%s over %v, output %d: got %v, want %v", a, over, i, pairs[2*i:2*i+2], hi[i]-lo[i])
		}
	}
}

// TestFoldTypes asks for elements of all kinds by their Go types.
func TestFoldTypes(t *testing.T) {
	dir := t.TempDir()
	type pixel struct {
		On bool
		_  [3]byte
		N  int32
	}
	for _, c := range []struct {
		dtype string
		raw   []byte
		r     Reducer
		want  int64
	}{
		// NumPy's true has many bytes
		{"|b1", []byte{0, 1, 2, 255}, countFold(func(b bool) bool { return b }), 3},
		{"|b1", []byte{0, 1, 2, 255}, countFold(func(b uint8) bool { return b > 1 }), 2},
		{"<f2", []byte{0, 0x3c, 1, 0}, countFold(func(bits uint16) bool { return bits == 0x3c00 || bits == 1 }), 2},
		{">c8", []byte{0x3f, 0x80, 0, 0, 0x40, 0, 0, 0}, countFold(func(z complex64) bool { return z == 1+2i }), 1},
		{">M8[s]", []byte{0, 0, 0, 0, 0, 0, 0, 9}, countFold(func(n int64) bool { return n == 9 }), 1},
		{"S3", []byte("abcxyz"), countFold(func(s [3]byte) bool { return s == [3]byte{'x', 'y', 'z'} }), 1},
		{"pixel", []byte{7, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0},
			countFold(func(p pixel) bool { return p.On && p.N == 5 }), 1},
	} {
		dt, err := mmapnpy.ParseDType(c.dtype)
		if c.dtype == "pixel" {
			dt, err = mmapnpy.DTypeOf[pixel]()
		}
		if err != nil {
			t.Fatal(err)
		}
		a := mustOpen(t, writeFile(t, dir, dt, []int64{int64(len(c.raw)) / dt.ItemSize()}, false, c.raw))
		got, err := runOne(t.Context(), a, c.r)
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
			continue
		}
		checkCopy(t, got, []int64{c.want})
	}
}

// countFold counts the elements that f is true of.
func countFold[T any](f func(T) bool) Reducer {
	return NewFold("count", OverAll(), Fold[T, int64, int64]{
		Add: func(n *int64, x []T) {
			for _, v := range x {
				if f(v) {
					*n++
				}
			}
		},
		Merge:  func(n *int64, o int64) { *n += o },
		Finish: func(n int64) int64 { return n },
	})
}

func TestFoldErrors(t *testing.T) {
	a, err := FromSlice([]uint16{1, 2, 3}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runOne(t.Context(), a, countFold(func(int16) bool { return true })); !errors.Is(err, mmapnpy.ErrType) {
		t.Errorf("the wrong T: %v", err)
	}
	if _, err := runOne(t.Context(), a, NewFold("none", OverAll(), Fold[uint16, int, int64]{})); err == nil || !strings.Contains(err.Error(), "needs Add") {
		t.Errorf("no functions: %v", err)
	}
	noDType := NewFold("text", OverAll(), Fold[uint16, int, string]{
		Add: func(*int, []uint16) {}, Merge: func(*int, int) {}, Finish: func(int) string { return "" }})
	if _, err := runOne(t.Context(), a, noDType); err == nil || !strings.Contains(err.Error(), "string") {
		t.Errorf("a result without a dtype: %v", err)
	}
}

// counter is a user's reducer that checks that it sees every element once, and in which parts.
type counter struct {
	a      *Array
	region chunk.Region
	seen   []bool // per element of the region, C order
	sum    float64
	whole  bool
	order  *[]int64 // regions in the order of merging
}

func (c *counter) Block(b Block) error {
	if c.whole {
		for d, ax := range c.a.Axes() {
			if !ax.Navigate && b.Region.Shape[d] != ax.Size {
				return fmt.Errorf("the frame is cut: %s", b.Region)
			}
		}
	}
	v, err := View[uint16](b)
	if err != nil {
		return err
	}
	for at := range b.Region.Split(nil, 1) {
		index, within := int64(0), make([]int64, len(at.Start))
		for d, i := range at.Start {
			index = index*c.region.Shape[d] + i - c.region.Start[d]
			within[d] = i - b.Region.Start[d]
		}
		if c.seen[index] {
			return fmt.Errorf("%v comes twice", at.Start)
		}
		c.seen[index] = true
		c.sum += float64(v.At(within...)) / 3 // to be rounded: the order of additions shows
	}
	return nil
}

func (c *counter) Merge(other Accumulator) error {
	o := other.(*counter)
	if slices.Contains(o.seen, false) {
		return fmt.Errorf("an element of %s was not seen", o.region)
	}
	*c.order = append(*c.order, o.region.Start[0])
	c.sum += o.sum
	return nil
}

func countingReducer(whole bool) Reducer {
	return NewReducer("count", func(a *Array) (Accumulators, error) {
		var order []int64
		return Accumulators{
			New: func(r chunk.Region) (Accumulator, error) {
				return &counter{a: a, region: r, seen: make([]bool, r.Len()), whole: whole, order: &order}, nil
			},
			Finish: func(all Accumulator) (*Result, error) {
				if !slices.IsSorted(order) && slices.IsSorted(a.node.order()) {
					return nil, fmt.Errorf("merged in the order %v", order)
				}
				return NewResult([]float64{all.(*counter).sum})
			},
			WholeSignal: whole,
			Size:        product,
		}, nil
	})
}

// TestReducer runs a user's reducer over all orders and cuts, with and without whole frames,
// beside built-in ones.
func TestReducer(t *testing.T) {
	dir := t.TempDir()
	for _, fortran := range []bool{false, true} {
		path := integerFile(t, dir, mmapnpy.Uint16.WithByteOrder('>'), []int64{4, 5, 24, 20}, fortran)
		for _, axes := range [][]int{nil, {2, 0, 3, 1}} {
			for _, cut := range []string{"auto", "(2, 5, 7, 9)", "(1, -1, -1, 2)"} {
				for _, whole := range []bool{false, true} {
					var first *Result
					for _, workers := range []int{1, 2, 8} {
						a := viewOf(t, path, "::-1, :, ::2, 3:", axes, []Option{Chunks(cut), Workers(workers)})
						got, err := Run(t.Context(), a, countingReducer(whole), NewSum(OverAll()), spreadFold(OverSignal()))
						if err != nil {
							t.Fatalf("%s, whole frames %v: %v", a, whole, err)
						}
						if first == nil {
							first = got[0]
						}
						if !got[0].Equal(first) || !near(3*got[0].Float64(), got[1].Float64(), false, 8) {
							t.Errorf("%s, whole frames %v: %v, and before %v", a, whole, got[0], first)
						}
					}
				}
			}
		}
	}
}

// TestPerFrame takes the ends of every frame, of frames that are larger than a tile.
func TestPerFrame(t *testing.T) {
	ends := NewPerFrame("ends", func(frame mmapnpy.NDArray[float32]) ([2]float64, error) {
		first, last := make([]int64, len(frame.Shape())), slices.Clone(frame.Shape())
		for d := range last {
			last[d]--
		}
		return [2]float64{float64(frame.At(first...)), float64(frame.At(last...))}, nil
	})
	dir := t.TempDir()
	for _, fortran := range []bool{false, true} {
		s := makeSample(t, dir, mmapnpy.Float32.WithByteOrder('>'), []int64{3, 2, 310, 290}, fortran, false, 5)
		for _, index := range []string{"", "::-1, 1, ::2, :"} {
			for _, cut := range []string{"auto", "(2, 1, 100, 17)"} {
				a := mustOpen(t, s.path, NavigationAxes(0, 1), Chunks(cut), Workers(3))
				a, err := a.Slice(index)
				if err != nil {
					t.Fatal(err)
				}
				got, err := Run(t.Context(), a, NewMean(OverSignal()), ends)
				if err != nil {
					t.Fatal(err)
				}
				loaded, err := a.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				all, n := floats(t, loaded), int(a.frameLen())
				var want []float64
				for ; len(all) > 0; all = all[n:] {
					want = append(want, all[0], all[n-1])
				}
				if f := floats(t, got[1]); !slices.Equal(f, want) || !slices.Equal(got[1].Shape(), append(a.navigationShape(), 2)) {
					t.Errorf("%s: %v of shape %v, want %v", a, f, got[1].Shape(), want)
				}
			}
		}
	}
	one, err := FromSlice([]float32{5, 1, 3})
	if err != nil {
		t.Fatal(err)
	}
	r, err := runOne(t.Context(), one, ends)
	if err != nil || !slices.Equal(floats(t, r), []float64{5, 3}) || !slices.Equal(r.Shape(), []int64{2}) {
		t.Errorf("a single frame: %v, %v", r, err)
	}
}

func TestFrameBeyondBudget(t *testing.T) {
	path := bigFile(t, 64<<20)
	a := mustOpen(t, path, Memory(16<<20))
	if _, err := runOne(t.Context(), a, countingReducer(true)); err == nil || !strings.Contains(err.Error(), "64 MiB") || !strings.Contains(err.Error(), "budget is 16 MiB") {
		t.Errorf("a frame of 64 MiB: %v", err)
	}
}

// failing is a user's reducer that fails, in a way, at a place.
type failing struct{ at string }

func (f failing) fail(here string) error {
	switch f.at {
	case here:
		return errors.New("no more")
	case "panic in " + here:
		panic("no more")
	}
	return nil
}
func (f failing) Block(Block) error       { return f.fail("Block") }
func (f failing) Merge(Accumulator) error { return f.fail("Merge") }
func (f failing) reducer() Reducer {
	return NewReducer("failing", func(*Array) (Accumulators, error) {
		return Accumulators{
			New:    func(chunk.Region) (Accumulator, error) { return f, f.fail("New") },
			Finish: func(Accumulator) (*Result, error) { return nil, f.fail("Finish") },
		}, f.fail("start")
	})
}

func (f failing) fold() Reducer {
	must := func(here string) {
		if f.fail(here) != nil {
			panic("no more")
		}
	}
	return NewFold("failing", OverAll(), Fold[uint8, int, int64]{
		Init:   func() int { must("Init"); return 0 },
		Add:    func(*int, []uint8) { must("Add") },
		Merge:  func(*int, int) { must("Merge") },
		Finish: func(int) int64 { must("Finish"); return 0 },
	})
}

// TestUsersFailures fails at every place in every way. The pass must end with an error that
// says where, and leave no goroutine behind.
func TestUsersFailures(t *testing.T) {
	before := runtime.NumGoroutine()
	path := bigFile(t, 8<<20)
	var cases []failing
	for _, at := range []string{"start", "New", "Block", "Merge", "Finish", "Init", "Add"} {
		cases = append(cases, failing{at}, failing{"panic in " + at})
	}
	for _, c := range cases {
		for _, r := range []Reducer{c.reducer(), c.fold()} {
			place := strings.TrimPrefix(c.at, "panic in ")
			if (place == "start" || place == "New" || place == "Block") != (r.newJob != nil) && place != "Merge" && place != "Finish" {
				continue
			}
			a := mustOpen(t, path, Workers(4), Chunks("1MiB"))
			_, err := Run(t.Context(), a, NewSum(OverAll()), r, NewMax(OverAll()))
			if err == nil || !strings.Contains(err.Error(), "no more") {
				t.Errorf("%s: %v", c.at, err)
				continue
			}
			named := strings.Contains(err.Error(), "block ") && strings.Contains(err.Error(), "region [")
			if !named && place != "start" && place != "Finish" && place != "Init" {
				t.Errorf("%s: the error does not name a block: %v", c.at, err)
			}
		}
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 100 {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		time.Sleep(time.Millisecond)
	}
}

// TestFaultUnderUsersReducers cuts the file while a user's function looks at a mapped part.
func TestFaultUnderUsersReducers(t *testing.T) {
	for name, makeReducer := range map[string]func(cut func()) Reducer{
		"fold": func(cut func()) Reducer {
			return NewFold("f", OverAll(), Fold[uint8, int64, int64]{
				Add:    func(n *int64, x []uint8) { cut(); *n += int64(slices.Max(x)) },
				Merge:  func(n *int64, o int64) { *n += o },
				Finish: func(n int64) int64 { return n }})
		},
		"frame": func(cut func()) Reducer {
			return NewPerFrame("f", func(x mmapnpy.NDArray[uint8]) (uint8, error) {
				cut()
				return slices.Max(slices.Collect(x.All())), nil
			})
		},
	} {
		path := bigFile(t, 4<<20)
		a := mustOpen(t, path, Backend("mmap"), Memory(64<<20))
		var once atomic.Bool
		_, err := runOne(t.Context(), a, makeReducer(func() {
			if !once.Swap(true) {
				if err := os.Truncate(path, 100); err != nil {
					panic(err)
				}
			}
		}))
		var fault *FaultError
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCancelUsersReducer cancels from within.
func TestCancelUsersReducer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := mustOpen(t, bigFile(t, 64<<20), Workers(4))
	r := NewFold("f", OverAll(), Fold[uint8, int, int64]{
		Add: func(*int, []uint8) { cancel() }, Merge: func(*int, int) {}, Finish: func(int) int64 { return 0 }})
	if _, err := runOne(ctx, a, r); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestFrameTasks checks that tasks of whole frames cover every element once.
func TestFrameTasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for range 200 {
		shape := []int64{1 + rng.Int64N(9), 1 + rng.Int64N(9), 1 + rng.Int64N(5)}
		sizes := make([][]int64, 3)
		for d, n := range shape {
			for n > 0 {
				part := 1 + rng.Int64N(n)
				sizes[d], n = append(sizes[d], part), n-part
			}
		}
		a, err := FromSlice(make([]uint8, product(shape)), shape...)
		if err == nil {
			a, err = a.With(NavigationAxes(0, 2), ChunkSpec(chunk.Explicit(sizes)))
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := newPass(a, []Reducer{countingReducer(true)})
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]int, a.Len())
		for i := range p.tasks.n {
			r := p.tasks.region(i)
			if r.Shape[1] != shape[1] {
				t.Fatalf("task %s of shape %v cut %v", r, shape, sizes)
			}
			for run := range (chunk.Layout{Shape: shape, ItemSize: 1}).Runs(r) {
				for k := range run.Len {
					seen[run.Offset+k]++
				}
			}
		}
		if slices.Min(seen) != 1 || slices.Max(seen) != 1 {
			t.Fatalf("shape %v cut %v: elements are seen %v times", shape, sizes, seen)
		}
	}
}

// TestNewResult makes results of a user's own.
func TestNewResult(t *testing.T) {
	r, err := NewResult([]int32{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, r, []int32{1, 2, 3, 4, 5, 6})
	if !slices.Equal(r.Shape(), []int64{2, 3}) || r.Len() != 6 {
		t.Errorf("shape %v", r.Shape())
	}
	if _, err := NewResult([]int32{1, 2}, 3); err == nil {
		t.Error("two elements of shape (3,)")
	}
	if _, err := NewResult([]string{"a"}); err == nil {
		t.Error("strings")
	}
}
