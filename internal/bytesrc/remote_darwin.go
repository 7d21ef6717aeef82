package bytesrc

import (
	"os"

	"golang.org/x/sys/unix"
)

// remoteFS names the filesystem of f if its pages come over a network, and is empty
// otherwise.
func remoteFS(f *os.File) string {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil || st.Flags&unix.MNT_LOCAL != 0 {
		return ""
	}
	return unix.ByteSliceToString(st.Fstypename[:])
}
