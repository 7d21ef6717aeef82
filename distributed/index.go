package distributed

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// launchers are what starts workers, with or without an [Engine] for it: by which environment
// variables a process knows that it was started so, which job it belongs to, on which node, and
// which number it has. Those that others run within come first, and the index of a task of an array
// goes before the rank of a process in it.
var launchers = []struct {
	name    string
	job     string   // "" if there is none
	node    string   // "" if there is none
	indices []string // before those of all ranks
	ranks   []string
}{
	{name: "proc", job: "LAZYNPY_INDEX", indices: []string{"LAZYNPY_INDEX"}},
	{name: "slurm", job: "SLURM_JOB_ID", node: "SLURMD_NODENAME", indices: []string{"SLURM_ARRAY_TASK_ID"}, ranks: []string{"SLURM_PROCID"}},
	{name: "kubernetes", job: "JOB_COMPLETION_INDEX", indices: []string{"JOB_COMPLETION_INDEX"}},
	{name: "pbs", job: "PBS_JOBID", indices: []string{"PBS_ARRAY_INDEX", "PBS_ARRAYID"}},
	{name: "lsf", job: "LSB_JOBID", indices: []string{"LSB_JOBINDEX"}},
	{name: "sge", job: "SGE_TASK_ID", indices: []string{"SGE_TASK_ID"}},
	{name: "aws", job: "AWS_BATCH_JOB_ID", indices: []string{"AWS_BATCH_JOB_ARRAY_INDEX"}},
	{name: "google", indices: []string{"CLOUD_RUN_TASK_INDEX", "BATCH_TASK_INDEX"}},
	{name: "mpi", ranks: []string{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}},
	{name: "flux", ranks: []string{"FLUX_TASK_RANK"}},
	{name: "parallel", ranks: []string{"PARALLEL_SEQ"}},
}

// indexVariables are the variables of all launchers that number processes, in the order in which
// they count.
func indexVariables() []string {
	var indices, ranks []string
	for _, l := range launchers {
		indices, ranks = append(indices, l.indices...), append(ranks, l.ranks...)
	}
	return append(indices, ranks...)
}

// IsIndexVariable reports whether an environment variable can give a worker its index: one that
// [Index] looks at. Engines keep them from workers that have another index than the process that
// starts them.
func IsIndexVariable(name string) bool {
	return name == "SLURM_NTASKS" || name == "SLURM_STEP_ID" || slices.Contains(indexVariables(), name)
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
	for _, name := range indexVariables() {
		if n, err := strconv.ParseInt(strings.TrimSpace(getenv(name)), 10, 64); err == nil && n >= 0 && n <= maxIndex {
			return int(n)
		}
	}
	return -1
}
