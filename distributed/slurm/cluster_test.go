//go:build slurm && linux

package slurm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/internal/minislurm"
)

// These tests use a real cluster: go test -tags slurm ./distributed/slurm, as root.

func init() { onCluster = func(m *testing.M) { minislurm.Main(m, 4) } }

// quick is an engine that asks more often than one should ask anybody else's cluster.
func quick() Engine { return Engine{Poll: 100 * time.Millisecond} }

// runs numbers the runs, whose names differ, so that one test does not see what another one has
// left.
var runs int

// shellRound is a round whose workers are a shell script; in it $0 is the run directory.
func shellRound(t *testing.T, workers int, text string) distributed.Round {
	t.Helper()
	runs++
	dir := t.TempDir() + "/a b'c\"d$e%j#f;é"
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return distributed.Round{
		Dir: dir, Name: fmt.Sprintf("lazynpy-%012x", runs), Number: 1, Workers: workers,
		Command: []string{"/bin/sh", "-c", text, dir},
	}
}

// submit submits a round, and cancels it when the test has ended.
func submit(t *testing.T, e Engine, r distributed.Round) distributed.Job {
	t.Helper()
	j, err := e.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("scancel", "--name="+r.Name).Run() })
	return j
}

// await waits until a condition holds; most of the time is Slurm's.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 900 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	out, _ := exec.Command("squeue", "--states=all").CombinedOutput()
	t.Fatalf("after 90 s still not: %s\n%s", what, out)
}

// idle waits until the job is Idle, and fails on Unknown.
func idle(t *testing.T, j distributed.Job) {
	t.Helper()
	await(t, "Idle", func() bool {
		s, err := j.Poll(t.Context())
		if s == distributed.Unknown {
			t.Fatalf("Poll = %v, %v", s, err)
		}
		return s == distributed.Idle
	})
}

// files are the names of the files in the run directory that match a pattern, sorted.
func files(r distributed.Round, pattern string) []string {
	entries, _ := os.ReadDir(r.Dir)
	var names []string
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	return names
}

