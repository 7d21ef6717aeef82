//go:build unix

package slurm

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

const name = "lazynpy-0123456789ab"

func round(dir string, workers int) distributed.Round {
	return distributed.Round{
		Dir: dir, Name: name, Number: 3, Workers: workers,
		Command: []string{"/bin/lazynpy", "work", "--plan", dir},
	}
}

func TestSubmitArray(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	j, err := Engine{}.Submit(t.Context(), round(dir, 8))
	if err != nil {
		t.Fatal(err)
	}
	q := f.questions()
	want := "sbatch --parsable --requeue --open-mode=append --job-name=" + name +
		" --array=0-7 --signal=B:TERM@60 --output=" + dir + "/logs/slurm-%A_%a.out"
	if len(q) != 1 || q[0].String() != want {
		t.Errorf("the commands were %v, want %s", q, want)
	}
	if want := "#!/bin/sh\n" + processors + "\nexec /bin/lazynpy work --plan " + dir + "\n"; q[0].Stdin != want {
		t.Errorf("the script is %q, want %q", q[0].Stdin, want)
	}
	if j.ID() != "4711" {
		t.Errorf("ID is %q", j.ID())
	}
	if _, err := os.Stat(filepath.Join(dir, "logs")); err != nil {
		t.Error(err)
	}
}

func TestSubmitWithEveryOption(t *testing.T) {
	f := newFake(t)
	dir := filepath.Join(t.TempDir(), "50% done")
	e := Engine{
		Partition: "long", Account: "em", QOS: "low", Time: "1-0", CPUs: 4, Memory: "8G",
		Args: []string{"--constraint=a b", "--no-requeue"}, MaxRunning: 5, Signal: 90 * time.Second,
	}
	if _, err := e.Submit(t.Context(), round(dir, 1)); err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(dir, "%", "%%")
	f.asked("sbatch --parsable --requeue --open-mode=append --job-name=" + name + " --cpus-per-task=4 --partition=long" +
		" --account=em --qos=low --time=1-0 --mem=8G --array=0-0%5 --signal=B:TERM@90 --output=" + escaped +
		"/logs/slurm-%A_%a.out --constraint=a b --no-requeue")
}

func TestSubmitRanks(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	e := Engine{Ranks: 16, CPUs: 2}
	if _, err := e.Submit(t.Context(), round(dir, 3)); err != nil {
		t.Fatal(err)
	}
	q := f.questions()
	want := "sbatch --parsable --requeue --open-mode=append --job-name=" + name + " --cpus-per-task=2" +
		" --nodes=3 --ntasks=3 --no-kill --signal=TERM@60 --output=" + dir + "/logs/slurm-%j.out"
	if len(q) != 1 || q[0].String() != want {
		t.Errorf("the commands were %v, want %s", q, want)
	}
	want = "\nexec srun --no-kill --kill-on-bad-exit=0 --wait=0 --nodes=3 --ntasks=3 --open-mode=append --output=" + dir +
		"/logs/slurm-%j_%t.out --cpus-per-task=2 /bin/lazynpy work --plan " + dir + "\n"
	if !strings.HasSuffix(q[0].Stdin, want) {
		t.Errorf("the script is %q, and does not end in %q", q[0].Stdin, want)
	}
}

// TestSubmitDetached submits nothing but workers, the last of which publishes, on the cluster that
// sbatch names.
func TestSubmitDetached(t *testing.T) {
	f := newFake(t)
	r := round(t.TempDir(), 2)
	r.Detach = true
	f.answers("sbatch", answer{Out: "4711;west\n"})
	j, err := Engine{CPUs: 8, Partition: "long"}.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if q := f.questions(); len(q) != 1 || q[0].Name != "sbatch" {
		t.Errorf("the commands were %v", q)
	}
	if j.ID() != "4711;west" {
		t.Errorf("ID is %q", j.ID())
	}
	if err := j.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.asked("scancel --clusters=west --name=" + name + " 4711")
}

