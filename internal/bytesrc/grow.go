package bytesrc

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// A GrowthCheck looks at a file of so many bytes that was written to, and that may hold more than
// what was opened. It reports whether what was opened is still there, and how long what the file
// holds says it is, in any unit. It may be called by several goroutines at once.
type GrowthCheck func(r io.ReaderAt, size int64) (extent int64, same bool)

// growth is what is known of a file that may grow while it is open.
type growth struct {
	check GrowthCheck
	least int64 // bytes that what was opened takes

	mu     sync.Mutex
	seen   stamp // when it was last found to hold what was opened
	extent int64 // that it had then
}

// MayGrow says how to tell a file that has grown, which is no change, from one that was rewritten.
// It must be called before the file is used by several goroutines. What was opened takes the first
// least bytes, and extent is what check would return for the file as it is.
//
// A file that is longer than it was, or says that it is, has grown if check finds in it what was
// opened; so has another file under its path, such as one that was extended as a copy. One that is
// shorter than least, or was written to without another length, has changed.
func (f *File) MayGrow(check GrowthCheck, extent, least int64) {
	if f.take() != nil {
		return // and then nobody reads it either
	}
	defer f.done()
	// later than the extent: what is written from now on changes either
	seen, err := currentStamp(f.os, f.fd)
	if err != nil {
		seen = stamp{f.size, f.info.ModTime().UnixNano()}
	}
	f.growth = &growth{check: check, least: least, seen: seen, extent: extent}
}

// Continues reports whether the open file, which was described by was, has only grown since, as
// MayGrow tells.
func (f *File) Continues(was fs.FileInfo) bool {
	if f.growth == nil || !os.SameFile(f.info, was) || f.size < was.Size() {
		return false
	}
	if f.take() != nil {
		return false
	}
	defer f.done()
	extent, same := f.growth.check(f.os, f.size)
	return same && (f.size > was.Size() || extent > f.growth.extent)
}

// hasGrown reports whether a file whose stamp was now has only grown since it was opened.
func (f *File) hasGrown(now stamp) bool {
	g := f.growth
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now == g.seen {
		return true
	}
	// A write that lengthens what the file says of itself sets the time first and the bytes a
	// moment later, so that a new time with the old extent is looked at again before it is taken
	// for a change.
	for pause := firstLook; ; pause *= 2 {
		// What is written after check has looked makes the stamp another one, or the extent
		// greater, the next time.
		extent, same := g.check(f.os, now.size)
		stamp, err := currentStamp(f.os, f.fd)
		if err != nil || stamp.size < g.least || !same {
			return false
		}
		if stamp.size != g.seen.size || extent > g.extent {
			g.seen, g.extent = stamp, extent
			return true
		}
		if pause > lastLook {
			return false
		}
		time.Sleep(pause)
		now = stamp
	}
}

// How long a writer may be between the time of a file and its bytes: looks are repeated for 31 ms
// in all.
const (
	firstLook = time.Millisecond
	lastLook  = 16 * time.Millisecond
)

// succeeded reports whether another file that is under the path of f holds what f did, or more.
func (f *File) succeeded() bool {
	if f.growth == nil {
		return false
	}
	next, info, err := openRegular(f.name, ReadOnly)
	if err != nil {
		return false
	}
	defer next.Close()
	_, same := f.growth.check(next, info.Size())
	return same && info.Size() > f.size
}

// replaced returns an error that matches [ErrChanged] if another file is under the path of f, and
// that file itself.
func (f *File) replaced() error {
	now, err := f.os.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(f.name); err == nil && !os.SameFile(there, now) {
		return fileerr.Errorf(f.name, "%w: replaced by another file", ErrChanged)
	}
	return nil
}

// Pristine is [File.Changed] for which a file that has grown has changed as well: for those who
// replace it.
func (f *File) Pristine() error {
	if err := f.take(); err != nil {
		return err
	}
	defer f.done()
	now, err := currentStamp(f.os, f.fd)
	if err != nil {
		return &FaultError{Path: f.name, Err: err}
	}
	if err := f.compare(now); err != nil {
		return err
	}
	return f.replaced()
}

// Outgrown reports whether the file is longer by now than at Open. Who finds that it is too short
// for what it says of itself opens it again then: it may have grown between the look at its length
// and that at its header.
func (f *File) Outgrown() bool {
	if f.take() != nil {
		return false
	}
	defer f.done()
	now, err := currentStamp(f.os, f.fd)
	return err == nil && now.size > f.size
}
