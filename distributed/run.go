package distributed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// RunOptions say how [Run] drives an engine. The zero value is the default.
type RunOptions struct {
	// Dir is the run directory, on the filesystem that all workers see. Default: [DefaultDir].
	Dir string

	// Poll is how often the journals and the engine are looked at. Default: 200 ms; engines have a
	// rate of their own at which they really ask. Where looking at the journals takes long, it is
	// done less often, so that it takes a tenth of the time at most, or once a minute.
	Poll time.Duration

	// Rounds is how many rounds in a row may record nothing new before the run fails. Default: 3.
	Rounds int

	// Verify reads the output back before it is published, and has what is not as it was recorded
	// computed again. Default: that its elements were synced before they were recorded is enough.
	// [Verify] can do so later.
	Verify bool

	// Worker is the command of a worker, without "--plan DIR", and "--trust" with Trust. Default:
	// this program, and "work"; workers then take the run directory as the driver has found it.
	Worker []string

	// Detach returns when a round is submitted. Its last worker publishes.
	Detach bool

	// Persist submits again what somebody has cancelled by the means of the scheduler. Default:
	// that ends the run with an error that matches [ErrCancelled].
	Persist bool

	// Keep leaves the states of reductions in the run directory. Default: they are removed when the
	// outputs are there; should these be lost, [Resume] computes them anew.
	Keep bool

	// InputMap says where workers have copies of inputs. The driver looks at the originals.
	InputMap InputMap

	// AllowLarge insists on results that do not fit into the memory of the machine that merges
	// them, this one unless the run is detached; see [lazy.AllowLarge]. Default: they are an error
	// that matches [lazy.ErrTooLarge], before anything is computed.
	AllowLarge bool

	// Trust takes the run directory as it is. Default: one that somebody else may have written to
	// is an error that matches [ErrUntrusted]; see [Trusted].
	Trust bool

	// Progress is called after every look, from the goroutine of Run.
	Progress func(Status)
}

// submitPause is how many times as long as between two looks the driver waits after a round that
// could not be submitted.
const submitPause = 25

// confirmations is how often in a row an engine must say that no worker is left before it is
// believed: what a worker wrote last may be on its way to this machine still.
const confirmations = 3

// DefaultDir is the run directory of a plan: beside its first result, with ".run" behind its name.
func (p *Plan) DefaultDir() string {
	if p.Output != nil {
		return p.Output.Path + ".run"
	}
	return p.Reduce[0].Path + ".run"
}

// Run computes a plan with an engine, and returns when the outputs are there. What is there of an
// earlier run of the same plan in the same directory is not computed again. After an error, and
// when ctx ends, the same call, or [Resume], goes on where it ended.
//
// Errors match [ErrInput] if an input has changed, and [ErrRefused] if the plan cannot be computed
// by this program. An operation that gives different bytes when it is repeated is an error that
// names both attempts.
func Run(ctx context.Context, p *Plan, e Engine, o RunOptions) error {
	if o.Dir == "" {
		o.Dir = p.DefaultDir()
	}
	var err error
	if o.Dir, err = absolute(o.Dir); err != nil {
		return err
	}
	if err := p.checkBuild(); err != nil {
		return err
	}
	if err := o.trusted(); err != nil {
		return err
	}
	if err := p.Write(o.Dir); err != nil {
		return err
	}
	d, err := newDriver(e, o)
	if err != nil {
		return err
	}
	if d.plan.ID() != p.ID() { // somebody has written it since
		return fmt.Errorf("%s has another plan", o.Dir)
	}
	d.plan.Tasks = p.Tasks // where the run began with another number
	return d.drive(ctx)
}

// trusted checks whose the run directory is.
func (o *RunOptions) trusted() error {
	if o.Trust {
		return nil
	}
	return Trusted(o.Dir)
}

// Resume is [Run] for the plan that is in the run directory.
func Resume(ctx context.Context, e Engine, o RunOptions) error {
	d, err := newDriver(e, o)
	if err != nil {
		return err
	}
	return d.drive(ctx)
}

// drive runs to the end. Workers elsewhere say by an exit status at most that an input has changed.
func (d *driver) drive(ctx context.Context) error {
	defer d.log.Close()
	there, err := d.alreadyDone(ctx)
	if there {
		return nil
	}
	if err == nil {
		err = d.run(ctx)
	}
	// by this driver or another; nothing that is not there is vouched for
	if err == nil && d.done() {
		if err = d.confirm(ctx); err == nil {
			d.finished(ctx)
		}
		return err
	}
	if err != nil && ctx.Err() == nil {
		if changed := d.plan.checkInputs(); changed != nil {
			return changed
		}
	}
	return err
}

