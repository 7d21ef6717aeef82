package filelock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// DefaultWait is how long [Open] waits if nothing else is said: as long as it takes to add some 100
// GB.
const DefaultWait = 10 * time.Minute

var (
	// ErrLocked says that another writer had the file for as long as was waited.
	ErrLocked = errors.New("somebody else is writing to the file")

	// ErrReplaced says that there is another file, or none, under the path of one that is locked.
	ErrReplaced = errors.New("replaced by another file while it was written to")
)

// Wait says how long to wait for a lock. The zero value waits for [DefaultWait] and says nothing.
type Wait struct {
	Context context.Context // ends waiting with its cause; nil is never
	Most    time.Duration   // 0 is DefaultWait; negative does not wait
	Begins  func()          // if not nil, called once when waiting begins
}

// With is w as the options of a call change it: most 0 does not wait.
func With(ctx context.Context, most time.Duration, begins func()) Wait {
	if most <= 0 {
		most = -1
	}
	return Wait{ctx, most, begins}
}

// A Lock is an open file that nobody else holds the lock of.
type Lock struct {
	*os.File
	path string
}

// How long Open sleeps before it tries again: from the first to the last, twice as long each time.
// Nobody queues, so that what is waited for is short compared with what writers do.
const (
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// Open opens a regular file for reading and writing when no other Lock of it is held, and locks it
// until it is closed. A path that leads to nothing, or to something else than a regular file, is an
// error at once, also if that happens while it waits. A wait that is over is an error that matches
// [ErrLocked].
func Open(path string, w Wait) (*Lock, error) {
	most := w.Most
	if most == 0 {
		most = DefaultWait
	}
	var deadline time.Time
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		l, err := try(path)
		if l != nil || err != nil {
			return l, err
		}
		if most < 0 {
			return nil, fileerr.New(path, ErrLocked)
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(most)
			if w.Begins != nil {
				w.Begins()
			}
		} else if time.Now().After(deadline) {
			return nil, fileerr.Errorf(path, "%w, and did for %v", ErrLocked, most)
		}
		if err := sleep(w.Context, pause); err != nil {
			return nil, fileerr.Errorf(path, "%w: %w", ErrLocked, err)
		}
	}
}

// sleep waits, and returns why the context has ended if it has.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx == nil {
		time.Sleep(d)
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// try is Open without waiting: it returns neither a lock nor an error if there is something to wait
// for.
func try(path string) (*Lock, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("a directory, not a regular file")}
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for somebody to read it
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	l := &Lock{f, path}
	free, err := lockFile(f)
	if free && err == nil {
		switch err = l.Current(); {
		case err == nil:
			return l, nil
		case errors.Is(err, ErrReplaced):
			err = nil // try again with what is there now, if anything is
		}
	}
	return nil, errors.Join(err, f.Close())
}

// Current returns an error that matches [ErrReplaced] if the path leads to another file by now, or
// to none. What was written to this one would be lost.
func (l *Lock) Current() error {
	now, err := os.Stat(l.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileerr.New(l.path, ErrReplaced)
	case err != nil:
		return err
	}
	locked, err := l.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(now, locked) {
		return fileerr.New(l.path, ErrReplaced)
	}
	return nil
}

// Yield gives the lock back before the file is replaced, on systems that do not replace what is
// open. On all others it does nothing, and Close is for after the file was replaced.
func (l *Lock) Yield() error {
	if keepsName {
		return l.Close()
	}
	return nil
}
