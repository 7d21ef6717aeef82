package distributed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// publish gives the outputs their names, unless another worker is about to: then it waits for that
// one. It reports true if portions are missing again. What another worker cannot do, for want of
// room, say, is left to who resumes the run.
func (t *attempt) publish(ctx context.Context) (again bool, err error) {
	turn := span{t.plan.Portions(), t.plan.Portions() + 1}
	for failed := t.failures(); t.failures() <= failed; {
		switch {
		case t.elsewhere():
			if err := t.say(span{}); err != nil {
				return false, err
			}
			if err := t.pull.wait(ctx, t.Interrupt); err != nil {
				return false, err
			}
		case t.claimed() == turn:
			again, err := t.driver().publishOnce(ctx)
			if conflict := t.plan.conflict(t.log); conflict != nil {
				err = fmt.Errorf("%w: %w", ErrRefused, conflict)
			}
			t.published = err == nil && !again
			return again, err
		default:
			if err := t.say(turn); err != nil {
				return false, err
			}
		}
		if err := t.stopped(); err != nil {
			return false, err
		}
		if err := t.pull.refresh(ctx, t.log); err != nil {
			return false, err
		}
		if t.log.NumDone() < t.plan.Portions() {
			return true, nil
		}
	}
	return false, nil
}

// elsewhere reports whether another worker that goes first is at publishing. The name of the
// journal decides between two.
func (t *attempt) elsewhere() bool {
	for _, c := range t.log.Claims(t.journal.Name()) {
		if c.From >= t.plan.Portions() && (t.claimed().from < t.plan.Portions() || c.File < t.journal.Name()) {
			return true
		}
	}
	return false
}

// failures counts the attempts that have failed at publishing. One that was told to end has not: it
// leaves its turn to the next.
func (t *attempt) failures() (n int) {
	for _, a := range t.log.Attempts() {
		if a.Claim.From >= t.plan.Portions() && a.End != nil && (a.End.Reason == journal.Failed || a.End.Reason == journal.Refused) {
			n++
		}
	}
	return n
}

// driver is who publishes.
func (t *attempt) driver() *driver {
	return &driver{RunOptions: RunOptions{Dir: t.Dir, Verify: t.Verify, AllowLarge: t.AllowLarge, Trust: t.Trust}, plan: t.plan, log: t.log}
}

// publishOnce publishes what is complete by the journals, whatever snapshots say. Another driver
// may do it at the same time.
func (d *driver) publishOnce(ctx context.Context) (again bool, err error) {
	if err := d.log.Refresh(ctx); err != nil {
		return false, err
	}
	if err := d.plan.conflict(d.log); err != nil {
		return false, err
	}
	if d.log.NumDone() < d.plan.Portions() {
		return true, nil
	}
	before := d.published()
	again, err = d.publish(ctx)
	if errors.Is(err, os.ErrNotExist) && (!before && d.published() || exists(filepath.Join(d.Dir, doneName))) {
		return true, nil // it has renamed the output meanwhile
	}
	return again, err
}
