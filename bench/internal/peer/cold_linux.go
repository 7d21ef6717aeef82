package peer

import (
	"os"

	"golang.org/x/sys/unix"
)

// DropCache asks the kernel to forget the file's cached pages, and nothing else of the system's.
// The runner has synced the file, so all of them are clean and can go.
func DropCache(f *os.File) error {
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
