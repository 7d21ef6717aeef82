package mmapnpy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeAtomic lets write fill a temporary file beside path, and puts it in place of path when
// it is on disk. After an error the temporary file is gone and path is as it was.
func writeAtomic(path string, write func(*os.File) error) (err error) {
	target := path
	if t, err := filepath.EvalSymlinks(path); err == nil {
		target = t // replace what a link points to, not the link
	}
	info, err := os.Stat(target)
	exists := err == nil
	if exists && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", path)
	}
	dir, name := filepath.Split(target)
	temp := filepath.Join(dir, "."+name+"."+rand.Text()[:8]+".tmp")
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
