//go:build !linux

package atomicfile

import "os"

// StartWriteback does nothing: the system writes when it pleases.
func StartWriteback(*os.File, int64, int64) {}

// Forget does nothing: the system keeps in memory what it pleases.
func Forget(*os.File, int64, int64) error { return nil }

// Memory is the size of the machine's memory in bytes, and 0 where that is not known.
func Memory() int64 { return 0 }
