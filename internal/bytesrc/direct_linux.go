package bytesrc

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// directBlock is what direct reads are aligned to where the filesystem does not demand more: the
// page, below which some devices read and copy a whole one.
const directBlock = 4 << 10

// openDirect opens the file behind f once more, for reads that go past the page cache, and returns
// what their offsets and lengths must be multiples of.
func openDirect(f *os.File) (direct *os.File, align int, err error) {
	var st unix.Statx_t
	align = directBlock
	// The kernel tells since 6.1. A filesystem that knows of the question and answers 0 refuses.
	if unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_DIOALIGN, &st) == nil && st.Mask&unix.STATX_DIOALIGN != 0 {
		if st.Dio_offset_align == 0 {
			return nil, 0, errors.New("the filesystem has no direct I/O for this file")
		}
		if int64(st.Dio_mem_align) > int64(pageSize) {
			return nil, 0, fmt.Errorf("direct I/O needs memory aligned to %d bytes", st.Dio_mem_align)
		}
		align = max(align, int(st.Dio_offset_align))
	}
	direct, err = reopen(f, unix.O_DIRECT)
	if err != nil {
		return nil, 0, fmt.Errorf("open with O_DIRECT: %w", plain(err))
	}
	return direct, align, nil
}

// reopen opens the very file that f is, whatever is under its path now.
func reopen(f *os.File, flag int) (*os.File, error) {
	if again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_RDONLY|flag, 0); err == nil || !errors.Is(err, os.ErrNotExist) {
		return again, err
	}
	again, err := os.OpenFile(f.Name(), os.O_RDONLY|flag|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	was, err1 := f.Stat()
	is, err2 := again.Stat()
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(was, is) {
		return nil, errors.Join(errors.New("replaced by another file"), err, again.Close())
	}
	return again, nil
}

// refusesDirect reports whether a direct read failed because the filesystem cannot do it, although
// it opened the file.
func refusesDirect(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

// preadDirect is pread, once.
func preadDirect(fd int, p []byte, off int64) (int, error) { return unix.Pread(fd, p, off) }
