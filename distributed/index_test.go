package distributed

import (
	"strings"
	"testing"
)

func TestIndex(t *testing.T) {
	for env, want := range map[string]int{ // "A=1 B=2"
		"":                                      -1,
		"LAZYNPY_INDEX=7 SLURM_ARRAY_TASK_ID=3": 7,
		"LAZYNPY_INDEX= SLURM_ARRAY_TASK_ID=3":  3,
		"SLURM_ARRAY_TASK_ID=0 SLURM_PROCID=2":  0,
		"JOB_COMPLETION_INDEX=12":               12,
		"PBS_ARRAY_INDEX=1":                     1,
		"PBS_ARRAYID=4":                         4,
		"LSB_JOBINDEX=1":                        1,
		"SGE_TASK_ID=5":                         5,
		"SGE_TASK_ID=undefined":                 -1,
		"SGE_TASK_ID=undefined PMI_RANK=3":      3,
		"AWS_BATCH_JOB_ARRAY_INDEX=0":           0,
		"CLOUD_RUN_TASK_INDEX=6":                6,
		"BATCH_TASK_INDEX=6":                    6,
		"SLURM_PROCID=2 SLURM_NTASKS=4":         2,
		"OMPI_COMM_WORLD_RANK=3 PMIX_RANK=8":    3,
		"PMIX_RANK=8":                           8,
		"FLUX_TASK_RANK=1":                      1,
		"LAZYNPY_INDEX=2147483646":              2147483646,
		"LAZYNPY_INDEX=2147483647":              -1,
		"LAZYNPY_INDEX=x":                       -1,
		"LAZYNPY_INDEX=-1":                      -1,
	} {
		if got := Index(environment(env)); got != want {
			t.Errorf("%q: %d, want %d", env, got, want)
		}
	}
}

func environment(s string) func(string) string {
	env := make(map[string]string)
	for item := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(item, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}
