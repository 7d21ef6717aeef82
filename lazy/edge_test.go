package lazy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func mustDType(t testing.TB, s string) mmapnpy.DType {
	t.Helper()
	dt, err := mmapnpy.ParseDType(s)
	if err != nil {
		t.Fatal(err)
	}
	return dt
}

// TestElementsWithoutBytes opens a file of 128 bytes that holds 2^62 elements; nothing
// may count them one by one.
func TestElementsWithoutBytes(t *testing.T) {
	dir := t.TempDir()
	for _, shape := range [][]int64{{1 << 62}, {1 << 31, 1 << 31}, {3}} {
		a := mustOpen(t, writeFile(t, dir, mustDType(t, "V0"), shape, false, nil))
		if n := a.Plan().NumBlocks(); n != 1 {
			t.Errorf("%s", a)
		}
		for b, err := range a.Blocks(t.Context()) {
			if err != nil || b.Buffer().Len() != a.Len() || b.Buffer().Check() != nil {
				t.Errorf("block of %v elements of %s: %v", b.Shape(), a, err)
			}
		}
		for b, err := range a.Elements(t.Context()) {
			t.Errorf("elements of %s: %v, %v", a, b, err)
		}
		if r, err := a.Load(t.Context()); err != nil || r.Len() != a.Len() {
			t.Errorf("Load of %s: %v", a, err)
		}
		out := filepath.Join(dir, "out.npy")
		if err := a.Save(t.Context(), out); err != nil {
			t.Error(err)
		} else if b := mustOpen(t, out); !slices.Equal(b.Shape(), shape) {
			t.Errorf("%s was saved as %s", a, b)
		}
	}

	// A field without bytes lies in elements that have some.
	s := mustOpen(t, writeFile(t, dir, mustDType(t, "V0,i4"), []int64{100}, false, make([]byte, 400)))
	f, err := s.Field("f0")
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range f.Blocks(t.Context()) {
		if err != nil || b.Buffer().Check() != nil || b.Buffer().Len() != 100 {
			t.Errorf("field of no bytes: %v, %v", b.Buffer(), err)
		}
	}
}

// TestTooManyOutputs reduces arrays without elements whose kept axes promise more
// results than memory can hold.
func TestTooManyOutputs(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, writeFile(t, dir, mmapnpy.Float64, []int64{0, 1 << 40}, false, nil))
	for _, r := range []Reducer{NewSum(OverAxes(0)), NewVar(OverAxes(0), 0), NewCountNaN(OverAxes(0)), NewHistogram(OverAxes(0), 1000, 0, 1)} {
		if _, err := Run(t.Context(), a, r); err == nil || !strings.Contains(err.Error(), a.Path()) {
			t.Errorf("%s of %s: %v", r, a, err)
		}
	}
	if _, err := Min(t.Context(), a, OverAxes(0)); !errors.Is(err, ErrEmpty) {
		t.Errorf("min of %s: %v", a, err)
	}
	if r, err := Sum(t.Context(), a, OverAxes(1)); err != nil || r.Len() != 0 {
		t.Errorf("sum along the long axis: %v, %v", r, err)
	}
	view := a.node.(*leaf).view
	view.dtype, view.shape = mmapnpy.Uint8, []int64{1 << 60}
	huge := &Array{node: &leaf{view, nil}}
	if _, err := huge.AsType(mmapnpy.Complex128); !errors.Is(err, ErrDType) {
		t.Errorf("2^64 bytes of complex numbers: %v", err)
	}
}

// TestCastBlocksFitTheBudget casts small elements to large ones: the automatic plan
// must follow, and what a block takes is what the cast left of it.
func TestCastBlocksFitTheBudget(t *testing.T) {
	path := bigFile(t, 3<<30)
	for _, memory := range []int64{0, minMemory} {
		for _, name := range []string{"<f8", ">c16", "|b1"} {
			a, err := mustOpen(t, path, Memory(memory)).AsType(mustDType(t, name))
			if err != nil {
				t.Fatal(err)
			}
			for b, err := range a.Blocks(t.Context()) {
				if err != nil || b.Buffer().NBytes() != a.Plan().BlockBytes() {
					t.Errorf("%s with %d bytes of memory: %v", a, memory, err)
				}
				break
			}
		}
	}
	a, err := mustOpen(t, path, Chunks("10000000")).AsType(mmapnpy.Float64)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range a.Blocks(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "memory budget") {
			t.Errorf("a block of 80 MB in memory: %v", err)
		}
	}
}

