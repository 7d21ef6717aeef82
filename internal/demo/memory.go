package demo

import "runtime/debug"

// ResetPeak makes the peak of [MemoryUse] start anew, so that it tells about what follows alone. It
// reports whether the system can do that.
func ResetPeak() bool {
	debug.FreeOSMemory()
	return resetPeak()
}
