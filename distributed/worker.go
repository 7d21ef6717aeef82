package distributed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// Work says what a worker does.
type Work struct {
	Dir    string // the run directory
	Index  int    // where among others to begin, from 0; negative: anywhere
	Engine string // for the journal
	Job    string
	Node   string // what the engine calls this machine

	// Trust takes the run directory as it is. Default: one that somebody else may have written to
	// is refused; see [Trusted].
	Trust bool

	// InputMap says where this machine has copies of inputs. Default: they are read where the plan
	// says.
	InputMap InputMap

	// Verify and AllowLarge are for publishing, which the last worker does; see [RunOptions].
	Verify, AllowLarge bool

	// Keep leaves the states of reductions in the run directory; see [RunOptions].
	Keep bool

	leave bool          // publishing to the driver, which is in the same process
	cost  *journal.Cost // of looking at the journals, when it has ended; for tests

	// Note is called with lines about what the worker does without, as a snapshot that is damaged.
	// Default: nobody is told.
	Note func(line string)

	// Interrupt, when it is closed, ends the worker when the portion at hand is recorded.
	Interrupt <-chan struct{}

	// Workers and Memory bound what the process uses. Default: see [Limits].
	Workers int
	Memory  int64
}

// The ways in which a worker ends early; see [ExitStatus].
var (
	// ErrRefused says that the plan, the program or the input is not the right one, or the run was
	// cancelled. It is no use to try again.
	ErrRefused = errors.New("refused")

	// ErrInterrupted says that the worker was told to end, and has recorded what it had done.
	ErrInterrupted = errors.New("interrupted")
)

// ExitStatus is the exit status of a worker that ended with err.
func ExitStatus(err error) int {
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, ErrRefused) || errors.Is(err, ErrInput):
		return ExitRefused
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	}
	return 1
}

