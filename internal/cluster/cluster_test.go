//go:build slurm

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/proc"
	"github.com/lazynpy/lazynpy/distributed/slurm"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// delay is a map that changes nothing and takes its time over every tile, so that there is time to
// break things.
type delay struct {
	Milliseconds int `json:"milliseconds"`
}

func TestMain(m *testing.M) {
	ops.RegisterMap("cluster.delay", func(a *lazy.Array, p delay) (*lazy.Array, error) {
		return lazy.Map(a, func(dst, src []uint16) {
			time.Sleep(time.Duration(p.Milliseconds) * time.Millisecond)
			copy(dst, src)
		})
	})
	distributed.WorkerMain()
	os.Exit(m.Run())
}

// slurmCluster is four nodes of two processors each.
type slurmCluster struct {
	t    *testing.T
	root string
}

// up starts a cluster of the test's own, or says why there is none.
func up(t *testing.T) (*slurmCluster, error) {
	t.Helper()
	root, err := os.MkdirTemp("", "ms")
	if err != nil {
		t.Fatal(err)
	}
	c := &slurmCluster{t, root}
	t.Cleanup(func() {
		if _, err := c.run("down"); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	_, err = c.run("up")
	return c, err
}

// run runs a verb of the script.
func (c *slurmCluster) run(args ...string) (string, error) {
	return c.exec(append([]string{"bash", filepath.Join("..", "..", ".ci", "minislurm.sh")}, args...)...)
}

// must runs a verb that has to succeed.
func (c *slurmCluster) must(args ...string) {
	c.t.Helper()
	if out, err := c.run(args...); err != nil {
		c.t.Errorf("%s: %v", strings.Join(args, " "), out)
	}
}

// exec runs a command that sees the cluster.
func (c *slurmCluster) exec(args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "MINISLURM_ROOT="+c.root, "SLURM_CONF="+filepath.Join(c.root, "slurm.conf"), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return strings.TrimSpace(string(out)), err
}

// running lists the tasks of a run that Slurm says are running, as JOB_INDEX.
func (c *slurmCluster) running(name string) []string {
	out, err := c.exec("squeue", "-h", "-r", "-n", name, "-t", "R", "-o", "%i")
	if err != nil {
		return nil
	}
	return strings.Fields(out)
}

// engine is the Slurm engine, which finds the commands in wrappers that see this cluster: tests run
// side by side, and the environment is one of the process.
func (c *slurmCluster) engine(e slurm.Engine) distributed.Engine {
	c.t.Helper()
	dir := filepath.Join(c.root, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		c.t.Fatal(err)
	}
	for _, command := range []string{"sbatch", "squeue", "scancel"} {
		real, err := exec.LookPath(command)
		if err != nil {
			c.t.Fatal(err)
		}
		script := fmt.Sprintf("#!/bin/sh\nSLURM_CONF=%s/slurm.conf exec %s \"$@\"\n", c.root, real)
		if err := os.WriteFile(filepath.Join(dir, command), []byte(script), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	e.Bin, e.Poll = dir, time.Second
	return e
}

// workers are the pids of all processes that work on a run directory.
func workers(dir string) []int {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var pids []int
	for _, path := range paths {
		b, err := os.ReadFile(path)
		args := strings.Split(string(b), "\x00")
		if err != nil || len(args) < 4 || args[1] != "work" || args[3] != dir {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// scanBytes is the size of the scan: 64 x 64 patterns of 512 x 512 uint16.
const scanBytes = 2 << 30

// fixture is the scan, and what the pool makes of it.
type fixture struct {
	dir, scan string
	reference paths
	building  sync.Once // of the command, for the tests that run it
	failed    error
}

// paths are the outputs of one run.
type paths struct{ out, bright, spread, pattern string }

func outputs(dir string) paths {
	return paths{filepath.Join(dir, "out.npy"), filepath.Join(dir, "bright.npy"), filepath.Join(dir, "std.npy"), filepath.Join(dir, "pattern.npy")}
}

// options ask for a map, and three reductions with small and large states.
func (p paths) options(ms int) distributed.Options {
	op := ops.Must
	return distributed.Options{
		Navigation:   []int{0, 1},
		PortionBytes: 32 << 20,
		Tasks:        16,
		Map: []ops.Op{
			op("multiply", map[string]any{"operand": 3}), op("right_shift", map[string]any{"operand": 1}), op("cluster.delay", delay{ms}),
		},
		Output: p.out,
		Reduce: []distributed.Reduction{
			{Op: op("sum", ops.OverParams{Over: "signal"}), Path: p.bright},
			{Op: op("std", nil), Path: p.spread},
			{Op: op("mean", ops.OverParams{Over: "navigation"}), Path: p.pattern},
		},
	}
}

// prepare writes the scan, computes the reference, and has NumPy judge it.
func prepare(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir()}
	f.scan = filepath.Join(f.dir, "scan.npy")
	if err := writeScan(f.scan); err != nil {
		t.Fatal(err)
	}
	f.reference = outputs(f.dir)
	plan, err := distributed.MemmapDistributed(f.scan, f.reference.options(0))
	if err != nil {
		t.Fatal(err)
	}
	if w := plan.Output.Write; w != distributed.WriteDirect && w != distributed.WriteCached || plan.Portions() != 64 || plan.Tasks != 16 {
		t.Fatalf("%d portions in %d tasks, written %s", plan.Portions(), plan.Tasks, plan.Output.Write)
	}
	if err := distributed.Run(t.Context(), plan, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.judge(t)
	return f
}

// writeScan writes numbers that do not repeat, in pieces.
func writeScan(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := "\x93NUMPY\x01\x00\x76\x00{'descr': '<u2', 'fortran_order': False, 'shape': (64, 64, 512, 512), }"
	if _, err := f.WriteString(head + strings.Repeat(" ", 127-len(head)) + "\n"); err != nil {
		return err
	}
	piece, state := make([]byte, 2<<20), uint64(1)
	for range scanBytes / len(piece) {
		for i := 0; i < len(piece); i += 8 {
			state = state*6364136223846793005 + 1442695040888963407
			for k := range 4 { // the high bits are the random ones
				v := state >> (20 + 11*k) & 0xfff
				piece[i+2*k], piece[i+2*k+1] = byte(v), byte(v>>8)
			}
		}
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	return f.Close()
}

// judge compares the reference with NumPy.
func (f *fixture) judge(t *testing.T) {
	t.Helper()
	python := os.Getenv("LAZYNPY_PYTHON")
	if python == "" {
		t.Fatal("LAZYNPY_PYTHON is not set; .ci/run slurm sets it")
	}
	cmd := exec.Command(python, "testdata/judge.py", f.scan, f.reference.out, f.reference.bright, f.reference.spread, f.reference.pattern)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("NumPy: %v: %s", err, out)
	}
	t.Logf("NumPy: %s", bytes.TrimSpace(out))
}

// attempt is one run with something that goes wrong.
type attempt struct {
	t      *testing.T
	dir    string
	plan   *distributed.Plan
	result paths
	done   chan error
}

// start begins a run whose workers wait so long at every tile of 256 KiB.
func (f *fixture) start(t *testing.T, e distributed.Engine, ms int, change func(*distributed.Options)) *attempt {
	t.Helper()
	a := f.plan(t, ms, change)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	go func() {
		defer cancel()
		a.done <- distributed.Run(ctx, a.plan, e, distributed.RunOptions{})
	}()
	return a
}

func (f *fixture) plan(t *testing.T, ms int, change func(*distributed.Options)) *attempt {
	t.Helper()
	dir, err := os.MkdirTemp(f.dir, "run")
	if err != nil {
		t.Fatal(err)
	}
	a := &attempt{t: t, result: outputs(dir), done: make(chan error, 1)}
	o := a.result.options(ms)
	if change != nil {
		change(&o)
	}
	if a.plan, err = distributed.MemmapDistributed(f.scan, o); err != nil {
		t.Fatal(err)
	}
	a.dir = a.plan.DefaultDir()
	return a
}

// prepare makes a run that has no driver: whoever starts workers of it gives them the command.
func (f *fixture) prepare(t *testing.T, ms int) (a *attempt, command string) {
	t.Helper()
	a = f.plan(t, ms, nil)
	exe, err := os.Executable()
	if err == nil {
		err = a.plan.Write(a.dir)
	}
	if err == nil {
		err = distributed.Prepare(t.Context(), distributed.RunOptions{Dir: a.dir})
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		end := time.Now().Add(3 * time.Minute)
		for a.status().State != distributed.Complete {
			if time.Sleep(100 * time.Millisecond); time.Now().After(end) {
				a.done <- errors.New("the outputs are not there")
				return
			}
		}
		a.done <- nil
	}()
	return a, exe + " work --plan " + a.dir
}

// status is that of the journals; the zero Status before there are any.
func (a *attempt) status() distributed.Status {
	s, err := distributed.StatusOf(context.Background(), a.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.t.Error(err)
	}
	return s
}

// until waits for something, a minute at most.
func (a *attempt) until(what string, f func() bool) {
	a.t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			a.t.Fatalf("waited a minute for %s: %+v", what, a.status())
		}
	}
}

// finish waits for the run and compares everything with the reference.
func (a *attempt) finish(f *fixture) distributed.Status {
	a.t.Helper()
	if err := <-a.done; err != nil {
		a.t.Fatalf("%v; status %+v", err, a.status())
	}
	for _, pair := range [][2]string{{a.result.out, f.reference.out}, {a.result.bright, f.reference.bright},
		{a.result.spread, f.reference.spread}, {a.result.pattern, f.reference.pattern}} {
		if err := sameFiles(pair[0], pair[1]); err != nil {
			a.t.Error(err)
		}
	}
	// Others than the one that has published still run: they stop at the mark of a run that is
	// done, or fail to find the output.
	a.until("the last worker", func() bool { return len(workers(a.dir)) == 0 })
	s := a.status()
	ends := map[distributed.AttemptEnd]int{}
	for _, at := range s.Attempts {
		if at.End == "" {
			at.End = "died"
		}
		ends[at.End]++
	}
	a.t.Logf("%d attempts %v, %d portions twice", len(s.Attempts), ends, s.Duplicates)
	// Slurm may still start tasks, which find the run done and write that into their logs.
	a.until("nobody to write logs", func() bool { return os.RemoveAll(filepath.Dir(a.dir)) == nil })
	return s
}

func sameFiles(x, y string) error {
	fx, err := os.Open(x)
	if err != nil {
		return err
	}
	defer fx.Close()
	fy, err := os.Open(y)
	if err != nil {
		return err
	}
	defer fy.Close()
	bx, by := make([]byte, 1<<20), make([]byte, 1<<20)
	for at := 0; ; at += len(bx) {
		nx, ex := io.ReadFull(fx, bx)
		ny, ey := io.ReadFull(fy, by)
		if !bytes.Equal(bx[:nx], by[:ny]) {
			return fmt.Errorf("%s and %s differ behind byte %d", x, y, at)
		}
		if ex != nil || ey != nil {
			if ex == io.EOF || ex == io.ErrUnexpectedEOF {
				return nil
			}
			return ex
		}
	}
}

// killWorkers kills a worker every 0.7 s, in turn, so many times or until none is left to be
// killed.
func (a *attempt) killWorkers(times int) (killed int) {
	for i := 0; killed < times; i++ {
		select {
		case err := <-a.done:
			a.done <- err
			return killed
		case <-time.After(700 * time.Millisecond):
		}
		if pids := workers(a.dir); len(pids) > 0 {
			if syscall.Kill(pids[(5*i)%len(pids)], syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	return killed
}

// side lets that many tests run side by side, each with a cluster: they mostly wait.
var side = make(chan struct{}, max(2, runtime.NumCPU()))

// TestCluster breaks one run after another.
func TestCluster(t *testing.T) {
	f := prepare(t)
	if _, err := up(t); err != nil {
		if os.Getenv("LAZYNPY_REQUIRE_SLURM") != "" {
			t.Fatal(err)
		}
		fmt.Fprintf(os.Stderr, "\n*** NO SLURM CLUSTER HERE: %v\n*** ONLY LOCAL PROCESSES ARE TESTED\n\n", err)
		testProcesses(t, f)
		return
	}
	t.Run("all", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *fixture, *slurmCluster){
			"clean": testClean, "power loss": testPowerLoss, "zombie": testZombie, "kill -9": testKill,
			"controller crash after 2 s": func(t *testing.T, f *fixture, c *slurmCluster) { testCrash(t, f, c, 2*time.Second) },
			"controller crash after 7 s": func(t *testing.T, f *fixture, c *slurmCluster) { testCrash(t, f, c, 7*time.Second) },
			"srun in an allocation":      testAllocation, "plain sbatch": testPlain,
			"srun says that all is well": testLyingRun, "time limit": testTimeLimit, "requeue": testRequeue,
			"worked example, as documented": testWorked,
			"dask-jobqueue, as documented":  testJobqueue, "Snakemake, as documented": testSnakemake,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				side <- struct{}{}
				defer func() { <-side }()
				started := time.Now()
				c, err := up(t)
				if err != nil {
					t.Fatal(err)
				}
				test(t, f, c)
				t.Logf("%.0f s", time.Since(started).Seconds())
			})
		}
	})
}

func testClean(t *testing.T, f *fixture, c *slurmCluster) {
	s := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 0, nil).finish(f)
	// tasks that start late find nothing left to do
	if s.Duplicates != 0 || s.Failures != 0 || len(s.Attempts) < 2 {
		t.Errorf("%+v", s)
	}
}

// testPowerLoss takes the power of a node away, for good. The others take what its workers had not
// recorded.
func testPowerLoss(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 12, nil)
	a.until("some records", func() bool { return a.status().Done >= 4 })
	c.must("kill-node", "2")
	s := a.finish(f)
	dead := 0
	for _, at := range s.Attempts {
		if at.End == "" {
			dead++
			if at.Host != "n2" {
				t.Errorf("a worker on %s died as well", at.Host)
			}
		}
	}
	if dead == 0 {
		t.Error("no worker died")
	}
}

// testZombie cuts the link of a node whose workers go on, while their tasks are given to another
// node. As long as they are heard on the filesystem, nobody computes what they do.
func testZombie(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 30, func(o *distributed.Options) { o.Tasks = 6 })
	a.until("all workers", func() bool { return len(a.status().Attempts) == 6 })
	c.must("partition", "2")
	a.until("a replacement", func() bool { return len(a.status().Attempts) > 6 })
	s := a.finish(f)
	zombies := 0
	for _, at := range s.Attempts {
		if at.Host == "n2" && at.Portions > 0 {
			zombies++
		}
	}
	if zombies == 0 || s.Failures != 0 {
		t.Errorf("%d workers that nobody counts on have recorded something: %+v", zombies, s)
	}
}

// testKill kills workers while they write, so that blocks are left half-written.
func testKill(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 8, nil)
	a.until("some workers", func() bool { return len(workers(a.dir)) > 3 })
	if killed := a.killWorkers(16); killed < 8 {
		t.Errorf("only %d workers were killed", killed)
	}
	a.finish(f)
}

