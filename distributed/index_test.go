package distributed

import (
	"strings"
	"testing"
)

func TestIndex(t *testing.T) {
	tests := []struct {
		env       string // "A=1 B=2"
		index, of int
		ok        bool
	}{
		{"", 0, 0, false},
		{"LAZYNPY_INDEX=7 SLURM_ARRAY_TASK_ID=3", 7, 0, true},
		{"LAZYNPY_INDEX= SLURM_ARRAY_TASK_ID=3", 3, 0, true},
		{"SLURM_ARRAY_TASK_ID=0 SLURM_PROCID=2 SLURM_NTASKS=4 SLURM_STEP_ID=0", 0, 0, true},
		{"JOB_COMPLETION_INDEX=12", 12, 0, true},
		{"PBS_ARRAY_INDEX=1", 1, 0, true},
		{"LSB_JOBINDEX=1", 0, 0, true},
		{"LSB_JOBINDEX=0", 0, 0, false},
		{"LSB_JOBINDEX=0 AWS_BATCH_JOB_ARRAY_INDEX=9", 9, 0, true},
		{"SGE_TASK_ID=5", 4, 0, true},
		{"SGE_TASK_ID=undefined", 0, 0, false},
		{"AWS_BATCH_JOB_ARRAY_INDEX=0", 0, 0, true},
		{"SLURM_PROCID=2 SLURM_NTASKS=4 SLURM_STEP_ID=0", 2, 4, true},
		{"SLURM_PROCID=2 SLURM_STEP_ID=1", 2, 0, true},
		{"SLURM_PROCID=0 SLURM_NTASKS=4", 0, 0, false},                          // a batch script
		{"SLURM_PROCID=0 SLURM_NTASKS=4 SLURM_STEP_ID=4294967290", 0, 0, false}, // an interactive step
		{"SLURM_STEP_ID=0 SLURM_NTASKS=4", 0, 0, false},
		{"LAZYNPY_INDEX=2147483646", 2147483646, 0, true},
	}
	for _, test := range tests {
		index, of, ok, err := Index(environment(test.env))
		if err != nil || index != test.index || of != test.of || ok != test.ok {
			t.Errorf("%q: %d of %d, %v, %v", test.env, index, of, ok, err)
		}
	}
}

func TestIndexRefuses(t *testing.T) {
	for env, want := range map[string]string{
		"LAZYNPY_INDEX=x SLURM_ARRAY_TASK_ID=3":                   `LAZYNPY_INDEX is "x", which is not an integer`,
		"LAZYNPY_INDEX=1.0":                                       "not an integer",
		"LAZYNPY_INDEX=99999999999999999999":                      "not an integer",
		"LAZYNPY_INDEX=-1":                                        "LAZYNPY_INDEX is -1, out of range 0 to 2147483646",
		"SLURM_ARRAY_TASK_ID=4294967294":                          "SLURM_ARRAY_TASK_ID is 4294967294, out of range",
		"JOB_COMPLETION_INDEX=-2":                                 "JOB_COMPLETION_INDEX is -2",
		"LSB_JOBINDEX=-1":                                         "LSB_JOBINDEX is -1, out of range 1 to",
		"SGE_TASK_ID=0":                                           "SGE_TASK_ID is 0, out of range 1 to",
		"SLURM_STEP_ID=0 SLURM_PROCID=a SLURM_NTASKS=2":           `SLURM_PROCID is "a"`,
		"SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_NTASKS=0":           "SLURM_NTASKS is 0, out of range 1 to",
		"SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_NTASKS=many":        `SLURM_NTASKS is "many"`,
		"SLURM_STEP_ID=0 SLURM_PROCID=4 SLURM_NTASKS=4":           "SLURM_PROCID is 4, but SLURM_NTASKS is 4",
		"SLURM_STEP_ID=0 SLURM_PROCID=-1 SLURM_NTASKS=4":          "SLURM_PROCID is -1",
		"LSB_JOBINDEX=0 SGE_TASK_ID=undefined PBS_ARRAY_INDEX=[]": `PBS_ARRAY_INDEX is "[]"`,
	} {
		index, of, ok, err := Index(environment(env))
		if err == nil || !strings.Contains(err.Error(), want) || index != 0 || of != 0 || ok {
			t.Errorf("%q: %d of %d, %v, %v", env, index, of, ok, err)
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
