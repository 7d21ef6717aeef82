//go:build linux || darwin

package bytesrc

import "golang.org/x/sys/unix"

// FreeSpace is how many bytes a file in dir can take; false if the system does not tell.
func FreeSpace(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:unconvert // Bsize has 32 bits on some processors
}
