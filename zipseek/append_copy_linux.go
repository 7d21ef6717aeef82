package zipseek

import (
	"os"

	"golang.org/x/sys/unix"
)

// clone makes to, which is empty, a copy of from that shares its blocks, and reports whether the
// file system does that.
func clone(to, from *os.File) bool {
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil
}

// linked reports whether a file has several names.
func linked(f *os.File) bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.Fd()), &st) == nil && st.Nlink > 1
}
