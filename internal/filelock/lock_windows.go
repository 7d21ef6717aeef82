package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// keepsName says that an open file cannot be replaced.
const keepsName = true

// lockFile locks a file until it is closed, and reports whether it could. A lock keeps others from
// reading what is locked, so it is put on a byte that no file has.
func lockFile(f *os.File) (free bool, err error) {
	const exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	at := windows.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
	err = windows.LockFileEx(windows.Handle(f.Fd()), exclusive, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return true, os.NewSyscallError("LockFileEx", err)
}
