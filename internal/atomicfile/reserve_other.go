//go:build !linux

package atomicfile

import "os"

// Reserve gives f its length. Where the file system can have holes, it may run out of space later.
func Reserve(f *os.File, size int64) error { return Lengthen(f, size) }

// checkRoom leaves it to the writes to find out.
func checkRoom(*os.File, int64) error { return nil }
