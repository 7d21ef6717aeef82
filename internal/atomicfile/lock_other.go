//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

const openNonblock = 0

// lock fails: no temporary file is taken for that of a process that died.
func lock(*os.File, bool) error { return errors.ErrUnsupported }

// dupFile is nothing that would keep a file open, since one that is cannot be renamed.
func dupFile(*os.File) (*os.File, error) { return nil, nil }

func ours(fs.FileInfo, fs.FileInfo) bool { return true }
