package lazy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// buffer is a file in memory, of a fixed length.
type buffer struct {
	mu sync.Mutex
	b  []byte
}

func (f *buffer) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off < 0 || off+int64(len(b)) > int64(len(f.b)) {
		return 0, fmt.Errorf("write of %d bytes at %d of %d", len(b), off, len(f.b))
	}
	return copy(f.b[off:], b), nil
}

func (f *buffer) ReadAt(b []byte, off int64) (int, error) {
	return bytes.NewReader(f.b).ReadAt(b, off)
}

// inParts computes the blocks in some runs at a time, each by a Parts of its own as other processes
// would, and merges what they found. The length of runs is random.
func inParts(t *testing.T, rng *rand.Rand, a *Array, write bool, reducers ...Reducer) ([]*Result, []byte) {
	t.Helper()
	whole := must[*Parts](t)(NewParts(a, write, reducers...))
	n := whole.NumBlocks()
	states, out := make([]BlockState, n), &buffer{b: make([]byte, a.NBytes())}
	var runs [][2]int64
	run := 1 + rng.Int64N(5)
	if rng.IntN(2) == 0 {
		run = max(whole.Group(), 1)
	}
	for lo := int64(0); lo < n; {
		hi := min(lo+run*(1+rng.Int64N(3)), n)
		runs, lo = append(runs, [2]int64{lo, hi}), hi
	}
	rng.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	for _, r := range runs {
		p := must[*Parts](t)(NewParts(a, write, reducers...))
		next := r[0]
		err := p.Compute(context.Background(), r[0], r[1], Computing{Workers: 1 + rng.IntN(4), Run: run, Output: out}, func(s BlockState) error {
			if s.Block != next {
				t.Errorf("block %d came when %d was due", s.Block, next)
			}
			next++
			states[s.Block] = s
			return nil
		})
		if err != nil || next != r[1] {
			t.Fatalf("blocks %d to %d: ended before %d: %v", r[0], r[1], next, err)
		}
	}
	for i, s := range states {
		if crc, err := whole.Checksum(context.Background(), int64(i), out); err != nil || crc != s.CRC {
			t.Errorf("block %d: checksum %08x, written %08x, %v", i, crc, s.CRC, err)
		}
		switch hi := int64(i) + 1; {
		case hi == n || hi%run == 0:
			if most := whole.MaxState(run, run); int64(len(s.State)) > most {
				t.Errorf("a state of %d bytes, at most %d", len(s.State), most)
			}
			if err := whole.Merge((hi-1)/run*run, hi, s.State); err != nil {
				t.Fatal(err)
			}
		case s.State != nil:
			t.Errorf("block %d has a state, and runs have %d", i, run)
		}
	}
	return must[[]*Result](t)(whole.Results()), out.b
}

func allReducers(over Over) []Reducer {
	return []Reducer{
		NewSum(over), NewMean(over), NewMin(over), NewMax(over), NewArgMin(over), NewArgMax(over), NewStd(over, 0), NewVar(over, 1),
		NewCountNaN(over), NewCountInf(over), NewCountZero(over), NewHistogram(over, 7, 0, 50),
	}
}

// TestPartsAreRun compares passes in parts with Run and Save.
func TestPartsAreRun(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	for _, dt := range []mmapnpy.DType{mmapnpy.Uint16, mmapnpy.Float32, mmapnpy.Float64, mmapnpy.Complex64, mmapnpy.Int64, mustDType(t, ">f8")} {
		for k, shape := range [][]int64{{6, 5, 8, 9}, {40}, {3, 1, 7}, {}, {0, 3}} {
			for _, fortran := range []bool{false, true} {
				s := makeSample(t, dir, dt, shape, fortran, true, uint64(k))
				opts := []Option{Chunks("2")}
				if len(shape) > 2 {
					opts = append(opts, NavigationAxes(0, 1))
				}
				a := mustOpen(t, s.path, opts...)
				for _, over := range []Over{OverAll(), OverSignal(), OverNavigation()} {
					checkParts(t, rng, a, over)
				}
			}
		}
	}
}

// checkParts compares all reducers that the array allows, and the elements.
func checkParts(t *testing.T, rng *rand.Rand, a *Array, over Over) {
	t.Helper()
	var reducers []Reducer
	var want []*Result
	for _, r := range allReducers(over) {
		result, err := Run(context.Background(), a, r)
		if err == nil {
			reducers, want = append(reducers, r), append(want, result[0])
		} else if _, partsErr := NewParts(a, true, r); partsErr == nil {
			t.Errorf("%s %v of %v: no error instead of %v", r, over, a, err)
		}
	}
	got, file := inParts(t, rng, a, true, reducers...)
	for k, r := range reducers {
		if !got[k].Equal(want[k]) {
			t.Errorf("%s %v of %v: %v instead of %v", r, over, a, got[k], want[k])
		}
	}
	checkFile(t, a, file)
}

