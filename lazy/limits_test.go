package lazy

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestMapSignalOfNothing calls a function for very many signals without elements.
func TestMapSignalOfNothing(t *testing.T) {
	a := must[*Array](t)(mustSlice(t, []uint8{}, 3<<20, 0).With(NavigationAxes(0), Workers(1)))
	ones := must[*Array](t)(MapSignal(a, nil, func(dst, _ []uint8) error {
		dst[0] = 1
		if len(dst) != 1 {
			return errors.New("not one result")
		}
		return nil
	}))
	ones = must[*Array](t)(ones.Rechunk(chunk.Size(-1)))
	if sum := must[*Result](t)(Sum(t.Context(), ones, OverAll())); sum.Float64() != 3<<20 {
		t.Errorf("%v signals", sum)
	}
}

// heapOf is the most bytes that were in use while f ran, sampled by the function that the test
// gives to the array. What other tests have left is collected first: it would count as well.
func heapOf(most *uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	*most = max(*most, m.HeapAlloc)
}

// TestPartsOfResultsStayInTheBudget picks one number of each long result, which must not keep the
// results.
func TestPartsOfResultsStayInTheBudget(t *testing.T) {
	const n = 1 << 14
	a := must[*Array](t)(mustSlice(t, make([]uint8, n*16), n, 16).With(NavigationAxes(0), Workers(1), Memory(minMemory)))
	most, calls := uint64(0), 0
	long := must[*Array](t)(MapSignal(a, []int64{1024}, func(dst []float64, _ []uint8) error {
		dst[7] = 1
		if calls++; calls%1000 == 0 {
			heapOf(&most)
		}
		return nil
	}))
	one := must[*Array](t)(long.Slice("..., 7"))
	before := uint64(0)
	heapOf(&before)
	if sum := must[*Result](t)(Sum(t.Context(), one, OverAll())); sum.Float64() != n {
		t.Errorf("sum %v", sum)
	}
	if most > before+(32<<20) {
		t.Errorf("%d MiB were in use, %d before", most>>20, before>>20)
	}
}

// TestDeepGhostRegions asks for neighbourhoods that do not fit: at once, and not while they are
// read.
func TestDeepGhostRegions(t *testing.T) {
	f := func(mmapnpy.NDArray[uint8], mmapnpy.NDArray[uint8]) error { return nil }
	a := must[*Array](t)(mustSlice(t, []uint8{1}).BroadcastTo(1<<31, 1<<31))
	for _, depth := range [][]int64{{1 << 31, 1 << 31}, {1 << 20, 1 << 20}} {
		if _, err := MapOverlap(a, depth, Nearest(), f); err == nil || !strings.Contains(err.Error(), "memory budget") {
			t.Errorf("depth %v: %v", depth, err)
		}
	}
	// A thin window has much more around it than in it.
	cube := must[*Array](t)(mustSlice(t, make([]float64, 512*64*64), 512, 64, 64).With(Workers(1), Memory(minMemory)))
	most := uint64(0)
	wide := must[*Array](t)(MapOverlap(cube, []int64{0, 8, 8}, NoBoundary(), func(dst, src mmapnpy.NDArray[float64]) error {
		heapOf(&most)
		return nil
	}))
	thin := must[*Array](t)(must[*Array](t)(wide.Slice(":, 32, 32")).Rechunk(chunk.Size(-1)))
	before := uint64(0)
	heapOf(&before)
	if _, err := Sum(t.Context(), thin, OverAll()); err != nil {
		t.Fatal(err)
	}
	if most > before+(24<<20) {
		t.Errorf("%d MiB were in use, %d before", most>>20, before>>20)
	}
}

// TestSharedExpressions uses results twice, again and again.
func TestSharedExpressions(t *testing.T) {
	x := mustSlice(t, []float64{1, -1, 0.5})
	for range 60 {
		x = must[*Array](t)(Multiply(x, x))
	}
	if got := valuesOf[float64](t, x); !slices.Equal(got, []float64{1, 1, 0}) {
		t.Errorf("%v", got)
	}
	var err error
	y := mustSlice(t, []float64{1, -1, 0.5})
	for range 60 {
		var a, b *Array
		if a, err = Add(y, 1); err != nil {
			break
		}
		if b, err = Subtract(y, 1); err != nil {
			break
		}
		if y, err = Multiply(a, b); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "intermediate") {
		t.Errorf("2^60 steps: %v", err)
	}
}

// TestGoexit has a function end its goroutine, as the Fatal of a test does: an error, and no
// deadlock.
func TestGoexit(t *testing.T) {
	a := must[*Array](t)(mustSlice(t, make([]float64, 1<<16)).With(Workers(2), Chunks("1000")))
	gone := must[*Array](t)(Map(a, func(_, _ []float64) { runtime.Goexit() }))
	ctx := t.Context()
	if _, err := Sum(ctx, gone, OverAll()); !errors.Is(err, parallel.ErrGone) {
		t.Errorf("Sum: %v", err)
	}
	if _, err := gone.Load(ctx); !errors.Is(err, parallel.ErrGone) {
		t.Errorf("Load: %v", err)
	}
	if err := Each(ctx, a, func(context.Context, Block) error { runtime.Goexit(); return nil }); !errors.Is(err, parallel.ErrGone) {
		t.Errorf("Each: %v", err)
	}
}

// TestGoexitWhileOpening ends the goroutine while the window of another input is open, of a file:
// the file can be closed afterwards.
func TestGoexitWhileOpening(t *testing.T) {
	dt := must[mmapnpy.DType](t)(mmapnpy.DTypeOf[float64]())
	a := must[*Array](t)(Open(writeFile(t, t.TempDir(), dt, []int64{1 << 16}, false, make([]byte, 8<<16))))
	gone := must[*Array](t)(MapOverlap(a, []int64{1}, Nearest(), func(_, _ mmapnpy.NDArray[float64]) error { runtime.Goexit(); return nil }))
	sum := must[*Array](t)(Add(a, gone))
	if _, err := Sum(t.Context(), sum, OverAll()); !errors.Is(err, parallel.ErrGone) {
		t.Errorf("Sum: %v", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- a.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for a lease that is lost")
	}
}

// TestCloseOfExpressions closes what an expression was made of, also where it reads nothing of it.
func TestCloseOfExpressions(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Uint8, []int64{3}, false, false, 1)
	a := must[*Array](t)(Open(s.path))
	all := must[*Array](t)(Less(a, 300)) // a constant
	if err := all.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("still open: %v", err)
	}
	a = must[*Array](t)(Open(s.path))
	b := must[*Array](t)(Open(s.path))
	nothing := must[*Array](t)(b.Slice("3:"))
	joined := must[*Array](t)(Concatenate(0, a, nothing)) // of b nothing is read
	if err := joined.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Load(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("the empty part is still open: %v", err)
	}
}

// TestDarkFramesLieAlongTheSignal corrects a scan whose signal axes come first.
func TestDarkFramesLieAlongTheSignal(t *testing.T) {
	s := make([]int32, 27)
	for i := range s {
		s[i] = int32(i)
	}
	a := must[*Array](t)(mustSlice(t, s, 3, 3, 3).With(NavigationAxes(2)))
	dark := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}
	c := must[*Array](t)(a.Correct(Correction{Dark: mustSlice(t, dark, 3, 3)}))
	for i, v := range valuesOf[float64](t, c) {
		if want := s[i] - dark[i/3]; v != float64(want) {
			t.Fatalf("element %d: %v instead of %d", i, v, want)
		}
	}
}
