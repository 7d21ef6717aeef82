//go:build !linux

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// openUnnamed does nothing: files have names.
func openUnnamed(*os.Root, fs.FileMode, func(slot int) string) *os.File { return nil }

func linkUnnamed(*os.File, *os.Root, string) error { return errors.ErrUnsupported }
