//go:build !linux && !darwin && !windows

package bytesrc

// availableMemory is not known here.
func availableMemory() int64 { return 0 }

// installedMemory is not known here.
func installedMemory() int64 { return 0 }
