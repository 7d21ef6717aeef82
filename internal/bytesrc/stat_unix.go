//go:build linux || darwin

package bytesrc

import (
	"os"

	"golang.org/x/sys/unix"
)

// openNonblock keeps open from waiting for a writer if the path has become a pipe
// since it was looked at.
const openNonblock = unix.O_NONBLOCK

// currentSize returns the length of the open file, without allocating.
func currentSize(_ *os.File, fd uintptr) (int64, error) {
	var st unix.Stat_t
	for {
		switch err := unix.Fstat(int(fd), &st); err {
		case nil:
			return st.Size, nil
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}
