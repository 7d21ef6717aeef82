package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// Submit submits the workers of a round.
func (e Engine) Submit(ctx context.Context, r distributed.Round) (distributed.Job, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if err := checkRound(r); err != nil {
		return nil, err
	}
	// Slurm fails a job whose output it cannot open.
	if err := os.MkdirAll(filepath.Join(r.Dir, "logs"), 0o777); err != nil {
		return nil, fmt.Errorf("slurm: %w", err)
	}
	id, err := e.sbatch(ctx, e.options(r), e.command(r))
	if err != nil {
		return nil, err
	}
	return &job{engine: e, id: id, name: r.Name, state: distributed.Active, asked: time.Now()}, nil
}

// Attach is the job of a run that another process has submitted.
func (e Engine) Attach(name, id string) (distributed.Job, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	number, err := parseID(id)
	if err != nil {
		return nil, err
	}
	return &job{engine: e, id: number, name: name}, nil
}

// Cancel cancels the jobs of a run of this user by the run's name, and says nothing if there are
// none.
func (e Engine) Cancel(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	// By number: a program without cgo may not know the name of a user who is in no /etc/passwd.
	return e.scancel(ctx, "--user="+strconv.Itoa(os.Getuid()), "--name="+name)
}

// sbatch submits a script. Its options are arguments and not directives, since variables such as
// SBATCH_PARTITION go before those.
func (e Engine) sbatch(ctx context.Context, options, command []string) (jobID, error) {
	out, err := e.run(ctx, script(nil, command), "sbatch", append([]string{"--parsable"}, options...)...)
	switch {
	case errors.Is(err, errTimeout):
		return jobID{}, fmt.Errorf("%w; the job may have been submitted all the same", err)
	case saysArraySize(err):
		return jobID{}, fmt.Errorf("%w (is --max-array, MaxArray in Go, below the MaxArraySize of `scontrol show config`?)", err)
	case err != nil:
		return jobID{}, err
	}
	return parseID(out)
}

// saysArraySize recognises the error of sbatch for an array that is too large.
func saysArraySize(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Invalid job array specification")
}

// jobID is the number of a job, and the cluster that has it if there are several.
type jobID struct {
	number string
	name   string // of the cluster, or ""
}

// String is the id as sbatch --parsable prints it.
func (id jobID) String() string {
	if id.name == "" {
		return id.number
	}
	return id.number + ";" + id.name
}

// cluster is the option that makes a command ask the job's cluster.
func (id jobID) cluster() []string {
	if id.name == "" {
		return nil
	}
	return []string{"--clusters=" + id.name}
}

// parseID reads the output of sbatch --parsable: "job" or "job;cluster" in the last line. Wrappers
// of sbatch that sites have print more before.
func parseID(out string) (jobID, error) {
	out = strings.TrimSpace(out)
	line := strings.TrimSpace(out[strings.LastIndexByte(out, '\n')+1:])
	number, cluster, several := strings.Cut(line, ";")
	if n, err := strconv.ParseUint(number, 10, 32); err != nil || n == 0 || several && !plain(cluster) {
		return jobID{}, fmt.Errorf("slurm: sbatch printed %q and not the id of a job; it may have been submitted all the same", clip(line))
	}
	return jobID{number: number, name: cluster}, nil
}
