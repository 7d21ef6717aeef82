package distributed_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// startDriver starts a process that resumes the run in a directory.
func startDriver(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), driveEnv+"="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestAgainWithOtherWorkers goes on where a run was left, with another number of workers.
func TestAgainWithOtherWorkers(t *testing.T) {
	f := small(t)
	want := f.want()
	o := f.options(slowParams{})
	o.PortionBytes, o.Tasks = 40<<10, 1
	if err := f.plan(o).Write(f.plan(o).DefaultDir()); err != nil {
		t.Fatal(err)
	}
	o.Tasks = 3
	p := f.plan(o)
	e := &sized{}
	if err := run(p, e, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if p.Tasks != 3 || !slices.Equal(e.asked, []int64{3}) {
		t.Errorf("%d tasks; asked for %v workers", p.Tasks, e.asked)
	}
	f.check(want)
}

// sized is the pool, which notes how many workers it was asked for.
type sized struct {
	distributed.Pool
	asked []int64
}

func (e *sized) RoundSize(workers int64) int {
	e.asked = append(e.asked, workers)
	return e.Pool.RoundSize(workers)
}

// TestAgain runs what is complete once more, and another plan in its directory.
func TestAgain(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(p.Output.Path)
	if err != nil {
		t.Fatal(err)
	}
	// An engine that must not be asked.
	if err := run(f.slowPlan(slowParams{}), nil, distributed.RunOptions{}); err != nil {
		t.Error(err)
	}
	if err := (distributed.Work{Dir: p.DefaultDir(), Index: -1}).Do(t.Context()); err != nil {
		t.Error(err)
	}
	after, err := os.Stat(p.Output.Path)
	if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the output was written again: %v, %v", after, err)
	}
	if s, records := status(t, p); records != p.Portions() || len(s.Attempts) != 1 {
		t.Errorf("%d records, status %+v", records, s)
	}
	err = run(f.slowPlan(slowParams{Micros: 1}), distributed.Pool{}, distributed.RunOptions{})
	if err == nil || !strings.Contains(err.Error(), p.DefaultDir()+" has another plan") {
		t.Errorf("another plan: %v", err)
	}
	f.check(want)
}

// TestCrashes leaves a run as drivers do that are killed while they publish.
func TestCrashes(t *testing.T) {
	want := small(t).want()
	for name, crash := range map[string]func(f *fixture, p *distributed.Plan, part string) error{
		"before done.json": func(*fixture, *distributed.Plan, string) error { return nil },
		"before the rename": func(_ *fixture, p *distributed.Plan, part string) error {
			return os.Rename(p.Output.Path, part)
		},
		"before the mark": func(_ *fixture, p *distributed.Plan, part string) error {
			return errors.Join(os.Rename(p.Output.Path, part), os.Remove(filepath.Join(p.DefaultDir(), "publishing")))
		},
		"before the results": func(f *fixture, p *distributed.Plan, part string) error {
			return errors.Join(os.Rename(p.Output.Path, part), os.Remove(filepath.Join(p.DefaultDir(), "publishing")),
				os.Remove(filepath.Join(f.dir, "mean.npy")), os.Remove(filepath.Join(f.dir, "sum.npy")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := small(t)
			p := f.slowPlan(slowParams{})
			part := ""
			o := onceDone(func() { part = partFile(t, p) })
			o.Keep = true // states are removed after done.json is there
			if err := run(p, distributed.Pool{}, o); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Remove(filepath.Join(p.DefaultDir(), "done.json")), crash(f, p, part)); err != nil {
				t.Fatal(err)
			}
			if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			f.check(want)
			if s, records := status(t, p); records != p.Portions() || len(s.Attempts) != 1 || s.State != "done" {
				t.Errorf("%d records, status %+v", records, s)
			}
		})
	}
}

// TestOutputGone removes the output between two runs. What was recorded of it is computed again,
// also where nothing is read back that would show it.
func TestOutputGone(t *testing.T) {
	want := small(t).want()
	for _, verify := range []bool{false, true} {
		f := small(t)
		p := f.slowPlan(slowParams{})
		f.endWhenDone(p)
		if err := os.Remove(partFile(t, p)); err != nil {
			t.Fatal(err)
		}
		if err := run(p, distributed.Pool{}, distributed.RunOptions{Verify: verify}); err != nil {
			t.Fatal(err)
		}
		f.check(want)
		if _, records := status(t, p); records != 2*p.Portions() {
			t.Errorf("verify %v: %d records", verify, records)
		}
	}
}

