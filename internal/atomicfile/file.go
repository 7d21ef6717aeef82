package atomicfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Write lets write fill a temporary file, and puts it in place of path when it is on disk. After an
// error path is as it was.
func Write(path string, write func(*os.File) error, opts ...Option) error {
	f, err := Create(path, opts...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f.File); err != nil {
		return f.Named(err)
	}
	return f.Commit()
}

// Check returns the error that [Create] would: it is for what takes long before there is something
// to write.
func Check(path string, opts ...Option) error {
	f, err := Create(path, opts...)
	if err == nil {
		f.Abort()
	}
	return err
}

// A File is a temporary file on its way to its place. It ends with Commit or Abort, and is used
// by one goroutine at a time.
type File struct {
	*os.File
	rules
	path  string      // as it was asked for
	dir   *os.Root    // the folder of its place
	name  string      // in that folder
	shown string      // what errors of File call it
	temp  string      // its name in the folder until then; "" if it has none
	perm  fs.FileMode // of a new file
	done  bool

	adopted bool // the temporary file was there before, and stays after an error
}

// Create makes the temporary file, open for reading and writing.
func Create(path string, opts ...Option) (*File, error) {
	r := newRules(opts)
	target, err := path, error(nil)
	if !r.sidecar {
		target, err = resolve(path)
	}
	if err != nil {
		return nil, about(path, err)
	}
	dir, name := filepath.Split(target)
	if name == "" || name == "." || name == ".." {
		return nil, about(path, errors.New("names no file"))
	}
	dir = cmp.Or(dir, ".")
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, about(path, inFolder(dir, err))
	}
	return create(root, name, path, r)
}

// CreateIn is [Create] for the file called name, with slashes, below a folder, out of which no link
// leads. A link in the place of the file itself is refused. The folder that it goes to must exist.
// Errors call the file shown.
func CreateIn(root *os.Root, name, shown string, opts ...Option) (*File, error) {
	dir, err := root.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, about(shown, inFolder(filepath.Dir(shown), err))
	}
	return create(dir, path.Base(name), shown, newRules(opts))
}

// create makes the temporary file in a folder, which it closes after an error.
func create(dir *os.Root, name, path string, r rules) (*File, error) {
	f := &File{rules: r, path: path, dir: dir, name: name}
	made := false
	defer func() {
		if !made { // after a panic of the caller's rules as well
			f.Abort()
		}
	}()
	old, err := f.admit()
	if err != nil {
		return nil, about(path, err)
	}
	perm := fs.FileMode(0o666)
	if old != nil || r.sidecar {
		perm = 0o600 // what it is to be like may be for few eyes
		_ = old.Close()
	}
	f.sweep()
	if err := f.open(perm); err != nil {
		return nil, about(path, inFolder(filepath.Dir(path), err))
	}
	f.shown = f.Name()
	made = true
	return f, nil
}

// Commit brings the file to disk and puts it in its place. After an error path is as it was, unless
// the error is that of bringing the folder to disk.
func (f *File) Commit() error { return f.commit(true) }

// CommitUnsynced is Commit without waiting for the disk: after a crash of the whole system, and not
// only of the process, the file in its place may be short of what was written, or what was there
// before may be lost.
func (f *File) CommitUnsynced() error { return f.commit(false) }

func (f *File) commit(durable bool) error {
	if f.done {
		return f.Named(&fs.PathError{Op: "commit", Path: f.shown, Err: fs.ErrClosed})
	}
	defer f.Abort()
	old, err := f.admit() // once more: time has passed
	if err != nil {
		return about(f.path, err)
	}
	defer func() { _ = old.Close() }() // of what was only looked at
	lost, err := f.dress(old)
	if err == nil && durable {
		err = f.Sync()
	}
	if err == nil {
		err = f.place(old)
	}
	if err != nil {
		return f.Named(err)
	}
	for _, what := range lost {
		notice("%s: %s", f.path, what)
	}
	if !durable {
		return nil
	}
	if err := syncFolder(f.dir); err != nil {
		return about(f.path, fmt.Errorf("the file is in its place, but its folder may not be on disk: %w", err))
	}
	return nil
}

// Abort removes the temporary file. After Commit or Abort it does nothing.
func (f *File) Abort() {
	if f.dir == nil {
		return
	}
	there := f.temp != "" && !f.done && !f.adopted
	if there {
		// Once only: as soon as it is gone the name may be that of somebody else's file. An error
		// is to be told already, or nobody wants the file.
		there = f.dir.Remove(f.temp) != nil
	}
	if f.File != nil {
		_ = f.Close() // may be closed already
		if there {
			_ = f.dir.Remove(f.temp) // where open files cannot be removed
		}
	}
	f.done = true
	_ = f.dir.Close() // only read from
	f.dir = nil
}

// Named makes an error about the temporary file, as the methods of [os.File] return them, one
// about the file that was asked for, and leaves others as they are.
func (f *File) Named(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && (e.Path == f.shown || e.Path == f.temp) {
		return &fs.PathError{Op: e.Op, Path: f.path, Err: e.Err}
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return &fs.PathError{Op: e.Op, Path: f.path, Err: e.Err}
	}
	return err
}

// about makes an error one about path, whatever file it names.
func about(path string, err error) error {
	if e, ok := err.(*fs.PathError); ok { //nolint:errorlint // one that is wrapped says more than its own text
		return &fs.PathError{Op: strings.TrimSuffix(e.Op, "at"), Path: path, Err: e.Err}
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

// inFolder says that an error is that of a folder, and not of the file that was to be in it.
func inFolder(dir string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("folder %s: %w", dir, err)
}