// driver is one call of Run.
type driver struct {
	RunOptions
	engine Engine
	plan   *Plan
	log    *journal.Log
	rates  rates

	submitted bool  // a round, successfully
	joined    bool  // those of other drivers were waited for
	made      bool  // the file of the output
	failed    error // how the workers of the last round have ended
}

func newDriver(e Engine, o RunOptions) (*driver, error) {
	dir, err := absolute(RunDir(o.Dir))
	if err != nil {
		return nil, err
	}
	d := &driver{RunOptions: o, engine: e}
	d.Dir = dir
	if d.Poll <= 0 {
		d.Poll = 200 * time.Millisecond
	}
	if d.Rounds <= 0 {
		d.Rounds = 3
	}
	if err := d.trusted(); err != nil {
		return nil, err
	}
	if d.plan, err = ReadPlan(dir); err != nil {
		return nil, err
	}
	if err := d.plan.checkBuild(); err != nil {
		return nil, err
	}
	d.log, err = journal.OpenLog(filepath.Join(dir, journalDir), d.plan.ID(), d.plan.Portions())
	return d, err
}

// run goes round by round until nothing is missing, and publishes what no worker has.
func (d *driver) run(ctx context.Context) error {
	if err := d.begin(ctx); err != nil {
		return err
	}
	for {
		if err := d.complete(ctx); err != nil || d.done() || d.log.NumDone() < d.plan.Portions() {
			return err // with Detach, what is missing is on its way
		}
		if again, err := d.publishOnce(ctx); err != nil || !again {
			return err
		}
	}
}

// done reports whether the run is complete, by this driver or another.
func (d *driver) done() bool { return exists(filepath.Join(d.Dir, doneName)) }

// begin makes the run ready: the input is the right one, the output is there, and nobody has
// cancelled.
func (d *driver) begin(ctx context.Context) error {
	if err := d.plan.checkInputs(); err != nil {
		return err
	}
	if err := makeDirs(d.Dir); err != nil {
		return err
	}
	if err := remove(filepath.Join(d.Dir, cancelName)); err != nil {
		return err
	}
	if err := d.plan.checkResults(); err != nil {
		return err
	}
	if err := d.afford(); err != nil {
		return err
	}
	return d.makeOutput(ctx)
}

// makeOutput makes the file that the output of maps is written to, unless it is there or has its
// name already.
func (d *driver) makeOutput(ctx context.Context) error {
	if d.plan.Output == nil || d.published() {
		return nil
	}
	if err := d.forgetLost(ctx); err != nil {
		return err
	}
	made, err := d.plan.prepare()
	d.made = made
	if made && exists(filepath.Join(d.Dir, publishName)) && exists(d.plan.Output.Path) {
		// another driver has just renamed the one that is complete
		return os.Remove(d.plan.partPath())
	}
	return err
}

// bind opens the array of the plan for merging.
func (d *driver) bind() (*bound, error) {
	if d.AllowLarge {
		return d.plan.bind(lazy.AllowLarge())
	}
	return d.plan.bind()
}

// afford returns an error if the results of reductions will not fit into memory when they are
// merged.
func (d *driver) afford() error {
	if d.Detach || len(d.plan.Reduce) == 0 {
		return nil
	}
	b, err := d.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	return b.parts.Afford()
}

