package distributed

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// submission is the last round of a run, and the engine's job for it.
type submission struct {
	roundFile
	number int
	at     time.Time // when its file was written last, by the clock of the filesystem
	job    Job       // nil if nobody can be asked for it
}

// outlook says of a run on which nobody is at work, what there is to wait for, or why there is
// nothing.
func (w *Watcher) outlook(ctx context.Context, s *Status) error {
	r := w.last
	begun := 0 // of its workers
	for _, a := range s.Attempts {
		if !a.Heard.Before(r.at) {
			begun++
		}
	}
	switch {
	case r.number == 0 && len(s.Attempts) == 0:
		s.State = Ready
	case r.job != nil:
		state, err := r.job.Poll(ctx)
		switch s.State = Waiting; {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case state == Idle:
			s.State, s.Cause = Stalled, w.cause(err)
		case err != nil:
			s.Cause = err.Error()
		}
	case r.Ended || r.Error != "" || r.number == 0:
		s.State, s.Cause = Stalled, w.cause(nil)
	case r.Printed && begun == 0:
		s.State = Ready
	case begun == 0 && (r.Job != "" || time.Since(r.at) < journal.Lease):
		s.State = Waiting
	default:
		s.State, s.Cause = Stalled, w.cause(nil)
	}
	return nil
}

// lastSubmission reads the last round, if it is another one or has changed.
func (w *Watcher) lastSubmission() error {
	number, err := lastRound(w.d.Dir)
	if err != nil || number == 0 {
		return err
	}
	info, err := os.Stat(roundPath(w.d.Dir, number))
	if err != nil {
		return err
	}
	if number == w.last.number && info.ModTime().Equal(w.last.at) {
		return nil
	}
	r, err := readRound(w.d.Dir, number)
	if err != nil {
		return err
	}
	w.last = submission{roundFile: r, number: number, at: info.ModTime()}
	if e, ok := w.d.engine.(Attacher); ok && r.Job != "" && !r.Ended && r.Engine == w.d.engine.Name() {
		if job, err := e.Attach(w.d.plan.Name(), r.Job); err == nil {
			w.last.job = job
		}
	}
	return nil
}

// cause is why nobody is at work: what the engine knows of how workers have ended, or a driver has
// noted, and what a worker has said.
func (w *Watcher) cause(fate error) string {
	text := w.last.Error
	if fate != nil {
		text = fate.Error()
	}
	lost := 0
	for _, a := range w.d.log.Attempts() {
		if a.End == nil {
			lost++
		}
	}
	for _, more := range []string{w.d.lastFailure(), lostText(lost)} {
		switch {
		case more == "":
		case text == "":
			text = more
		default:
			text += "; " + more
		}
	}
	switch {
	case text != "":
		return text
	case w.d.log.NumDone() == w.d.plan.Portions():
		return "everything is recorded, and nobody has published it"
	}
	return "all workers have ended before everything was done"
}

// lostText tells of attempts that have no end: whoever is killed cannot say why.
func lostText(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 worker has ended without a word: it was killed, or its machine was lost"
	}
	return fmt.Sprintf("%d workers have ended without a word: they were killed, or their machines were lost", n)
}
