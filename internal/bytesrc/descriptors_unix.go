//go:build unix

package bytesrc

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit is how many files the process may have open.
func descriptorLimit() uint64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return math.MaxInt32
	}
	return uint64(r.Cur) //nolint:unconvert // signed on some systems
}

func isTooMany(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
