//go:build linux || darwin

package bytesrc

import (
	"os"

	"golang.org/x/sys/unix"
)

// openNonblock keeps open from waiting for a writer if the path has become a pipe
// since it was looked at.
const openNonblock = unix.O_NONBLOCK

// A stamp is what changes when a file is written to.
type stamp struct {
	size  int64
	mtime int64 // nanoseconds since 1970
}

// currentStamp looks at the open file, without allocating.
func currentStamp(_ *os.File, fd uintptr) (stamp, error) {
	var st unix.Stat_t
	for {
		switch err := unix.Fstat(int(fd), &st); err {
		case nil:
			return stamp{st.Size, unix.TimespecToNsec(st.Mtim)}, nil
		case unix.EINTR:
		default:
			return stamp{}, err
		}
	}
}
