package distributed

import (
	"context"
	"errors"
	"fmt"
)

// ErrIncomplete says that portions of a run have no record yet.
var ErrIncomplete = errors.New("incomplete")

// Finish verifies, merges and publishes the run in a directory, and computes nothing: for the end
// of a run whose workers nobody has waited for. An error matches [ErrIncomplete] if portions are
// missing, also those that turned out to be other than recorded; [Resume] computes them. A run that
// is complete already is fine, one that was cancelled matches [ErrRefused]. Of the options only
// Verify, AllowLarge, Keep, Trust and Progress are looked at.
func Finish(ctx context.Context, dir string, o RunOptions) error {
	d, err := newDriver(nil, RunOptions{Dir: dir, Verify: o.Verify, AllowLarge: o.AllowLarge, Keep: o.Keep, Trust: o.Trust, Progress: o.Progress})
	if err != nil {
		return err
	}
	defer d.log.Close()
	if there, err := d.alreadyDone(ctx); there || err != nil {
		return err
	}
	if err := d.plan.checkInputs(); err != nil {
		return err
	}
	for {
		if err := d.look(ctx); err != nil {
			return err
		}
		if n := d.plan.Portions() - d.log.NumDone(); n > 0 {
			return fmt.Errorf("%w: %s: %d of %d portions have no record", ErrIncomplete, d.Dir, n, d.plan.Portions())
		}
		again, err := d.publishOnce(ctx)
		if err == nil && !again {
			d.finished(ctx)
		}
		if err != nil || !again {
			return err
		}
	}
}