// TestCastChains checks blocks whose elements go through casts and byte orders one
// after the other, in arrays that are larger than a window.
func TestCastChains(t *testing.T) {
	s := makeSample(t, t.TempDir(), mmapnpy.Uint8, []int64{3, 700, 1000}, true, false, 5)
	a := mustOpen(t, s.path)
	for _, name := range []string{">f4", ">c16", "<i2", ">i2", "<f8"} {
		var err error
		if a, err = a.AsType(mustDType(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	a, err := a.Slice("::-1, ::2")
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range a.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v, err := View[float64](b)
		if err != nil {
			t.Fatal(err)
		}
		eachIndex(b.Shape(), func(idx []int64) {
			p, q, r := 2-idx[0]-b.Region.Start[0], 2*(idx[1]+b.Region.Start[1]), idx[2]+b.Region.Start[2]
			if got, want := v.At(idx...), s.values[(p*700+q)*1000+r]; got != want {
				t.Fatalf("element %v of block %d is %v, want %v", idx, b.Index, got, want)
			}
		})
	}
}

// cutting is a source that cuts its file once bytes of it are borrowed.
type cutting struct{ bytesrc.Source }

func (c cutting) Borrow(off int64, n int) (bytesrc.Lease, error) {
	l, err := c.Source.Borrow(off, n)
	if err == nil {
		err = os.Truncate(c.Name(), 100)
	}
	return l, err
}

// TestCutWhileGathering cuts a file between lending out its bytes and copying them.
func TestCutWhileGathering(t *testing.T) {
	path := bigFile(t, 64<<20)
	a := mustOpen(t, path, Backend("mmap"))
	view := a.node.(*leaf).view
	view.src = cutting{view.src}
	view.shape, view.strides = []int64{4, 2 << 20}, []int64{16 << 20, 1}
	a, err := a.derive(&leaf{view, a.files[0]}, make([]Axis, 2))
	if err != nil {
		t.Fatal(err)
	}
	var fault *FaultError
	// in pieces of several rows
	if _, err := a.Load(t.Context()); !errors.As(err, &fault) || fault.Path != path {
		t.Errorf("Load: %v", err)
	}
}

// TestBlocksSeeCutFiles cuts a file inside the page that the loop body looks at: it
// reads zeros, and the loop must not end as if they were the data.
func TestBlocksSeeCutFiles(t *testing.T) {
	path := bigFile(t, 100)
	a := mustOpen(t, path, Backend("mmap"))
	var fault *FaultError
	for _, err := range a.Blocks(t.Context()) {
		if err == nil {
			err = os.Truncate(path, 200)
			if err != nil {
				t.Fatal(err)
			}
		} else if !errors.As(err, &fault) {
			t.Error(err)
		}
	}
	if fault == nil {
		t.Error("the loop ended without an error")
	}
}

func TestWithReplacesRoles(t *testing.T) {
	a := mustOpen(t, writeFile(t, t.TempDir(), mmapnpy.Uint8, []int64{2, 3}, false, make([]byte, 6)), NavigationAxes(0))
	for _, c := range []struct {
		option Option
		want   []bool
	}{
		{Workers(2), []bool{true, false}},
		{NavigationAxes(), []bool{false, false}},
		{NavigationAxes(-1), []bool{false, true}},
		{SignalAxes(), []bool{true, true}},
		{SignalAxes(0), []bool{false, true}},
	} {
		b, err := a.With(c.option)
		if err != nil {
			t.Fatal(err)
		}
		for d, ax := range b.Axes() {
			if ax.Navigate != c.want[d] {
				t.Errorf("axes %v, want navigation %v", b.Axes(), c.want)
			}
		}
	}
}

// TestHistogramErrors checks that they are about the histogram, not about the pass
// that finds its range.
func TestHistogramErrors(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"<c16", "<M8[s]", "S3"} {
		dt := mustDType(t, name)
		a := mustOpen(t, writeFile(t, dir, dt, []int64{2}, false, make([]byte, 2*dt.ItemSize())))
		if _, err := Histogram(t.Context(), a, OverAll(), 3); !errors.Is(err, ErrDType) || !strings.Contains(err.Error(), "histogram") {
			t.Errorf("histogram of %s: %v", name, err)
		}
	}
	a := mustOpen(t, bigFile(t, 10))
	for _, bins := range []int{0, -1, 1<<24 + 1} {
		if _, err := Histogram(t.Context(), a, OverAll(), bins); err == nil {
			t.Errorf("a histogram of %d bins was made", bins)
		}
	}
	if _, err := Run(t.Context(), a, Reducer{}); err == nil {
		t.Error("a zero Reducer ran")
	}
}

// TestMixedReducers runs reducers over different axes in one pass, where tasks are
// slabs of one reducer's outputs and cut across those of the others.
func TestMixedReducers(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		dtype string
		shape []int64
		f     bool
		overs []Over
	}{
		{"<f4", []int64{3, 200, 250}, false, []Over{OverAxes(0), OverAxes(1), OverAxes(1, 2), OverAll(), OverAxes(0, 2), OverAxes()}},
		{">i2", []int64{100, 2, 250, 3}, true, []Over{OverAxes(3), OverAxes(0, 3), OverAxes(2), OverAxes(1, 2)}},
		{"<f8", []int64{2, 1, 60000}, false, []Over{OverAxes(0), OverAxes(2), OverAxes(1), OverAll()}},
	} {
		s := makeSample(t, dir, mustDType(t, c.dtype), c.shape, c.f, true, uint64(i))
		var reducers []Reducer
		for k := range 4 * len(c.overs) {
			reducers = append(reducers, oracles[k*5%11].make(c.overs[k/4]))
		}
		reducers = append(reducers, NewVar(c.overs[0], 0))
		var first []*Result
		for _, workers := range []int{1, 8, 64} {
			a := mustOpen(t, s.path, Workers(workers))
			if p, err := newPass(a, reducers); err != nil || p.tasks.reduced == nil || p.tasks.n < 2 {
				t.Fatalf("%s is not cut into slabs: %v", a, err)
			}
			got, err := Run(t.Context(), a, reducers...)
			if err != nil {
				t.Fatal(err)
			}
			for k := range got {
				if len(first) > 0 && !got[k].Equal(first[k]) {
					t.Errorf("%s over %v with %d workers differs", reducers[k], c.overs[min(k/4, len(c.overs)-1)], workers)
				}
			}
			if len(first) > 0 {
				continue
			}
			first = got
			for k := range 4 * len(c.overs) {
				reduced, err := c.overs[k/4].reduced(a)
				if err != nil {
					t.Fatal(err)
				}
				o := oracles[k*5%11]
				checkOracle(t, fmt.Sprintf("%s over %v", reducers[k], c.overs[k/4]), got[k], grouped(s.values, s.shape, reduced), o.f, false)
			}
		}
	}
}