// TestSubmitExcludes keeps workers from machines on which others have failed, also in a script that
// is printed.
func TestSubmitExcludes(t *testing.T) {
	f := newFake(t)
	r := round(t.TempDir(), 2)
	r.Exclude = []string{"n03", "n17"}
	if _, err := (Engine{}).Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if q := f.questions(); len(q) != 1 || !strings.Contains(q[0].String(), " --exclude=n03,n17") {
		t.Errorf("the commands were %v", q)
	}
	if text, err := (Engine{}).Script(r); err != nil || !strings.Contains(text, "#SBATCH --exclude=n03,n17\n") {
		t.Errorf("the script is %s, %v", text, err)
	}
}

// TestAttach asks for a job that another process has submitted at once, and cancels it.
func TestAttach(t *testing.T) {
	f := newFake(t)
	j, err := Engine{}.Attach(name, "4711;west")
	if err != nil {
		t.Fatal(err)
	}
	f.answers("squeue", answer{Out: "PENDING|Resources\n"})
	if s, err := j.Poll(t.Context()); s != distributed.Active || err != nil {
		t.Errorf("Poll = %v, %v", s, err)
	}
	if err := j.Cancel(t.Context()); err != nil {
		t.Error(err)
	}
	f.asked(strings.Replace(squeue, "squeue", "squeue --clusters=west", 1), "scancel --clusters=west --name="+name+" 4711")
	for _, c := range [][2]string{{name, ""}, {name, "x"}, {"", "4711"}, {"a,b", "4711"}} {
		if _, err := (Engine{}).Attach(c[0], c[1]); err == nil {
			t.Errorf("a job %q of %q", c[1], c[0])
		}
	}
}

func TestSubmitLeavesOutTheEnvironmentOfTheJobAround(t *testing.T) {
	f := newFake(t)
	drop := []string{"SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID", "SLURM_MEM_PER_NODE", "SLURMD_NODENAME",
		"SRUN_CPUS_PER_TASK", "SQUEUE_PARTITION", "SCANCEL_INTERACTIVE", "SBATCH_WAIT", "SBATCH_ARRAY_INX", "LAZYNPY_INDEX",
		"JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "LSB_JOBINDEX", "SGE_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"}
	keep := []string{"SLURM_CONF", "SLURM_CLUSTERS", "SBATCH_PARTITION", "LAZYNPY_OTHER"}
	for _, v := range append(slices.Clone(drop), keep...) {
		t.Setenv(v, "5")
	}
	j, err := Engine{Poll: 1}.Submit(t.Context(), round(t.TempDir(), 2))
	if err != nil {
		t.Fatal(err)
	}
	f.answers("squeue", answer{Out: "RUNNING|None\n"})
	if s, err := j.Poll(t.Context()); s != distributed.Active || err != nil {
		t.Fatalf("Poll = %v, %v", s, err)
	}
	for _, q := range f.questions() {
		for _, v := range drop {
			if slices.Contains(q.Env, v+"=5") {
				t.Errorf("%s gets %s", q.Name, v)
			}
		}
		for _, v := range keep {
			if !slices.Contains(q.Env, v+"=5") {
				t.Errorf("%s does not get %s", q.Name, v)
			}
		}
		// The locale of the workers is the user's.
		if slices.Contains(q.Env, "LC_ALL=C") == (q.Name == "sbatch") {
			t.Errorf("%s: LC_ALL=C is not where it belongs", q.Name)
		}
	}
}

func TestSubmitErrors(t *testing.T) {
	f := newFake(t)
	for _, c := range []struct {
		a    answer
		want string
	}{
		{answer{Err: "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid partition name specified\n", Code: 1},
			"slurm: sbatch: sbatch: error: invalid partition specified: x; sbatch: error: Batch job submission failed: Invalid partition name specified (exit status 1)"},
		{answer{Code: 2}, "slurm: sbatch: exit status 2"},
		{answer{Err: "sbatch: error: Batch job submission failed: Invalid job array specification", Code: 1}, "(is --max-array, MaxArray in Go, below the MaxArraySize"},
		{answer{}, `printed "" and not the id`},
		{answer{Out: "Submitted batch job 4711\n"}, `printed "Submitted batch job 4711" and not`},
		{answer{Out: "-1\n"}, `printed "-1"`},
		{answer{Out: "0\n"}, `printed "0"`},
		{answer{Out: "1;--x y\n"}, `printed "1;--x y"`},
		{answer{Out: "1;\n"}, `printed "1;"`},
		{answer{Out: "99999999999\n"}, `printed "99999999999"`},
		{answer{Err: strings.Repeat("no ", 5000), Code: 1}, "no no ... (exit status 1)"},
	} {
		f.answers("sbatch", c.a)
		_, err := Engine{}.Submit(t.Context(), round(t.TempDir(), 2))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
			t.Errorf("sbatch says %+v: the error is %v, want %s", c.a, err, c.want)
		}
	}
}

