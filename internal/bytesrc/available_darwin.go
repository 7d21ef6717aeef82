package bytesrc

import "golang.org/x/sys/unix"

// availableMemory is not known here.
func availableMemory() int64 { return 0 }

// installedMemory is the memory of the machine.
func installedMemory() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(min(n, 1<<62))
}
