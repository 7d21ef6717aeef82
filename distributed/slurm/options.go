package slurm

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// options are sbatch's for the workers of a round.
func (e Engine) options(r distributed.Round) []string {
	o := e.common(r, e.CPUs)
	if e.Ranks > 0 {
		n := strconv.Itoa(r.Workers)
		// Without B: the signal goes to the steps, and not to the batch script. That is srun, which
		// would kill its tasks at once.
		o = append(o, "--nodes="+n, "--ntasks="+n, "--no-kill", "--signal=TERM@"+e.seconds(), "--output="+logFile(r, "slurm-%j.out"))
	} else {
		array := "--array=0-" + strconv.Itoa(r.Workers-1)
		if e.MaxRunning > 0 {
			array += "%" + strconv.Itoa(e.MaxRunning)
		}
		// With B: it goes to the batch script alone, which is the worker.
		o = append(o, array, "--signal=B:TERM@"+e.seconds(), "--output="+logFile(r, "slurm-%A_%a.out"))
	}
	if len(r.Exclude) > 0 {
		o = append(o, "--exclude="+strings.Join(r.Exclude, ","))
	}
	return append(o, e.Args...)
}

// common are the options of all jobs of a run. Requeued tasks append, so that what the first
// attempt said stays.
func (e Engine) common(r distributed.Round, cpus int) []string {
	o := []string{"--requeue", "--open-mode=append", "--job-name=" + r.Name}
	if cpus > 0 {
		o = append(o, "--cpus-per-task="+strconv.Itoa(cpus))
	}
	for _, f := range [][2]string{
		{"--partition=", e.Partition},
		{"--account=", e.Account},
		{"--qos=", e.QOS},
		{"--time=", e.Time},
		{"--mem=", e.Memory},
	} {
		if f[1] != "" {
			o = append(o, f[0]+f[1])
		}
	}
	return o
}

func (e Engine) seconds() string {
	return strconv.FormatInt(int64(or(e.Signal, DefaultSignal)/time.Second), 10)
}

// logFile is the name of a file among the logs, in which Slurm replaces the % codes of pattern
// only.
func logFile(r distributed.Round, pattern string) string {
	return path.Join(strings.ReplaceAll(r.Dir, "%", "%%"), "logs", pattern)
}

// srun is the command that starts the ranks, each with an output of its own. It waits for all of
// them, however the others have ended. Since 22.05 it does not take over the CPUs per task from the
// job.
func (e Engine) srun(r distributed.Round) []string {
	n := strconv.Itoa(r.Workers)
	c := []string{
		"srun", "--no-kill", "--kill-on-bad-exit=0", "--wait=0", "--nodes=" + n, "--ntasks=" + n,
		"--open-mode=append", "--output=" + logFile(r, "slurm-%j_%t.out"),
	}
	if e.CPUs > 0 {
		c = append(c, fmt.Sprintf("--cpus-per-task=%d", e.CPUs))
	}
	return append(c, r.Command...)
}