// testCrash lets the controller crash so long after the submission, before or after it has saved
// the job.
func testCrash(t *testing.T, f *fixture, c *slurmCluster, after time.Duration) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 12, nil)
	a.until("a job", func() bool { return len(c.running(a.plan.Name())) > 0 })
	time.Sleep(after)
	c.must("kill-ctld")
	time.Sleep(time.Second)
	c.must("start-ctld")
	// An administrator takes back the nodes that were drained because of jobs that run there
	// already.
	stop := make(chan struct{})
	var admin sync.WaitGroup
	admin.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Second):
				_, _ = c.run("resume-nodes") // there may be none to take back
			}
		}
	})
	a.finish(f)
	close(stop)
	admin.Wait()
}

// testLyingRun loses a node of one job over four nodes, of which srun and Slurm say that it has
// completed. The other ranks do the work of the lost one, and nothing is submitted again.
func testLyingRun(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{Ranks: 4}), 12, nil)
	a.until("all ranks", func() bool { return len(a.status().Attempts) == 4 })
	c.must("kill-node", "3")
	s := a.finish(f)
	if len(s.Attempts) != 4 {
		t.Errorf("%d workers: %+v", len(s.Attempts), s)
	}
}

// testAllocation has srun start the workers in an allocation, and nobody else.
func testAllocation(t *testing.T, f *fixture, c *slurmCluster) {
	a, command := f.prepare(t, 0)
	if out, err := c.exec(append([]string{"salloc", "--nodes=4", "srun"}, strings.Fields(command)...)...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := a.finish(f)
	ranks := map[int]bool{}
	for _, at := range s.Attempts {
		ranks[at.Index] = true
	}
	if len(s.Attempts) != 4 || len(ranks) != 4 || s.Duplicates != 0 {
		t.Errorf("%d ranks: %+v", len(ranks), s)
	}
}

// testPlain has a script of a user's start the workers, one of which is lost with its node. No
// driver looks after them.
func testPlain(t *testing.T, f *fixture, c *slurmCluster) {
	a, command := f.prepare(t, 6)
	if out, err := c.exec("sbatch", "--array=1-4", "--no-requeue", "--output=/dev/null", "--wrap", "exec "+command); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.until("all workers", func() bool { return len(a.status().Attempts) == 4 })
	c.must("kill-node", "2")
	if s := a.finish(f); len(s.Attempts) != 4 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

// testTimeLimit lets the time of the jobs run out. Workers are told before, and record what they
// have. Slurm looks at limits twice a minute, so that they must take most of one.
func testTimeLimit(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1, Time: "1", Signal: 55 * time.Second}), 45, func(o *distributed.Options) { o.Tasks = 8 })
	s := a.finish(f)
	interrupted := 0
	for _, at := range s.Attempts {
		if at.End == "interrupted" && at.Portions > 0 {
			interrupted++
		}
	}
	if interrupted == 0 {
		t.Errorf("no worker was interrupted and had recorded something: %+v", s.Attempts)
	}
}

// testRequeue takes a running task off its node. Others do the rest of its work, whether it comes
// back or not.
func testRequeue(t *testing.T, f *fixture, c *slurmCluster) {
	a := f.start(t, c.engine(slurm.Engine{CPUs: 1}), 12, nil)
	a.until("some records", func() bool { return a.status().Done >= 4 })
	tasks := c.running(a.plan.Name())
	if len(tasks) == 0 {
		t.Fatal("no task is running")
	}
	if _, err := c.exec("scontrol", "requeue", tasks[0]); err != nil {
		t.Error(err)
	}
	a.finish(f)
}

// testProcesses is what can be tested without a cluster: a clean run of local processes, and one
// that are killed.
func testProcesses(t *testing.T, f *fixture) {
	t.Run("processes", func(t *testing.T) {
		f.start(t, proc.Engine{Processes: 4}, 0, nil).finish(f)
	})
	t.Run("processes, kill -9", func(t *testing.T) {
		a := f.start(t, proc.Engine{Processes: 8}, 8, nil)
		a.until("some workers", func() bool { return len(workers(a.dir)) > 3 })
		if killed := a.killWorkers(8); killed < 4 {
			t.Errorf("only %d workers were killed", killed)
		}
		a.finish(f)
	})
}
