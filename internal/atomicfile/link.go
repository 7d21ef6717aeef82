package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLinks is how many links in a row are followed, as Linux does.
const maxLinks = 40

// Target is what a link points to, which is what is to be written and not the link; and any
// other path as it is, such as a link that leads round in a circle.
func Target(path string) string {
	if target, err := follow(path, func(string, fs.FileInfo) error { return nil }); err == nil {
		return target
	}
	return path
}

// resolve is Target that refuses what Linux would refuse to follow.
func resolve(path string) (string, error) { return follow(path, trusted) }

// follow reads links until there is none. Links among the folders of the path are left to the
// system.
func follow(path string, check func(string, fs.FileInfo) error) (string, error) {
	for range maxLinks {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil // nothing there, or nothing to be seen: writing will tell
		}
		if err := check(path, info); err != nil {
			return "", err
		}
		target, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			dir, _ := filepath.Split(path)
			target = dir + target // as it is: ".." behind a link to a folder leads out of that one
		}
		path = target
	}
	return "", errors.New("too many links, or links that lead round in a circle")
}

// trusted refuses a link of somebody else's in a folder where everybody may put one.
func trusted(path string, link fs.FileInfo) error {
	dir := filepath.Dir(path)
	folder, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if folder.Mode()&fs.ModeSticky == 0 || folder.Mode().Perm()&0o002 == 0 || ours(link, folder) {
		return nil
	}
	return fmt.Errorf("is a link that somebody else has put into %s: %w", dir, fs.ErrPermission)
}
