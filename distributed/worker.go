package distributed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/lazy"
)

// Work says what a worker does.
type Work struct {
	Dir    string // the run directory
	Round  int    // of a driver, whose share of tasks is done; 0: no round
	Index  int    // of the worker among Of; negative: it is the only one
	Of     int    // workers; 0: what the round says, or as many as tasks
	Engine string // for the journal
	Job    string

	// Trust takes the run directory as it is. Default: one that somebody else may have written to is refused; see
	// [Trusted].
	Trust bool

	// Interrupt, when it is closed, ends the worker when the portion at hand is recorded.
	Interrupt <-chan struct{}

	// Workers and Memory bound what the process uses. Default: see [Limits].
	Workers int
	Memory  int64
}

// The ways in which a worker ends early; see [ExitStatus].
var (
	// ErrRefused says that the plan, the program or the input is not the right one, or the run was cancelled. It is
	// no use to try again.
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

// Do computes the missing portions of the worker's tasks, and records each.
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
	if err := p.checkBuild(); err != nil {
		return err
	}
	if ended, err := w.ended(); ended || err != nil {
		return err
	}
	tasks, err := w.tasks(p)
	if err != nil {
		return err
	}
	return w.attempt(ctx, p, tasks)
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

// ended reports whether nothing is to be done any more.
func (w Work) ended() (bool, error) {
	if exists(filepath.Join(w.Dir, doneName)) {
		return true, nil
	}
	if exists(filepath.Join(w.Dir, cancelName)) {
		return true, fmt.Errorf("%w: the run was cancelled", ErrRefused)
	}
	return false, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tasks are the ranges of tasks that are this worker's.
func (w Work) tasks(p *Plan) ([][2]int64, error) {
	all := [][2]int64{{0, p.Tasks()}}
	of := w.Of
	if w.Round > 0 {
		r, err := readRound(w.Dir, w.Round)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		all = r.Tasks
		if of == 0 {
			of = r.Shares
		}
	}
	if w.Index < 0 {
		return all, nil
	}
	if of == 0 {
		of = int(min(max(p.Tasks(), 1), maxIndex))
	}
	if w.Index >= of {
		return nil, fmt.Errorf("%w: index %d of %d workers", ErrRefused, w.Index, of)
	}
	return share(all, w.Index, of), nil
}

// share is part i of n of ranges, as equal as they can be, without changing the order.
func share(ranges [][2]int64, i, n int) [][2]int64 {
	total := int64(0)
	for _, r := range ranges {
		total += r[1] - r[0]
	}
	// Bounds as those of the i-th of n parts of total, without overflow.
	at := func(k int) int64 { return total/int64(n)*int64(k) + total%int64(n)*int64(k)/int64(n) }
	lo, hi := at(i), at(i+1)
	var out [][2]int64
	for _, r := range ranges {
		n := r[1] - r[0]
		from, to := max(lo, 0), min(hi, n)
		if from < to {
			out = append(out, [2]int64{r[0] + from, r[0] + to})
		}
		lo, hi = lo-n, hi-n
	}
	return out
}

// attempt is one worker with its journal.
func (w Work) attempt(ctx context.Context, p *Plan, tasks [][2]int64) (err error) {
	host, _ := os.Hostname() // an empty name does as well
	j, err := journal.Create(filepath.Join(w.Dir, journalDir), p.ID(), journal.Attempt{
		Host: host, PID: os.Getpid(), Engine: w.Engine, Job: w.Job, Index: max(w.Index, 0), Round: w.Round, Started: time.Now().UTC()})
	if err != nil {
		return err
	}
	defer func() {
		end := journal.End{Reason: reasonOf(ctx, err)}
		if err != nil {
			end.Error = err.Error()
		}
		_ = j.End(end) // what it says is known from the exit status too
		_ = j.Close()  // everything in it was synced
	}()
	log, err := journal.OpenLog(filepath.Join(w.Dir, journalDir), p.ID(), p.Portions())
	if err != nil {
		return err
	}
	defer log.Close()
	if err := log.Refresh(ctx); err != nil {
		return err
	}
	return w.compute(ctx, p, tasks, log, j)
}

// reasonOf says why an attempt ends. One whose context has ended was interrupted, in the middle of a portion.
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

// compute goes through what is missing, if anything is. Whatever goes wrong, an input that has changed is the reason.
func (w Work) compute(ctx context.Context, p *Plan, tasks [][2]int64, log *journal.Log, j *journal.Writer) error {
	missing := missingIn(p, tasks, log)
	if len(missing) == 0 {
		return nil
	}
	if err := p.checkInputs(); err != nil {
		return err
	}
	err := w.computeOpen(ctx, p, missing, log, j)
	if changed := p.checkInputs(); changed != nil {
		return changed
	}
	return err
}

// computeOpen opens the input and the output, and computes portions.
func (w Work) computeOpen(ctx context.Context, p *Plan, missing [][2]int64, log *journal.Log, j *journal.Writer) error {
	b, err := p.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	c := &committer{plan: p, parts: b.parts, journal: j, log: log, work: make(chan portion, 1), done: make(chan error, 1)}
	if p.Output != nil {
		if c.out, err = p.openOutput(b.parts); err != nil {
			return err
		}
		defer c.out.Close()
	}
	go c.run()
	err = w.portions(ctx, p, b, c, missing)
	close(c.work)
	if failed := <-c.done; failed != nil {
		return failed
	}
	return err
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

// missingIn lists the runs of portions of tasks that have no record.
func missingIn(p *Plan, tasks [][2]int64, log *journal.Log) [][2]int64 {
	var missing [][2]int64
	for _, t := range tasks {
		if t[0] >= t[1] {
			continue
		}
		from, _ := p.Task(t[0])
		_, to := p.Task(t[1] - 1)
		for lo, hi := range log.Missing(from, to) {
			missing = append(missing, [2]int64{lo, hi})
		}
	}
	return missing
}

// portions computes runs of portions.
func (w Work) portions(ctx context.Context, p *Plan, b *bound, c *committer, missing [][2]int64) error {
	limits := w.limits()
	computing := lazy.Computing{Workers: limits.Workers, Memory: limits.Memory, Run: p.PortionBlocks}
	if c.out != nil {
		computing.Output = c.out
	}
	for i, run := range missing {
		lo, _ := p.Portion(run[0])
		_, hi := p.Portion(run[1] - 1)
		now := portion{number: run[0]}
		err := b.parts.Compute(ctx, lo, hi, computing, func(s lazy.BlockState) error {
			now.add(s, p)
			if _, last := p.Portion(now.number); s.Block < last-1 {
				return nil
			}
			if err := c.commit(now); err != nil {
				return err
			}
			now = portion{number: now.number + 1}
			return w.stopped(now.number < run[1])
		})
		if err != nil {
			return fmt.Errorf("portion %d: %w", now.number, err)
		}
		if err := w.stopped(i < len(missing)-1); err != nil {
			return err
		}
	}
	return nil
}

// stopped returns an error if the worker is to end although there is more to do.
func (w Work) stopped(more bool) error {
	select {
	case <-w.Interrupt:
		if more {
			return ErrInterrupted
		}
	default:
	}
	if !more {
		return nil
	}
	if !exists(filepath.Join(w.Dir, planName)) {
		return fmt.Errorf("%w: the run directory is gone", ErrRefused)
	}
	if exists(filepath.Join(w.Dir, cancelName)) {
		return fmt.Errorf("%w: the run was cancelled", ErrRefused)
	}
	return nil
}

// committer brings portions to disk and records them, while the next ones are computed.
type committer struct {
	plan    *Plan
	parts   *lazy.Parts
	out     *outputFile
	journal *journal.Writer
	log     *journal.Log
	work    chan portion
	done    chan error
	failed  atomic.Pointer[error]
}

// commit hands a portion over. It returns an error if an earlier one could not be recorded.
func (c *committer) commit(p portion) error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	c.work <- p
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
	err := c.journal.Append(journal.Record{Portion: p.number, Generation: c.log.Generation(p.number), CRC: p.crc, Payload: p.payload})
	if err != nil {
		return fmt.Errorf("portion %d: journal: %w", p.number, err)
	}
	return nil
}