// TestPartialsFitTheBudget checks that many or large accumulators mean fewer workers
// and less running ahead, and that outputs without reduced axes are cut small.
func TestPartialsFitTheBudget(t *testing.T) {
	path := writeFile(t, t.TempDir(), mmapnpy.Uint8, []int64{1024, 65536}, false, nil)
	if err := os.Truncate(path, 128+1024*65536); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reducers []Reducer
		workers  int
	}{
		{[]Reducer{NewVar(OverAxes(0), 0)}, 4},
		{[]Reducer{NewVar(OverAxes(0), 0), NewHistogram(OverAxes(1), 1024, 0, 1)}, 2},
		{[]Reducer{NewVar(OverAxes(0), 0), NewHistogram(OverAxes(1), 3072, 0, 1)}, 1},
		{[]Reducer{NewSum(OverAxes())}, 4},
	} {
		a := mustOpen(t, path, Workers(8), Memory(64<<20))
		p, err := newPass(a, c.reducers)
		if err != nil {
			t.Fatal(err)
		}
		task := p.tasks.stateBytes(p.jobs)
		workers, ahead := p.concurrency(&a.config, 1)
		if workers != c.workers || ahead < 1 {
			t.Errorf("%v: %d workers, %d ahead, tasks of %d bytes", c.reducers, workers, ahead, task)
		}
		if held := int64(workers)*(workerBytes+task-smallState) + (ahead-1)*task; workers > 1 && held > 64<<20 {
			t.Errorf("%v: %d bytes are held", c.reducers, held)
		}
		if len(c.reducers) == 1 && task > partialBytes {
			t.Errorf("%v: the accumulators of a task are %d bytes", c.reducers, task)
		}
	}
}

