package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

const (
	groupLimit = 256 << 20
	sparseSize = 16 << 30
	fileEnv    = "LAZYNPY_FAULTS_FILE" // in the child: what to sum
	groupEnv   = "LAZYNPY_FAULTS_CGROUP"
)

// TestSmallMemory sums 16 GiB of holes by every back end inside a memory cgroup of 256 MiB, whose
// page cache counts. The sums must come to their end; the kernel would kill the process if they
// held more than the limit.
func TestSmallMemory(t *testing.T) {
	if os.Getenv("LAZYNPY_NO_CGROUP") == "1" {
		t.Skip("LAZYNPY_NO_CGROUP=1")
	}
	group, err := makeGroup()
	if err != nil {
		t.Fatalf("%v; set LAZYNPY_NO_CGROUP=1 on machines where memory cannot be limited", err)
	}
	defer func() {
		if err := os.Remove(group); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(t.TempDir(), "sparse.npy")
	if err := writeSparse(path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSmallMemoryChild$", "-test.v")
	cmd.Env = append(os.Environ(), fileEnv+"="+path, groupEnv+"="+group)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestSmallMemoryChild") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// writeSparse makes a float64 array of holes whose last element is 1.
func writeSparse(path string) error {
	header, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Float64, Shape: []int64{sparseSize / 8}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, header, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, int64(len(header))+sparseSize-8)
	return errors.Join(err, f.Close())
}

// makeGroup makes a memory cgroup below that of this process and limits it.
func makeGroup() (dir string, err error) {
	const top = "/sys/fs/cgroup"
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	name := "lazynpy-faults-" + strconv.Itoa(os.Getpid())
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 || parts[1] != "memory" {
			continue
		}
		dir := filepath.Join(top, "memory", parts[2], name)
		return dir, limited(dir, "memory.limit_in_bytes")
	}
	// Version 2: processes live in leaves, so the group goes below the root, which may have
	// both processes and groups.
	if err := os.WriteFile(filepath.Join(top, "cgroup.subtree_control"), []byte("+memory"), 0); err != nil {
		return "", fmt.Errorf("no memory cgroup: %w", err)
	}
	dir = filepath.Join(top, name)
	return dir, limited(dir, "memory.max")
}

func limited(dir, file string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	err := os.WriteFile(filepath.Join(dir, file), []byte(strconv.Itoa(groupLimit)), 0)
	if err != nil {
		err = errors.Join(err, os.Remove(dir))
	}
	return err
}

// TestSmallMemoryChild is the process in the cgroup. Without the variables that [TestSmallMemory]
// sets there is nothing to do.
func TestSmallMemoryChild(t *testing.T) {
	path, group := os.Getenv(fileEnv), os.Getenv(groupEnv)
	if path == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	for _, backend := range []string{"auto", "mmap", "pread", "direct", "copy"} {
		a, err := lazy.Open(path, lazy.Backend(backend), lazy.Workers(2))
		if err != nil {
			t.Fatal(err)
		}
		used, reason := a.Backend()
		if backend == "auto" && used != "direct" {
			t.Errorf("auto chose %s (%s)", used, reason)
		}
		sum, err := lazy.Sum(t.Context(), a, lazy.OverAll())
		if err != nil || sum.Float64() != 1 {
			t.Errorf("%s: %v, %v", backend, sum, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("%s: %s", used, reason)
	}
}