func TestSubmitReadsTheLastLine(t *testing.T) {
	f := newFake(t)
	f.answers("sbatch", answer{Out: "This is the site's wrapper.\n\n 4711;west \n"})
	j, err := Engine{}.Submit(t.Context(), round(t.TempDir(), 2))
	if err != nil {
		t.Fatal(err)
	}
	if j.ID() != "4711;west" {
		t.Errorf("ID is %q", j.ID())
	}
}

func TestNoSlurmHere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Engine{}.Submit(t.Context(), round(t.TempDir(), 2))
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "sbatch") {
		t.Errorf("the error is %v", err)
	}
}

func TestSubmitRefuses(t *testing.T) {
	f := newFake(t)
	good := round(t.TempDir(), 2)
	for want, change := range map[string]func(*Engine, *distributed.Round){
		"CPUs is -1":               func(e *Engine, _ *distributed.Round) { e.CPUs = -1 },
		"MaxArray is -1":           func(e *Engine, _ *distributed.Round) { e.MaxArray = -1 },
		"MaxRunning is -1":         func(e *Engine, _ *distributed.Round) { e.MaxRunning = -1 },
		"Ranks is -1":              func(e *Engine, _ *distributed.Round) { e.Ranks = -1 },
		"Poll is -1s":              func(e *Engine, _ *distributed.Round) { e.Poll = -time.Second },
		"Signal is -1s":            func(e *Engine, _ *distributed.Round) { e.Signal = -time.Second },
		"Signal is 1.5s":           func(e *Engine, _ *distributed.Round) { e.Signal = 1500 * time.Millisecond },
		"Signal is 24h0m0s":        func(e *Engine, _ *distributed.Round) { e.Signal = 24 * time.Hour },
		`"a\nb" has a line break`:  func(e *Engine, _ *distributed.Round) { e.Args = []string{"a\nb"} },
		`"4G\x00" has`:             func(e *Engine, _ *distributed.Round) { e.Memory = "4G\x00" },
		"not an absolute path":     func(_ *Engine, r *distributed.Round) { r.Dir = "run" },
		"has a backslash":          func(_ *Engine, r *distributed.Round) { r.Dir = `/tmp/a\b` },
		"or a line break":          func(_ *Engine, r *distributed.Round) { r.Dir = "/tmp/a\nb" },
		"0 workers":                func(_ *Engine, r *distributed.Round) { r.Workers = 0 },
		"without a command":        func(_ *Engine, r *distributed.Round) { r.Command = nil },
		`"" is not the name`:       func(_ *Engine, r *distributed.Round) { r.Name = "" },
		`"a,b" is not the name of`: func(_ *Engine, r *distributed.Round) { r.Name = "a,b" },
	} {
		e, r := Engine{}, good
		change(&e, &r)
		if _, err := e.Submit(t.Context(), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if err := (Engine{}).Cancel(t.Context(), ""); err == nil {
		t.Error("Cancel takes a run without a name, which would be all jobs of the user")
	}
	f.asked()
}

func TestSubmitWithAnEndedContext(t *testing.T) {
	newFake(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Engine{}).Submit(ended, round(t.TempDir(), 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestRoundSize(t *testing.T) {
	for _, c := range []struct {
		e     Engine
		tasks int64
		want  int
	}{
		{Engine{}, 0, 1}, {Engine{}, 7, 7}, {Engine{}, 1 << 40, 1000},
		{Engine{MaxArray: 10}, 11, 10}, {Engine{MaxArray: 4_000_000}, 2_000_000, 2_000_000},
		{Engine{Ranks: 3, MaxArray: 10}, 11, 3}, {Engine{Ranks: 3}, 2, 2},
	} {
		if got := c.e.RoundSize(c.tasks); got != c.want {
			t.Errorf("RoundSize(%d) of %+v = %d, want %d", c.tasks, c.e, got, c.want)
		}
	}
}
