// Package fileerr has the error that carries the file it is about, so that whoever adds a name can
// tell, without reading texts, whether it is there already.
//
// Errors are immutable, and all functions are safe for concurrent use. No file is opened.
package fileerr

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Error is an error about a file. It prints as "path: error", or as "path and 2 more: error".
type Error struct {
	Path string // of the file or folder, with ":KEY" behind it for a member of an archive
	More int    // files that the error is about as well
	Err  error
}

// New is the error err about the file at path.
func New(path string, err error) error { return &Error{Path: path, Err: err} }

// Errorf is [fmt.Errorf] about the file at path.
func Errorf(path, format string, args ...any) error {
	return &Error{Path: path, Err: fmt.Errorf(format, args...)}
}

// In makes err name the file at path, unless it does already.
func In(path string, err error) error {
	if err == nil || Names(err, path) {
		return err
	}
	return New(path, err)
}

func (e *Error) Error() string {
	more := ""
	if e.More > 0 {
		more = fmt.Sprintf(" and %d more", e.More)
	}
	return e.Path + more + ": " + e.Err.Error()
}

// Unwrap is Err.
func (e *Error) Unwrap() error { return e.Err }

// FilePath is Path.
func (e *Error) FilePath() string { return e.Path }

// Names reports whether an error carries the path of a file, or of what is in it: a member of an
// archive, a file of a folder. It is the same path where it is made absolute. Errors carry paths
// that are an [Error], an [fs.PathError], an [os.LinkError], or have a method FilePath.
func Names(err error, path string) bool {
	abs, failed := filepath.Abs(path)
	return carries(err, func(p string) bool { return within(p, path) || failed == nil && within(p, abs) })
}

// within reports whether p is a path, or what is in it.
func within(p, path string) bool {
	rest, ok := strings.CutPrefix(p, path)
	return ok && path != "" && (rest == "" || rest[0] == ':' || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(path[len(path)-1]))
}

// carries looks at the paths of an error, and of all that it wraps.
func carries(err error, is func(path string) bool) bool {
	switch e := err.(type) { //nolint:errorlint // every error of the tree is looked at
	case interface{ FilePath() string }:
		if is(e.FilePath()) {
			return true
		}
	case *fs.PathError:
		if is(e.Path) {
			return true
		}
	case *os.LinkError:
		if is(e.Old) || is(e.New) {
			return true
		}
	}
	switch e := err.(type) { //nolint:errorlint // every error of the tree is looked at
	case interface{ Unwrap() error }:
		return carries(e.Unwrap(), is)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if carries(inner, is) {
				return true
			}
		}
	}
	return false
}
