package distributed_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestFinish publishes what workers have left, and nothing before all of it is there.
func TestFinish(t *testing.T) {
	ctx := context.Background()
	scan, out := makeScan(t, 8, 4, 4), filepath.Join(t.TempDir(), "sum.npy")
	plan, err := distributed.MemmapDistributed(scan, distributed.Options{
		Chunks: "(1, 4, 4)", PortionBytes: 64, Tasks: 2,
		Reduce: []distributed.Reduction{{Op: distributed.MustOp("sum", distributed.OverParams{Over: "0"}), Path: out}},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := plan.DefaultDir()
	if err := plan.Write(dir); err != nil {
		t.Fatal(err)
	}
	for index := range 2 {
		if err := distributed.Finish(ctx, dir, distributed.RunOptions{}); !errors.Is(err, distributed.ErrIncomplete) {
			t.Fatalf("with %d of 2 tasks done: %v", index, err)
		}
		if status := finishedBy(t, dir); status != distributed.ExitInterrupted {
			t.Errorf("with %d of 2 tasks done, a program that is asked to finish exits with %d", index, status)
		}
		if err := (distributed.Work{Dir: dir, Index: index, Of: 2}).Do(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if status := finishedBy(t, dir); status != distributed.ExitDone {
		t.Errorf("a program that is asked to finish exits with %d", status)
	}
	for range 2 {
		if err := distributed.Finish(ctx, dir, distributed.RunOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := distributed.StatusOf(ctx, dir); err != nil || s.State != "done" || s.Done != 8 || len(s.Attempts) != 2 {
		t.Errorf("status %+v, %v", s, err)
	}
}

// finishedBy is the exit status of this program when it is asked to finish a run.
func finishedBy(t *testing.T, dir string) int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "resume", "--finish", dir)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}
