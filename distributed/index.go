package distributed

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// indexVariables are environment variables in which schedulers and launchers number the processes
// that they start. The index of a task of an array goes before the rank of a process in it.
var indexVariables = []string{
	"LAZYNPY_INDEX", "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "PBS_ARRAYID", "LSB_JOBINDEX", "SGE_TASK_ID",
	"AWS_BATCH_JOB_ARRAY_INDEX", "CLOUD_RUN_TASK_INDEX", "BATCH_TASK_INDEX",
	"SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "FLUX_TASK_RANK", "PARALLEL_SEQ",
}

// IsIndexVariable reports whether an environment variable can give a worker its index: one that
// [Index] looks at. Engines keep them from workers that have another index than the process that
// starts them.
func IsIndexVariable(name string) bool {
	return name == "SLURM_NTASKS" || name == "SLURM_STEP_ID" || slices.Contains(indexVariables, name)
}

// maxIndex bounds indices, and numbers of workers: more is none of a scheduler's.
const maxIndex = math.MaxInt32 - 1

// Index is the number that a scheduler or launcher has given to a process, by its environment,
// which getenv looks up as [os.Getenv] does; -1 if it has none. Workers with different indices
// begin far from each other. Nothing else depends on it, so that it does not matter whether numbers
// begin at 0 or at 1, or come twice.
//
// The first of these variables that has a number counts: LAZYNPY_INDEX, SLURM_ARRAY_TASK_ID,
// JOB_COMPLETION_INDEX (Kubernetes), PBS_ARRAY_INDEX, PBS_ARRAYID, LSB_JOBINDEX (LSF), SGE_TASK_ID,
// AWS_BATCH_JOB_ARRAY_INDEX, CLOUD_RUN_TASK_INDEX, BATCH_TASK_INDEX (Google), SLURM_PROCID (srun),
// OMPI_COMM_WORLD_RANK, PMIX_RANK, PMI_RANK (MPI), FLUX_TASK_RANK, PARALLEL_SEQ.
func Index(getenv func(string) string) int {
	for _, name := range indexVariables {
		if n, err := strconv.ParseInt(strings.TrimSpace(getenv(name)), 10, 64); err == nil && n >= 0 && n <= maxIndex {
			return int(n)
		}
	}
	return -1
}
