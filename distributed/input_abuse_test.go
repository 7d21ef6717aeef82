package distributed_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// changes are ways to make a file another one. Those of single bytes leave its times as they were.
var changes = map[string]func(t testing.TB, path string){
	"first byte": func(t testing.TB, path string) { flip(t, path, 130) },
	"last byte":  func(t testing.TB, path string) { flip(t, path, size(t, path)-1) },
	"touched": func(t testing.TB, path string) {
		if err := os.Chtimes(path, time.Time{}, time.Unix(1700000000, 1)); err != nil {
			t.Fatal(err)
		}
	},
	"replaced": func(t testing.TB, path string) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path+".new", b, 0o600)
		}
		if err == nil {
			err = os.Chtimes(path+".new", info.ModTime(), info.ModTime())
		}
		if err == nil {
			err = os.Rename(path+".new", path)
		}
		if err != nil {
			t.Fatal(err)
		}
	},
	"truncated": func(t testing.TB, path string) {
		if err := os.Truncate(path, size(t, path)/2); err != nil {
			t.Fatal(err)
		}
	},
	"gone": func(t testing.TB, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	},
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// withFiles is a plan that reads four files: the scan, an operand, a mask that selects and a mask
// that weighs.
func (f *fixture) withFiles(p slowParams) (plan *distributed.Plan, files map[string]string) {
	f.Helper()
	folder := f.TempDir()
	save := func(name string, a *lazy.Array, err error) string {
		path := filepath.Join(folder, name)
		if err == nil {
			err = a.Save(f.Context(), path)
		}
		if err != nil {
			f.Fatal(err)
		}
		return path
	}
	dark, err := lazy.FromSlice(make([]float32, 64*64), 64, 64)
	files = map[string]string{"scan": f.scan, "operand": save("dark.npy", dark, err)}
	chosen, err := lazy.FromSlice([]bool{true, true, false, true, true, true, true, true, true, true, true, true})
	files["selection"] = save("chosen.npy", chosen, err)
	weights, err := lazy.FromSlice(make([]float64, 64*64), 64, 64)
	files["mask"] = save("mask.npy", weights, err)
	o := f.options(p)
	o.Map = append(o.Map,
		ops.Must("subtract", ops.BinaryParams{Operand: ops.Operand{Array: ops.Path(files["operand"])}}),
		ops.Must("select", ops.SelectParams{Mask: ops.Path(files["selection"])}))
	o.Reduce = append(o.Reduce, distributed.Reduction{Path: filepath.Join(f.dir, "masked.npy"),
		Op: ops.Must("masks", ops.MasksParams{Masks: []ops.Mask{{Array: ops.Path(files["mask"])}}})})
	return f.plan(o), files
}

// TestChangedInput changes files that a plan reads: before the run, in its middle, and when all is
// computed but not published.
func TestChangedInput(t *testing.T) {
	for what, change := range changes {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, file := range []string{"scan", "operand", "selection", "mask"} {
				f := small(t)
				p, files := f.withFiles(slowParams{})
				change(t, files[file])
				f.refused(file+" before", p, run(p, distributed.Pool{}, distributed.RunOptions{}))
				f.checkLeft("out.npy.run")
				if file != "scan" && what != "touched" && what != "truncated" {
					continue // the later moments ask the same question again
				}
				f = small(t)
				p, files = f.withFiles(slowParams{Gate: f.gate, Tiles: 2})
				done := make(chan error, 1)
				go func() { done <- run(p, distributed.Pool{Workers: 1}, distributed.RunOptions{}) }()
				await(t, "the gate", held(f.gate))
				change(t, files[file])
				touch(f.gate)
				f.refused(file+" in the middle", p, <-done)

				f = small(t)
				p, files = f.withFiles(slowParams{})
				f.refused(file+" at the end", p, run(p, distributed.Pool{}, onceDone(func() { change(t, files[file]) })))
			}
		})
	}
}

// refused checks that a run has ended since an input has changed, also for workers that begin
// later.
func (f *fixture) refused(when string, p *distributed.Plan, err error) {
	f.Helper()
	if !errors.Is(err, distributed.ErrInput) || strings.Contains(err.Error(), "\n") {
		f.Errorf("%s: %v", when, err)
	}
	f.unpublished()
	if there(filepath.Join(f.dir, "masked.npy")) {
		f.Errorf("%s: masked.npy is there", when)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); !errors.Is(err, distributed.ErrInput) {
		f.Errorf("%s: the next run: %v", when, err)
	}
}

// TestChangedForProcesses cuts the input under workers of other processes, of which the driver sees
// how they exit only.
func TestChangedForProcesses(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{Gate: f.gate, Tiles: 2})
	done := make(chan error, 1)
	go func() { done <- run(p, &procs{workers: 2}, distributed.RunOptions{}) }()
	await(t, "the gate", held(f.gate))
	changes["truncated"](t, f.scan)
	touch(f.gate)
	f.refused("in the middle", p, <-done)
}

// TestResultOverInput asks for results in the place of what is read.
func TestResultOverInput(t *testing.T) {
	f := small(t)
	_, files := f.withFiles(slowParams{})
	for name, path := range files {
		o := f.options(slowParams{})
		o.Map = append(o.Map, ops.Must("subtract", ops.BinaryParams{Operand: ops.Operand{Array: ops.Path(files["operand"])}}),
			ops.Must("select", ops.SelectParams{Mask: ops.Path(files["selection"])}))
		o.Reduce = append(o.Reduce, distributed.Reduction{Path: filepath.Join(f.dir, "masked.npy"),
			Op: ops.Must("masks", ops.MasksParams{Masks: []ops.Mask{{Array: ops.Path(files["mask"])}}})})
		link := filepath.Join(f.TempDir(), "link.npy")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, result := range []string{path, link} {
			bad := o
			bad.Output = result
			if _, err := distributed.MemmapDistributed(f.scan, bad); err == nil || !strings.Contains(err.Error(), "refusing to write over") {
				t.Errorf("output over the %s: %v", name, err)
			}
			bad = o
			bad.Reduce = append(bad.Reduce[:len(bad.Reduce):len(bad.Reduce)], distributed.Reduction{Op: ops.Must("max", nil), Path: result})
			if _, err := distributed.MemmapDistributed(f.scan, bad); err == nil || !strings.Contains(err.Error(), "refusing to write over") {
				t.Errorf("a result over the %s: %v", name, err)
			}
		}
	}
}
