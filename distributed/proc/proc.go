// Package proc starts the workers of a distributed run as processes on this machine: to keep what
// they need and what they break apart, and to try a run before it goes to a cluster.
//
// # Contract
//
// Workers belong to the process that submitted them. On Linux they get SIGTERM when it ends,
// however it ends; elsewhere they go on, and the last one publishes. They are in
// process groups of their own, so that a key that interrupts the driver in a terminal does not
// reach them: the driver tells them, by Cancel. A detached round is refused.
//
// There is no list of the processes of a run, so that [Engine.Cancel] has nothing to end: workers
// that another process has started end by themselves when they see the cancel mark in the run
// directory.
//
// What a worker writes is appended to logs/proc-ROUND-INDEX.out in the run directory.
//
// # Concurrency
//
// An Engine is a value and never changes. Its jobs may be used by several goroutines. A job holds
// one goroutine and, on Linux, one operating system thread until its workers have ended.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/lazynpy/lazynpy/distributed"
)

var _ distributed.Engine = Engine{}

// Engine starts processes. The zero value starts one for every CPU that Go uses.
type Engine struct {
	// Processes is how many workers run at the same time, 0 for GOMAXPROCS. They share its CPUs:
	// each gets its part of them, at least 1, as its GOMAXPROCS, unless that variable is set in the
	// environment.
	Processes int

	// Stderr, if not nil, also gets what workers write to their standard error. Writes to it are
	// never concurrent within a job; its errors are ignored.
	Stderr io.Writer
}

// Name is "proc".
func (e Engine) Name() string { return "proc" }

// RoundSize is at most Processes.
func (e Engine) RoundSize(workers int64) int {
	return int(max(1, min(workers, int64(e.processes()))))
}

// Submit starts up to Processes workers. The others of the round start as those end. If one cannot
// be started, it ends the others, and returns the error.
func (e Engine) Submit(ctx context.Context, r distributed.Round) (distributed.Job, error) {
	if err := e.check(r); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(r.Dir, "logs"), 0o777); err != nil {
		return nil, fmt.Errorf("proc: %w", err)
	}
	j := newJob(e, r)
	started := make(chan error)
	go j.run(started)
	if err := <-started; err != nil {
		_ = j.Cancel(context.WithoutCancel(ctx)) // which fails only with its context
		return nil, err
	}
	return j, nil
}

// Cancel does nothing, as the package comment explains.
func (e Engine) Cancel(context.Context, string) error { return nil }

func (e Engine) check(r distributed.Round) error {
	switch {
	case e.Processes < 0:
		return fmt.Errorf("proc: Processes is %d, but must not be negative", e.Processes)
	case !filepath.IsAbs(r.Dir):
		return fmt.Errorf("proc: the run directory %q is not an absolute path", r.Dir)
	case r.Workers < 1:
		return fmt.Errorf("proc: %d workers, but a round has at least 1", r.Workers)
	case len(r.Command) == 0:
		return errors.New("proc: a round without a command")
	case r.Detach:
		return fmt.Errorf("proc: processes on this machine end with the one that started them, which a detached run does without: %w", errors.ErrUnsupported)
	}
	return nil
}

func (e Engine) processes() int {
	if e.Processes > 0 {
		return e.Processes
	}
	return runtime.GOMAXPROCS(0)
}
