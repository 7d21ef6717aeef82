package distributed_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestKill kills workers again and again, inside of blocks that they have written a half of. A
// worker gets to a block and a half, and stands there until it is killed or enough were, so that
// all kills fall into the run.
func TestKill(t *testing.T) {
	const kills = 8
	want := large(t).want()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			f := large(t)
			p := f.slowPlan(slowParams{Micros: 1000, Gate: f.gate, Tiles: 3})
			e := &procs{workers: 3}
			done := make(chan error, 1)
			go func() { done <- run(p, e, distributed.RunOptions{Rounds: 3 * kills}) }()
			rng := rand.New(rand.NewPCG(seed, 3))
			for n := 0; n < kills; {
				time.Sleep(time.Duration(30+rng.IntN(70)) * time.Millisecond)
				if e.killAtWork(rng, f.gate) {
					n++
				}
				if len(done) > 0 {
					t.Fatalf("ended after %d kills: %v", n, <-done)
				}
			}
			touch(f.gate)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			f.check(want)
			// until the last ones have recorded their end, which the driver does not wait for
			e.wait()
			died := 0
			s, records := status(t, p)
			for _, a := range s.Attempts {
				if a.End == "" {
					died++
				}
			}
			if died != kills || records != p.Portions() || s.Duplicates != 0 {
				t.Errorf("%d attempts died of %d kills, %d records of %d portions, %d duplicates", died, kills, records, p.Portions(), s.Duplicates)
			}
			if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTwice has twice as many workers as there is room for: two with each index, and those of two
// drivers. Nothing is computed twice.
func TestTwice(t *testing.T) {
	want := small(t).want()
	for name, drivers := range map[string][]*procs{
		"workers": {{workers: 2, copies: 2}},
		"drivers": {{workers: 2}, {workers: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := small(t)
			p := f.slowPlan(slowParams{Gate: f.gate})
			errs := make([]error, len(drivers))
			var runs sync.WaitGroup
			for i, e := range drivers {
				runs.Go(func() { errs[i] = run(p, e, distributed.RunOptions{}) })
			}
			await(t, "four workers", began(f.gate, 4))
			touch(f.gate)
			runs.Wait()
			for i, e := range drivers {
				e.wait() // until the slower ones have recorded their end
				if errs[i] != nil {
					t.Error(errs[i])
				}
			}
			f.check(want)
			s, records := status(t, p)
			if records != p.Portions() || s.Duplicates != 0 || s.Failures != 0 || s.State != "done" {
				t.Errorf("%d records of %d portions, status %+v", records, p.Portions(), s)
			}
			if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNotDeterministic has an operation that gives every process another result, and two workers
// with the same portion, since one does not see what the other has claimed: a network file system
// may be late.
func TestNotDeterministic(t *testing.T) {
	f := small(t)
	// each records portion 0, and is held
	p := f.slowPlan(slowParams{Gate: f.gate, Tiles: 1, PID: true})
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	e := &procs{workers: 1}
	failed := make(chan error, 1)
	go func() { failed <- run(p, e, distributed.RunOptions{}) }()
	recorded := func() bool { _, n := status(t, p); return n == 1 }
	await(t, "a record", recorded)
	claims := filepath.Join(p.DefaultDir(), "journal")
	if err := errors.Join(os.Rename(claims, claims+".late"), os.Mkdir(claims, 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Submit(t.Context(), distributed.Round{Workers: 1, Command: e.all[0].cmd.Args}); err != nil {
		t.Fatal(err)
	}
	await(t, "another record", recorded)
	files, err := os.ReadDir(claims + ".late")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Rename(filepath.Join(claims+".late", file.Name()), filepath.Join(claims, file.Name())); err != nil {
			t.Fatal(err)
		}
	}
	touch(f.gate)
	err = <-failed
	e.wait()
	if err == nil {
		t.Fatal("no error")
	}
	host, _ := os.Hostname()
	said := []string{"not deterministic", "block 0: portion 0 was computed twice"}
	for _, w := range e.all {
		said = append(said, fmt.Sprintf("host %q, pid %d, index 0", host, w.cmd.Process.Pid))
	}
	for _, want := range said {
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q does not say %q in one line", err, want)
		}
	}
	f.unpublished()
	touch(f.gate)
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), "not deterministic") {
		t.Errorf("the next run: %v", err)
	}
}