// forgetLost revokes all records if the output is gone that they speak of, before another one is
// made: nothing of it is there, and a run that is published unverified would not notice.
func (d *driver) forgetLost(ctx context.Context) error {
	if _, err := os.Stat(d.plan.partPath()); !errors.Is(err, os.ErrNotExist) || d.published() {
		return nil // it is there, or another driver has just renamed it
	}
	if err := d.log.Refresh(ctx); err != nil {
		return err
	}
	var lost []int64
	for i := range d.plan.Portions() {
		if d.log.Done(i) {
			lost = append(lost, i)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return d.revoke(lost)
}

// complete submits rounds until every portion has a record, and the workers have published or
// ended.
func (d *driver) complete(ctx context.Context) error {
	idle := 0 // rounds that recorded nothing
	for {
		if err := d.look(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if d.done() {
			return nil
		}
		if err := d.join(ctx); err != nil {
			return err
		}
		missing := d.plan.Portions() - d.log.NumDone()
		if missing == 0 || d.done() {
			return nil
		}
		if idle == d.Rounds {
			return d.hopeless()
		}
		before := d.log.NumDone()
		failed, err := d.round(ctx, missing)
		if err != nil || d.Detach {
			return err
		}
		if idle++; d.log.NumDone() > before {
			idle = 0
		}
		if errors.Is(failed, ErrCancelled) && !d.Persist && d.log.NumDone() < d.plan.Portions() {
			return fmt.Errorf("%w, and not by this run", failed)
		}
		if failed != nil && idle == d.Rounds {
			return failed
		}
		d.failed = failed
	}
}

// join waits for workers of rounds that other drivers have submitted, as far as the engine finds
// them.
func (d *driver) join(ctx context.Context) error {
	e, ok := d.engine.(Attacher)
	if !ok || d.joined {
		return nil
	}
	last, err := lastRound(d.Dir)
	if err != nil {
		return err
	}
	for number := last; number > 0; number-- {
		r, err := readRound(d.Dir, number)
		if err != nil || r.Ended || r.Job == "" || r.Engine != d.engine.Name() {
			continue
		}
		job, err := e.Attach(d.plan.Name(), r.Job)
		if err != nil {
			continue // what is there in its place is none of this engine's
		}
		switch state, _ := job.Poll(ctx); {
		case state != Active:
			continue
		case d.Detach:
			return fileerr.Errorf(d.Dir, "workers of this run wait or run already, job %s", job.ID())
		}
		failed, err := d.wait(ctx, job)
		if err != nil {
			return err
		}
		d.ended(number, r, failed)
		d.failed = failed
	}
	d.joined = true
	return nil
}

// hopeless says why rounds came to nothing.
func (d *driver) hopeless() error {
	err := fmt.Errorf("%d rounds in a row have recorded nothing, %d of %d portions are missing",
		d.Rounds, d.plan.Portions()-d.log.NumDone(), d.plan.Portions())
	if f := d.lastFailure(); f != "" {
		return fmt.Errorf("%w; the last failure: %s", err, f)
	}
	return fmt.Errorf("%w; see %s", err, filepath.Join(d.Dir, logDir))
}

// lastFailure is what the attempt that failed last has said.
func (d *driver) lastFailure() string {
	text, at := "", time.Time{}
	for _, a := range d.log.Attempts() {
		if a.End != nil && a.End.Error != "" && a.End.Reason != journal.Interrupted && !a.Heard.Before(at) {
			text, at = a.Attempt.Host+": "+a.End.Error, a.Heard
		}
	}
	return text
}

// round submits one round and waits until the run is complete or no worker is left. The error
// beside nil is that of workers, after which another round may help.
func (d *driver) round(ctx context.Context, missing int64) (failed, err error) {
	n := max(min(missing, d.plan.Tasks), 1)
	r := roundFile{Engine: d.engine.Name(), Workers: int(min(int64(max(d.engine.RoundSize(n), 1)), n)), Submitted: time.Now().UTC()}
	number, err := newRound(d.Dir, r)
	if err != nil {
		return nil, d.after(ctx, err)
	}
	work, err := d.command()
	if err != nil {
		return nil, err
	}
	job, err := d.engine.Submit(ctx, Round{Dir: d.Dir, Name: d.plan.Name(), Number: number, Workers: r.Workers, Detach: d.Detach,
		Command: work, Exclude: d.badNodes(), InputMap: d.InputMap})
	if err != nil {
		r.Error = err.Error()
		_ = r.update(d.Dir, number) // there is an error to tell already
	}
	switch {
	case err != nil && !d.submitted: // it is not the scheduler's mood, but how it is asked
		if d.made && d.log.NumDone() == 0 {
			_ = os.Remove(d.plan.partPath()) // nothing is in it; there is an error to tell already
		}
		return nil, d.after(ctx, err)
	case err != nil: // a controller that is being restarted needs time
		return err, sleep(ctx, submitPause*d.Poll)
	case job == nil && d.Detach:
		r.Printed = true
		return nil, r.update(d.Dir, number)
	case job == nil:
		return fmt.Errorf("engine %s: round %d: neither a job nor an error", d.engine.Name(), number), nil
	}
	if r.Job = job.ID(); r.Job != "" {
		if err := r.update(d.Dir, number); err != nil && !d.Detach {
			stop(ctx, job)
			return nil, err
		}
	}
	if d.Detach {
		return nil, nil
	}
	d.submitted = true
	failed, err = d.wait(ctx, job)
	if err == nil {
		d.ended(number, r, failed)
	}
	return failed, err
}

// after is err, with what the workers before it have said.
func (d *driver) after(ctx context.Context, err error) error {
	if d.failed == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w; before that, %w", err, d.failed)
}

// ended notes that no worker of a round is left, and how they have ended, as far as the engine
// knows.
func (d *driver) ended(number int, r roundFile, failed error) {
	if r.Ended = true; failed != nil {
		r.Error = failed.Error()
	}
	_ = r.update(d.Dir, number) // whoever looks asks the engine again
}

// stop ends what was started, also if the context has ended.
func stop(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_ = job.Cancel(ctx) // there is an error to tell already
}

// badNodes are the machines, by the engine's names, on which every worker has failed without a
// record, while others could work.
func (d *driver) badNodes() []string {
	good, bad := map[string]bool{}, map[string]bool{}
	for _, a := range d.log.Attempts() {
		switch {
		case a.Attempt.Node == "" || a.Attempt.Engine != d.engine.Name():
		case a.Portions > 0 || a.End == nil || a.End.Reason == journal.Done || a.End.Reason == journal.Interrupted:
			good[a.Attempt.Node] = true
		default:
			bad[a.Attempt.Node] = true
		}
	}
	var nodes []string
	for node := range bad {
		if !good[node] && len(good) > 0 {
			nodes = append(nodes, node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// command is that of a worker.
func (d *driver) command() ([]string, error) {
	c := d.Worker
	if len(c) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("this program cannot be started again: %w", err)
		}
		c = []string{exe, "work"}
	}
	c = slices.Concat(c, []string{"--plan", d.Dir})
	// this driver has looked whose the directory is; workers may be somebody else
	if d.Trust || len(d.Worker) == 0 {
		c = append(c, "--trust")
	}
	for _, pair := range d.InputMap.pairs() {
		c = append(c, "--input-map", pair)
	}
	if d.Verify {
		c = append(c, "--verify")
	}
	if d.AllowLarge {
		c = append(c, "--allow-large")
	}
	if d.Keep {
		c = append(c, "--keep")
	}
	return c, nil
}

// The bounds of the time between two looks while workers run. A look lists all journals, whose
// number grows with the run: with a hundred thousand of them it takes half a second.
const (
	// So many times as long as the look took: looking takes a tenth of the time.
	restLooks = 9
	maxRest   = time.Minute // but no longer than this
)

// wait polls the engine, and looks until the run is complete or no worker is left. After an error
// it has ended the workers.
func (d *driver) wait(ctx context.Context, job Job) (failed, err error) {
	tick := time.NewTicker(d.Poll)
	defer tick.Stop()
	var ended <-chan struct{} // of workers in this process, whose end need not be polled for
	if pool, inside := job.(*poolJob); inside {
		ended = pool.done
	}
	var next time.Time // when to look although workers run
	defer func() {
		if err != nil {
			stop(ctx, job)
		}
	}()
	for idle := 0; idle < confirmations; {
		state, polled := job.Poll(ctx)
		if now := time.Now(); state == Idle || !now.Before(next) {
			look := d.glance
			if state == Idle { // it decides
				look = d.look
			}
			if err := look(ctx); err != nil {
				return nil, err
			}
			next = time.Now().Add(min(restLooks*time.Since(now), maxRest))
		}
		switch {
		case errors.Is(polled, ErrRefused) || errors.Is(polled, ErrInput):
			return nil, polled
		case d.done() && ended == nil:
			return nil, nil
		case state == Idle && d.log.NumDone() == d.plan.Portions():
			return polled, nil // nothing more is to be heard of them
		case state == Idle:
			idle++
			failed = polled
		default:
			idle = 0
		}
		select {
		case <-tick.C:
		case <-ended:
			ended = nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return failed, nil
}

// look replays what the journals have got since the last time. A worker that was refused, or has
// found other bytes than another one, ends the run.
func (d *driver) look(ctx context.Context) error {
	if err := d.log.Refresh(ctx); err != nil {
		return err
	}
	return d.heed()
}

// glance is look at what is likely to be new. It spares workers that come later what they need not
// look at.
func (d *driver) glance(ctx context.Context) error {
	if err := d.log.Follow(ctx); err != nil {
		return err
	}
	_ = d.log.Condense() // without it others look at more
	return d.heed()
}

// heed does what the journals and the run directory ask for.
func (d *driver) heed() error {
	if err := d.plan.conflict(d.log); err != nil {
		return err
	}
	if d.Progress != nil {
		d.Progress(d.status())
	}
	if exists(filepath.Join(d.Dir, cancelName)) {
		return cancelled(d.Dir)
	}
	return nil
}

// conflict returns an error if two attempts have recorded different results of one portion.
func (p *Plan) conflict(log *journal.Log) error {
	if err := log.Conflict(); err != nil {
		return fmt.Errorf("the operation is not deterministic, or a machine computes wrong: %w", p.inBlocks(err))
	}
	return nil
}

// inBlocks adds the blocks to an error that names a portion.
func (p *Plan) inBlocks(err error) error {
	var c *journal.ConflictError
	if !errors.As(err, &c) {
		return err
	}
	from, to := p.Portion(c.Portion)
	if to-from == 1 {
		return fmt.Errorf("block %d: %w", from, err)
	}
	return fmt.Errorf("blocks %d to %d: %w", from, to-1, err)
}
