package distributed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/ops"
)

// TestCleanWaits cleans a run that is complete while a worker has not seen that it is, as whoever
// has waited for the outputs may do at once.
func TestCleanWaits(t *testing.T) {
	path, _ := writeArray(t, 4, 4, 8, 8)
	p, err := distributed.MemmapDistributed(path, distributed.Options{
		Reduce: []distributed.Reduction{{Op: ops.Must("sum", ops.OverParams{Over: "0"}), Path: filepath.Join(t.TempDir(), "sum.npy")}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := distributed.Run(t.Context(), p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := p.DefaultDir()
	late, err := journal.Create(filepath.Join(dir, "journal"), p.ID(),
		journal.Attempt{PID: os.Getpid(), PIDs: journal.Here(), Engine: "proc", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	err = distributed.Clean(ctx, dir, nil, distributed.CleanOptions{Note: func(line string) {
		if !strings.Contains(line, dir) || !strings.Contains(line, "1 workers") {
			t.Errorf("note %q", line)
		}
		cancel()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("waiting for a worker ended with %v", err)
	}

	notes := 0
	err = distributed.Clean(t.Context(), dir, nil, distributed.CleanOptions{Note: func(string) {
		notes++
		if err := errors.Join(late.End(journal.End{Reason: journal.Done}), late.Close()); err != nil {
			t.Error(err)
		}
	}})
	if err != nil || notes != 1 || there(dir) {
		t.Errorf("%v, %d notes, the directory is there: %v", err, notes, there(dir))
	}
}
