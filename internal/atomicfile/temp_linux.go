package atomicfile

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed makes a file without a name in a folder; nil where that is not possible.
func openUnnamed(dir *os.Root, perm fs.FileMode) *os.File {
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
