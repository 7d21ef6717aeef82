package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// links is how many names a file has.
func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink) //nolint:unconvert // less than 64 bits on some systems
	}
	return 1
}

// own gives a file the owner and the group of another, and reports which of them it has then.
func own(f *os.File, info fs.FileInfo) (user, group bool) {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true, true
	}
	has := func() (bool, bool) {
		now, err := f.Stat()
		if err != nil {
			return false, false
		}
		st := now.Sys().(*syscall.Stat_t)
		return st.Uid == want.Uid, st.Gid == want.Gid
	}
	if user, group = has(); user && group {
		return true, true
	}
	if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
		_ = f.Chown(-1, int(want.Gid)) // to a group of one's own
	}
	return has()
}

const accessList = "system.posix_acl_access"

// copyAttributes gives a file the extended attributes of another, or only the access control list,
// and lists those that it could not. A list that the file has from its folder goes if the other has
// none.
func copyAttributes(f, other *os.File, listOnly bool) (lost []string) {
	if other == nil {
		return nil
	}
	from, to := int(other.Fd()), int(f.Fd())
	names := attributes(from)
	if !slices.Contains(names, accessList) {
		_ = unix.Fremovexattr(to, accessList) // mostly there is none
	}
	for _, name := range names {
		// The system labels files itself.
		if listOnly && name != accessList || name == "security.selinux" {
			continue
		}
		value, err := attribute(from, name)
		if err == nil {
			err = unix.Fsetxattr(to, name, value, 0)
		}
		if err != nil && !errors.Is(err, unix.ENODATA) {
			lost = append(lost, "the attribute "+name+" is lost: "+err.Error())
		}
	}
	return lost
}

// attributes are the names of extended attributes.
func attributes(fd int) []string {
	n, err := unix.Flistxattr(fd, nil)
	if err != nil || n == 0 {
		return nil
	}
	b := make([]byte, n)
	if n, err = unix.Flistxattr(fd, b); err != nil {
		return nil
	}
	return strings.FieldsFunc(string(b[:n]), func(r rune) bool { return r == 0 })
}

// attribute is the value of one.
func attribute(fd int, name string) ([]byte, error) {
	n, err := unix.Fgetxattr(fd, name, nil)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	n, err = unix.Fgetxattr(fd, name, b)
	return b[:max(n, 0)], err
}
