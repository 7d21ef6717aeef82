package bytesrc

import (
	"container/list"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// A process may have few files open: 256 on macOS, 1,024 in many a shell. Files that nobody reads
// at the moment can do without their descriptors: those of the files that were opened first are
// given back when there are many, and a file is opened again when something of it is asked for.
// Mappings stay, and with them all views and leases. A file that has no descriptor must be found
// under its path, and be the same: one that was deleted or replaced keeps its descriptor.

// descriptors are the files of this process that have theirs.
var descriptors = openFiles{most: func() int { return max(int(min(descriptorLimit()/2, math.MaxInt32)), 8) }}

// openFiles are files that could give their descriptors back, in the order in which they got them.
type openFiles struct {
	most func() int // of them

	mu    sync.Mutex
	files list.List // of *File
}

// add lists a file that has just got its descriptor.
func (o *openFiles) add(f *File) {
	if f.mode == ReadWrite {
		return // what was written must reach the very file
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	f.listed = o.files.PushBack(f)
}

// trim parks files if there are too many, but not this one.
func (o *openFiles) trim(but *File) {
	o.mu.Lock()
	over := o.files.Len() - o.most()
	o.mu.Unlock()
	if over > 0 {
		o.giveBack(over, but)
	}
}

// remove takes a file off the list.
func (o *openFiles) remove(f *File) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.listed != nil {
		o.files.Remove(f.listed)
		f.listed = nil
	}
}

// giveBack parks up to n files, those that were opened first, but not this one, and reports whether
// it parked any. Those that are in use, or cannot be found again, are looked at next time after all
// others.
func (o *openFiles) giveBack(n int, but *File) bool {
	o.mu.Lock()
	var tried []*File
	for e := o.files.Front(); e != nil && len(tried) < 2*n+64; e = e.Next() {
		if f := e.Value.(*File); f != but {
			tried = append(tried, f)
		}
	}
	o.mu.Unlock()
	done := 0
	for _, f := range tried {
		if done >= n {
			break
		}
		if f.park() {
			done++
			continue
		}
		o.mu.Lock()
		if f.listed != nil {
			o.files.MoveToBack(f.listed)
		}
		o.mu.Unlock()
	}
	return done > 0
}

// hold keeps the descriptor until drop, and opens the file again if it has to. It is for the calls
// of users, and not for what they call. The caller has a lease.
func (f *File) hold() error {
	for {
		f.holding.RLock()
		if f.os != nil {
			return nil
		}
		f.holding.RUnlock()
		if err := f.reopen(); err != nil {
			return err
		}
		descriptors.trim(f)
	}
}

// drop ends hold.
func (f *File) drop() { f.holding.RUnlock() }

// take takes a lease and holds the descriptor, until done.
func (f *File) take() error {
	if !f.leases.acquire() {
		return f.closedError()
	}
	if err := f.hold(); err != nil {
		f.leases.release()
		return err
	}
	return nil
}

// done ends take.
func (f *File) done() {
	f.drop()
	f.leases.release()
}

// park gives the descriptor back, if nobody needs it at the moment and the file can be opened
// again.
func (f *File) park() bool {
	if !f.holding.TryLock() {
		return false
	}
	defer f.holding.Unlock()
	path, err := filepath.Abs(f.name)
	if err != nil || f.os == nil {
		return false
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(there, f.info) {
		return false
	}
	f.again = path
	_ = f.letGo() // only read from
	return true
}

// letGo closes the descriptors.
func (f *File) letGo() error {
	descriptors.remove(f)
	var errs []error
	if f.direct != nil {
		errs = append(errs, f.direct.Close())
		f.direct = nil
	}
	if f.os != nil {
		errs = append(errs, f.os.Close())
		f.os = nil
	}
	return errors.Join(errs...)
}

// reopen opens the file again.
func (f *File) reopen() error {
	f.holding.Lock()
	defer f.holding.Unlock()
	if f.os != nil { // somebody else has done it
		return nil
	}
	src, info, err := openOrPark(f.again, f.mode)
	if err != nil {
		return err
	}
	if !os.SameFile(info, f.info) {
		return errors.Join(fileerr.Errorf(f.name, "%w: replaced by another file", ErrChanged), src.Close())
	}
	f.os, f.fd = src, src.Fd()
	if err := f.modified(); err != nil { // also where another file has got its number
		f.os = nil
		return errors.Join(err, src.Close())
	}
	if c := f.choice.Load(); c.backend == BackendDirect {
		f.openDirectly(*c)
	}
	descriptors.add(f)
	return nil
}

// openOrPark is openRegular that parks others if the process may not open any more files.
func openOrPark(path string, m Mode) (*os.File, fs.FileInfo, error) {
	f, info, err := openRegular(path, m)
	if tooMany(err) && descriptors.giveBack(8, nil) {
		f, info, err = openRegular(path, m)
	}
	return f, info, err
}

// tooMany reports whether an error is that no more files can be opened.
func tooMany(err error) bool {
	var e *fs.PathError
	return errors.As(err, &e) && isTooMany(e.Err)
}
