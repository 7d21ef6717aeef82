//go:build unix

package rundir

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// nonblock keeps the opening of a pipe from waiting for somebody at its other end.
const nonblock = syscall.O_NONBLOCK

// foreign says why somebody else may have written a file; "" if that is not so.
func foreign(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return foreignTo(st.Uid, info.Mode(), os.Geteuid(), os.Getenv("SUDO_UID"))
}

func foreignTo(owner uint32, mode fs.FileMode, user int, sudo string) string {
	own := owner == 0 || int64(owner) == int64(user) || user == 0 && strconv.FormatUint(uint64(owner), 10) == sudo
	switch {
	case !own:
		return fmt.Sprintf("belongs to user %d", owner)
	case mode.Perm()&0o022 != 0:
		return fmt.Sprintf("can be written to by others (mode %04o)", mode.Perm())
	}
	return ""
}
