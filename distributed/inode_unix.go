//go:build unix

package distributed

import (
	"io/fs"
	"syscall"
)

// inode is the number of a file in its filesystem, the same on all machines that mount it from a server.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
