package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// StartWriteback lets the system begin to bring a part of f to disk, without waiting. What is
// written early need not be waited for when the file is synced. It is only a hint.
func StartWriteback(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE) // Sync has the error
}

// Forget waits until a part of f is on disk, and lets the system use the memory for something else.
// Pages that are written to next are then found among those that were just given back, instead of
// being taken from files that somebody reads.
//
// An error of the disk must not be dropped: the system tells it once, and a later Sync would
// succeed.
func Forget(f *os.File, off, n int64) error {
	fd := int(f.Fd())
	const wait = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	for {
		err := unix.SyncFileRange(fd, off, n, wait)
		switch {
		case err == nil:
			_ = unix.Fadvise(fd, off, n, unix.FADV_DONTNEED) // only memory is at stake
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EPERM), errors.Is(err, unix.ESPIPE):
			return nil // not possible here, and Sync does it
		default:
			return &os.PathError{Op: "sync", Path: f.Name(), Err: err}
		}
	}
}

// Memory is the size of the machine's memory in bytes, and 0 where that is not known.
func Memory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit)) //nolint:unconvert // 32 bits where the machine has them
}
