package distributed

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// RunState is what a run is doing, as [Status] has it.
type RunState string

// The states of a run. What workers on other machines do is known from their journals, in which
// those that live say so every 20 s: for a minute after one was killed it may be counted among
// them.
const (
	Ready   RunState = "ready"   // nothing was submitted, and no worker has begun
	Waiting RunState = "waiting" // workers were submitted, and none has begun
	Running RunState = "running" // workers are at work
	// Something is missing, and nobody is at work or waits to be; see [Status.Cause].
	Stalled   RunState = "stalled"
	Cancelled RunState = "cancelled" // by [Cancel]
	Complete  RunState = "done"      // the outputs are there, or were: see [Status.Altered]
)

// AttemptEnd is why a worker has ended, as [Attempt] has it; "" if it runs, or died.
type AttemptEnd string

// The reasons that workers end for. A newer program may know others.
const (
	EndDone        AttemptEnd = journal.Done        // nothing was left to do
	EndInterrupted AttemptEnd = journal.Interrupted // it was told to end
	// The plan, the input or the program was not the right one.
	EndRefused AttemptEnd = journal.Refused
	EndFailed  AttemptEnd = journal.Failed
	EndUnknown AttemptEnd = journal.Unknown // it has ended, and what it says of that cannot be read
)

// Failed reports whether the worker could not do what it was started for.
func (e AttemptEnd) Failed() bool { return e == EndFailed || e == EndRefused }

// Status is what the journals of a run say.
type Status struct {
	Plan  string   `json:"plan"` // name
	State RunState `json:"state"`
	// why a run is stalled, or why it is not known whether workers wait
	Cause      string `json:"cause,omitempty"`
	Engine     string `json:"engine,omitempty"` // that was asked for workers last
	Job        string `json:"job,omitempty"`    // what it calls them
	Living     int    `json:"workers"`          // that are at work
	Portions   int64  `json:"portions"`
	Done       int64  `json:"portions_done"`
	Blocks     int64  `json:"blocks"`
	BlocksDone int64  `json:"blocks_done"`
	Bytes      int64  `json:"bytes"` // of the array
	BytesDone  int64  `json:"bytes_done"`
	// about what states of reductions take before they are removed; see [Plan.StateBytes]
	StateBytes int64 `json:"state_bytes"`
	// all files of the run directory together, now; 0 in the [Status] of [RunOptions.Progress]
	DirBytes int64 `json:"directory_bytes"`
	// over the last minute of records; 0 if it is not known
	Rate       float64   `json:"bytes_per_second"`
	ETA        float64   `json:"seconds_left"` // 0 if it is not known
	Duplicates int64     `json:"duplicates"`
	Attempts   []Attempt `json:"attempts"`
	Failures   int       `json:"failures"` // attempts that failed or were refused
	Outputs    []string  `json:"outputs"`
	// of a run that is done: what of its outputs is gone, or another file by its size or times
	Altered []string `json:"outputs_altered,omitempty"`
}

// Attempt is one worker that has begun.
type Attempt struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Engine  string    `json:"engine"`
	Job     string    `json:"job"`
	Node    string    `json:"node,omitempty"` // what the engine calls the host
	Index   int       `json:"index"`
	Started time.Time `json:"started"`
	Last    time.Time `json:"last"` // record, by the clock of the host, as Started
	// from it last, by the clock of the filesystem or, while it is watched, of this process
	Heard    time.Time  `json:"heard"`
	Alive    bool       `json:"alive"`
	Portions int64      `json:"portions"`
	End      AttemptEnd `json:"end"`
	Error    string     `json:"error,omitempty"`
}

// StatusOf reads the state of a run, and asks no engine; see [Watch].
func StatusOf(ctx context.Context, dir string) (Status, error) {
	w, err := Watch(dir, nil)
	if err != nil {
		return Status{}, err
	}
	defer w.Close()
	return w.Status(ctx)
}

// Watcher reads the state of a run again and again, and each time only what is new.
type Watcher struct {
	d      *driver
	last   submission
	looked bool
}

// Watch begins to watch the run in a directory. Any program can watch. An engine that is an
// [Attacher] is asked what became of the workers that were submitted to it last, as often as it
// likes to be asked; with nil, the journals must do.
func Watch(dir string, e Engine) (*Watcher, error) {
	p, err := ReadPlan(dir)
	if err != nil {
		return nil, err
	}
	abs, err := absolute(RunDir(dir))
	if err != nil {
		return nil, err
	}
	log, err := journal.OpenLog(filepath.Join(abs, journalDir), p.ID(), p.Portions())
	if err != nil {
		return nil, err
	}
	return &Watcher{&driver{RunOptions: RunOptions{Dir: abs}, engine: e, plan: p, log: log}, submission{}, false}, nil
}

// Status looks once.
func (w *Watcher) Status(ctx context.Context) (Status, error) {
	look := w.d.log.Follow
	if !w.looked {
		look = w.d.log.Refresh
	}
	if err := look(ctx); err != nil {
		return Status{}, err
	}
	w.looked = true
	s := w.d.status()
	s.DirBytes = dirBytes(w.d.Dir)
	if s.State != Running {
		return s, nil
	}
	if err := w.lastSubmission(); err != nil {
		return Status{}, err
	}
	s.Engine, s.Job = w.last.Engine, w.last.Job
	if s.Living == 0 {
		s.ETA = 0
		return s, w.outlook(ctx, &s)
	}
	return s, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.d.log.Close() }

