package distributed

import (
	"context"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// discard removes the states from the journals of a complete run, where nobody asks for them any
// more, or from one journal that this process has closed: whoever publishes does it for all that
// have ended by then, and every other worker for its own. Should the outputs be lost, they are
// computed anew. An error is none of the run's: what is left only takes room.
func discard(ctx context.Context, p *Plan, dir, one string) {
	if len(p.Reduce) == 0 || !exists(filepath.Join(dir, doneName)) {
		return
	}
	log, err := journal.OpenLog(filepath.Join(dir, journalDir), p.ID(), p.Portions())
	if err != nil {
		return
	}
	if one != "" {
		_ = log.StripOne(ctx, one)
	} else {
		_ = log.Strip(ctx)
	}
	_ = log.Close() // was only read from
}

// finished is called by a driver when the run is complete.
func (d *driver) finished(ctx context.Context) {
	if !d.Keep {
		_ = d.log.Close() // was only read from; some systems do not replace files that are open
		discard(ctx, d.plan, d.Dir, "")
	}
}
