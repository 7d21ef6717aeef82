package slurm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// job is the workers of one round.
type job struct {
	engine Engine
	id     jobID
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

// ask runs squeue. It asks for id and name, as ids are given out again after a controller has lost
// a job, and for jobs in all states, as squeue refuses names of states that it does not know, and
// later versions have more of them.
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
		// They would stand in the queue for ever. Those of their tasks that run all the same, as
		// after a controller was restarted from an old state, do no harm.
		if err := j.Cancel(ctx); err != nil {
			return distributed.Unknown, fmt.Errorf("cancelling %d held jobs: %w", n.stuck, err)
		}
		return distributed.Idle, nil
	}
	return distributed.Idle, n.fate()
}

// Cancel cancels the workers. Slurm sends them SIGTERM, and SIGKILL after
// the site's KillWait, commonly 30 s.
func (j *job) Cancel(ctx context.Context) error {
	args := append(j.id.cluster(), "--name="+j.name, j.id.number)
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

// jobCount is how many lines of squeue are of jobs that wait or run, how many of jobs that wait for
// nothing, and how many of jobs that have ended, by state.
type jobCount struct {
	active, stuck int
	ended         map[string]int
}

// countJobs reads lines of "STATE|reason". A state that it does not know is one of waiting or
// running.
func countJobs(out string) (n jobCount) {
	n.ended = map[string]int{}
	for line := range strings.Lines(out) {
		state, reason, ok := strings.Cut(strings.TrimSpace(line), "|")
		switch {
		case !ok:
		case ended(state):
			n.ended[state]++
		case state == "PENDING" && stuck(reason):
			n.stuck++
		default:
			n.active++
		}
	}
	return n
}

// remedies say what to do about jobs that have ended in a state.
var remedies = map[string]string{
	"OUT_OF_MEMORY": "more than --mem: give more, or less work at once with --portion",
	"TIMEOUT":       "more than --time",
	"DEADLINE":      "they could not end before their deadline",
	"NODE_FAIL":     "their nodes failed",
	"BOOT_FAIL":     "their nodes did not boot",
	"CANCELLED":     "by a user or an administrator",
}

// fate is how workers have ended that have not ended well; nil if there is nothing to tell.
func (n jobCount) fate() error {
	var said []string
	for _, state := range slices.Sorted(maps.Keys(n.ended)) {
		switch remedy, known := remedies[state], n.ended[state]; {
		case state == "COMPLETED" || state == "FAILED": // what those have to say is in the journals
		case remedy == "":
			said = append(said, fmt.Sprintf("%d workers %s", known, state))
		default:
			said = append(said, fmt.Sprintf("%d workers %s (%s)", known, state, remedy))
		}
	}
	if len(said) == 0 {
		return nil
	}
	err := errors.New("slurm: " + strings.Join(said, ", "))
	if n.ended["CANCELLED"] > 0 {
		return fmt.Errorf("%w: %w", distributed.ErrCancelled, err)
	}
	return err
}

// ended says that a job in this state does not run again.
func ended(state string) bool {
	switch state {
	case "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT":
		return true
	}
	return false
}

// stuck says that Slurm itself holds a pending job, and that nobody will let it go: its launch has
// failed, or it was requeued too often. What a user or an administrator holds (JobHeldUser,
// JobHeldAdmin, "job requeued in held state") is not stuck. They will release it, and must not find
// that it was submitted again meanwhile.
func stuck(reason string) bool {
	r := strings.ToLower(strings.ReplaceAll(reason, "_", " "))
	return strings.Contains(r, "launch failed requeued held") || strings.Contains(r, "jobholdmaxrequeue")
}