func contents(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestClusterArray(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	for _, v := range []string{"LAZYNPY_INDEX", "JOB_COMPLETION_INDEX", "SLURM_PROCID", "SLURM_STEP_ID", "SBATCH_WAIT", "SQUEUE_PARTITION"} {
		t.Setenv(v, "9")
	}
	r := shellRound(t, 5, `env >"$0/$SLURM_ARRAY_TASK_ID.env"; echo said`)
	j := submit(t, quick(), r)
	idle(t, j)
	if got := files(r, "*.env"); !slices.Equal(got, []string{"0.env", "1.env", "2.env", "3.env", "4.env"}) {
		t.Fatalf("workers were %q", got)
	}
	for i := range 5 {
		env := strings.Split(contents(t, r.Dir, fmt.Sprintf("%d.env", i)), "\n")
		for _, v := range []string{"LAZYNPY_INDEX=9", "JOB_COMPLETION_INDEX=9", "SLURM_PROCID=9", "SLURM_STEP_ID=9", "LC_ALL=C"} {
			if slices.Contains(env, v) {
				t.Errorf("worker %d has %s", i, v)
			}
		}
		if !slices.Contains(env, "GOMAXPROCS=1") {
			t.Errorf("worker %d has not the GOMAXPROCS of its one CPU", i)
		}
		if log := contents(t, r.Dir, "logs", fmt.Sprintf("slurm-%s_%d.out", j.ID(), i)); log != "said\n" {
			t.Errorf("worker %d's log is %q", i, log)
		}
	}
}

func TestClusterArrayOfOneOnAnotherJobsName(t *testing.T) {
	r := shellRound(t, 1, `sleep 60`)
	one := submit(t, quick(), r).(*job)
	other := &job{engine: quick(), id: one.id, name: "lazynpy-none"}
	if s, err := other.Poll(t.Context()); s != distributed.Idle || err != nil {
		t.Errorf("Poll of another run's job with this id = %v, %v", s, err)
	}
	if err := other.Cancel(t.Context()); err != nil {
		t.Error(err)
	}
	time.Sleep(time.Second)
	if s, err := one.Poll(t.Context()); s != distributed.Active || err != nil {
		t.Errorf("Poll = %v, %v: the other run's Cancel has ended it", s, err)
	}
}

func TestClusterLimitOfRunning(t *testing.T) {
	e := quick()
	e.MaxRunning = 1
	r := shellRound(t, 3, `mkdir "$0/lock" && sleep 0.5 && rmdir "$0/lock" && touch "$0/$SLURM_ARRAY_TASK_ID.done"`)
	idle(t, submit(t, e, r))
	if got := files(r, "*.done"); len(got) != 3 {
		t.Errorf("only %q were alone", got)
	}
}

// polite ends on SIGTERM and says so.
const polite = `trap 'touch "$0/$i.ended"; exit 75' TERM; touch "$0/$i.ready"; while :; do sleep 0.1; done`

func TestClusterCancel(t *testing.T) {
	for name, cancel := range map[string]func(distributed.Job, distributed.Round) error{
		"job": func(j distributed.Job, _ distributed.Round) error { return j.Cancel(t.Context()) },
		"run": func(_ distributed.Job, r distributed.Round) error { return quick().Cancel(t.Context(), r.Name) },
	} {
		t.Run(name, func(t *testing.T) {
			r := shellRound(t, 12, `i=$SLURM_ARRAY_TASK_ID; `+polite) // 8 run, 4 wait
			j := submit(t, quick(), r)
			await(t, "eight at work", func() bool { return len(files(r, "*.ready")) == 8 })
			if err := cancel(j, r); err != nil {
				t.Fatal(err)
			}
			idle(t, j)
			if got := files(r, "*.ended"); len(got) != 8 {
				t.Errorf("SIGTERM has reached %q", got)
			}
			if err := cancel(j, r); err != nil {
				t.Errorf("again: %v", err)
			}
		})
	}
	if err := quick().Cancel(t.Context(), "lazynpy-none"); err != nil {
		t.Error(err)
	}
}

func TestClusterRanks(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	e := quick()
	e.Ranks = 4
	r := shellRound(t, e.RoundSize(3), `env >"$0/$SLURM_PROCID.env"; hostname >"$0/$SLURM_PROCID.host"; echo said; exit $SLURM_PROCID`)
	j := submit(t, e, r)
	idle(t, j)
	hosts := map[string]bool{}
	for i := range 3 {
		env := strings.Split(contents(t, r.Dir, fmt.Sprintf("%d.env", i)), "\n")
		for _, v := range []string{fmt.Sprintf("SLURM_PROCID=%d", i), "SLURM_NTASKS=3", "SLURM_STEP_ID=0", "GOMAXPROCS=1"} {
			if !slices.Contains(env, v) {
				t.Errorf("rank %d has no %s", i, v)
			}
		}
		hosts[contents(t, r.Dir, fmt.Sprintf("%d.host", i))] = true
		if log := contents(t, r.Dir, "logs", fmt.Sprintf("slurm-%s_%d.out", j.ID(), i)); log != "said\n" {
			t.Errorf("rank %d's log is %q", i, log)
		}
	}
	if len(hosts) != 3 {
		t.Errorf("the ranks ran on %v", hosts)
	}
}

func TestClusterRanksGetSIGTERM(t *testing.T) {
	e := quick()
	e.Ranks = 2
	r := shellRound(t, 2, `i=$SLURM_PROCID; `+polite)
	j := submit(t, e, r)
	await(t, "two at work", func() bool { return len(files(r, "*.ready")) == 2 })
	if err := j.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	idle(t, j)
	if got := files(r, "*.ended"); len(got) != 2 {
		t.Errorf("SIGTERM has reached %q", got)
	}
}

// The signal before the limit reaches workers of both kinds, early enough to end by themselves.
func TestClusterSignal(t *testing.T) {
	e := quick()
	e.Time, e.Signal = "1", 55*time.Second
	array := shellRound(t, 2, `i=$SLURM_ARRAY_TASK_ID; `+polite)
	ranks := shellRound(t, 2, `i=$SLURM_PROCID; `+polite)
	one := submit(t, e, array)
	e.Ranks = 2
	two := submit(t, e, ranks)
	for _, j := range []distributed.Job{one, two} {
		idle(t, j)
	}
	for _, r := range []distributed.Round{array, ranks} {
		if got := files(r, "*.ended"); len(got) != 2 {
			t.Errorf("SIGTERM has reached %q of %s", got, r.Name)
		}
	}
}

func TestClusterDetachedRunIsCancelledByName(t *testing.T) {
	r := shellRound(t, 1, `i=0; `+polite)
	r.Detach = true
	submit(t, quick(), r)
	await(t, "a worker", func() bool { return len(files(r, "*.ready")) == 1 })
	if err := quick().Cancel(t.Context(), r.Name); err != nil {
		t.Fatal(err)
	}
	await(t, "an empty queue", func() bool {
		out, err := exec.Command("squeue", "-h", "-n", r.Name).Output()
		return err == nil && len(out) == 0
	})
}

func TestClusterRequeue(t *testing.T) {
	r := shellRound(t, 2, `echo said; [ -n "$SLURM_RESTART_COUNT" ] || [ $SLURM_ARRAY_TASK_ID = 0 ] || { touch "$0/ready"; sleep 60; }; touch "$0/$SLURM_ARRAY_TASK_ID.done"`)
	j := submit(t, quick(), r)
	await(t, "a worker", func() bool { return len(files(r, "ready")) == 1 })
	if out, err := exec.Command("scontrol", "requeue", j.ID()+"_1").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	idle(t, j)
	if got := files(r, "*.done"); len(got) != 2 {
		t.Errorf("only %q are done", got)
	}
	if log := contents(t, r.Dir, "logs", "slurm-"+j.ID()+"_1.out"); strings.Count(log, "said\n") != 2 {
		t.Errorf("the log of the requeued worker is %q", log)
	}
}

// A controller that is killed says nothing, and when it is back either does not know the job, or
// relaunches it, or holds it. In every case Poll says Idle in the end, and nothing of the job stays
// in the queue.
func TestClusterControllerIsKilled(t *testing.T) {
	for _, after := range []time.Duration{2 * time.Second, 7 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			r := shellRound(t, 3, `touch "$0/$SLURM_ARRAY_TASK_ID.ready"; sleep 15`)
			// Nodes that still run this job would refuse a next one, which could get its id.
			t.Cleanup(func() {
				if err := minislurm.Do("up"); err != nil {
					t.Error(err)
				}
			})
			j := submit(t, quick(), r)
			await(t, "three at work", func() bool { return len(files(r, "*.ready")) == 3 })
			time.Sleep(after)
			if s, err := j.Poll(t.Context()); s != distributed.Active || err != nil {
				t.Fatalf("Poll = %v, %v", s, err)
			}
			if err := minislurm.Do("kill-ctld"); err != nil {
				t.Fatal(err)
			}
			t.Logf("without a controller: %q", polled(t, j, distributed.Unknown))
			if err := minislurm.Do("start-ctld"); err != nil {
				t.Fatal(err)
			}
			t.Logf("with the controller back: %q", polled(t, j, distributed.Idle))
			out, err := exec.Command("squeue", "-h", "-n", r.Name, "-o", "%i %T %r").CombinedOutput()
			if err != nil || len(out) != 0 {
				t.Errorf("left in the queue: %s (%v)", out, err)
			}
		})
	}
}

