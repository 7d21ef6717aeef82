package bytesrc

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// availableMemory looks at the system, at the memory cgroups and at the limits of this process.
func availableMemory() int64 { return availableIn(os.DirFS("/")) }

// availableIn is availableMemory for a tree that has the system's proc and sys folders: the
// least of MemAvailable and of what each memory cgroup above this process, of version 1 or 2,
// leaves for page cache. Cache that is in use already counts as available, as it does in
// MemAvailable.
func availableIn(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	if text, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		if kb := field(string(text), "MemAvailable:"); kb >= 0 {
			least = kb << 10
		}
	}
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if g := cgroupOf(strings.TrimSpace(line)); g != nil {
				least = min(least, g.available(root))
			}
		}
	}
	least = min(least, addressesLeft(root))
	if least == math.MaxInt64 {
		return 0
	}
	return max(least, 1)
}

// addressesLeft is what a limit on the address space of this process (ulimit -v) leaves.
func addressesLeft(root fs.FS) int64 {
	const label = "Max address space"
	text, err := fs.ReadFile(root, "proc/self/limits")
	if err != nil {
		return math.MaxInt64
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, label)
		words := strings.Fields(rest)
		if !ok || len(words) == 0 {
			continue
		}
		limit, err := strconv.ParseInt(words[0], 10, 64) // or "unlimited"
		if err != nil {
			break
		}
		statm, err := fs.ReadFile(root, "proc/self/statm")
		if err != nil {
			return limit
		}
		pages, _, _ := strings.Cut(string(statm), " ")
		used, err := strconv.ParseInt(pages, 10, 64)
		if err != nil {
			return limit
		}
		return max(limit-used*int64(os.Getpagesize()), 0)
	}
	return math.MaxInt64
}

// installedMemory is not asked for where the available memory is known.
func installedMemory() int64 { return 0 }

// A cgroup is a place in a hierarchy that limits memory, with the names that its files have.
type cgroup struct {
	mount, path              string
	limit, usage, statPrefix string
}

// cgroupOf reads a line "number:controllers:path" of /proc/self/cgroup. It is nil for
// hierarchies that do not control memory.
func cgroupOf(line string) *cgroup {
	parts := strings.SplitN(line, ":", 3)
	if len(parts) != 3 {
		return nil
	}
	if parts[0] == "0" && parts[1] == "" {
		return &cgroup{"sys/fs/cgroup", parts[2], "memory.max", "memory.current", ""}
	}
	for name := range strings.SplitSeq(parts[1], ",") {
		if name == "memory" {
			return &cgroup{"sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"}
		}
	}
	return nil
}

// available is the least of what the group and those above it leave. In a container the
// groups above are not to be seen, and the path may be that of the host; the root of the mount is
// then the group of the container.
func (g *cgroup) available(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	for at := path.Clean("/" + g.path); ; at = path.Dir(at) {
		least = min(least, g.left(root, path.Join(g.mount, at)))
		if at == "/" {
			return least
		}
	}
}

// left is what the limit of one group leaves beside memory that is not page cache.
func (g *cgroup) left(root fs.FS, dir string) int64 {
	limit, usage := number(root, path.Join(dir, g.limit)), number(root, path.Join(dir, g.usage))
	if limit < 0 || usage < 0 {
		return math.MaxInt64
	}
	text, err := fs.ReadFile(root, path.Join(dir, "memory.stat"))
	if err != nil {
		return max(limit-usage, 0)
	}
	cache := max(field(string(text), g.statPrefix+"inactive_file"), 0) + max(field(string(text), g.statPrefix+"active_file"), 0)
	return max(limit-max(usage-cache, 0), 0)
}

// number reads a file that holds one number; -1 if it does not, as where it says "max".
func number(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// field finds the line that begins with a key and returns the number behind it, or -1.
func field(text, key string) int64 {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != key {
			continue
		}
		if n, err := strconv.ParseInt(words[1], 10, 64); err == nil {
			return n
		}
	}
	return -1
}
