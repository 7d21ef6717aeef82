package distributed_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// queue is an engine whose workers never begin. It says of them what a test wants it to say.
type queue struct {
	refuses   error // the submission
	state     distributed.State
	fate      error
	submitted int
}

func (q *queue) Name() string                         { return "queue" }
func (q *queue) RoundSize(int64) int                  { return 2 }
func (q *queue) Cancel(context.Context, string) error { return nil }

func (q *queue) Submit(context.Context, distributed.Round) (distributed.Job, error) {
	if q.refuses != nil {
		return nil, q.refuses
	}
	q.submitted++
	return queued{q, "4711"}, nil
}

func (q *queue) Attach(_, id string) (distributed.Job, error) { return queued{q, id}, nil }

type queued struct {
	*queue
	id string
}

func (j queued) ID() string                                      { return j.id }
func (j queued) Poll(context.Context) (distributed.State, error) { return j.state, j.fate }
func (j queued) Cancel(context.Context) error                    { return nil }

// TestOutlook asks what a run is doing that nobody is at work on.
func TestOutlook(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	q := &queue{refuses: errors.New("sbatch: error: invalid partition name")}
	expect := func(state distributed.RunState, cause string) {
		t.Helper()
		w, err := distributed.Watch(dir, q)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		s, err := w.Status(t.Context())
		if err != nil || s.State != state || !strings.Contains(s.Cause, cause) || cause == "" && s.Cause != "" || s.ETA != 0 {
			t.Errorf("%+v, %v; want %s, %q", s, err, state, cause)
		}
		if q.submitted > 0 && state != distributed.Complete && (s.Engine != "queue" || s.Job != "4711") {
			t.Errorf("engine %s, job %s", s.Engine, s.Job)
		}
	}
	expect(distributed.Ready, "")
	submit := func() error { return run(p, q, distributed.RunOptions{Detach: true}) }
	if err := submit(); !errors.Is(err, q.refuses) {
		t.Fatal(err)
	}
	expect(distributed.Stalled, "invalid partition name")

	q.refuses, q.state = nil, distributed.Active
	if err := submit(); err != nil {
		t.Fatal(err)
	}
	expect(distributed.Waiting, "")
	if err := submit(); err == nil || q.submitted != 1 || !strings.Contains(err.Error(), "wait or run already, job 4711") {
		t.Errorf("%d submissions, %v", q.submitted, err)
	}
	q.state, q.fate = distributed.Unknown, errors.New("the controller does not answer")
	expect(distributed.Waiting, "the controller does not answer")
	q.state, q.fate = distributed.Idle, errors.New("2 workers OUT_OF_MEMORY")
	expect(distributed.Stalled, "2 workers OUT_OF_MEMORY")

	// A worker that dies says nothing, and is missed.
	j, err := journal.Create(filepath.Join(dir, "journal"), p.ID(), journal.Attempt{Host: "elsewhere", PID: 1, Engine: "queue", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	expect(distributed.Running, "")
	if err := errors.Join(j.End(journal.End{Reason: journal.Failed, Error: "no space left on device"}), j.Close()); err != nil {
		t.Fatal(err)
	}
	expect(distributed.Stalled, "2 workers OUT_OF_MEMORY; elsewhere: no space left on device")

	// Others need not be asked: any worker will do.
	q.fate = nil
	if err := (distributed.Work{Dir: dir}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(distributed.Complete, "")
}

// nodes is an engine with a machine on which workers fail at once, and one whose worker is told to
// end after a portion.
type nodes struct {
	distributed.Pool
	*fixture
	plan     *distributed.Plan
	excluded [][]string
}

func (*nodes) Name() string { return "nodes" }

func (e *nodes) Submit(ctx context.Context, r distributed.Round) (distributed.Job, error) {
	e.excluded = append(e.excluded, r.Exclude)
	j, err := journal.Create(filepath.Join(r.Dir, "journal"), e.plan.ID(), journal.Attempt{Host: "bad", Node: "bad", PID: 1, Engine: "nodes", Started: time.Now()})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(j.End(journal.End{Reason: journal.Failed, Error: "no such file: /scratch"}), j.Close()); err != nil {
		return nil, err
	}
	w := distributed.Work{Dir: r.Dir, Node: "good", Engine: "nodes"}
	if r.Number == 1 {
		told := make(chan struct{})
		go func() {
			for s := (distributed.Status{}); s.Done == 0 && ctx.Err() == nil; s, _ = distributed.StatusOf(ctx, r.Dir) {
				time.Sleep(time.Millisecond)
			}
			close(told)
			touch(e.gate)
		}()
		w.Interrupt = told
		err = w.Do(ctx)
		if !errors.Is(err, distributed.ErrInterrupted) {
			return nil, errors.Join(errors.New("the worker was not interrupted"), err)
		}
		err = nil
	} else {
		err = w.Do(ctx)
	}
	return queued{&queue{state: distributed.Idle}, ""}, err
}

// TestBadNodes keeps workers from a machine on which they fail, as soon as another one has been of
// use.
func TestBadNodes(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 5})
	e := &nodes{fixture: f, plan: p}
	if err := run(p, e, distributed.RunOptions{Poll: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if len(e.excluded) != 2 || len(e.excluded[0]) != 0 || !slices.Equal(e.excluded[1], []string{"bad"}) {
		t.Errorf("excluded in turn: %q", e.excluded)
	}
}