// checkFile compares elements with those that Save writes.
func checkFile(t *testing.T, a *Array, elements []byte) {
	t.Helper()
	p := must[*Parts](t)(NewParts(a, true))
	native := must[*Array](t)(a.AsType(p.Header().DType))
	path := filepath.Join(t.TempDir(), "saved.npy")
	if err := native.Save(context.Background(), path, Order("K"), Sync(false)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(b, elements) || int64(len(elements)) != a.NBytes() {
		t.Errorf("%v: other elements than those of Save", a)
	}
}

// TestPartsOfFrames takes reducers that look at whole frames, and users' own, in one pass with
// others.
func TestPartsOfFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := makeSample(t, t.TempDir(), mmapnpy.Uint16, []int64{5, 4, 8, 9}, false, false, 1)
	type minmax struct{ Lo, Hi uint16 }
	spread := Fold[uint16, minmax, uint16]{
		Init: func() minmax { return minmax{Lo: 65535} },
		Add: func(s *minmax, x []uint16) {
			for _, v := range x {
				s.Lo, s.Hi = min(s.Lo, v), max(s.Hi, v)
			}
		},
		Merge:  func(s *minmax, o minmax) { s.Lo, s.Hi = min(s.Lo, o.Lo), max(s.Hi, o.Hi) },
		Finish: func(s minmax) uint16 { return s.Hi - s.Lo },
	}
	first := func(f mmapnpy.NDArray[uint16]) ([2]float64, error) {
		return [2]float64{float64(f.At(0, 0)), float64(f.At(7, 8))}, nil
	}
	reducers := []Reducer{
		NewFold("spread", OverNavigation(), spread), NewPerFrame("corners", first), NewMean(OverAll()),
		NewMasks(Disk(4, 4, 3), Ring(4, 4, 1, 3)), NewCenterOfMass(CenterOfMass{}), NewRadialProfile(4, 4, 0),
	}
	for _, chunks := range []string{"2", "(1, 2, 8, 9)", "(5, 1, 3, 9)"} {
		a := mustOpen(t, s.path, NavigationAxes(0, 1), Chunks(chunks))
		for _, view := range []*Array{a, must[*Array](t)(a.Transpose(2, 3, 0, 1))} {
			want := must[[]*Result](t)(Run(context.Background(), view, reducers...))
			got, file := inParts(t, rng, view, true, reducers...)
			for k := range want {
				if !got[k].Equal(want[k]) {
					t.Errorf("%s, chunks %s: %v instead of %v", reducers[k], chunks, got[k], want[k])
				}
			}
			checkFile(t, view, file)
		}
	}
}

// TestPartsRefuse checks what cannot be merged.
func TestPartsRefuse(t *testing.T) {
	ctx := context.Background()
	a := mustWith(t, mustSlice(t, []float64{1, 2, 3, 4, 5, 6}), Chunks("2"))
	p := must[*Parts](t)(NewParts(a, false, NewSum(OverAll())))
	var state []byte
	fresh := func() *Parts { return must[*Parts](t)(NewParts(a, false, NewSum(OverAll()))) }
	if err := p.Compute(ctx, 0, 1, Computing{}, func(s BlockState) error { state = s.State; return nil }); err != nil {
		t.Fatal(err)
	}
	for n := range state {
		if err := fresh().Merge(0, 1, state[:n]); err == nil {
			t.Fatalf("a state of %d of %d bytes was merged", n, len(state))
		}
	}
	if err := fresh().Merge(0, 1, append(slices.Clone(state), 0)); !errors.Is(err, errState) {
		t.Errorf("a state that is too long: %v", err)
	}
	if err := p.Merge(1, 2, state); err == nil {
		t.Error("block 1 was merged before block 0")
	}
	if _, err := p.Results(); err == nil {
		t.Error("results of nothing merged")
	}
	if err := p.Compute(ctx, 2, 4, Computing{}, nil); err == nil {
		t.Error("block 3 of 3 was computed")
	}
	stop := errors.New("stop")
	if err := p.Compute(ctx, 0, 3, Computing{}, func(BlockState) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller: %v", err)
	}
	loose := NewFold("loose", OverAll(), Fold[float64, []int, int64]{
		Add: func(*[]int, []float64) {}, Merge: func(*[]int, []int) {}, Finish: func([]int) int64 { return 0 }})
	p = must[*Parts](t)(NewParts(a, false, loose))
	if err := p.Compute(ctx, 0, 1, Computing{}, func(BlockState) error { return nil }); err == nil || !strings.Contains(err.Error(), "MarshalBinary") {
		t.Errorf("a state with pointers: %v", err)
	}
}

