//go:build unix

package zipseek

import (
	"io/fs"
	"os"
	"syscall"
)

const groupWrites, othersWrite fs.FileMode = 0o020, 0o002

// mayVouch reports whether only those can have written a file beside an archive who can write to
// the archive, or this user, or root.
func mayVouch(side, archive fs.FileInfo) bool {
	s, ok1 := side.Sys().(*syscall.Stat_t)
	a, ok2 := archive.Sys().(*syscall.Stat_t)
	if !ok1 || !ok2 {
		return true
	}
	extra := side.Mode() &^ archive.Mode()
	return (s.Uid == a.Uid || known(s.Uid)) && extra&othersWrite == 0 &&
		(side.Mode()&groupWrites == 0 || extra&groupWrites == 0 && s.Gid == a.Gid)
}

// isOurs reports whether a file is of this user, or root, and not everybody can write to it.
func isOurs(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || known(s.Uid) && info.Mode()&othersWrite == 0
}

func known(uid uint32) bool { return uid == 0 || int64(uid) == int64(os.Geteuid()) }
