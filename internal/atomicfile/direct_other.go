//go:build !linux || purego

package atomicfile

import "os"

// openDirect does nothing: all goes through the page cache.
func openDirect(*os.File) *os.File { return nil }

func beginsPage([]byte) bool { return false }

func refusesDirect(error) bool { return false }
