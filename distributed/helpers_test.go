package distributed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// driveEnv has the run directory, in a process that was started to be a driver.
const driveEnv = "LAZYNPY_TEST_DRIVE"

func TestMain(m *testing.M) {
	ops.RegisterMap("test.slow", slow)
	distributed.WorkerMain()
	if dir := os.Getenv(driveEnv); dir != "" {
		err := distributed.Resume(context.Background(), distributed.Pool{Workers: 1}, distributed.RunOptions{Dir: dir, Poll: time.Millisecond})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// slowParams say how "test.slow" takes its time. It computes 1.5 x + 1 of float32.
type slowParams struct {
	Micros int `json:"micros"` // that every tile takes

	// Gate is a file. From its first tile on, a process has a file of this name and ".PID"; it
	// waits until so many processes have one, and after so many tiles until the gate is there.
	Gate     string `json:"gate"`
	Together int    `json:"together"`
	Tiles    int64  `json:"tiles"`

	PID bool `json:"pid"` // adds the process ID, which no operation should
}

var tilesOf sync.Map // by gate, of this process

func slow(a *lazy.Array, p slowParams) (*lazy.Array, error) {
	shift := float32(1)
	if p.PID {
		shift += float32(os.Getpid())
	}
	return lazy.Map(a, func(dst, src []float32) {
		p.pass()
		for i, x := range src {
			dst[i] = 1.5*x + shift
		}
	})
}

// pass lets a tile through.
func (p slowParams) pass() {
	time.Sleep(time.Duration(p.Micros) * time.Microsecond)
	if p.Gate == "" {
		return
	}
	count, _ := tilesOf.LoadOrStore(p.Gate, new(atomic.Int64))
	n := count.(*atomic.Int64).Add(1)
	if n == 1 {
		touch(p.Gate + "." + strconv.Itoa(os.Getpid()))
		hold(began(p.Gate, p.Together))
	}
	if n <= p.Tiles {
		return
	}
	touch(p.Gate + ".held")
	hold(func() bool { return there(p.Gate) })
}

// hold waits for longer than any test does, so that nothing is left of a test that was killed.
func hold(holds func() bool) {
	for end := time.Now().Add(3 * time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			panic("held for too long")
		}
	}
}

func touch(path string) {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		panic(err) // in an operation, of which a panic ends the run
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// await waits until a condition holds, and a minute at most.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// began reports whether so many processes have begun with tiles at a gate.
func began(gate string, n int) func() bool {
	return func() bool {
		files, _ := filepath.Glob(gate + ".[0-9]*")
		return len(files) >= n
	}
}

func held(gate string) func() bool { return func() bool { return there(gate + ".held") } }

// fixture is an input, with a folder for what is made of it.
type fixture struct {
	*testing.T
	scan, dir, gate string
}

// small is blocks of one tile each, of 16 KiB, in a quick folder; large is blocks of two tiles of
// 256 KiB each, on the disk.
func small(t *testing.T) *fixture { return newFixture(t, quickDir(t), 12, 64, 64) }
func large(t *testing.T) *fixture { return newFixture(t, t.TempDir(), 16, 512, 256) }

func newFixture(t *testing.T, dir string, shape ...int64) *fixture {
	t.Helper()
	return &fixture{T: t, scan: makeScan(t, shape...), dir: dir, gate: filepath.Join(t.TempDir(), "gate")}
}

// quickDir is a folder for tests that wait for the disk very often: in memory, where the system has
// such folders.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "lazynpy-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// options are a map, an output and two reductions, with one block of the first axis in a portion.
func (f *fixture) options(p slowParams) distributed.Options {
	return distributed.Options{
		Navigation:   []int{0},
		Chunks:       "(1, -1, -1)",
		PortionBytes: 1,
		Map:          []ops.Op{ops.Must("test.slow", p)},
		Output:       filepath.Join(f.dir, "out.npy"),
		Reduce: []distributed.Reduction{
			{Op: ops.Must("mean", ops.OverParams{Over: "signal"}), Path: filepath.Join(f.dir, "mean.npy")},
			{Op: ops.Must("sum", ops.OverParams{Over: "navigation"}), Path: filepath.Join(f.dir, "sum.npy")},
		},
	}
}

func (f *fixture) plan(o distributed.Options) *distributed.Plan {
	f.Helper()
	p, err := distributed.MemmapDistributed(f.scan, o)
	if err != nil {
		f.Fatal(err)
	}
	return p
}

// slowPlan is a plan of [fixture.options].
func (f *fixture) slowPlan(p slowParams) *distributed.Plan {
	f.Helper()
	return f.plan(f.options(p))
}

// run runs a plan at a quick pace.
func run(p *distributed.Plan, e distributed.Engine, o distributed.RunOptions) error {
	return runIn(context.Background(), p, e, o)
}

func runIn(ctx context.Context, p *distributed.Plan, e distributed.Engine, o distributed.RunOptions) error {
	o.Poll = 2 * time.Millisecond
	return distributed.Run(ctx, p, e, o)
}

// outputs are the files that plans of a fixture have made, by their names.
func (f *fixture) outputs() map[string][]byte {
	f.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"out.npy", "mean.npy", "sum.npy"} {
		b, err := os.ReadFile(filepath.Join(f.dir, name))
		if err != nil {
			f.Fatal(err)
		}
		all[name] = b
	}
	return all
}

// want is what a plan of the fixture gives in one piece, with package lazy alone.
func (f *fixture) want() map[string][]byte {
	f.Helper()
	a, err := lazy.Open(f.scan, lazy.NavigationAxes(0), lazy.Chunks("(1, -1, -1)"))
	if err != nil {
		f.Fatal(err)
	}
	defer a.Close()
	m, err := lazy.Map(a, func(dst, src []float32) {
		for i, x := range src {
			dst[i] = 1.5*x + 1
		}
	})
	if err == nil {
		m, err = m.With(lazy.Chunks("(1, -1, -1)"))
	}
	if err != nil {
		f.Fatal(err)
	}
	other := *f
	other.dir = f.TempDir()
	if err := m.Save(f.Context(), filepath.Join(other.dir, "out.npy")); err != nil {
		f.Fatal(err)
	}
	results, err := lazy.Run(f.Context(), m, lazy.NewMean(lazy.OverSignal()), lazy.NewSum(lazy.OverNavigation()))
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range []string{"mean.npy", "sum.npy"} {
		if err := results[i].Save(filepath.Join(other.dir, name)); err != nil {
			f.Fatal(err)
		}
	}
	return other.outputs()
}

// check compares the outputs with those that they should be, and sees that nothing else is left.
func (f *fixture) check(want map[string][]byte) {
	f.Helper()
	for name, got := range f.outputs() {
		w := want[name]
		if name == "out.npy" { // the header has more blanks
			got, w = got[min(4096, len(got)):], w[128:]
		}
		if !bytes.Equal(got, w) {
			f.Errorf("%s is another one, of %d bytes instead of %d", name, len(got), len(w))
		}
	}
	f.checkLeft("out.npy", "out.npy.run", "mean.npy", "sum.npy")
}

// checkLeft sees that the folder has these files only.
func (f *fixture) checkLeft(want ...string) {
	f.Helper()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(want, e.Name()) {
			f.Errorf("left behind: %s", e.Name())
		}
	}
	if len(entries) < len(want) {
		f.Errorf("%d files instead of %q", len(entries), want)
	}
}

