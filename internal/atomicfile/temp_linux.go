package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// openUnnamed makes a file without a name in a folder; nil where that is not possible, or it could
// not get a name later. names are those of temporary files that are found again.
func openUnnamed(dir *os.Root, perm fs.FileMode, names func(slot int) string) *os.File {
	f := newUnnamed(dir, perm)
	if f == nil || canLink(f, dir, names) {
		return f
	}
	_ = f.Close() // nothing was written
	return nil
}

// linkable says by device whether files without a name can get one there.
var linkable sync.Map

// canLink reports whether files without a name can get one where f is: some filesystems make them
// and cannot link them afterwards, in user space above all. The first time another file is tried,
// since one whose only name was taken away never gets another.
func canLink(f *os.File, dir *os.Root, names func(slot int) string) bool {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return false
	}
	if can, known := linkable.Load(st.Dev); known {
		return can.(bool)
	}
	probe := newUnnamed(dir, 0o600)
	if probe == nil {
		return false
	}
	defer probe.Close() // nothing was written
	for slot := range slots {
		err := linkUnnamed(probe, dir, names(slot))
		if errors.Is(err, fs.ErrExist) {
			continue // in use
		}
		if err == nil {
			_ = dir.Remove(names(slot)) // it is empty; the next run removes it
		}
		linkable.Store(st.Dev, err == nil)
		return err == nil
	}
	return false
}

func newUnnamed(dir *os.Root, perm fs.FileMode) *os.File {
	d, err := dir.Open(".")
	if err != nil {
		return nil
	}
	defer d.Close()
	fd, err := unix.Openat(int(d.Fd()), ".", unix.O_RDWR|unix.O_TMPFILE|unix.O_CLOEXEC, uint32(perm))
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), procName(fd))
	if _, err := os.Stat(f.Name()); err != nil { // without /proc it could not get a name
		_ = f.Close() // nothing was written
		return nil
	}
	return f
}

// procName is a path by which the process can open one of its files again.
func procName(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// linkUnnamed gives a file without a name one.
func linkUnnamed(f *os.File, dir *os.Root, name string) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	err = unix.Linkat(unix.AT_FDCWD, procName(int(f.Fd())), int(d.Fd()), name, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &os.LinkError{Op: "link", Old: f.Name(), New: name, Err: err}
	}
	return nil
}
