package bytesrc

import "golang.org/x/sys/unix"

// populate makes the pages of b resident and mapped. b starts at a page. If that
// fails, bad is an offset at or before the first page that cannot be read.
func populate(b []byte) (bad int, err error) {
	_ = unix.Madvise(b, unix.MADV_WILLNEED) // only a hint
	return touch(b)
}

// drop lets the kernel take the pages of b back.
func drop(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTNEED) // only memory is at stake
}

// resident reports whether bytes of a file are in the page cache: nobody can tell.
func resident(uintptr, int64, int) bool { return false }

// adviseHuge does nothing: the system decides alone.
func adviseHuge([]byte) {}
