package distributed

import (
	"os"
	"runtime"
	"strconv"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// Limits are what a worker uses of its machine.
type Limits struct {
	Workers int   // goroutines
	Memory  int64 // budget in bytes
}

// memoryPerWorker is what a goroutine works best with, and leastMemory the smallest budget of
// package lazy.
const (
	memoryPerWorker = 32 << 20
	leastMemory     = 16 << 20
)

// limits are those that w asks for, else what the job was given: the processors that the process
// may run on, within the quota of its cgroup (GOMAXPROCS), and SLURM_CPUS_PER_TASK where that is
// less; 32 MiB per goroutine, but at most half of what the cgroup and the machine have left, and of
// SLURM_MEM_PER_NODE.
func (w Work) limits() Limits {
	l := Limits{w.Workers, w.Memory}
	if l.Workers == 0 {
		l.Workers = runtime.GOMAXPROCS(0)
		if n := envCount("SLURM_CPUS_PER_TASK"); n > 0 {
			l.Workers = int(min(int64(l.Workers), n))
		}
	}
	if l.Memory == 0 {
		l.Memory = int64(l.Workers) * memoryPerWorker
		if free := bytesrc.AvailableMemory(); free > 0 {
			l.Memory = min(l.Memory, free/2)
		}
		if mib := envCount("SLURM_MEM_PER_NODE"); mib > 0 {
			l.Memory = min(l.Memory, mib<<20/2)
		}
		l.Memory = max(l.Memory, leastMemory)
	}
	return l
}

// envCount is a positive number in the environment, 0 if there is none.
func envCount(name string) int64 {
	n, err := strconv.ParseInt(os.Getenv(name), 10, 32)
	if err != nil {
		return 0
	}
	return n
}
