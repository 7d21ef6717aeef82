package atomicfile

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

// Write lets write fill a temporary file beside path, and puts it in place of path when it is on
// disk. After an error the temporary file is gone and path is as it was.
func Write(path string, write func(*os.File) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f.File); err != nil {
		return f.Named(err)
	}
	return f.Commit()
}

// A File is a temporary file on its way to its place. It ends with Commit or Abort, and is used
// by one goroutine at a time.
type File struct {
	*os.File
	path   string      // as it was asked for
	target string      // what that leads to
	temp   string      // where the bytes are until then
	old    fs.FileInfo // of what is replaced, or nil
	done   bool
}

// Create makes the temporary file, open for reading and writing.
func Create(path string) (*File, error) {
	f := &File{path: path, target: Target(path)}
	if info, err := os.Stat(f.target); err == nil {
		if err := replaceable(f.target, info); err != nil {
			return nil, renamed(err, f.target, path)
		}
		f.old = info
	}
	dir, name := filepath.Split(f.target)
	if name == "" {
		return nil, &fs.PathError{Op: "write", Path: path, Err: errors.New("names no file")}
	}
	stem := strings.ToValidUTF8(name[:min(len(name), longestStem)], "")
	f.temp = filepath.Join(dir, "."+stem+"."+rand.Text()[:8]+".tmp")
	perm := fs.FileMode(0o666)
	if f.old != nil {
		perm = 0o600 // until Commit: what it replaces may be for few eyes
	}
	var err error
	if f.File, err = os.OpenFile(f.temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm); err != nil {
		return nil, renamed(err, f.temp, path)
	}
	return f, nil
}

// Commit brings the file to disk and puts it in its place. After an error path is as it was.
func (f *File) Commit() error { return f.commit(true) }

// CommitUnsynced is Commit without waiting for the disk: after a crash of the whole system, and not
// only of the process, the file in its place may be short of what was written, or what was there
// before may be lost.
func (f *File) CommitUnsynced() error { return f.commit(false) }

func (f *File) commit(durable bool) error {
	if f.done {
		return f.Named(&fs.PathError{Op: "commit", Path: f.temp, Err: fs.ErrClosed})
	}
	defer f.Abort()
	if f.old != nil {
		if err := f.Chmod(f.old.Mode().Perm()); err != nil {
			return f.Named(err)
		}
	}
	if durable {
		if err := f.Sync(); err != nil {
			return f.Named(err)
		}
	}
	if err := f.Close(); err != nil {
		return f.Named(err)
	}
	if err := os.Rename(f.temp, f.target); err != nil {
		return f.Named(err)
	}
	f.done = true
	if !durable {
		return nil
	}
	return SyncDir(f.target)
}

// Abort removes the temporary file. After Commit or Abort it does nothing.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	_ = f.Close()         // may be closed already
	_ = os.Remove(f.temp) // there is an error to tell already, or nobody wants the file
}

// Named makes an error about the temporary file, as the methods of [os.File] return them, one
// about the file that was asked for, and leaves others as they are.
func (f *File) Named(err error) error { return renamed(err, f.temp, f.path) }

// renamed makes an error about the file temp one about path.
func renamed(err error, temp, path string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path == temp {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok && e.Old == temp {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	return err
}

// Target is what a link points to, which is what is to be written and not the link; and any
// other path as it is.
func Target(path string) string {
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

// SyncDir makes a change of the directory entry of path durable, where the system can.
func SyncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil // directories cannot be opened everywhere; the file itself is safe
	}
	_ = d.Sync() // nor synced everywhere
	return d.Close()
}
