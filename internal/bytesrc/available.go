package bytesrc

import (
	"sync"
	"time"
)

// memoryKeeps is how long a look at the system's memory is good for. The look costs several
// times as much as opening a file.
const memoryKeeps = time.Second

var memory struct {
	mu     sync.Mutex
	looked time.Time
	bytes  int64
}

// memoryNow returns how many bytes of a file the page cache could hold, or 0 if the system does
// not tell. The figure is up to memoryKeeps old.
func memoryNow() int64 {
	memory.mu.Lock()
	defer memory.mu.Unlock()
	if memory.looked.IsZero() || time.Since(memory.looked) > memoryKeeps {
		memory.bytes, memory.looked = availableMemory(), time.Now()
	}
	return memory.bytes
}

// lookAtMemory is memoryNow that looks again in any case.
func lookAtMemory() int64 {
	memory.mu.Lock()
	defer memory.mu.Unlock()
	memory.bytes, memory.looked = availableMemory(), time.Now()
	return memory.bytes
}

// AvailableMemory returns how many bytes of memory this process could still use: the system's
// available memory, and less where a cgroup or a limit on the address space of the process leaves
// less; 0 if the system does not tell. The figure is up to a second old.
func AvailableMemory() int64 { return memoryNow() }
