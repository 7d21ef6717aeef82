package journal

import (
	"golang.org/x/sys/unix"
)

// reserve takes room on the disk for the bytes [from, to) of a file, which keeps its length. It
// reports whether that worked.
func reserve(f file, from, to int64) bool {
	h, ok := f.(interface{ Fd() uintptr })
	return ok && unix.Fallocate(int(h.Fd()), unix.FALLOC_FL_KEEP_SIZE, from, to-from) == nil
}