// polled polls until a state is reached, and returns what was said until then, without repetitions.
func polled(t *testing.T, j distributed.Job, want distributed.State) []string {
	t.Helper()
	var said []string
	await(t, want.String(), func() bool {
		s, err := j.Poll(t.Context())
		if line := fmt.Sprintf("%v %v", s, err); len(said) == 0 || said[len(said)-1] != line {
			said = append(said, line)
		}
		return s == want
	})
	return said
}

// A node that loses power is noticed, and its task runs elsewhere.
func TestClusterNodeIsLost(t *testing.T) {
	r := shellRound(t, 1, `hostname >"$0/new"; mv "$0/new" "$0/host"; [ -n "$SLURM_RESTART_COUNT" ] || sleep 300`)
	j := submit(t, quick(), r)
	await(t, "a worker", func() bool { return len(files(r, "host")) == 1 })
	node := strings.TrimPrefix(strings.TrimSpace(contents(t, r.Dir, "host")), "n")
	if err := minislurm.Do("kill-node", node); err != nil {
		t.Fatal(err)
	}
	idle(t, j)
	if now := strings.TrimSpace(contents(t, r.Dir, "host")); now == "n"+node {
		t.Errorf("the task was not run again")
	}
	if err := minislurm.Do("start-node", node); err != nil {
		t.Error(err)
	}
}

// What Script prints is what a person can submit.
func TestClusterScript(t *testing.T) {
	r := shellRound(t, 2, `touch "$0/$SLURM_ARRAY_TASK_ID.done"`)
	if err := os.Mkdir(filepath.Join(r.Dir, "logs"), 0o777); err != nil {
		t.Fatal(err)
	}
	e := quick()
	e.Args = []string{`--comment=say "hi" to\from $me`}
	cmd := exec.Command("sbatch", "--parsable")
	text, err := e.Script(r)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	id := strings.TrimSpace(string(out))
	idle(t, &job{engine: e, id: jobID{number: id}, name: r.Name})
	if got := files(r, "*.done"); len(got) != 2 {
		t.Errorf("only %q are done", got)
	}
	for i := range 2 {
		contents(t, r.Dir, "logs", fmt.Sprintf("slurm-%s_%d.out", id, i))
	}
	out, err = exec.Command("squeue", "-h", "--states=all", "-j", id, "-o", "%k").Output()
	if err != nil || !strings.Contains(string(out), `say "hi" to\from $me`) {
		t.Errorf("the comment is %s (%v)", out, err)
	}
}
