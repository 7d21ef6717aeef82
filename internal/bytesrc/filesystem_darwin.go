package bytesrc

import (
	"os"

	"golang.org/x/sys/unix"
)

// filesystemOf looks at where f lies.
func filesystemOf(f *os.File) filesystem {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return filesystem{}
	}
	return filesystem{name: unix.ByteSliceToString(st.Fstypename[:]), remote: st.Flags&unix.MNT_LOCAL == 0}
}

// stripeOf returns what the filesystem likes to be read in.
func stripeOf(f *os.File, _ filesystem) int64 {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return 0
	}
	return int64(st.Blksize)
}
