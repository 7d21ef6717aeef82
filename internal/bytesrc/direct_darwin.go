package bytesrc

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens the file behind f once more, with F_NOCACHE: reads that find nothing in the
// page cache leave nothing in it, and need no alignment (fcntl(2)), though pages suit them.
func openDirect(f *os.File) (direct *os.File, align int, err error) {
	direct, err = os.OpenFile(f.Name(), os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, 0, plain(err)
	}
	was, err1 := f.Stat()
	is, err2 := direct.Stat()
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(was, is) {
		return nil, 0, errors.Join(errors.New("replaced by another file"), err, direct.Close())
	}
	if _, err := unix.FcntlInt(direct.Fd(), unix.F_NOCACHE, 1); err != nil {
		return nil, 0, errors.Join(err, direct.Close())
	}
	return direct, pageSize, nil
}

// refusesDirect reports whether a direct read failed because the filesystem cannot do it.
func refusesDirect(err error) bool { return errors.Is(err, unix.EINVAL) }

// preadDirect is pread, once.
func preadDirect(fd int, p []byte, off int64) (int, error) { return unix.Pread(fd, p, off) }
