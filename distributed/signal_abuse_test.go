//go:build unix

package distributed_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestTerminated tells a worker process to end as a scheduler does before the time is up.
func TestTerminated(t *testing.T) {
	f := small(t)
	// Nothing tells when the signal has arrived: there must be work for much longer than it takes.
	o := f.options(slowParams{Micros: 50_000, Gate: f.gate, Tiles: 2})
	o.Tasks = 1
	want, p := f.want(), f.plan(o)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := runIn(ctx, p, distributed.Pool{}, distributed.RunOptions{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err) // of a driver that only prepares
	}
	w, err := startWorker([]string{os.Args[0], "work", "--plan", p.DefaultDir()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the gate", held(f.gate))
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "two records", func() bool { _, n := status(t, p); return n == 2 })
	touch(f.gate)
	<-w.ended
	if exit, ok := errors.AsType[*exec.ExitError](w.err); !ok || exit.ExitCode() != distributed.ExitInterrupted {
		t.Errorf("it ended with %v", w.err)
	}
	s, records := status(t, p)
	if records < 2 || records >= p.Portions() || len(s.Attempts) != 1 || s.Attempts[0].End != "interrupted" {
		t.Errorf("%d records, status %+v", records, s)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}
