package bytesrc

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// populate makes the pages of b resident and mapped. b starts at a page. If that
// fails, bad is an offset at or before the first page that cannot be read.
//
// MADV_POPULATE_READ does it in one system call, during which the goroutine does not hold
// its P (a page fault does, and stalls its neighbours), and fails with EFAULT where a load
// would be killed by SIGBUS.
func populate(b []byte) (bad int, err error) {
	for {
		switch err := unix.Madvise(b, unix.MADV_POPULATE_READ); err {
		case nil:
			return 0, nil
		case unix.EINTR:
		// before Linux 5.14, and on other kernels that speak its calls
		case unix.EINVAL, unix.ENOSYS:
			return touchAhead(b)
		case unix.EFAULT, unix.EIO:
			return 0, errPage
		default:
			return 0, err
		}
	}
}

// touchAhead is populate without kernel support.
func touchAhead(b []byte) (bad int, err error) {
	_ = unix.Madvise(b, unix.MADV_WILLNEED) // only a hint
	return touch(b)
}

// drop unmaps the pages of b from the process. On a shared mapping nothing is lost:
// dirty pages are written back from the page cache.
func drop(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTNEED) // only memory is at stake
}

// probeStep is the distance at which resident looks at the page cache.
const probeStep = 1 << 20

// resident reports whether n bytes of the file at off seem to be in the page cache, by
// looking at one page in every probeStep and at the last one.
//
// Populating costs 150 ns for each 4 KiB page when the cache holds the file in pieces
// smaller than 2 MiB, as it does after the file was written: as much as summing the
// page. The faults of touching such pages come 16 pages at a time, wait for nothing,
// and cost a fifth of that. RWF_NOWAIT is how to ask without privileges; mincore and
// cachestat lie or refuse for files of other users.
func resident(fd uintptr, off int64, n int) bool {
	for at := off; at < off+int64(n); at += probeStep {
		if !cached(fd, at) {
			return false
		}
	}
	return cached(fd, off+int64(n)-1)
}

// cached reads the byte at off if that needs no waiting.
func cached(fd uintptr, off int64) bool {
	var b byte
	iov := unix.Iovec{Base: &b}
	iov.SetLen(1)
	// The offset is passed in two halves of a long each, on 64-bit systems as well,
	// where the upper one is not looked at.
	n, _, errno := unix.Syscall6(unix.SYS_PREADV2, fd, uintptr(unsafe.Pointer(&iov)), 1,
		uintptr(off), uintptr(uint64(off)>>32), unix.RWF_NOWAIT)
	return errno == 0 && n == 1
}

// adviseHuge asks for huge pages behind b, which is ordinary memory.
func adviseHuge(b []byte) {
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & uintptr(pageSize-1)
	if n := len(b) - int(skip); n > 0 {
		_ = unix.Madvise(b[skip:][:n&^(pageSize-1)], unix.MADV_HUGEPAGE) // only a hint
	}
}
