package lazy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

var errBroken = errors.New("broken")

// TestFunctionsThatFail lets functions of every kind return errors and panic, and reads what they
// make in every way.
func TestFunctionsThatFail(t *testing.T) {
	s := make([]int32, 5*4*6*7)
	for i := range s {
		s[i] = int32(i)
	}
	a := must[*Array](t)(mustSlice(t, s, 5, 4, 6, 7).With(NavigationAxes(0, 1), Workers(2)))
	const bad = 3*4*6*7 + 5 // the only element that is refused
	fails := func(x []int32) error {
		if !slices.Contains(x, bad) {
			return nil
		}
		return errBroken
	}
	panics := func(x []int32) error {
		if slices.Contains(x, bad) {
			panic(errBroken)
		}
		return nil
	}
	must := must[*Array](t)
	for how, check := range map[string]func([]int32) error{"fails": fails, "panics": panics} {
		set := func(dst, src []int32) error { copy(dst, src); return check(src) }
		arrays := map[string]*Array{
			"Map2":      must(Map2Err(a, a, func(dst, x, _ []int32) error { return set(dst, x) })),
			"MapSignal": must(MapSignal(a, nil, func(dst, src []int32) error { return set(dst, src[5:6]) })),
			"MapOverlap": must(MapOverlap(a, []int64{0, 0, 1, 0}, NoBoundary(), func(_, src mmapnpy.NDArray[int32]) error {
				return check(slices.Collect(src.All()))
			})),
			"part": must(must(MapErr(a, set)).Slice("1:, :, ::-1")),
		}
		if how == "panics" {
			arrays["Map"] = must(Map(a, func(dst, src []int32) { _ = set(dst, src) }))
		}
		for name, x := range arrays {
			x = must(x.Rechunk(chunk.Dict(map[int]chunk.AxisSpec{0: chunk.AxisSize(1)})))
			for reader, err := range readings(t, x) {
				e, ok := errors.AsType[*FuncError](err)
				if !ok || !errors.Is(err, errBroken) {
					t.Errorf("%s that %s, by %s: %v", name, how, reader, err)
					continue
				}
				block := int64(3)
				if name == "part" {
					block = 2
				}
				if e.Block > block || e.Region.Start[0]+e.Region.Shape[0] <= block || !strings.Contains(err.Error(), fmt.Sprintf("block %d, region [", e.Block)) {
					t.Errorf("%s that %s, by %s: block %d, region %s: %v", name, how, reader, e.Block, e.Region, err)
				}
				stack := strings.Contains(fmt.Sprintf("%+v", e), "TestFunctionsThatFail")
				if stack != (how == "panics") || strings.Contains(fmt.Sprintf("%v", e), "\n") {
					t.Errorf("%s that %s, by %s, has the stack %q", name, how, reader, e.Stack)
				}
				if name == "MapSignal" && !strings.Contains(err.Error(), "scan position (3, 0): ") {
					t.Errorf("%s that %s, by %s, at which position: %v", name, how, reader, err)
				}
			}
		}
	}
}

// readings are the errors of everything that reads elements.
func readings(t *testing.T, a *Array) map[string]error {
	t.Helper()
	dir := t.TempDir()
	_, load := a.Load(t.Context())
	_, run := Run(t.Context(), a, NewSum(OverAll()), NewMax(OverAxes(-1)))
	each := Each(t.Context(), a, func(context.Context, Block) error { return nil })
	first := func(seq func(yield func(error) bool)) (err error) {
		for err = range seq {
			if err != nil {
				break
			}
		}
		return err
	}
	pulled, stop := iter.Pull2(a.Blocks(t.Context()))
	defer stop()
	var pull error
	for ok := true; ok && pull == nil; {
		_, pull, ok = pulled()
	}
	return map[string]error{
		"Load": load, "Run": run, "Each": each, "iter.Pull": pull,
		"Save":        a.Save(t.Context(), filepath.Join(dir, "a.npy")),
		"Save in F":   a.Save(t.Context(), filepath.Join(dir, "f.npy"), Order("F")),
		"SaveArchive": SaveArchive(t.Context(), filepath.Join(dir, "a.npz"), []Entry{{Key: "a", Array: a}}),
		"Elements": first(func(yield func(error) bool) {
			for _, err := range a.Elements(t.Context()) {
				if !yield(err) {
					return
				}
			}
		}),
		"Blocks": first(func(yield func(error) bool) {
			for _, err := range a.Blocks(t.Context()) {
				if !yield(err) {
					return
				}
			}
		}),
	}
}

// TestReducersThatFail has functions of reducers and loops.
func TestReducersThatFail(t *testing.T) {
	a, _ := scan(t, Chunks("(1, -1, -1, -1)"), Workers(2))
	_, frame := Run(t.Context(), a, NewPerFrame("f", func(x mmapnpy.NDArray[int32]) (int, error) {
		panic(errBroken)
	}))
	each := Each(t.Context(), a, func(_ context.Context, b Block) error {
		if b.Index == 2 {
			panic(errBroken)
		}
		return nil
	})
	_, fold := Run(t.Context(), a, NewFold("g", OverNavigation(), Fold[int32, int32, int32]{
		Add:    func(*int32, []int32) { panic(errBroken) },
		Merge:  func(*int32, int32) {},
		Finish: func(int32) int32 { return 0 },
	}))
	for name, err := range map[string]error{"NewPerFrame": frame, "Each": each, "NewFold": fold} {
		e, ok := errors.AsType[*FuncError](err)
		if !ok || !errors.Is(err, errBroken) || e.Block < 0 || !strings.Contains(string(e.Stack), "TestReducersThatFail") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(frame.Error(), "scan position (") {
		t.Errorf("which frame: %v", frame)
	}
}

// TestErrorsByTheirNames meets the errors that the documents name.
func TestErrorsByTheirNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := mustSlice(t, make([]int16, 64)).Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, path)
	if err := os.WriteFile(path, make([]byte, 400), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context()); !errors.Is(err, ErrChanged) || !errors.Is(err, mmapnpy.ErrChanged) {
		t.Errorf("a file that changed: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context()); !errors.Is(err, ErrClosed) || !errors.Is(err, mmapnpy.ErrClosed) || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
	fault := &FaultError{Path: "x", Offset: 7, Err: ErrClosed}
	err := Guard(func() error { panic(fault) })
	if got, ok := errors.AsType[*mmapnpy.FaultError](err); !ok || got.Path != "x" || got.Offset != 7 || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a loop that ended by a panic: %v", err)
	}
}
