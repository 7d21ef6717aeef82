package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

const (
	maxOutput = 4 << 20 // bytes of a command's output: squeue prints about 30 for a task
	maxError  = 4 << 10 // bytes of its messages
	maxQuote  = 300     // bytes of them in an error
)

// errTimeout is no context.DeadlineExceeded, which would say that the caller's time is over.
var (
	errTimeout = errors.New("no answer")
	errTooLong = errors.New("the output is longer than 4 MiB")
)

// commandError is a command that has failed, with what it said.
type commandError struct {
	name   string
	stderr string
	err    error
}

func (e *commandError) Error() string {
	var said []string
	for line := range strings.Lines(e.stderr) {
		if line = strings.TrimSpace(line); line != "" {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return fmt.Sprintf("slurm: %s: %v", e.name, e.err)
	}
	return fmt.Sprintf("slurm: %s: %s (%v)", e.name, clip(strings.Join(said, "; ")), e.err)
}

func (e *commandError) Unwrap() error { return e.err }

// says tells whether the command's message contains a text, in any case.
func (e *commandError) says(text string) bool {
	return strings.Contains(strings.ToLower(e.stderr), strings.ToLower(text))
}

// run runs one of Slurm's commands and returns its output, also beside an error.
func (e Engine) run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	program, err := exec.LookPath(filepath.Join(e.Bin, name))
	if err != nil {
		return "", fmt.Errorf("slurm: the commands of Slurm are not here: %w", err)
	}
	limit := or(e.timeout, commandTimeout)
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stdout, stderr := &prefix{max: maxOutput}, &prefix{max: maxError}
	cmd := exec.CommandContext(timed, program, args...)
	cmd.Env = environment(os.Environ())
	if name != "sbatch" { // whose environment becomes the jobs'
		cmd.Env = append(cmd.Env, "LC_ALL=C")
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), stdout, stderr
	cmd.WaitDelay = time.Second // for a wrapper's child that keeps the pipes
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case timed.Err() != nil:
		err = fmt.Errorf("slurm: %s: %w within %v", name, errTimeout, limit)
	case err != nil:
		err = &commandError{name, string(stderr.bytes), err}
	case stdout.cut:
		err = fmt.Errorf("slurm: %s: %w", name, errTooLong)
	}
	return string(stdout.bytes), err
}

// environment is what the commands, and by sbatch the jobs, get of this process's environment. It
// may be part of a job itself: then its variables would give workers wrong indices, and srun wrong
// defaults. Those of squeue and scancel narrow down what they look at, so that jobs would seem to
// have ended; SBATCH_WAIT makes sbatch wait.
func environment(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT": // how to reach the cluster
			return false
		case "SBATCH_WAIT", "SBATCH_ARRAY_INX":
			return true
		}
		for _, p := range []string{"SLURM_", "SLURMD_", "SRUN_", "SQUEUE_", "SCANCEL_"} {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
		return distributed.IsIndexVariable(name)
	})
}

// prefix keeps the first bytes that are written to it.
type prefix struct {
	bytes []byte
	max   int
	cut   bool // there were more
}

func (p *prefix) Write(b []byte) (int, error) {
	n := min(len(b), p.max-len(p.bytes))
	p.cut = p.cut || n < len(b)
	p.bytes = append(p.bytes, b[:n]...)
	return len(b), nil
}

// clip shortens a text for an error.
func clip(s string) string {
	if len(s) <= maxQuote {
		return s
	}
	return s[:maxQuote] + "..."
}
