package slurm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// job is the workers of one round.
type job struct {
	engine Engine
	id     jobID
	finish jobID // of a detached round
	name   string

	mu    sync.Mutex
	state distributed.State // what squeue said last
	err   error
	asked time.Time // when
}

// ID is the number of the job, with ";" and the cluster if sbatch named one.
func (j *job) ID() string { return j.id.String() }

// Poll asks squeue, or gives the last answer if that is younger than [Engine.Poll].
func (j *job) Poll(ctx context.Context) (distributed.State, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.asked) < or(j.engine.Poll, DefaultPoll) {
		return j.state, j.err
	}
	state, err := j.ask(ctx)
	if ctx.Err() != nil {
		return distributed.Unknown, ctx.Err()
	}
	j.state, j.err, j.asked = state, err, time.Now()
	return state, err
}

// ask runs squeue. It asks for id and name, as ids are given out again after a controller has lost a job, and for
// jobs in all states, as squeue refuses names of states that it does not know, and later versions have more of them.
func (j *job) ask(ctx context.Context) (distributed.State, error) {
	args := append(j.id.cluster(), "--noheader", "--jobs="+j.id.number, "--name="+j.name, "--states=all", "--format=%T|%r")
	out, err := j.engine.run(ctx, "", "squeue", args...)
	var failed *commandError
	if errors.As(err, &failed) && failed.says("Invalid job id") {
		return distributed.Idle, nil
	}
	n := countJobs(out)
	switch {
	case n.active > 0 && (err == nil || errors.Is(err, errTooLong)):
		return distributed.Active, nil
	case err != nil:
		return distributed.Unknown, err
	case n.stuck > 0:
		// They would stand in the queue for ever. Those of their tasks that run all the same, as after a controller
		// was restarted from an old state, do no harm.
		if err := j.Cancel(ctx); err != nil {
			return distributed.Unknown, fmt.Errorf("cancelling %d held jobs: %w", n.stuck, err)
		}
	}
	return distributed.Idle, nil
}

// Cancel cancels the workers, and the job that was to run after them. Slurm sends them SIGTERM, and SIGKILL after
// the site's KillWait, commonly 30 s.
func (j *job) Cancel(ctx context.Context) error {
	args := append(j.id.cluster(), "--name="+j.name, j.id.number)
	if j.finish.number != "" {
		args = append(args, j.finish.number)
	}
	return j.engine.scancel(ctx, args...)
}

// scancel cancels jobs, and does not mind if there are none.
func (e Engine) scancel(ctx context.Context, args ...string) error {
	_, err := e.run(ctx, "", "scancel", args...)
	var failed *commandError
	if errors.As(err, &failed) && (failed.says("Invalid job id") || failed.says("already completing or completed")) {
		return nil
	}
	return err
}

// jobCount is how many lines of squeue are of jobs that wait or run, and how many of jobs that wait for nothing.
type jobCount struct{ active, stuck int }

// countJobs reads lines of "STATE|reason". A state that it does not know is one of waiting or running.
func countJobs(out string) (n jobCount) {
	for line := range strings.Lines(out) {
		state, reason, ok := strings.Cut(strings.TrimSpace(line), "|")
		switch {
		case !ok || ended(state):
		case state == "PENDING" && stuck(reason):
			n.stuck++
		default:
			n.active++
		}
	}
	return n
}

// ended says that a job in this state does not run again.
func ended(state string) bool {
	switch state {
	case "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT":
		return true
	}
	return false
}

// stuck says that Slurm itself holds a pending job, and that nobody will let it go: its launch has failed, or it was
// requeued too often. What a user or an administrator holds (JobHeldUser, JobHeldAdmin, "job requeued in held
// state") is not stuck. They will release it, and must not find that it was submitted again meanwhile.
func stuck(reason string) bool {
	r := strings.ToLower(strings.ReplaceAll(reason, "_", " "))
	return strings.Contains(r, "launch failed requeued held") || strings.Contains(r, "jobholdmaxrequeue")
}