// TestPartsAligned compares Aligned with all boundaries of groups.
func TestPartsAligned(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 400 {
		shape := make([]int64, 1+rng.IntN(4))
		chunks := make([]string, len(shape))
		for d := range shape {
			shape[d] = 1 + rng.Int64N(12)
			chunks[d] = fmt.Sprint(1 + rng.Int64N(shape[d]))
			switch rng.IntN(6) {
			case 0, 1:
				chunks[d] = "-1"
			case 2:
				chunks[d] = "("
				for left := shape[d]; left > 0; {
					size := 1 + rng.Int64N(min(left, 3))
					chunks[d], left = chunks[d]+fmt.Sprint(size)+",", left-size
				}
				chunks[d] += ")"
			}
		}
		n := int64(1)
		for _, s := range shape {
			n *= s
		}
		a := mustWith(t, mustSlice(t, make([]uint16, n), shape...), Chunks("("+strings.Join(chunks, ",")+",)"))
		p := must[*Parts](t)(NewParts(a, true))
		if first := slices.Collect(p.out.layout.Runs(p.Region(0)))[0]; first.Len != p.RunBytes() {
			t.Fatalf("%v: a run of %d bytes, RunBytes %d", a, first.Len, p.RunBytes())
		}
		align := []int64{1, 8, 16, 32}[rng.IntN(4)]
		group := p.Aligned(align)
		if group == 0 {
			continue
		}
		for lo := int64(0); lo < p.NumBlocks(); lo += group {
			hi := min(lo+group, p.NumBlocks())
			if !together(p, lo, hi, align) {
				t.Fatalf("%v: blocks %d to %d are not together at a multiple of %d", a, lo, hi, align)
			}
		}
	}
}

// together reports whether the elements of blocks lie together, from a multiple of align on.
func together(p *Parts, lo, hi, align int64) bool {
	first, last, sum := int64(-1), int64(0), int64(0)
	for i := lo; i < hi; i++ {
		for run := range p.out.layout.Runs(p.Region(i)) {
			if first < 0 || run.Offset < first {
				first = run.Offset
			}
			last, sum = max(last, run.Offset+run.Len), sum+run.Len
		}
	}
	return first%align == 0 && last-first == sum
}

// TestOpenRaw opens what np.memmap would.
func TestOpenRaw(t *testing.T) {
	path := filepath.Join(t.TempDir(), "camera.raw")
	if err := os.WriteFile(path, []byte("head\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		raw  Raw
		want []uint16
		err  string
	}{
		{Raw{DType: mmapnpy.Uint16, Offset: 4}, []uint16{1, 2, 3, 4, 5, 6}, ""},
		{Raw{DType: mmapnpy.Uint16, Offset: 4, Shape: []int64{2, 3}}, []uint16{1, 2, 3, 4, 5, 6}, ""},
		{Raw{DType: mmapnpy.Uint16, Offset: 4, Shape: []int64{2, 3}, Order: "F"}, []uint16{1, 3, 5, 2, 4, 6}, ""},
		{Raw{DType: mmapnpy.Uint16, Offset: 8, Shape: []int64{2}}, []uint16{3, 4}, ""},
		{Raw{DType: mmapnpy.Uint16, Offset: 4, Shape: []int64{7}}, nil, "need 14 bytes"},
		{Raw{DType: mmapnpy.Uint16, Offset: 18}, nil, "offset 18"},
		{Raw{DType: mmapnpy.Uint16, Offset: -1}, nil, "offset -1"},
		{Raw{DType: mmapnpy.Uint16, Order: "K"}, nil, "order"},
		{Raw{DType: mmapnpy.Uint16, Shape: []int64{1 << 40, 1 << 40}}, nil, "64 bits"},
		{Raw{DType: mmapnpy.Uint16, Shape: []int64{-1}}, nil, "axis 0 has length -1"},
		{Raw{}, nil, "no bytes"},
	} {
		a, err := OpenRaw(path, c.raw)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("%+v: %v", c.raw, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := valuesOf[uint16](t, a); !slices.Equal(got, c.want) || !slices.Equal(a.Paths(), []string{path}) {
			t.Errorf("%+v: %v, paths %q", c.raw, got, a.Paths())
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

var _ io.ReaderAt = (*buffer)(nil)

// sizes counts writes of each length.
type sizes struct {
	mu sync.Mutex
	n  map[int]int
}

func (s *sizes) WriteAt(b []byte, _ int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[len(b)]++
	return len(b), nil
}

// TestMapsAreWrittenInLargePieces looks at the writes of a pass that only writes, which are to keep
// a disk busy, whatever the elements are made of.
func TestMapsAreWrittenInLargePieces(t *testing.T) {
	a := mustSlice(t, make([]uint16, 64<<16), 64, 256, 256)
	f4 := must[*Array](t)(a.AsType(mmapnpy.Float32))
	for name, a := range map[string]*Array{
		"as they are stored": a,
		"a cast":             f4,
		"a computation":      must[*Array](t)(Add(f4, f4)),
		"transposed":         must[*Array](t)(must[*Array](t)(f4.Transpose(1, 0, 2)).InFileOrder(0)),
	} {
		p, got := must[*Parts](t)(NewParts(a, true)), &sizes{n: map[int]int{}}
		err := p.Compute(t.Context(), 0, p.NumBlocks(), Computing{Output: got}, func(BlockState) error { return nil })
		if want := int(a.NBytes() >> 20); err != nil || got.n[1<<20] != want || len(got.n) != 1 {
			t.Errorf("%s: writes of %v, %d of 1 MiB expected, %v", name, got.n, want, err)
		}
	}
}