// TestReadBack changes a byte of the output after it was recorded. It is read before it is
// published if that is asked for, and what differs is then computed again; and later by Verify.
func TestReadBack(t *testing.T) {
	want := small(t).want()
	for _, verify := range []bool{false, true} {
		f := small(t)
		p := f.slowPlan(slowParams{})
		f.endWhenDone(p)
		flip(t, partFile(t, p), p.Output.Size-1)
		if err := run(p, distributed.Pool{}, distributed.RunOptions{Verify: verify}); err != nil {
			t.Fatal(err)
		}
		_, records := status(t, p)
		err := distributed.Verify(t.Context(), p.DefaultDir())
		if verify {
			f.check(want)
			if records != p.Portions()+1 || err != nil {
				t.Errorf("read back: %d records, then %v", records, err)
			}
			continue
		}
		if records != p.Portions() || err == nil || !strings.Contains(err.Error(), p.Output.Path) {
			t.Errorf("not read back: %d records, then %v", records, err)
		}
	}
}

// TestOutputCut cuts the output off after it was recorded: that shows without reading it.
func TestOutputCut(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	f.endWhenDone(p)
	if err := os.Truncate(partFile(t, p), p.Output.Size-1); err != nil {
		t.Fatal(err)
	}
	if err := distributed.Finish(t.Context(), p.DefaultDir(), distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), ".part: ") {
		t.Errorf("an output that was cut off: %v", err)
	}
	if _, err := os.Stat(p.Output.Path); err == nil {
		t.Error("it was published")
	}
}

// endWhenDone runs a plan until all portions have a record, and nothing is published.
func (f *fixture) endWhenDone(p *distributed.Plan) {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Context())
	if err := runIn(ctx, p, distributed.Pool{}, onceDone(cancel)); !errors.Is(err, context.Canceled) {
		f.Fatal(err)
	}
}