// unpublished sees that no output has its name.
func (f *fixture) unpublished() {
	f.Helper()
	for _, name := range []string{"out.npy", "mean.npy", "sum.npy", "out.npy.run/done.json"} {
		if there(filepath.Join(f.dir, name)) {
			f.Errorf("%s is there", name)
		}
	}
}

// status is what the journals say, with the number of records in all.
func status(t testing.TB, p *distributed.Plan) (s distributed.Status, records int64) {
	t.Helper()
	s, err := distributed.StatusOf(context.Background(), p.DefaultDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.Attempts {
		records += a.Portions
	}
	return s, records
}

// partFile is the output of a plan before it is published.
func partFile(t testing.TB, p *distributed.Plan) string {
	t.Helper()
	files, err := filepath.Glob(p.Output.Path + ".*.part")
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	return files[0]
}

// procs is an engine of processes: this program again, as [distributed.WorkerMain] has it.
type procs struct {
	workers int
	copies  int // of every worker; default 1

	mu  sync.Mutex
	all []*process
}

type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // after ended
}

func (e *procs) Name() string                             { return "proc" }
func (e *procs) RoundSize(int64) int                      { return e.workers }
func (e *procs) Cancel(_ context.Context, _ string) error { return nil }

func (e *procs) Submit(_ context.Context, r distributed.Round) (distributed.Job, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j := &procsJob{}
	for i := range r.Workers * max(e.copies, 1) {
		p, err := startWorker(r.Command, i%r.Workers)
		if err != nil {
			return nil, err
		}
		j.workers, e.all = append(j.workers, p), append(e.all, p)
	}
	return j, nil
}

// startWorker starts a worker that computes one block after the other.
func startWorker(command []string, index int) (*process, error) {
	p := &process{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "LAZYNPY_INDEX="+strconv.Itoa(index), "GOMAXPROCS=1")
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		if err := p.cmd.Wait(); err != nil {
			p.err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
			if p.cmd.ProcessState.ExitCode() == distributed.ExitRefused {
				p.err = fmt.Errorf("%w: %w", distributed.ErrRefused, p.err)
			}
		}
	}()
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wait waits until all processes that were started have ended.
func (e *procs) wait() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.all {
		<-p.ended
	}
}

// killAtWork kills one process, picked at random, of those that have begun with tiles.
func (e *procs) killAtWork(rng *rand.Rand, gate string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	var at []*process
	for _, p := range e.all {
		if p.running() && there(gate+"."+strconv.Itoa(p.cmd.Process.Pid)) {
			at = append(at, p)
		}
	}
	if len(at) == 0 {
		return false
	}
	p := at[rng.IntN(len(at))]
	if p.cmd.Process.Kill() != nil {
		return false
	}
	<-p.ended
	return true
}

type procsJob struct{ workers []*process }

func (j *procsJob) ID() string { return "test" }

func (j *procsJob) Poll(context.Context) (distributed.State, error) {
	var errs []error
	for _, p := range j.workers {
		if p.running() {
			return distributed.Active, nil
		}
		errs = append(errs, p.err)
	}
	return distributed.Idle, errors.Join(errs...)
}

func (j *procsJob) Cancel(context.Context) error {
	for _, p := range j.workers {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
	}
	return nil
}
