package atomicfile

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKeeps checks what a file keeps when it is replaced, or says that it does not.
func TestKeeps(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		var told []string
		OnNotice(func(line string) { told = append(told, line) })
		defer OnNotice(func(string) {})
		files(t, "x")
		must(t, os.Chmod("x", 0o640|fs.ModeSetgid), os.Link("x", "again"))
		xattr := unix.Setxattr("x", "user.comment", []byte("kept"), 0) == nil
		if os.Geteuid() == 0 {
			// giving it away takes the bit
			must(t, os.Chown("x", 1234, 2345), os.Chmod("x", 0o640|fs.ModeSetgid))
		}
		before, err := os.Stat("x")
		must(t, err, Write("x", says("new")))
		after, err := os.Stat("x")
		must(t, err)
		if after.Mode() != before.Mode() {
			t.Errorf("mode %v, was %v", after.Mode(), before.Mode())
		}
		was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
		if is.Uid != was.Uid || is.Gid != was.Gid {
			t.Errorf("owner %d:%d, was %d:%d", is.Uid, is.Gid, was.Uid, was.Gid)
		}
		if b := make([]byte, 9); xattr {
			if n, err := unix.Getxattr("x", "user.comment", b); err != nil || string(b[:max(n, 0)]) != "kept" {
				t.Errorf("attribute %q, %v", b[:max(n, 0)], err)
			}
		}
		holds(t, "again", "x")
		if len(told) != 1 || !strings.Contains(told[0], "hard link") {
			t.Errorf("told: %q", told)
		}
	})
}

// TestPlantedLink checks that a link that somebody else has put into a folder like /tmp is not
// followed, and one of one's own is. Only root can make somebody else's.
func TestPlantedLink(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		must(t, os.Mkdir("victim", 0o777), os.Mkdir("tmp", 0o777), os.Chmod("tmp", 0o777|fs.ModeSticky), os.Symlink("../victim/x", "tmp/x"))
		must(t, Write("tmp/x", says("mine")))
		holds(t, "victim/x", "mine")
		if os.Geteuid() != 0 {
			return
		}
		must(t, os.Lchown("tmp/x", 65534, 65534))
		for _, there := range []bool{true, false} {
			if !there {
				must(t, os.Remove("victim/x"))
			}
			if err := Write("tmp/x", says("planted")); err == nil || !strings.Contains(err.Error(), "somebody else") {
				t.Errorf("there %v: %v", there, err)
			}
		}
		if _, err := os.Lstat("victim/x"); err == nil {
			t.Error("the link was followed")
		}
	})
}
