//go:build !linux && !darwin

package bytesrc

// populate makes the pages of b resident and mapped. b starts at a page. If that
// fails, bad is an offset at or before the first page that cannot be read.
func populate(b []byte) (bad int, err error) { return touch(b) }

// drop does nothing: the system decides what stays resident.
func drop([]byte) {}

// resident reports whether bytes of a file are in the page cache: nobody can tell.
func resident(uintptr, int64, int) bool { return false }

// adviseHuge does nothing: the system decides alone.
func adviseHuge([]byte) {}
