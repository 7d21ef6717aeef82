package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve gives f its length and the space on disk for it, so that a full disk is an error now and
// not when the last byte is written. A file system without reservations is asked whether it has the
// room.
func Reserve(f *os.File, size int64) error {
	if size == 0 {
		return f.Truncate(0) // the system call refuses to reserve nothing
	}
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return Lengthen(f, size)
		default:
			return &os.PathError{Op: "fallocate", Path: f.Name(), Err: err}
		}
	}
}

// checkRoom returns an error if the file system says that it has no room for so many bytes more.
func checkRoom(f *os.File, size int64) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil || st.Blocks == 0 || st.Bsize <= 0 {
		return nil // it does not know, as some remote ones do not
	}
	free := st.Bavail
	if os.Geteuid() == 0 {
		free = st.Bfree
	}
	if need := (uint64(size) + uint64(st.Bsize) - 1) / uint64(st.Bsize); free < need {
		return &os.PathError{Op: "write", Path: f.Name(), Err: unix.ENOSPC}
	}
	return nil
}
