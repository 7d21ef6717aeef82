package mmapnpy

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// longestStem is how much of a file's name the name of the temporary file repeats: file
// systems take names of 255 bytes, and the rest of this one has 14.
const longestStem = 200

// writeAtomic lets write fill a temporary file beside path, and puts it in place of path when
// it is on disk. After an error the temporary file is gone and path is as it was. A file that
// may not be written to is refused, although the folder would let it be replaced.
func writeAtomic(path string, write func(*os.File) error) (err error) {
	target := linked(path)
	info, err := os.Stat(target)
	exists := err == nil
	if exists {
		if err := replaceable(target, info); err != nil {
			return renamed(err, target, path)
		}
	}
	dir, name := filepath.Split(target)
	if name == "" {
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("names no file")}
	}
	stem := strings.ToValidUTF8(name[:min(len(name), longestStem)], "")
	temp := filepath.Join(dir, "."+stem+"."+rand.Text()[:8]+".tmp")
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return renamed(err, temp, path)
	}
	defer func() {
		if err != nil {
			err = renamed(err, temp, path)
			_ = f.Close()       // may be closed already
			_ = os.Remove(temp) // the first error is the one to tell
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if exists {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return err
	}
	return syncDir(dir)
}

// linked is what a link points to, which is what is to be written and not the link; and any
// other path as it is.
func linked(path string) string {
	if path == "" {
		return path // the package filepath takes it for the current folder
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if target, err := os.Readlink(path); err == nil { // to a file that does not exist yet
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		return target
	}
	return path
}

// replaceable returns an error if path is no file, or one that is write-protected.
func replaceable(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// renamed makes an error about the temporary file one about the file that was asked for.
func renamed(err error, temp, path string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path == temp {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	return err
}

// syncDir makes a rename in a directory durable, where the system can.
func syncDir(dir string) error {
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // directories cannot be opened everywhere; the file itself is safe
	}
	_ = d.Sync() // nor synced everywhere
	return d.Close()
}
