//go:build !linux

package peer

import (
	"errors"
	"os"
)

// DropCache is an error here.
func DropCache(*os.File) error {
	return errors.New("a cold read is measured on Linux only")
}
