//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openNonblock keeps the opening of a pipe from waiting for somebody at its other end.
const openNonblock = syscall.O_NONBLOCK

// lock locks a file until it and what hold has made of it are closed, and fails if somebody else
// has and it is not to wait.
func lock(f *os.File, wait bool) error {
	how := unix.LOCK_EX
	if !wait {
		how |= unix.LOCK_NB
	}
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}

// dupFile is the same open file once more.
func dupFile(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "dup", Path: f.Name(), Err: err}
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// ours reports whether a link is one that Linux follows in a folder where everybody may put one:
// that of the user, or of the owner of the folder.
func ours(link, folder fs.FileInfo) bool {
	l, ok1 := link.Sys().(*syscall.Stat_t)
	d, ok2 := folder.Sys().(*syscall.Stat_t)
	return !ok1 || !ok2 || int(l.Uid) == os.Geteuid() || l.Uid == d.Uid
}
