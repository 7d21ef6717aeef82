package lazy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestLargePasses uses arrays of many tasks, windows and tiles, so that merging in
// order, slabs of outputs, gathered windows and strided tiles all take part.
func TestLargePasses(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		dtype string
		shape []int64
		f     bool
		nav   []int
		index string
		over  Over
	}{
		{"<u2", []int64{16, 30, 48, 64}, false, []int{0, 1}, "", OverSignal()},
		{"<u2", []int64{16, 30, 48, 64}, false, []int{0, 1}, "", OverNavigation()},
		{">u2", []int64{16, 30, 48, 64}, true, []int{0, 1}, "", OverNavigation()},
		{"<f4", []int64{12, 30, 48, 64}, true, []int{0, 1}, "", OverSignal()},
		// more outputs than one task may hold
		{"<f4", []int64{7, 256, 300}, false, nil, "", OverAxes(0)},
		{"<i4", []int64{7, 256, 300}, false, nil, "::-1, ::2, 5:", OverAxes(0)},
		{"<f8", []int64{150000, 3}, false, nil, "", OverAxes(0)},
		{"<f8", []int64{150000, 3}, false, nil, "", OverAxes(1)},
		{"<f8", []int64{3, 150000}, true, nil, "", OverAxes(1)},
		{"<f2", []int64{1200, 900}, false, nil, ":, ::7", OverAll()},
		{"|u1", []int64{1000, 40, 50}, false, nil, ":, 3, 4", OverAll()}, // 1 byte of every 2000
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dt, err := mmapnpy.ParseDType(c.dtype)
			if err != nil {
				t.Fatal(err)
			}
			s := makeSample(t, dir, dt, c.shape, c.f, false, uint64(i))
			checkLargePass(t, s, c.nav, c.index, c.over)
			if err := os.Remove(s.path); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func checkLargePass(t *testing.T, s sample, nav []int, index string, over Over) {
	var first []*Result
	for _, by := range []struct {
		workers int
		memory  int64
		backend string
	}{{1, 32 << 20, "mmap"}, {2, 32 << 20, "pread"}, {8, 512 << 20, "mmap"}} {
		a, err := Open(s.path, NavigationAxes(nav...), Workers(by.workers), Memory(by.memory), Backend(by.backend))
		if err != nil {
			t.Fatal(err)
		}
		view, err := a.Slice(index)
		if err != nil {
			t.Fatal(err)
		}
		var reducers []Reducer
		for _, o := range oracles {
			reducers = append(reducers, o.make(over))
		}
		got, err := Run(t.Context(), view, reducers...)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
			reduced, err := over.reduced(view)
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := view.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkOracles(t, sample{shape: view.Shape(), values: floats(t, loaded)}, reduced, got)
		}
		for i := range got {
			if !got[i].Equal(first[i]) {
				t.Errorf("%s with %d workers on %s differs", reducers[i], by.workers, by.backend)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestComplexAndTimes checks the dtypes whose order and sums are their own.
func TestComplexAndTimes(t *testing.T) {
	dir := t.TempDir()
	z := []complex128{3 + 1i, 3 - 2i, -1 + 9i, 7, 3 + 1i, 7 - 1i}
	a := mustOpen(t, writeFile(t, dir, mmapnpy.Complex128, []int64{2, 3}, false, kernel.Bytes(z)))
	got, err := Run(t.Context(), a, NewSum(OverAxes(0)), NewMean(OverAll()), NewVar(OverAxes(1), 0), NewMin(OverAll()), NewArgMax(OverAll()), NewMax(OverAxes(1)))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, got[0], []complex128{10 + 1i, 6 - 1i, 6 + 8i})
	checkCopy(t, got[1], []complex128{22.0/6 + 8i/6})
	checkCopy(t, got[3], []complex128{-1 + 9i})
	checkCopy(t, got[4], []int64{3})
	checkCopy(t, got[5], []complex128{3 + 1i, 7})
	if v, err := Copy[float64](got[2]); err != nil || !near(v[0], (16.0/9+16.0/9+64.0/9)/3+(25.0/9+196.0/9+361.0/9)/3*1-0, false, 8) && len(v) != 2 {
		t.Errorf("variance of complex numbers: %v, %v", v, err)
	}

	dt, err := mmapnpy.ParseDType("<m8[s]")
	if err != nil {
		t.Fatal(err)
	}
	spans := []int64{5, -3, notATime, 8, 1, 2}
	b := mustOpen(t, writeFile(t, dir, dt, []int64{2, 3}, false, kernel.Bytes(spans)))
	got, err = Run(t.Context(), b, NewSum(OverAxes(1)), NewMin(OverAxes(1)), NewArgMin(OverAll()), NewCountNaN(OverAll()))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, got[0], []int64{notATime, 11})
	checkCopy(t, got[1], []int64{notATime, 1})
	checkCopy(t, got[2], []int64{2})
	checkCopy(t, got[3], []int64{1})
	if _, err := Mean(t.Context(), b, OverAll()); !errors.Is(err, ErrDType) {
		t.Errorf("mean of timedeltas: %v", err)
	}
}

func checkCopy[T comparable](t *testing.T, r *Result, want []T) {
	t.Helper()
	got, err := Copy[T](r)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEmptyReductions(t *testing.T) {
	a := mustOpen(t, writeFile(t, t.TempDir(), mmapnpy.Float64, []int64{0, 5}, false, nil))
	got, err := Run(t.Context(), a, NewSum(OverAxes(0)), NewMean(OverAll()), NewSum(OverAxes(1)), NewHistogram(OverAll(), 3, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, got[0], []float64{0, 0, 0, 0, 0})
	if v := got[1].Float64(); v == v {
		t.Errorf("mean of nothing is %v", v)
	}
	checkCopy(t, got[2], []float64{})
	checkCopy(t, got[3], []int64{0, 0, 0})
	if _, err := Min(t.Context(), a, OverAll()); !errors.Is(err, ErrEmpty) {
		t.Errorf("min of nothing: %v", err)
	}
	if r, err := Min(t.Context(), a, OverAxes(1)); err != nil || r.Len() != 0 {
		t.Errorf("min of no rows: %v, %v", r, err)
	}
}

func TestNotNumbers(t *testing.T) {
	dt, err := mmapnpy.ParseDType("S3")
	if err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, writeFile(t, t.TempDir(), dt, []int64{2}, false, []byte("abcdef")))
	for _, r := range []Reducer{NewSum(OverAll()), NewMean(OverAll()), NewMin(OverAll()), NewArgMax(OverAll()), NewStd(OverAll(), 0), NewCountZero(OverAll()), NewHistogram(OverAll(), 2, 0, 1)} {
		if _, err := Run(t.Context(), a, r); !errors.Is(err, ErrDType) {
			t.Errorf("%s of strings: %v", r, err)
		}
	}
	if _, err := a.AsType(mmapnpy.Float64); !errors.Is(err, ErrDType) {
		t.Errorf("cast of strings: %v", err)
	}
}

// bigFile is a sparse file of so many bytes of uint8.
func bigFile(t testing.TB, n int64) string {
	t.Helper()
	path := writeFile(t, t.TempDir(), mmapnpy.Uint8, []int64{0}, false, nil)
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Uint8, Shape: []int64{n}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, head, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head))+n); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTruncatedDuringPass cuts the file under a running pass: every way of looking
// at it must end with an error that names the file, and none may crash.
func TestTruncatedDuringPass(t *testing.T) {
	for _, backend := range []string{"mmap", "pread", "copy"} {
		for _, left := range []int64{0, 40 << 20, 40<<20 + 1234} {
			for name, use := range map[string]func(*Array) error{
				"Run":  func(a *Array) error { _, err := Sum(context.Background(), a, OverAll()); return err },
				"Load": func(a *Array) error { _, err := a.Load(context.Background()); return err },
				"Each": func(a *Array) error {
					return Each(context.Background(), a, func(context.Context, Block) error { return nil })
				},
				"Blocks": func(a *Array) error {
					for _, err := range a.Blocks(context.Background()) {
						if err != nil {
							return err
						}
					}
					return nil
				},
			} {
				path := bigFile(t, 64<<20)
				a := mustOpen(t, path, Backend(backend))
				if err := os.Truncate(path, left); err != nil {
					t.Fatal(err)
				}
				err := use(a)
				var fault *FaultError
				if !errors.As(err, &fault) || fault.Path != path || !strings.Contains(err.Error(), "offset") {
					t.Errorf("%s by %s of a file cut to %d: %v", name, backend, left, err)
				}
			}
		}
	}
}

// TestFaultInUserCode cuts the file while a function of the user holds a block.
func TestFaultInUserCode(t *testing.T) {
	path := bigFile(t, 16<<20)
	a := mustOpen(t, path, Backend("mmap"), Chunks("8MiB"))
	look := func(b Block) error {
		if err := os.Truncate(path, 100); err != nil {
			return err
		}
		v, err := View[uint8](b)
		if err != nil {
			return err
		}
		for x := range v.All() {
			if x != 0 {
				return errors.New("not zero")
			}
		}
		return nil
	}
	var fault *FaultError
	if err := Each(t.Context(), a, func(_ context.Context, b Block) error { return look(b) }); !errors.As(err, &fault) {
		t.Errorf("Each: %v", err)
	}
	if err := os.Truncate(path, 17<<20); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err, _ := recover().(error); !errors.As(err, &fault) {
			t.Errorf("the loop body ended with %v", err)
		}
	}()
	for b, err := range a.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := look(b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPanicInUserCode(t *testing.T) {
	a := mustOpen(t, bigFile(t, 16<<20), Chunks("1MiB"))
	err := Each(t.Context(), a, func(_ context.Context, b Block) error {
		if b.Index == 3 {
			panic("oh")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "block 3, region [3145728:4194304]: panic: oh") {
		t.Errorf("Each: %v", err)
	}
}

// TestCancel cancels a pass from its progress callback, and checks that it ends soon
// and leaves no goroutine behind.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	path := bigFile(t, 512<<20)
	ctx, cancel := context.WithCancel(t.Context())
	var last atomic.Int64
	a := mustOpen(t, path, Workers(4), Progress(func(done, total int64) {
		if total != 512<<20 {
			t.Errorf("total is %d", total)
		}
		last.Store(done)
		cancel()
	}))
	if _, err := Sum(ctx, a, OverAll()); !errors.Is(err, context.Canceled) {
		t.Errorf("Sum: %v", err)
	}
	if n := last.Load(); n > 64<<20 {
		t.Errorf("%d bytes were read after the cancellation", n)
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 100 {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestProgressReachesTotal(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Int32, []int64{300, 40, 50}, false, false, 1)
	last, total := int64(-1), int64(0)
	a := mustOpen(t, s.path, Workers(3), Progress(func(d, n int64) {
		if d < last {
			t.Errorf("progress went from %d to %d", last, d)
		}
		last, total = d, n
	}))
	if _, err := Mean(t.Context(), a, OverAxes(0)); err != nil {
		t.Fatal(err)
	}
	if last != total || total != 300*40*50*4 {
		t.Errorf("progress ended at %d of %d", last, total)
	}
}

func TestBlocksWithinBudget(t *testing.T) {
	a := mustOpen(t, bigFile(t, 64<<20), Chunks("-1"), Memory(16<<20))
	for _, err := range a.Blocks(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "memory budget") {
			t.Errorf("a block of 64 MiB came through a budget of 16 MiB: %v", err)
		}
	}
	if _, err := Sum(t.Context(), a, OverAll()); err != nil {
		t.Errorf("a pass needs no whole block: %v", err)
	}
}

// TestBreakReleases ends loops early and checks that Close does not wait for ever.
func TestBreakReleases(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Int32, []int64{30, 40}, false, false, 1)
	a, err := Open(s.path, Chunks("7"))
	if err != nil {
		t.Fatal(err)
	}
	for range a.Blocks(t.Context()) {
		break
	}
	for range a.Elements(t.Context()) {
		break
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSaveRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	s := makeSample(t, dir, mmapnpy.Int16.WithByteOrder('>'), []int64{50, 60, 7}, true, false, rng.Uint64())
	a := mustOpen(t, s.path)
	part, err := a.Slice("::3, 10:, -1")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.npy")
	if err := part.Save(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	b := mustOpen(t, out)
	want, err := part.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(want) {
		t.Errorf("%s was saved as %s", part, b)
	}
	if err := a.Save(t.Context(), s.path); err == nil || !strings.Contains(err.Error(), "being read") {
		t.Errorf("saving over the source: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Save(ctx, filepath.Join(dir, "none.npy")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled save: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*none*")); left != nil {
		t.Errorf("a cancelled save left %v", left)
	}
}

// TestPlanDoesNotFollowWorkers guards the promise that results are portable.
func TestPlanDoesNotFollowWorkers(t *testing.T) {
	path := bigFile(t, 256<<20)
	want := mustOpen(t, path).Plan().String()
	for _, w := range []int{1, 3, 16} {
		if got := mustOpen(t, path, Workers(w)).Plan().String(); got != want {
			t.Errorf("%d workers plan %s, not %s", w, got, want)
		}
	}
}

func TestFieldViews(t *testing.T) {
	dt, err := mmapnpy.ParseDType("i2,(2,3)f4,S4")
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 4*dt.ItemSize())
	for i := range 4 {
		e := raw[int64(i)*dt.ItemSize():]
		copy(e, kernel.Bytes([]int16{int16(i)}))
		copy(e[2:], kernel.Bytes([]float32{0, 1, 2, 3, 4, float32(10 * i)}))
	}
	a := mustOpen(t, writeFile(t, t.TempDir(), dt, []int64{4}, false, raw))
	f1, err := a.Field("f1")
	if err != nil {
		t.Fatal(err)
	}
	if got := shapeString(f1.Shape()); got != "(4, 2, 3)" {
		t.Errorf("shape of a subarray field: %s", got)
	}
	sum, err := Sum(t.Context(), f1, OverAxes(0))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, sum, []float32{0, 4, 8, 12, 16, 60})
	f0, err := a.Field("f0")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := f0.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, loaded, []int16{0, 1, 2, 3})
}
