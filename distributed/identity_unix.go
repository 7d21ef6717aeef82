//go:build unix

package distributed

import (
	"io/fs"
	"strconv"
	"syscall"
)

// identify says which file one is: its number, and the filesystem that this is a number of. Devices
// have other numbers on another machine and after a reboot, so that the system that runs is part of
// the name of a filesystem, which is empty where that is not known.
func identify(info fs.FileInfo) (filesystem string, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", 0
	}
	if boot := bootID(); boot != "" {
		filesystem = boot + "/" + strconv.FormatUint(uint64(st.Dev), 16) //nolint:unconvert // an int32 on some systems
	}
	return filesystem, uint64(st.Ino) //nolint:unconvert // less than 64 bits on some systems
}
