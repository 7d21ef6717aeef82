package journal

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
)

// Here names the list of processes that this process is in: the boot of the machine and the
// namespace. Two processes with the same name can see whether the other is there.
var Here = sync.OnceValue(func() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
})

// gone says whether a process of Here is known to have ended.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