// status is what the log says now, for a driver, which knows that the run goes on.
func (d *driver) status() Status {
	p := d.plan
	s := Status{Plan: p.Name(), State: Running, Portions: p.Portions(), Done: d.log.NumDone(), Blocks: p.Blocks, Bytes: p.bytes(), StateBytes: p.StateBytes,
		Duplicates: d.log.Duplicates(), Attempts: []Attempt{}, Outputs: []string{}}
	s.BlocksDone = min(s.Done*p.PortionBlocks, p.Blocks)
	if s.Blocks > 0 {
		s.BytesDone = int64(float64(s.Bytes) * float64(s.BlocksDone) / float64(s.Blocks))
	}
	s.Outputs = append(s.Outputs, p.results()...)
	for _, a := range d.log.Attempts() {
		t := Attempt{Host: a.Attempt.Host, PID: a.Attempt.PID, Engine: a.Attempt.Engine, Job: a.Attempt.Job, Node: a.Attempt.Node,
			Index: a.Attempt.Index, Started: a.Attempt.Started, Last: a.Last, Heard: a.Heard, Alive: a.Alive, Portions: a.Portions}
		if a.End != nil {
			t.End, t.Error = AttemptEnd(a.End.Reason), a.End.Error
		}
		if t.End.Failed() {
			s.Failures++
		}
		if t.Alive {
			s.Living++
		}
		s.Attempts = append(s.Attempts, t)
	}
	slices.SortStableFunc(s.Attempts, func(a, b Attempt) int { return a.Heard.Compare(b.Heard) })
	switch {
	case d.done():
		s.State = Complete
		s.Altered = d.altered()
	case exists(filepath.Join(d.Dir, cancelName)):
		s.State = Cancelled
	}
	d.rates.add(time.Now(), s.BytesDone)
	if s.Rate = d.rates.perSecond(); s.Rate == 0 {
		s.Rate = sinceStart(s)
	}
	if eta := float64(s.Bytes-s.BytesDone) / s.Rate; s.Rate > 0 && s.State == Running && eta < maxETA {
		s.ETA = eta
	}
	return s
}

// sinceStart is the mean rate over the time in which attempts were at work, for who looks only
// once: from the start of each to its last record, and once where they overlap. A run may have
// rested for years. How long an attempt took is by the clock of its host, and when that was by the
// one clock that all have in common, of the filesystem.
func sinceStart(s Status) float64 {
	type work struct{ from, to time.Time }
	var all []work
	for _, a := range s.Attempts {
		if d := a.Last.Sub(a.Started); d > 0 {
			all = append(all, work{a.Heard.Add(-d), a.Heard})
		}
	}
	slices.SortFunc(all, func(a, b work) int { return a.from.Compare(b.from) })
	var busy time.Duration
	var until time.Time
	for _, w := range all {
		if w.from.After(until) {
			until = w.from
		}
		if d := w.to.Sub(until); d > 0 {
			busy, until = busy+d, w.to
		}
	}
	if t := busy.Seconds(); t > 0 && s.Done > 0 {
		return float64(s.BytesDone) / t
	}
	return 0
}

// dirBytes is the size of all files in a directory, as far as they can be seen.
func dirBytes(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // of what is gone meanwhile, there is nothing to add
		}
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

// bytes is the size of the array that is computed.
func (p *Plan) bytes() int64 {
	n := p.itemSize()
	for _, s := range p.Shape {
		n *= s
	}
	return n
}

// maxETA is the longest time left, in seconds, that is told: a year. What would take longer is not
// known.
const maxETA = 365 * 24 * 3600

// rateWindow is the time over which a rate is taken.
const rateWindow = time.Minute

// rates are the bytes that were done at some moments.
type rates struct {
	times []time.Time
	bytes []int64
}

func (r *rates) add(t time.Time, n int64) {
	r.times, r.bytes = append(r.times, t), append(r.bytes, n)
	for len(r.times) > 2 && t.Sub(r.times[1]) > rateWindow {
		r.times, r.bytes = r.times[1:], r.bytes[1:]
	}
}

func (r *rates) perSecond() float64 {
	last := len(r.times) - 1
	if last < 1 {
		return 0
	}
	if t := r.times[last].Sub(r.times[0]).Seconds(); t > 0 {
		return float64(r.bytes[last]-r.bytes[0]) / t
	}
	return 0
}

// Cancel marks a run as cancelled, so that workers of any engine end when their portion is
// recorded, and ends those that an engine knows. [Resume] takes the mark away.
func Cancel(ctx context.Context, dir string, e Engine) error {
	p, err := ReadPlan(dir)
	if err != nil {
		return err
	}
	mark := func(*os.File) error { return nil }
	if err := atomicfile.Write(filepath.Join(RunDir(dir), cancelName), mark); err != nil {
		if e != nil {
			err = errors.Join(err, e.Cancel(ctx, p.Name())) // it needs no room on the disk
		}
		return err
	}
	if e == nil {
		return nil
	}
	if err := e.Cancel(ctx, p.Name()); err != nil {
		return fileerr.Errorf(dir, "marked as cancelled, but the jobs may go on: %w", err)
	}
	return nil
}