// Do computes portions that nobody has recorded and nobody is at work on, and records each, until
// none is missing, and then publishes the outputs, unless another worker does. Any number of
// workers may be at work on any number of machines; when they begin and end does not matter.
func (w Work) Do(ctx context.Context) error {
	w.Dir = RunDir(w.Dir)
	if !w.Trust {
		if err := Trusted(w.Dir); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	p, err := ReadPlan(w.Dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := w.stopped(); err != nil {
		return notDone(err)
	}
	return w.attempt(ctx, p)
}

// errDone ends a worker whose run is complete.
var errDone = errors.New("the run is complete")

// notDone is err, or nil if all it says is that the run is complete.
func notDone(err error) error {
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// checkBuild refuses the plan of another program.
func (p *Plan) checkBuild() error {
	build, err := BuildID()
	if err != nil {
		return err
	}
	if p.Build != build {
		return fmt.Errorf("%w: the plan is for program %s, and this is %s", ErrRefused, p.Build, build)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// attempt is one worker with its journal, which also tells why it was refused.
func (w Work) attempt(ctx context.Context, p *Plan) (err error) {
	host, _ := os.Hostname() // an empty name does as well
	j, err := journal.Create(filepath.Join(w.Dir, journalDir), p.ID(), journal.Attempt{Host: host, Node: w.Node, PID: os.Getpid(),
		PIDs: journal.Here(), Engine: w.Engine, Job: w.Job, Index: max(w.Index, 0), Started: time.Now().UTC()})
	if err != nil {
		return err
	}
	var t *attempt
	defer func() {
		end := journal.End{Reason: reasonOf(ctx, err)}
		if err != nil {
			end.Error = err.Error()
		}
		_ = j.End(end) // what it says is known from the exit status too
		_ = j.Close()  // everything in it was synced
		if err == nil && !w.Keep {
			if t.published {
				discard(ctx, p, w.Dir, "")
			} else {
				discard(ctx, p, w.Dir, j.Name())
			}
		}
	}()
	if err := p.checkBuild(); err != nil {
		return err
	}
	if p, err = p.at(w.InputMap); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	log, err := journal.OpenLog(filepath.Join(w.Dir, journalDir), p.ID(), p.Portions())
	if err != nil {
		return err
	}
	defer func() {
		if w.cost != nil {
			*w.cost = log.Cost()
		}
		_ = log.Close() // was only read from
	}()
	log.OnNote = w.Note
	log.Borrow()
	t = &attempt{Work: w, plan: p, journal: j, log: log, pull: newPuller(p, j.Name(), w.Index),
		waitRecorded: func() error { return nil }}
	working, cancel := context.WithCancel(ctx) // ctx tells how the attempt has ended
	var beating sync.WaitGroup
	defer func() {
		cancel()
		beating.Wait()
	}()
	beating.Go(func() { beat(working, j, t.claimed) })
	return notDone(t.run(working))
}

// attempt is a worker at work.
type attempt struct {
	Work
	plan         *Plan
	journal      *journal.Writer
	log          *journal.Log
	pull         *puller
	at           atomic.Pointer[span] // what is claimed
	waitRecorded func() error         // waits until what was computed is recorded

	published bool // by this worker
}

func (t *attempt) claimed() span {
	if s := t.at.Load(); s != nil {
		return *s
	}
	return span{}
}

// claim says what the worker takes, or with an empty span that it lives. The next record brings it
// to disk.
func (t *attempt) claim(s span) error {
	t.at.Store(&s)
	return t.journal.Claim(s.from, s.to)
}

// claimNext claims s and what was computed before it and may not be recorded yet, which others
// would take for free.
func (t *attempt) claimNext(s span) error {
	all := s
	if n := len(t.pull.taken); n > 0 {
		if t.pull.taken[n-1].to != s.from {
			if err := t.waitAllRecorded(); err != nil {
				return err
			}
		} else {
			all.from = t.pull.taken[0].from
		}
	}
	return t.claim(all)
}

// waitAllRecorded waits until all that was computed is recorded.
func (t *attempt) waitAllRecorded() error {
	if err := t.waitRecorded(); err != nil {
		return err
	}
	t.pull.taken = nil
	return nil
}

// say claims, unless that is what it has claimed already, and brings it to disk.
func (t *attempt) say(s span) error {
	if t.claimed() == s {
		return nil
	}
	if err := t.claim(s); err != nil {
		return err
	}
	return t.journal.Flush()
}

// alone brings a claim to disk, and reports whether nobody else has claimed or recorded any of it
// meanwhile. If two have claimed it, both give way, and wait for times that differ before they look
// again.
func (t *attempt) alone(ctx context.Context, s span) (bool, error) {
	if err := t.journal.Flush(); err != nil {
		return false, err
	}
	if err := t.pull.refresh(ctx, t.log); err != nil {
		return false, err
	}
	contested := t.pull.contested(t.log, s)
	if !contested && missing(t.log, s) {
		return true, nil
	}
	if err := t.waitAllRecorded(); err != nil { // what was computed is claimed until it is recorded
		return false, err
	}
	if err := t.say(span{}); err != nil || !contested {
		return false, err
	}
	return false, t.pull.giveWay(ctx, t.Interrupt)
}

// run computes what is missing and publishes. What turns out to be other than recorded is missing
// again.
func (t *attempt) run(ctx context.Context) error {
	for {
		if err := t.compute(ctx); err != nil {
			return err
		}
		var again bool
		var err error
		if t.leave {
			again, err = t.again(ctx)
		} else {
			again, err = t.publish(ctx)
		}
		if err != nil || !again {
			return err
		}
	}
}

// again reports whether portions are missing by the journals, whatever a snapshot has said.
func (t *attempt) again(ctx context.Context) (bool, error) {
	err := t.log.Refresh(ctx)
	return t.log.NumDone() < t.plan.Portions(), err
}

// reasonOf says why an attempt ends. One whose context has ended was interrupted, in the middle of
// a portion.
func reasonOf(ctx context.Context, err error) string {
	switch status := ExitStatus(err); {
	case status == ExitDone:
		return journal.Done
	case status == ExitRefused:
		return journal.Refused
	case status == ExitInterrupted || ctx.Err() != nil:
		return journal.Interrupted
	}
	return journal.Failed
}

// compute takes part until nothing is missing. Whatever goes wrong, an input that has changed is
// the reason.
func (t *attempt) compute(ctx context.Context) error {
	s, err := t.next(ctx)
	if err != nil || s.empty() {
		return err
	}
	if err := t.plan.checkInputs(); err != nil {
		return err
	}
	err = t.computeOpen(ctx, s)
	if changed := t.plan.checkInputs(); changed != nil {
		return changed
	}
	return t.unlessComplete(ctx, err)
}

// next is what to compute next, claimed; nothing if all is recorded. It waits while others are at
// work on what is left.
func (t *attempt) next(ctx context.Context) (span, error) {
	for {
		if err := t.stopped(); err != nil {
			return span{}, err
		}
		if err := t.heard(); err != nil {
			return span{}, err
		}
		if err := t.pull.refresh(ctx, t.log); err != nil {
			return span{}, err
		}
		if err := t.plan.conflict(t.log); err != nil {
			return span{}, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if t.log.NumDone() == t.plan.Portions() {
			return span{}, nil
		}
		s, late := t.pull.take(t.log), false
		if s.empty() && len(t.pull.taken) > 0 { // the last of it may be on its way to the disk
			if err := t.waitAllRecorded(); err != nil {
				return span{}, err
			}
			continue
		}
		if s.empty() {
			s, late = t.pull.late(t.log, time.Now())
		}
		if s.empty() {
			if err := t.say(span{}); err != nil {
				return span{}, err
			}
			if err := t.pull.wait(ctx, t.Interrupt); err != nil {
				return span{}, err
			}
			continue
		}
		if err := t.claimNext(s); err != nil {
			return span{}, err
		}
		if late { // others have it too, and are waited for no longer
			return s, t.journal.Flush()
		}
		if mine, err := t.alone(ctx, s); err != nil || mine {
			return s, err
		}
	}
}

// heard returns an error if the journal is not in its place any more: what is said in it reaches
// nobody, and this worker would compute the same again and again.
func (t *attempt) heard() error {
	path := filepath.Join(t.Dir, journalDir, t.journal.Name())
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return fileerr.New(path, errors.New("somebody has removed the journal of this worker"))
	}
	return nil
}

// computeOpen opens the input and the output, and computes portions, the first of which are claimed
// already.
func (t *attempt) computeOpen(ctx context.Context, s span) error {
	b, err := t.plan.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	c := &committer{attempt: t, parts: b.parts, work: make(chan portion, 1), done: make(chan error, 1)}
	if t.plan.Output != nil {
		if c.out, err = t.plan.openOutput(b.parts); err != nil {
			return t.moved(err)
		}
		defer c.out.Close()
	}
	t.waitRecorded = c.waitRecorded
	go c.run()
	for err == nil && !s.empty() {
		begun := time.Now()
		if err = t.portions(ctx, b, c, s); err == nil {
			t.pull.took(s, time.Since(begun))
			s, err = t.next(ctx)
		}
	}
	close(c.work)
	if failed := <-c.done; failed != nil {
		return failed
	}
	return err
}

// errPublished ends the computing of a worker when the output has its name already.
var errPublished = errors.New("it has its name already, although portions have no record: move it away, and resume the run")

// unlessComplete is err, or nil if that is [errPublished] and no portion is missing: the worker has
// computed what another one has recorded, and what is left is to see that the run ends.
func (t *attempt) unlessComplete(ctx context.Context, err error) error {
	if !errors.Is(err, errPublished) {
		return err
	}
	again, failed := t.again(ctx)
	if failed != nil || !again {
		return failed
	}
	return err
}

// moved is the error of an output that is not in its place: another worker may have published it,
// or be in the middle of that.
func (t *attempt) moved(err error) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if stopped := t.stopped(); stopped != nil {
		return stopped
	}
	if t.driver().published() {
		return fileerr.New(t.plan.Output.Path, errPublished)
	}
	return fmt.Errorf("%w: the unfinished output is gone; run and resume make another one", err)
}

// checkInputs compares all inputs with their fingerprints.
func (p *Plan) checkInputs() error {
	for _, in := range p.Inputs {
		if err := in.check(); err != nil {
			return err
		}
	}
	return nil
}

// portions computes a run of portions.
func (t *attempt) portions(ctx context.Context, b *bound, c *committer, s span) error {
	limits := t.limits()
	computing := lazy.Computing{Workers: limits.Workers, Memory: limits.Memory, Run: t.plan.PortionBlocks}
	if c.out != nil {
		computing.Output = &guarded{outputFile: c.out, attempt: t}
	}
	p := t.plan
	lo, _ := p.Portion(s.from)
	_, hi := p.Portion(s.to - 1)
	now := portion{number: s.from, generation: t.log.Generation(s.from)}
	err := b.parts.Compute(ctx, lo, hi, computing, func(state lazy.BlockState) error {
		now.add(state, p)
		if _, last := p.Portion(now.number); state.Block < last-1 {
			return nil
		}
		if err := c.commit(now); err != nil {
			return err
		}
		now = portion{number: now.number + 1, generation: t.log.Generation(now.number + 1)}
		if now.number == s.to {
			return nil
		}
		return t.stopped()
	})
	if err != nil {
		return fmt.Errorf("portion %d: %w", now.number, err)
	}
	return nil
}

// stopped returns an error if the worker is to end although there is more to do.
func (w Work) stopped() error {
	select {
	case <-w.Interrupt:
		return ErrInterrupted
	default:
	}
	if exists(filepath.Join(w.Dir, doneName)) {
		return errDone
	}
	if !exists(filepath.Join(w.Dir, planName)) {
		return fileerr.Errorf(w.Dir, "%w: the run directory is gone", ErrRefused)
	}
	if exists(filepath.Join(w.Dir, cancelName)) {
		return cancelled(w.Dir)
	}
	return nil
}

// cancelled is the error of a run that somebody has cancelled.
func cancelled(dir string) error {
	return fileerr.Errorf(dir, "%w: the run was cancelled; to go on, resume it", ErrRefused)
}

// guardTime is how often a worker looks whether its output is where it was while it writes to it.
const guardTime = 100 * time.Millisecond

// guarded is an output that is written to only as long as it is in its place. A worker that
// everybody believed dead must not wake up and write to a file that was published meanwhile.
type guarded struct {
	*outputFile
	*attempt
	looked atomic.Int64 // when, in nanoseconds since begun
}

// begun is where times of guards count from.
var begun = time.Now()

// WriteAt writes, unless the file has got its name.
func (g *guarded) WriteAt(b []byte, off int64) (int, error) {
	if now := int64(time.Since(begun)); now-g.looked.Load() > int64(guardTime) {
		if err := g.inPlace(); err != nil {
			return 0, g.moved(err)
		}
		g.looked.Store(now)
	}
	return g.outputFile.WriteAt(b, off)
}

// committer brings portions to disk and records them, while the next ones are computed.
type committer struct {
	*attempt
	parts   *lazy.Parts
	out     *outputFile
	work    chan portion
	done    chan error
	pending sync.WaitGroup // portions that were handed over
	failed  atomic.Pointer[error]
}

// commit hands a portion over. It returns an error if an earlier one could not be recorded.
func (c *committer) commit(p portion) error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	c.pending.Add(1)
	c.work <- p
	return nil
}

// waitRecorded waits until what was handed over is recorded.
func (c *committer) waitRecorded() error {
	c.pending.Wait()
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// run records what comes until there is no more; after an error it only takes it.
func (c *committer) run() {
	var first error
	for p := range c.work {
		if first == nil {
			if first = c.record(p); first != nil {
				c.failed.Store(&first)
			}
		}
		c.pending.Done()
	}
	c.done <- first
}

// record syncs the elements, looks once more whether the input is the same, and writes the record.
func (c *committer) record(p portion) error {
	if c.out != nil {
		if err := c.out.Sync(); err != nil {
			return fmt.Errorf("portion %d: %w", p.number, err)
		}
	}
	if err := c.parts.Changed(); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	err := c.journal.Append(journal.Record{Portion: p.number, Generation: p.generation, CRC: p.crc, Payload: p.payload})
	if err != nil {
		return fmt.Errorf("portion %d: journal: %w", p.number, err)
	}
	return nil
}
