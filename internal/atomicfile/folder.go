package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"syscall"
)

// SyncDir makes a change of the directory entry of path durable, where the system can.
func SyncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil // directories cannot be opened everywhere; the file itself is safe
	}
	return syncOpen(d)
}

// syncFolder is SyncDir for a folder that is open.
func syncFolder(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return nil
	}
	return syncOpen(d)
}

// syncHandle is replaced by tests.
var syncHandle = (*os.File).Sync

// syncOpen brings a folder to disk and closes it. Systems that cannot do the former say so; a disk
// that fails is another matter.
func syncOpen(d *os.File) error {
	err := syncHandle(d)
	_ = d.Close() // nothing was written through it
	if runtime.GOOS == "windows" || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EBADF) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// MkdirAll makes a folder and those above it, as [os.MkdirAll] does, and brings them to disk.
func MkdirAll(dir string, perm fs.FileMode) error {
	var missing []string
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		missing = append(missing, at)
	}
	if err := os.MkdirAll(dir, perm); err != nil {
		return err
	}
	for _, at := range missing {
		if err := SyncDir(at); err != nil {
			return err
		}
	}
	return nil
}

// MkdirAllIn is MkdirAll below a folder, out of which no link leads. The name has slashes.
func MkdirAllIn(root *os.Root, name string, perm fs.FileMode) error {
	var missing []string
	for at := path.Clean(name); at != "."; at = path.Dir(at) {
		if _, err := root.Stat(at); err == nil {
			break
		}
		missing = append(missing, at)
	}
	if err := root.MkdirAll(name, perm); err != nil {
		return err
	}
	for _, at := range missing {
		d, err := root.Open(path.Dir(at))
		if err != nil {
			continue // as in SyncDir
		}
		if err := syncOpen(d); err != nil {
			return err
		}
	}
	return nil
}
