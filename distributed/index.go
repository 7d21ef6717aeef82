package distributed

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// indexVariable is an environment variable in which a scheduler gives the tasks of an array their numbers.
type indexVariable struct {
	name string
	base int    // of the first task
	none string // what it has outside of an array
}

// indexVariables are asked in this order: the most explicit first.
var indexVariables = []indexVariable{
	{name: "LAZYNPY_INDEX"},
	{name: "SLURM_ARRAY_TASK_ID"},
	{name: "JOB_COMPLETION_INDEX"},
	{name: "PBS_ARRAY_INDEX"},
	{name: "LSB_JOBINDEX", base: 1, none: "0"},
	{name: "SGE_TASK_ID", base: 1, none: "undefined"},
	{name: "AWS_BATCH_JOB_ARRAY_INDEX"},
}

// IsIndexVariable reports whether an environment variable can give a worker its index: one that [Index] looks at. Engines
// keep them from workers that have another index than the process that starts them.
func IsIndexVariable(name string) bool {
	switch name {
	case "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID":
		return true
	}
	return slices.ContainsFunc(indexVariables, func(v indexVariable) bool { return v.name == name })
}

// maxIndex bounds indices, and numbers of workers: more is none of a scheduler's.
const maxIndex = math.MaxInt32 - 1

// firstOwnStep is where the step numbers begin that Slurm keeps for itself, such as that of an interactive step.
const firstOwnStep = 0xfffffff0

// Index is which share of a round a worker has, from 0, by its environment, which getenv looks up as [os.Getenv]
// does. The first of these variables that is set, and not empty, counts: LAZYNPY_INDEX, SLURM_ARRAY_TASK_ID (Slurm
// job arrays), JOB_COMPLETION_INDEX (Kubernetes Indexed Jobs), PBS_ARRAY_INDEX, LSB_JOBINDEX (LSF, from 1),
// SGE_TASK_ID (Grid Engine, from 1), AWS_BATCH_JOB_ARRAY_INDEX, and in a step that srun started SLURM_PROCID.
//
// of is the number of shares, or 0 where the environment does not say: only SLURM_NTASKS, beside SLURM_PROCID,
// does. ok is false if there is no index. A variable that has no number, or one out of range, is an error that
// names it.
func Index(getenv func(string) string) (index, of int, ok bool, err error) {
	for _, v := range indexVariables {
		s := strings.TrimSpace(getenv(v.name))
		if s == "" || s == v.none {
			continue
		}
		n, err := envNumber(v.name, s, v.base)
		if err != nil {
			return 0, 0, false, err
		}
		return n - v.base, 0, true, nil
	}
	return stepIndex(getenv)
}

// stepIndex is the rank of a task of srun. A batch script has the same variables, but is not one of several tasks.
func stepIndex(getenv func(string) string) (index, of int, ok bool, err error) {
	step, rank := strings.TrimSpace(getenv("SLURM_STEP_ID")), strings.TrimSpace(getenv("SLURM_PROCID"))
	if n, err := strconv.ParseUint(step, 10, 32); step == "" || rank == "" || err == nil && n >= firstOwnStep {
		return 0, 0, false, nil
	}
	if index, err = envNumber("SLURM_PROCID", rank, 0); err != nil {
		return 0, 0, false, err
	}
	tasks := strings.TrimSpace(getenv("SLURM_NTASKS"))
	if tasks == "" {
		return index, 0, true, nil
	}
	if of, err = envNumber("SLURM_NTASKS", tasks, 1); err != nil {
		return 0, 0, false, err
	}
	if index >= of {
		return 0, 0, false, fmt.Errorf("distributed: SLURM_PROCID is %d, but SLURM_NTASKS is %d", index, of)
	}
	return index, of, true, nil
}

func envNumber(name, s string, least int) (int, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("distributed: %s is %q, which is not an integer", name, s)
	}
	if n < int64(least) || n > maxIndex {
		return 0, fmt.Errorf("distributed: %s is %d, out of range %d to %d", name, n, least, maxIndex)
	}
	return int(n), nil
}