// TestPublishedUnread has a file of another run under the output's name, and the mark that the
// output was about to get it, but no output: what has the name is read before it is believed.
func TestPublishedUnread(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	f.endWhenDone(p)
	for _, err := range []error{
		os.Rename(partFile(t, p), p.Output.Path),
		os.WriteFile(filepath.Join(p.DefaultDir(), "publishing"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	flip(t, p.Output.Path, p.Output.Size-1)
	err := run(p, distributed.Pool{}, distributed.RunOptions{})
	if err == nil || !strings.Contains(err.Error(), p.Output.Path) {
		t.Errorf("another file under the name of the output: %v", err)
	}
	flip(t, p.Output.Path, p.Output.Size-1)
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Error(err)
	}
}

// TestLinkedOutput writes what a link points to, as everything else that writes does.
func TestLinkedOutput(t *testing.T) {
	f := small(t)
	want, o := f.want(), f.options(slowParams{})
	links := t.TempDir()
	o.Output = filepath.Join(links, "out.npy")
	if err := os.Symlink(filepath.Join(f.dir, "out.npy"), o.Output); err != nil {
		t.Fatal(err)
	}
	if err := run(f.plan(o), distributed.Pool{}, distributed.RunOptions{Dir: filepath.Join(f.dir, "out.npy.run")}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if info, err := os.Lstat(o.Output); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more, %v", err)
	}
}

// TestRunDirectoryEmptied removes everything but the plan from the run directory: all is computed
// again.
func TestRunDirectoryEmptied(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	f.endWhenDone(p)
	for _, name := range []string{"journal", "rounds", "logs"} {
		if err := os.RemoveAll(filepath.Join(p.DefaultDir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}

// TestTwoDrivers has two drivers of this process at work on one run, which begin and end as close
// together as they can.
func TestTwoDrivers(t *testing.T) {
	want := small(t).want()
	for i := range 8 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			f := small(t)
			p := f.slowPlan(slowParams{})
			var runs sync.WaitGroup
			for range 2 {
				runs.Go(func() {
					if err := run(p, distributed.Pool{}, distributed.RunOptions{Verify: true}); err != nil {
						t.Error(err)
					}
				})
			}
			runs.Wait()
			f.check(want)
			if done, err := distributed.ReadDone(p.DefaultDir()); err != nil || !done.Verified {
				t.Errorf("%+v, %v", done, err)
			}
		})
	}
}

// TestPermissions checks that outputs have those of any new file, whatever drivers run at the same
// time.
func TestPermissions(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	var runs sync.WaitGroup
	for range 4 {
		f := small(t)
		runs.Go(func() {
			p, err := distributed.MemmapDistributed(f.scan, f.options(slowParams{}))
			if err == nil {
				err = run(p, distributed.Pool{}, distributed.RunOptions{})
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, name := range []string{"out.npy", "sum.npy"} {
				if got, err := os.Stat(filepath.Join(f.dir, name)); err != nil || got.Mode() != info.Mode() {
					t.Errorf("%s: %v, %v instead of %v", name, got, err, info.Mode())
				}
			}
		})
	}
	runs.Wait()
}

// TestTwoDriverProcesses has two processes at work on one run, and this one as well.
func TestTwoDriverProcesses(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate})
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	one, two := startDriver(t, p.DefaultDir()), startDriver(t, p.DefaultDir())
	done := make(chan error, 1)
	go func() { done <- run(p, distributed.Pool{Workers: 1}, distributed.RunOptions{}) }()
	await(t, "three workers", began(f.gate, 3))
	touch(f.gate)
	if err := errors.Join(<-done, one.Wait(), two.Wait()); err != nil {
		t.Error(err)
	}
	f.check(want)
	if s, _ := status(t, p); len(s.Attempts) != 3 || s.Failures != 0 {
		t.Errorf("status %+v", s)
	}
}

// TestKilledDriver kills a driver, and its goroutines with it, in the middle, and goes on from
// there.
func TestKilledDriver(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 5})
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	driver := startDriver(t, p.DefaultDir())
	await(t, "five records", func() bool { _, n := status(t, p); return n == 5 })
	if err := driver.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = driver.Wait() // it was killed
	touch(f.gate)
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	s, records := status(t, p)
	if records != p.Portions() || s.Duplicates != 0 || len(s.Attempts) != 2 {
		t.Errorf("%d records, status %+v", records, s)
	}
}

// inLibrary reports whether a goroutine is inside of this module, but for the tests.
func inLibrary() (stacks string, inside bool) {
	buf := make([]byte, 1<<20)
	stacks = string(buf[:runtime.Stack(buf, true)])
	return stacks, strings.Contains(stacks, "lazynpy/lazy.") || strings.Contains(stacks, "lazynpy/distributed.") ||
		strings.Contains(stacks, "internal/bytesrc.")
}

// checkGoroutines sees that no goroutine is left; those that are about to return have a moment.
func checkGoroutines(t *testing.T) {
	t.Helper()
	for range 1000 {
		if _, inside := inLibrary(); !inside {
			return
		}
		time.Sleep(time.Millisecond)
	}
	stacks, _ := inLibrary()
	t.Errorf("goroutines are left:\n%s", stacks)
}

// TestContext ends the context in the middle of a run.
func TestContext(t *testing.T) {
	for name, e := range map[string]distributed.Engine{"pool": distributed.Pool{Workers: 1}, "procs": &procs{workers: 1}} {
		f := small(t)
		want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 4})
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { done <- runIn(ctx, p, e, distributed.RunOptions{}) }()
		await(t, "the gate", held(f.gate))
		await(t, "four records", func() bool { _, n := status(t, p); return n == 4 })
		cancel(enough)
		if name == "pool" {
			touch(f.gate) // goroutines cannot be ended inside of an operation
		}
		if err := <-done; !errors.Is(err, enough) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		touch(f.gate)
		f.unpublished()
		checkGoroutines(t)
		if s, records := status(t, p); records < 4 || records > 6 || s.Failures != 0 {
			t.Errorf("%s: %d records, status %+v", name, records, s)
		}
		if err := run(p, e, distributed.RunOptions{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.check(want)
		checkGoroutines(t)
		if s, records := status(t, p); records != p.Portions() || s.Duplicates != 0 {
			t.Errorf("%s: %d records, status %+v", name, records, s)
		}
	}
}

