package proc

import (
	"slices"
	"strconv"
	"strings"
)

// environment is a worker's, without its index: this process's, without what tells it of an index of its own, and
// with a GOMAXPROCS if there is none.
func environment(all []string, procs int) []string {
	set := false
	env := slices.DeleteFunc(slices.Clone(all), func(v string) bool {
		name, value, _ := strings.Cut(v, "=")
		set = set || name == "GOMAXPROCS" && value != ""
		switch name {
		case "LAZYNPY_INDEX", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "LSB_JOBINDEX", "SGE_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX",
			"SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID":
			return true
		}
		return false
	})
	if !set {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	return env
}
