package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
)

const (
	// longestStem is how much of a file's name the name of the temporary file repeats: file
	// systems take names of 255 bytes, and the rest of this one has 23 at most.
	longestStem = 200

	// slots is how many temporary files of one file can be found again.
	slots = 8
)

// forceNamed is set by tests, and by the environment, where unnamed files are not to be used.
var forceNamed = os.Getenv("LAZYNPY_NAMED_TEMPORARY") != ""

var onNotice atomic.Pointer[func(string)]

// OnNotice has tell called, from any goroutine, with lines about what a user should know although
// nothing went wrong: temporary files of dead processes that were removed, and what a file could
// not keep when it was replaced. Without it they are not told.
func OnNotice(tell func(line string)) { onNotice.Store(&tell) }

func notice(format string, args ...any) {
	if tell := onNotice.Load(); tell != nil {
		(*tell)(fmt.Sprintf(format, args...))
	}
}

// tempName is the name of a temporary file. Those from slots on are found by nobody again.
func (f *File) tempName(slot int) string {
	stem := strings.ToValidUTF8(f.name[:min(len(f.name), longestStem)], "")
	if slot >= slots {
		return fmt.Sprintf(".%s.lazynpy-%s.tmp", stem, rand.Text()[:8])
	}
	return fmt.Sprintf(".%s.lazynpy-%d.tmp", stem, slot)
}

// open makes the temporary file, without a name if possible.
func (f *File) open(perm fs.FileMode) error {
	if !forceNamed {
		if file := openUnnamed(f.dir, perm, f.tempName); file != nil {
			return f.take(file, "")
		}
	}
	for slot := range slots + 1 {
		name := f.tempName(slot)
		file, err := f.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) && slot < slots {
			continue // in use
		}
		if err != nil {
			return err
		}
		_ = lock(file, true) // where there are no locks nobody takes the file for dead either
		if !f.isCalled(file, name) {
			_ = file.Close() // somebody took it for one of the dead before it was locked
			continue
		}
		return f.take(file, name)
	}
	return errors.New("too many temporary files of this name")
}

// take makes file the temporary one. What the permissions are to be in the end the system has
// decided; until then it is for the owner alone.
func (f *File) take(file *os.File, name string) error {
	f.File, f.temp, f.shown = file, name, file.Name()
	if name == "" {
		_ = lock(file, false)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f.perm = info.Mode().Perm()
	if name != "" {
		return file.Chmod(f.perm & 0o600)
	}
	return nil
}

// isCalled reports whether a name in the folder is that of a file.
func (f *File) isCalled(file *os.File, name string) bool {
	here, err1 := file.Stat()
	there, err2 := f.dir.Lstat(name)
	return err1 == nil && err2 == nil && os.SameFile(here, there)
}

// sweep removes what processes that died have left of earlier attempts at this file.
func (f *File) sweep() {
	for slot := range slots {
		name := f.tempName(slot)
		switch size := f.dead(name); {
		case size > 0:
			notice("%s: removed %s, which a process that died had left", f.path, name)
		case size == 0: // or its process is alive, and finds out before it locks the file
			notice("%s: removed %s, in which nothing was written", f.path, name)
		}
	}
}

// dead removes a temporary file if nobody holds its lock, and returns how many bytes it had, or -1.
func (f *File) dead(name string) (size int64) {
	info, err := f.dir.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	file, err := f.dir.OpenFile(name, os.O_RDWR|openNonblock, 0)
	if err != nil {
		return -1
	}
	defer file.Close()
	if lock(file, false) != nil || !f.isCalled(file, name) {
		return -1
	}
	if info, err = file.Stat(); err != nil || f.dir.Remove(name) != nil {
		return -1
	}
	return info.Size()
}

// place gives the file its name.
func (f *File) place(old *os.File) error {
	held, err := dupFile(f.File) // keeps the lock, and a file without a name
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }() // nothing was written through it
	if err := f.Close(); err != nil {
		return err
	}
	if old == nil && !f.adopted {
		err := f.link(held, f.name)
		switch {
		case err == nil:
			f.unname()
			return nil
		case errors.Is(err, fs.ErrExist):
			return f.raced(held)
		case f.temp == "":
			return err
		} // a file system without links
	}
	return f.rename(held)
}

// raced is place where somebody else has made a file of this name since there was none.
func (f *File) raced(held *os.File) error {
	old, err := f.admit()
	if err != nil {
		return err
	}
	_ = old.Close() // only looked at
	return f.rename(held)
}

// unname takes the name of the temporary file away, which has another one now.
func (f *File) unname() {
	f.done = true
	if f.temp != "" {
		_ = f.dir.Remove(f.temp) // found and removed by the next run
	}
}

// rename puts the file in the place of another.
func (f *File) rename(held *os.File) error {
	for slot := 0; f.temp == ""; slot++ {
		name := f.tempName(slot)
		err := f.link(held, name)
		if err == nil {
			f.temp = name
		} else if !errors.Is(err, fs.ErrExist) || slot > slots {
			return err
		}
	}
	if err := f.dir.Rename(f.temp, f.name); err != nil {
		return err
	}
	f.done = true
	return nil
}

// link gives the file one more name.
func (f *File) link(held *os.File, name string) error {
	if f.temp != "" {
		return f.dir.Link(f.temp, name)
	}
	return linkUnnamed(held, f.dir, name)
}
