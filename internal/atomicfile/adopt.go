package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Adopt makes a file that is there, complete, and in the folder of path the temporary one: Commit
// puts it in its place, by the same rules as one that [Create] has made. Until then it stays where
// it is; Abort does not remove it. Its permissions are those of a new file.
func Adopt(path, there string, opts ...Option) (*File, error) {
	r := newRules(opts)
	target, err := resolve(path)
	if err != nil {
		return nil, about(path, err)
	}
	dir, name := filepath.Split(target)
	if from := filepath.Dir(there); from != filepath.Clean(dir+".") {
		return nil, about(path, errors.New("is not in the folder of "+there))
	}
	root, err := os.OpenRoot(filepath.Clean(dir + "."))
	if err != nil {
		return nil, about(path, inFolder(dir, err))
	}
	f := &File{rules: r, path: path, dir: root, name: name, adopted: true}
	if err := f.adopt(filepath.Base(there)); err != nil {
		f.Abort()
		return nil, about(path, err)
	}
	return f, nil
}

// adopt opens the file of this name.
func (f *File) adopt(name string) error {
	old, err := f.admit()
	if err != nil {
		return err
	}
	_ = old.Close() // only looked at
	info, err := f.dir.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	file, err := f.dir.OpenFile(name, os.O_RDWR|openNonblock, 0)
	if err != nil {
		return err
	}
	f.File, f.temp, f.shown, f.perm = file, name, file.Name(), info.Mode().Perm()
	return nil
}
