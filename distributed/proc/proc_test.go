package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

func round(t *testing.T, verb string, workers int) distributed.Round {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return distributed.Round{Dir: dir, Name: "lazynpy-0123456789ab", Number: 2, Workers: workers, Command: []string{self, "worker", verb, dir}}
}

func submit(t *testing.T, e Engine, r distributed.Round) *job {
	t.Helper()
	j, err := e.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		j.(*job).signal((*os.Process).Kill)
		<-j.(*job).ended
	})
	return j.(*job)
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// await waits for a file that a worker leaves.
func await(t *testing.T, parts ...string) {
	t.Helper()
	for range 3000 {
		if _, err := os.Stat(filepath.Join(parts...)); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not appear", filepath.Join(parts...))
}

func TestWorkersGetTheirIndexAndACleanEnvironment(t *testing.T) {
	for _, name := range []string{"LAZYNPY_INDEX", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "LSB_JOBINDEX", "SGE_TASK_ID",
		"AWS_BATCH_JOB_ARRAY_INDEX", "SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID"} {
		t.Setenv(name, "9")
	}
	t.Setenv("GOMAXPROCS", "")
	t.Setenv("LAZYNPY_OTHER", "stays")
	r := round(t, "env", 3)
	j := submit(t, Engine{Processes: 3}, r)
	<-j.ended
	for i := range 3 {
		env := strings.Split(read(t, r.Dir, fmt.Sprint(i, ".env")), "\n")
		if n := len(slices.DeleteFunc(slices.Clone(env), func(v string) bool { return !strings.HasSuffix(v, "=9") })); n != 0 {
			t.Errorf("worker %d has %d of the driver's indices: %q", i, n, env)
		}
		for _, want := range []string{fmt.Sprint("LAZYNPY_INDEX=", i), "LAZYNPY_OTHER=stays"} {
			if !slices.Contains(env, want) {
				t.Errorf("worker %d lacks %s", i, want)
			}
		}
		if log := read(t, r.Dir, "logs", fmt.Sprintf("proc-2-%d.out", i)); log != fmt.Sprintf("out %d\nerr %d\n", i, i) {
			t.Errorf("worker %d's log is %q", i, log)
		}
	}
	if n := len(strings.Split(j.ID(), ",")); n != 3 {
		t.Errorf("ID is %q, not three pids", j.ID())
	}
}

func TestGOMAXPROCSIsDividedUnlessItIsSet(t *testing.T) {
	for _, c := range []struct {
		all   []string
		procs int
		want  string
	}{
		{[]string{"A=1"}, 4, "A=1 GOMAXPROCS=4"},
		{[]string{"GOMAXPROCS=2"}, 4, "GOMAXPROCS=2"},
		{[]string{"GOMAXPROCS="}, 1, "GOMAXPROCS= GOMAXPROCS=1"},
	} {
		if got := strings.Join(environment(c.all, c.procs), " "); got != c.want {
			t.Errorf("environment(%q, %d) = %q, want %q", c.all, c.procs, got, c.want)
		}
	}
	t.Setenv("GOMAXPROCS", "")
	if got := newJob(Engine{Processes: 1 << 20}, distributed.Round{Workers: 1 << 20}).env; !slices.Contains(got, "GOMAXPROCS=1") {
		t.Errorf("a worker of very many has no GOMAXPROCS=1")
	}
}

func TestRoundSize(t *testing.T) {
	for _, c := range []struct {
		tasks int64
		want  int
	}{{0, 1}, {1, 1}, {3, 3}, {1 << 40, 4}} {
		if got := (Engine{Processes: 4}).RoundSize(c.tasks); got != c.want {
			t.Errorf("RoundSize(%d) = %d, want %d", c.tasks, got, c.want)
		}
	}
	if got := (Engine{}).RoundSize(1 << 40); got < 1 {
		t.Errorf("RoundSize = %d", got)
	}
}

func TestNoMoreThanProcessesAtOnce(t *testing.T) {
	r := round(t, "count", 7)
	<-submit(t, Engine{Processes: 2}, r).ended
	for i := range 7 {
		if saw := read(t, r.Dir, fmt.Sprint(i, ".saw")); saw != "1" && saw != "2" {
			t.Errorf("worker %d saw %s at work", i, saw)
		}
	}
}

func TestLogsAreAppendedAndSayHowAWorkerEnded(t *testing.T) {
	r := round(t, "fail", 1)
	for range 2 {
		j := submit(t, Engine{}, r)
		<-j.ended
		if s, err := j.Poll(t.Context()); s != distributed.Idle || err != nil {
			t.Errorf("Poll = %v, %v", s, err)
		}
	}
	const line = "proc: worker 0 of round 2 ended: exit status 7\n"
	if log := read(t, r.Dir, "logs", "proc-2-0.out"); log != line+line {
		t.Errorf("the log is %q", log)
	}
}

// broken fails every write.
type broken struct{ bytes.Buffer }

func (b *broken) Write(p []byte) (int, error) {
	_, _ = b.Buffer.Write(p)
	return 0, errors.New("broken")
}

func TestStderrIsCopied(t *testing.T) {
	r := round(t, "env", 3)
	var w broken
	<-submit(t, Engine{Processes: 1, Stderr: &w}, r).ended
	if got := w.String(); got != "err 0\nerr 1\nerr 2\n" {
		t.Errorf("Stderr got %q", got)
	}
	if log := read(t, r.Dir, "logs", "proc-2-1.out"); !strings.Contains(log, "err 1\n") || !strings.Contains(log, "out 1\n") {
		t.Errorf("the log is %q", log)
	}
}

func TestCancelEndsWorkersAndStartsNoMore(t *testing.T) {
	r := round(t, "polite", 5)
	j := submit(t, Engine{Processes: 2}, r)
	await(t, r.Dir, "0.ready")
	await(t, r.Dir, "1.ready")
	if s, err := j.Poll(t.Context()); s != distributed.Active || err != nil {
		t.Fatalf("Poll = %v, %v", s, err)
	}
	if err := j.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, _ := j.Poll(t.Context()); s != distributed.Idle {
		t.Errorf("Poll = %v after Cancel", s)
	}
	if err := j.Cancel(t.Context()); err != nil {
		t.Errorf("Cancel again: %v", err)
	}
	if n := len(strings.Split(j.ID(), ",")); n != 2 {
		t.Errorf("%d workers were started, want 2", n)
	}
	if log := read(t, r.Dir, "logs", "proc-2-4.out"); !strings.Contains(log, "cancelled before it started") {
		t.Errorf("the log of worker 4 is %q", log)
	}
}

func TestCancelKillsAfterTheGrace(t *testing.T) {
	r := round(t, "stubborn", 1)
	j := submit(t, Engine{}, r)
	await(t, r.Dir, "0.ready")
	j.grace = 50 * time.Millisecond
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Cancel(gone); !errors.Is(err, context.Canceled) {
		// Without SIGTERM it may have been killed by now.
		if s, _ := j.Poll(t.Context()); err != nil || s != distributed.Idle {
			t.Errorf("Cancel = %v", err)
		}
	}
	<-j.ended // by the kill that the first Cancel has left behind
	if err := j.Cancel(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSubmitRefuses(t *testing.T) {
	good := round(t, "env", 1)
	dir := t.TempDir()
	for name, change := range map[string]func(*Engine, *distributed.Round){
		"Processes is -1":     func(e *Engine, _ *distributed.Round) { e.Processes = -1 },
		"not an absolute":     func(_ *Engine, r *distributed.Round) { r.Dir = "run" },
		"0 workers":           func(_ *Engine, r *distributed.Round) { r.Workers = 0 },
		"without a command":   func(_ *Engine, r *distributed.Round) { r.Command = nil },
		"detached":            func(_ *Engine, r *distributed.Round) { r.Detach = true },
		"worker 0 of round 2": func(_ *Engine, r *distributed.Round) { r.Command = []string{filepath.Join(dir, "none")} },
		"proc: mkdir": func(_ *Engine, r *distributed.Round) {
			r.Dir = filepath.Join(dir, "file")
			if err := os.WriteFile(r.Dir, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		},
	} {
		e, r := Engine{}, good
		change(&e, &r)
		if _, err := e.Submit(t.Context(), r); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Engine{}).Submit(ended, good); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(good.Dir, "*.env")); len(left) != 0 {
		t.Errorf("a worker has run: %q", left)
	}
}

func TestDetachIsUnsupported(t *testing.T) {
	r := round(t, "env", 1)
	r.Detach = true
	if _, err := (Engine{}).Submit(t.Context(), r); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	if err := (Engine{}).Cancel(t.Context(), r.Name); err != nil {
		t.Error(err)
	}
}

// submitAndHang is a driver that is killed.
func submitAndHang(dir string) {
	self, err := os.Executable()
	if err == nil {
		_, err = Engine{Processes: 2}.Submit(context.Background(), distributed.Round{
			Dir: dir, Name: "lazynpy-0123456789ab", Number: 1, Workers: 2, Command: []string{self, "worker", "polite", dir},
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	time.Sleep(time.Hour)
}
