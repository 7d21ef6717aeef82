package distributed

import (
	"os"
	"strings"
	"sync"
)

// bootID names the system that runs, since it was started; "" if it does not say.
var bootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
})
