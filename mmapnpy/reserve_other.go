//go:build !linux

package mmapnpy

import "os"

// reserve gives f its length; how to reserve the space as well differs by system.
func reserve(f *os.File, size int64) error { return f.Truncate(size) }
