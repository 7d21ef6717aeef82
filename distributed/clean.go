package distributed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// CleanOptions say what [Clean] may remove.
type CleanOptions struct {
	// Unfinished removes what a run has computed that is not complete. Default: that is an error.
	Unfinished bool

	// Trust is that of [Work].
	Trust bool

	// Note is called with a line if workers are waited for. Default: nobody is told.
	Note func(line string)
}

// Clean removes the directory of a run, and what its output is called before it is complete.
// Outputs stay. The workers of a run that is complete are waited for, until they have seen that it
// is, or for the time after which one that was killed does not count any more. It is an error if
// workers are at work else, or wait to be by what engine e says if it is an [Attacher]; nil asks
// nobody. What else is in the directory stays there, and is an error too. A Clean that is
// interrupted can be called again.
func Clean(ctx context.Context, dir string, e Engine, o CleanOptions) error {
	dir = RunDir(dir)
	if !o.Trust {
		if err := Trusted(dir); err != nil {
			return err
		}
	}
	w, err := Watch(dir, e)
	if err != nil {
		return err
	}
	defer w.Close()
	s, err := w.ended(ctx, o.Note)
	if err != nil {
		return err
	}
	switch {
	case s.Living > 0:
		return fileerr.Errorf(dir, "%d workers are at work, or were within %v", s.Living, journal.Lease)
	case s.State == Waiting:
		return fileerr.Errorf(dir, "workers wait to begin, job %s", s.Job)
	case s.State != Complete && !o.Unfinished:
		return fileerr.Errorf(dir, "the run is not complete, %d of %d portions are recorded", s.Done, s.Portions)
	}
	return w.d.clean()
}

// ended is the status of the run, of one that is complete when its workers have ended: whoever
// waits for the outputs has them before every worker has seen that they are there.
func (w *Watcher) ended(ctx context.Context, note func(string)) (Status, error) {
	s, err := w.Status(ctx)
	for begun := time.Now(); err == nil && s.State == Complete && s.Living > 0 && time.Since(begun) < journal.Lease+lastWait; s, err = w.Status(ctx) {
		if note != nil {
			note(fmt.Sprintf("%s: the run is complete; waiting for %d workers to see that", w.d.Dir, s.Living))
			note = nil
		}
		if err := sleep(ctx, firstWait); err != nil {
			return s, err
		}
	}
	return s, err
}

// clean removes the plan last, so that what is left of an interruption is a run directory still.
func (d *driver) clean() error {
	if d.plan.Output != nil {
		if err := remove(d.plan.partPath()); err != nil {
			return err
		}
	}
	for _, name := range []string{journalDir, logDir, roundDir} {
		if err := os.RemoveAll(filepath.Join(d.Dir, name)); err != nil {
			return err
		}
	}
	for _, name := range []string{cancelName, publishName, engineName, doneName, planName} {
		if err := remove(filepath.Join(d.Dir, name)); err != nil {
			return err
		}
	}
	err := removeDir(d.Dir)
	if others, failed := os.ReadDir(d.Dir); err != nil && failed == nil && len(others) > 0 {
		return fileerr.Errorf(d.Dir, "%d files that no run has made stay there, as %s", len(others), others[0].Name())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeDir removes an empty directory, and the link to it that has led here.
func removeDir(dir string) error {
	place, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if err := os.Remove(place); err != nil || place == dir {
		return err
	}
	return remove(dir)
}

// Prepare makes a run ready for workers that others start, with [Work] or by the command line: the
// inputs are the right ones, and the file of the output is there. The plan is in the run directory
// already; see [Plan.Write]. A run that is complete is fine. Of the options only Dir and Trust are
// looked at.
func Prepare(ctx context.Context, o RunOptions) error {
	o.Detach = true
	d, err := newDriver(nil, o)
	if err != nil {
		return err
	}
	defer d.log.Close()
	if there, err := d.alreadyDone(ctx); there || err != nil {
		return err
	}
	return d.begin(ctx)
}
