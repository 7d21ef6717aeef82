// Package rundir opens the files of run directories, which decide what is computed, executed and
// replaced, and says whether somebody else could have written them.
//
// # Contract
//
// Only regular files are opened: a pipe in the place of one is an error at once, and nothing waits
// for its other end. What is read into memory has a bound. A run directory is trusted if it and
// what is in it belong to the user, or to root, and nobody else may write to it; for root under
// sudo, the user is also the one who has called sudo. Access control lists, and who may write to
// folders above, are not looked at: what somebody else puts in the place of a directory is his.
// Where files have no owners, everything is trusted.
//
// All functions may be called at the same time. Errors name the file.
package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// ErrUntrusted says that somebody else than the user may have written what is in a run directory.
var ErrUntrusted = errors.New("not trusted")

// Open opens a regular file for reading.
func Open(path string) (*os.File, error) { return OpenFile(path, os.O_RDONLY) }

// Append opens a regular file, which it makes if it is not there, to write to its end.
func Append(path string) (*os.File, error) {
	return OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY)
}

// OpenFile opens a regular file as [os.OpenFile] does.
func OpenFile(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|nonblock, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// ReadFile reads a regular file of at most so many bytes.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes", most)}
	}
	return b, err
}

// Check returns an error that matches [ErrUntrusted] if somebody else may have written to a
// directory, or to one of the files or directories of these names in it. Those that are not there
// are as good as those that are trusted.
func Check(dir string, names ...string) error {
	for _, name := range append([]string{"."}, names...) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if why := foreign(info); why != "" {
			return fileerr.Errorf(path, "%w: it %s", ErrUntrusted, why)
		}
	}
	return nil
}