// TestCancelCause checks that the reason given for a cancellation comes back, from
// every way of reading.
func TestCancelCause(t *testing.T) {
	a := mustOpen(t, bigFile(t, 1<<20))
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	_, err := Sum(ctx, a, OverAll())
	_, loaded := a.Load(ctx)
	each := Each(ctx, a, func(context.Context, Block) error { return nil })
	var blocks error
	for _, blocks = range a.Blocks(ctx) {
		break
	}
	for name, err := range map[string]error{"Sum": err, "Load": loaded, "Each": each, "Blocks": blocks} {
		if !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDelicateNumbers checks the values at which sums and deviations go wrong first.
func TestDelicateNumbers(t *testing.T) {
	dir := t.TempDir()
	offset := mustOpen(t, writeFile(t, dir, mmapnpy.Float64, []int64{3}, false, kernel.Bytes([]float64{1e9 + 4, 1e9 + 7, 1e9 + 13})))
	for ddof, want := range []float64{14, 21, 42, math.Inf(1), math.Inf(1)} {
		r, err := Run(t.Context(), offset, NewVar(OverAll(), int64(ddof)))
		if err != nil || r[0].Float64() != want {
			t.Errorf("variance with ddof %d: %v, want %v, %v", ddof, r, want, err)
		}
	}
	one := mustOpen(t, writeFile(t, dir, mmapnpy.Float64, []int64{1}, false, kernel.Bytes([]float64{5})))
	if r, err := Run(t.Context(), one, NewVar(OverAll(), 1)); err != nil || !math.IsNaN(r[0].Float64()) {
		t.Errorf("sample variance of one number: %v, %v", r, err)
	}
	big := mustOpen(t, writeFile(t, dir, mmapnpy.Uint64, []int64{3}, false, kernel.Bytes([]uint64{1 << 63, 1<<63 + 5, 1 << 62})))
	r, err := Run(t.Context(), big, NewSum(OverAll()), NewMean(OverAll()), NewMax(OverAll()))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, r[0], []uint64{1<<62 + 5})
	checkCopy(t, r[1], []float64{7686143364045646848}) // np.mean
	checkCopy(t, r[2], []uint64{1<<63 + 5})
	bools := mustOpen(t, writeFile(t, dir, mmapnpy.Bool, []int64{4}, false, []byte{0, 1, 2, 255}))
	r, err = Run(t.Context(), bools, NewSum(OverAll()), NewMean(OverAll()), NewMax(OverAll()), NewArgMax(OverAll()), NewCountZero(OverAll()))
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, r[0], []int64{3})
	checkCopy(t, r[1], []float64{0.75})
	checkCopy(t, r[2], []bool{true})
	checkCopy(t, r[3], []int64{1})
	checkCopy(t, r[4], []int64{1})
}

// TestElementsFaultInBody cuts the file while a loop body holds a piece of it.
func TestElementsFaultInBody(t *testing.T) {
	path := bigFile(t, 16<<20)
	a := mustOpen(t, path, Backend("mmap"))
	defer func() {
		var fault *FaultError
		if err, _ := recover().(error); !errors.As(err, &fault) || fault.Path != path {
			t.Errorf("the loop body ended with %v", err)
		}
	}()
	for b, err := range a.Elements(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
		for _, x := range b {
			if x != 0 {
				t.Fatal("not zero")
			}
		}
	}
}
