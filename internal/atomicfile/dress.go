package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
)

// special are the bits of a mode beside the permissions that a file keeps.
const special = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// dress gives the file the permissions that it is to have, and all else that what it replaces has.
// What it could not keep it lists, for people.
func (f *File) dress(old *os.File) (lost []string, err error) {
	switch {
	case f.sidecar:
		info, err := os.Stat(f.owner)
		if err != nil {
			return nil, nil // it stays private
		}
		owner, err := os.Open(f.owner)
		if err == nil {
			defer owner.Close()
		} else {
			owner = nil // one that may be read by others only
		}
		_, err = f.like(info, owner)
		return nil, err
	case old != nil:
		info, err := old.Stat()
		if err != nil {
			return nil, err
		}
		lost, err = f.like(info, old)
		if n := links(info); n > 1 {
			lost = append(lost, fmt.Sprintf("%d other names of the old file (hard links) keep what it was", n-1))
		}
		return lost, err
	}
	if f.temp == "" && f.perm&^f.mask == 0 {
		return nil, nil
	}
	return nil, f.Chmod(f.perm & f.mask)
}

// like gives the file owner, permissions and attributes of another, which is open unless it is nil.
func (f *File) like(info fs.FileInfo, other *os.File) (lost []string, err error) {
	mode := info.Mode() & (fs.ModePerm | special)
	if f.sidecar {
		mode &= 0o666 // which are no programs
	}
	user, group := own(f.File, info)
	if !user {
		mode &^= fs.ModeSetuid
		lost = append(lost, "the owner is another one now")
	}
	if !group {
		// Those of another group may do what everybody may.
		mode &^= fs.ModeSetgid | 0o070&^(mode&0o007<<3)
		lost = append(lost, "the group is another one now")
	}
	if err := f.Chmod(mode); err != nil {
		return nil, err
	}
	return append(lost, copyAttributes(f.File, other, f.sidecar)...), nil
}
