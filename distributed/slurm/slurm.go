// Package slurm starts the workers of a distributed run as jobs of a Slurm cluster, by the commands
// that its users have: sbatch, squeue and scancel.
//
// A round is one job array with a task for every worker, whose index it finds in
// SLURM_ARRAY_TASK_ID. Where arrays are not allowed, [Engine.Ranks] makes it one job over as many
// nodes, in which srun starts the workers; their index is in SLURM_PROCID.
//
// # Contract
//
// Slurm promises little, and so does this package. Jobs that it acknowledged are lost if the
// controller ends within seconds; their ids are given out again, which is why jobs are always asked
// for by id and name. Two copies of a task run when a node loses its network. A job that has
// completed may have lost a rank. A batch job whose slurmstepd was killed is said to run until
// somebody cancels it. What was computed is therefore for the journals of the run to say;
// [distributed.Job.Poll] only says when to look.
//
// The run directory, the program and the input must have the same names on the nodes. Tasks inherit
// the environment of the submitting process, without what tells it of a job that it is itself part
// of.
//
// # Concurrency
//
// An Engine is a value and never changes. Its jobs may be used by several goroutines.
package slurm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// The defaults of [Engine].
const (
	// DefaultMaxArray, 1000: Slurm's MaxArraySize is 1001 unless the site has changed it, and
	// indices end before it.
	DefaultMaxArray = 1000

	// DefaultPoll, 15 s: squeue takes a lock of the controller, and sites bar users who run it in a
	// loop.
	DefaultPoll = 15 * time.Second

	// DefaultSignal, 60 s: enough to record what is finished, with a shared filesystem under load.
	DefaultSignal = 60 * time.Second
)

// commandTimeout is how long a command may take. A controller under load lets its clients wait, and
// one whose machine is gone lets them wait for minutes.
const commandTimeout = 60 * time.Second

// maxSignal is the most seconds that --signal takes.
const maxSignal = 65535 * time.Second

var (
	_ distributed.Engine   = Engine{}
	_ distributed.Attacher = Engine{}
)

// Engine says how jobs are submitted. The zero value submits job arrays with the defaults of the
// site.
type Engine struct {
	Partition string // --partition; "" leaves it to the site, as do the next ones
	Account   string // --account
	QOS       string // --qos
	// --time, the limit of one worker, as "30" (minutes), "2:00:00" or "1-12"; well above Signal
	Time   string
	CPUs   int    // --cpus-per-task; 0 leaves it to the site, which commonly means 1
	Memory string // --mem, of one worker, as "4G"

	// Args are passed to sbatch as they are, after the other options, which they override:
	// "--constraint=avx2".
	Args []string

	// MaxArray is how many tasks an array has at most, 0 for [DefaultMaxArray]. It must be below
	// the cluster's MaxArraySize (scontrol show config).
	MaxArray int

	// MaxRunning is how many tasks of an array run at the same time, 0 for as many as the site
	// allows.
	MaxRunning int

	// Poll is the least time between two runs of squeue for a job, 0 for [DefaultPoll]. Polls in
	// between, and in the first Poll after the submission, get the last answer.
	Poll time.Duration

	// Signal is how long before its time limit a worker gets SIGTERM, in whole seconds from 1 to
	// 65535, 0 for [DefaultSignal]. Slurm keeps to it within about a minute.
	Signal time.Duration

	// Ranks, if above 0, makes a round one job of so many nodes, with one worker on each, instead
	// of an array: for sites that do not allow arrays. A node that is lost does not end the others.
	Ranks int

	// Bin is the directory of sbatch, squeue and scancel. Default: they are found in PATH.
	Bin string

	timeout time.Duration // of a command, 0 for commandTimeout
}

// Name is "slurm".
func (e Engine) Name() string { return "slurm" }

// RoundSize is at most Ranks, or MaxArray.
func (e Engine) RoundSize(workers int64) int {
	limit := e.Ranks
	if limit <= 0 {
		limit = or(e.MaxArray, DefaultMaxArray)
	}
	return int(max(1, min(workers, int64(limit))))
}

// Validate says which field has a value that sbatch could not take, without asking Slurm.
func (e Engine) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"CPUs", e.CPUs}, {"MaxArray", e.MaxArray}, {"MaxRunning", e.MaxRunning}, {"Ranks", e.Ranks}} {
		if f.value < 0 {
			return fmt.Errorf("slurm: %s is %d, but must not be negative", f.name, f.value)
		}
	}
	if e.Poll < 0 {
		return fmt.Errorf("slurm: Poll is %v, but must not be negative", e.Poll)
	}
	if s := e.Signal; s < 0 || s > maxSignal || s%time.Second != 0 {
		return fmt.Errorf("slurm: Signal is %v, but must be 1 to 65535 whole seconds", s)
	}
	for _, s := range append([]string{e.Partition, e.Account, e.QOS, e.Time, e.Memory}, e.Args...) {
		if strings.ContainsAny(s, "\r\n\x00") {
			return fmt.Errorf("slurm: the option %q has a line break or a NUL", s)
		}
	}
	return nil
}

// checkRound says what is wrong with a round that would make Slurm do something else than it says.
func checkRound(r distributed.Round) error {
	if err := checkName(r.Name); err != nil {
		return err
	}
	if !strings.HasPrefix(r.Dir, "/") {
		return fmt.Errorf("slurm: the run directory %q is not an absolute path", r.Dir)
	}
	// A backslash anywhere in the name of an output file switches its % codes off.
	if strings.ContainsAny(r.Dir, "\\\r\n\x00") {
		return fmt.Errorf("slurm: the run directory %q has a backslash or a line break, which Slurm's names of output files cannot have", r.Dir)
	}
	if r.Workers < 1 {
		return fmt.Errorf("slurm: %d workers, but a round has at least 1", r.Workers)
	}
	if len(r.Command) == 0 {
		return errors.New("slurm: a round without a command")
	}
	return nil
}

// checkName refuses what scancel and squeue would take for no name, or for several.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ", \t\r\n\x00") {
		return fmt.Errorf("slurm: %q is not the name of a run", name)
	}
	return nil
}

// or is v, or d if v is zero.
func or[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}
