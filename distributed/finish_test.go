package distributed_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/ops"
)

// TestFinish publishes what workers have left, and nothing before all of it is there.
func TestFinish(t *testing.T) {
	ctx := context.Background()
	scan, out := makeScan(t, 8, 4, 4), filepath.Join(t.TempDir(), "sum.npy")
	plan, err := distributed.MemmapDistributed(scan, distributed.Options{
		Chunks: "(1, 4, 4)", PortionBytes: 64, Tasks: 2,
		Reduce: []distributed.Reduction{{Op: ops.Must("sum", ops.OverParams{Over: "0"}), Path: out}},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := plan.DefaultDir()
	if err := plan.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := distributed.Finish(ctx, dir, distributed.RunOptions{}); !errors.Is(err, distributed.ErrIncomplete) {
		t.Fatalf("with nothing done: %v", err)
	}
	if err := (distributed.Work{Dir: dir, Index: 1}).Do(ctx); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := distributed.Finish(ctx, dir, distributed.RunOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := distributed.StatusOf(ctx, dir); err != nil || s.State != "done" || s.Done != 8 || len(s.Attempts) != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
}
