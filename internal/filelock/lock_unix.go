//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// keepsName says that an open file cannot be replaced.
const keepsName = false

// lockFile locks a file until it is closed, and reports whether it could. File systems without
// locks are taken as they are.
func lockFile(f *os.File) (free bool, err error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
			return true, nil
		default:
			return true, os.NewSyscallError("flock", err)
		}
	}
}
