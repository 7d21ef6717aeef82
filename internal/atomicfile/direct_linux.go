//go:build linux && !purego

package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openDirect opens the very file that f is once more, past the page cache, or returns nil.
func openDirect(f *os.File) *os.File {
	var fs unix.Statfs_t
	if os.Getpagesize() != directPage || unix.Fstatfs(int(f.Fd()), &fs) != nil {
		return nil
	}
	switch int64(fs.Type) { //nolint:unconvert // 32 bits on some machines
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC:
	default:
		return nil
	}
	direct, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_WRONLY|unix.O_DIRECT, 0)
	if err != nil {
		return nil
	}
	return direct
}

// beginsPage reports whether b, which is not empty, begins at a page of memory.
func beginsPage(b []byte) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%directPage == 0 }

// refusesDirect reports whether a direct write failed because it is not possible.
func refusesDirect(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}