// TestCancel marks a run as cancelled in its middle, for its driver and for workers.
func TestCancel(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 4})
	done := make(chan error, 1)
	go func() { done <- run(p, &procs{workers: 2}, distributed.RunOptions{}) }()
	await(t, "the gate", held(f.gate))
	if err := distributed.Cancel(t.Context(), p.DefaultDir(), &procs{}); err != nil {
		t.Fatal(err)
	}
	touch(f.gate)
	if err := <-done; !errors.Is(err, distributed.ErrRefused) || !strings.Contains(err.Error(), p.DefaultDir()+": refused: the run was cancelled; to go on, resume it") {
		t.Errorf("Run: %v", err)
	}
	if err := (distributed.Work{Dir: p.DefaultDir(), Index: -1}).Do(t.Context()); !errors.Is(err, distributed.ErrRefused) {
		t.Errorf("Do: %v", err)
	}
	f.unpublished()
	if s, _ := status(t, p); s.State != "cancelled" || s.Done == p.Portions() {
		t.Errorf("status %+v", s)
	}
	if err := run(p, &procs{workers: 2}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if s, records := status(t, p); records != p.Portions() || s.Duplicates != 0 {
		t.Errorf("%d records, status %+v", records, s)
	}
}

// TestInterrupt tells a worker to end: it records the portion at hand, and no more.
func TestInterrupt(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 3})
	// A driver that only prepares.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := runIn(ctx, p, distributed.Pool{}, distributed.RunOptions{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	interrupt, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- (distributed.Work{Dir: p.DefaultDir(), Index: -1, Workers: 1, Interrupt: interrupt}).Do(t.Context())
	}()
	await(t, "three records", func() bool { _, n := status(t, p); return n == 3 })
	await(t, "the gate", held(f.gate))
	close(interrupt)
	touch(f.gate)
	if err := <-done; !errors.Is(err, distributed.ErrInterrupted) || distributed.ExitStatus(err) != distributed.ExitInterrupted {
		t.Errorf("Do: %v", err)
	}
	s, records := status(t, p)
	if records != 4 || len(s.Attempts) != 1 || s.Attempts[0].End != "interrupted" {
		t.Errorf("%d records, status %+v", records, s)
	}
	// Told before it begins, a worker does nothing.
	err := (distributed.Work{Dir: p.DefaultDir(), Index: -1, Workers: 1, Interrupt: interrupt}).Do(t.Context())
	if _, n := status(t, p); !errors.Is(err, distributed.ErrInterrupted) || n != records {
		t.Errorf("Do: %v, %d records", err, n)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if _, n := status(t, p); n != p.Portions() {
		t.Errorf("%d records", n)
	}
}

// emptyHanded is an engine that gives neither a job nor an error.
type emptyHanded struct{ distributed.Pool }

func (emptyHanded) Submit(context.Context, distributed.Round) (distributed.Job, error) {
	return nil, nil
}

// TestNoJob has engines that start nothing: one that says so, and one that says nothing.
func TestNoJob(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	if err := run(p, emptyHanded{}, distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), "neither a job nor an error") {
		t.Errorf("no job: %v", err)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{Detach: true}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a detached pool: %v", err)
	}
	f.unpublished()
}

// TestRoundNumbers has files among the rounds whose numbers no round has.
func TestRoundNumbers(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	rounds := filepath.Join(p.DefaultDir(), "rounds")
	for _, name := range []string{"9223372036854775807.json", "2147483647.json", "-3.json", "abc"} {
		if err := os.WriteFile(filepath.Join(rounds, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if !there(filepath.Join(rounds, "1.json")) {
		t.Error("the first round has not number 1")
	}
}

// TestNoFolder has a result in a folder that is not there, and stays so.
func TestNoFolder(t *testing.T) {
	f := small(t)
	o := f.options(slowParams{})
	o.Output = filepath.Join(f.dir, "misspelt", "out.npy")
	if err := run(f.plan(o), distributed.Pool{}, distributed.RunOptions{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), o.Output) {
		t.Errorf("%v", err)
	}
	f.checkLeft()
}
