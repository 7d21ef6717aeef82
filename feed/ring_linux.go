package feed

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// newRingFile is a memfd; seal keeps its size as it is, whoever has a descriptor.
func newRingFile(size int64) (file *os.File, seal func() error, err error) {
	fd, err := unix.MemfdCreate("lazynpy-feed", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		file, err = newTempFile(size)
		return file, nil, err
	}
	if err != nil {
		return nil, nil, os.NewSyscallError("memfd_create", err)
	}
	file = os.NewFile(uintptr(fd), "memfd")
	if err := file.Truncate(size); err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, func() error {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
		return os.NewSyscallError("F_ADD_SEALS", err)
	}, nil
}
