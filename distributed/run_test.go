package distributed_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// makeScan writes a scan of numbers that any sum of is not exact, and opens it.
func makeScan(t testing.TB, shape ...int64) string {
	t.Helper()
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	a, err := lazy.FromSlice(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "scan.npy")
	if err := a.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFirstProgram is what a user's first program would be: a map and two reductions in one pass,
// here in this process.
func TestFirstProgram(t *testing.T) {
	ctx := context.Background()
	scan, dir := makeScan(t, 24, 16, 32, 32), t.TempDir()
	plan, err := distributed.MemmapDistributed(scan, distributed.Options{
		Navigation:   []int{0, 1},
		Chunks:       "(2, 16, 32, 32)",
		PortionBytes: 400 << 10,
		Map:          []ops.Op{ops.Must("absolute", nil), ops.Must("sqrt", nil)},
		Output:       filepath.Join(dir, "roots.npy"),
		Reduce: []distributed.Reduction{
			{Op: ops.Must("sum", ops.OverParams{Over: "signal"}), Path: filepath.Join(dir, "bright.npy")},
			{Op: ops.Must("std", nil), Path: filepath.Join(dir, "std.npy")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := distributed.Run(ctx, plan, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	a, err := lazy.Open(scan, lazy.NavigationAxes(0, 1), lazy.Chunks("(2, 16, 32, 32)"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	roots := rootsOf(t, a)
	checkSaved(t, roots, filepath.Join(dir, "roots.npy"))
	for path, r := range map[string]lazy.Reducer{"bright.npy": lazy.NewSum(lazy.OverSignal()), "std.npy": lazy.NewStd(lazy.OverAll(), 0)} {
		want, err := lazy.Run(ctx, roots, r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lazy.Open(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = got.Close() })
		if have, err := got.Load(ctx); err != nil || !have.Equal(want[0]) {
			t.Errorf("%s: %v instead of %v, %v", path, have, want[0], err)
		}
	}
	status, err := distributed.StatusOf(ctx, plan.DefaultDir())
	if err != nil || status.State != "done" || status.BlocksDone != 12 || status.Portions != 4 {
		t.Errorf("status %+v, %v", status, err)
	}
	if err := distributed.Verify(ctx, plan.DefaultDir()); err != nil {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.part"))
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left)+len(hidden) > 0 {
		t.Errorf("left behind: %q %q", left, hidden)
	}
}

// rootsOf is what the plan's operations do, with the plan's blocks.
func rootsOf(t *testing.T, a *lazy.Array) *lazy.Array {
	t.Helper()
	b, err := lazy.Absolute(a)
	if err == nil {
		b, err = lazy.Sqrt(b)
	}
	if err == nil {
		b, err = b.With(lazy.Chunks("(2, 16, 32, 32)"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkSaved compares an output with what Save writes, but for the blanks in the header.
func checkSaved(t *testing.T, a *lazy.Array, path string) {
	t.Helper()
	want := filepath.Join(t.TempDir(), "want.npy")
	if err := a.Save(context.Background(), want); err != nil {
		t.Fatal(err)
	}
	w, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4096+len(w)-128 || !bytes.Equal(got[4096:], w[128:]) {
		t.Errorf("%s has other elements", path)
	}
}

// TestShortWrites checks that very many short writes that wait for the disk have to be asked for.
func TestShortWrites(t *testing.T) {
	a, err := lazy.FromSlice(make([]uint8, 300*4096), 300, 4096)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "image.npy")
	if err := a.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	o := distributed.Options{Chunks: "(300, 1)", PortionBytes: 1, Output: filepath.Join(dir, "out.npy")}
	if _, err := distributed.MemmapDistributed(path, o); err == nil || !strings.Contains(err.Error(), "writes of 1 bytes") {
		t.Errorf("writes of a byte: %v", err)
	}
	o.Write = distributed.WriteSync
	if p, err := distributed.MemmapDistributed(path, o); err != nil || p.Output.Write != distributed.WriteSync {
		t.Errorf("asked for: %v", err)
	}
	o.Write, o.Chunks = "", "(1, 4096)"
	if p, err := distributed.MemmapDistributed(path, o); err != nil || p.Output.Write != distributed.WriteCached {
		t.Errorf("cut along the slowest axis: %v", err)
	}
}
