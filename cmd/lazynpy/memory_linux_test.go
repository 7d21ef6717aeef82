package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sparse is a .npy file of so many bytes of zeros, which take no space. The dtype is as headers
// have it.
func sparse(t *testing.T, descr string, size int64, shape ...int64) string {
	t.Helper()
	text := fmt.Sprintf("{'descr': %s, 'fortran_order': False, 'shape': (%s,), }", descr, joined(shape))
	text += strings.Repeat(" ", 63-(len(text)+10)%64) + "\n"
	path := filepath.Join(t.TempDir(), "sparse.npy")
	head := "\x93NUMPY\x01\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text
	if err := os.WriteFile(path, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head))+size); err != nil {
		t.Fatal(err)
	}
	return path
}

// child runs the program as a process of its own, and returns its exit status, what it says on
// standard error, and the most memory that it had, in MiB.
func child(t *testing.T, env []string, args ...string) (status int, text string, mib int64) {
	t.Helper()
	peak := filepath.Join(t.TempDir(), "peak")
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), peakVariable+"="+peak), env...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	b, err := os.ReadFile(peak)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String(), n >> 20
}

// TestMemory runs verbs whose memory once grew with what they print or compute, and looks at the
// most that they had.
func TestMemory(t *testing.T) {
	row := sparse(t, "'|u1'", 16<<20, 2, 8<<20)
	quick, err := os.MkdirTemp("/dev/shm", "lazynpy-test-") // records need not wait for a disk here
	if err != nil {
		quick = t.TempDir()
	}
	defer os.RemoveAll(quick)
	archive := filepath.Join(t.TempDir(), "row.npz")
	ok(t, "add", "--deflate=1", archive, "row="+row)
	frames := sparse(t, "'<u2'", 256<<20, 8, 16, 1024, 1024)
	for _, c := range []struct {
		args []string
		most int64 // MiB
	}{
		{[]string{"--backend", "pread", "head", "--json", "-n", "1", row}, 80},
		{[]string{"--backend", "pread", "reduce", "--json", "--op", "max", "--over", "0", row}, 120},
		{[]string{"--backend", "pread", "head", "--json", "-n", "1", archive + ":row"}, 80},
		{[]string{"--backend", "pread", "reduce", "--json", "--op", "max", "--over", "0", archive + ":row"}, 120},
		{[]string{"--backend", "pread", "reduce", "--memory", "16MiB", "--op", "sum", "--over", "0", row, "-o", filepath.Join(t.TempDir(), "sum.npy")}, 64},
		{[]string{"run", "--memory", "64MiB", "--op", "sum", "--over", "0,1", frames, "-o", filepath.Join(quick, "sum.npy")}, 160},
	} {
		status, text, mib := child(t, nil, c.args...)
		if status != exitOK || mib > c.most*raceFactor {
			t.Errorf("%s: exit %d, %d MiB, want at most %d\n%s", c.args, status, mib, c.most*raceFactor, text)
		}
		t.Logf("%s: %d MiB", c.args, mib)
	}
}

// TestEmptyElements shows files of some hundred bytes that claim elements of no bytes in any
// number.
func TestEmptyElements(t *testing.T) {
	const field = "[('a', [('x', '|V0')], (1000000000,)), ('b', '<i4')]"
	for name, path := range map[string]string{
		"plane":    sparse(t, "'|V0'", 0, 1e9, 1e9),
		"axes":     sparse(t, "'|V0'", 0, slices.Repeat([]int64{2}, 62)...),
		"subarray": sparse(t, field, 12, 3),
	} {
		for _, args := range [][]string{{"head"}, {"get"}, {"head", "--json"}, {"get", "--json"}, {"get", "-o", filepath.Join(t.TempDir(), "out.csv")}, {"info"}} {
			// which begins with what this process has
			_, text, mib := child(t, nil, append(args, path)...)
			if mib > 160*raceFactor || strings.Contains(text, "goroutine") || strings.Count(text, "\n") > 1 {
				t.Errorf("%s: %s: %d MiB\n%s", name, args, mib, text)
			}
		}
	}
	fails(t, exitFailure, []string{"are too many to show"}, "get", sparse(t, "'|V0'", 0, slices.Repeat([]int64{2}, 62)...))
	fails(t, exitFailure, []string{"elements without bytes are too many"}, "get", sparse(t, field, 12, 3))
}

// TestTooLarge asks for results of a terabyte and more.
func TestTooLarge(t *testing.T) {
	path := sparse(t, "'|u1'", 1<<40, 1, 1<<40)
	sizes := []string{"needs 8.0 TiB of memory, and ", " can be had; -o FILE.npy has room for it; --allow-large insists"}
	fails(t, exitFailure, sizes, "reduce", "--op", "sum", "--over", "0", path)
	fails(t, exitFailure, []string{"needs 8.0 TiB of memory"}, "run", "--op", "sum", "--over", "0", path, "-o", filepath.Join(t.TempDir(), "sum.npy"))
	fails(t, exitFailure, []string{"are too many to show"}, "head", "-n", "2000000", sparse(t, "'|u1'", 2000000, 2000000))
}

// TestAddressSpace asks for more than a limit of the process leaves, which ends it unless it is
// looked at before.
func TestAddressSpace(t *testing.T) {
	if raceFactor > 1 {
		return // the race detector needs terabytes of addresses
	}
	path := sparse(t, "'|u1'", 1<<30, 1, 1<<30)
	shell := fmt.Sprintf("ulimit -v %d && exec %s reduce --op sum --over 0 %s", 4<<20, strconv.Quote(os.Args[0]), strconv.Quote(path))
	cmd := exec.Command("sh", "-c", shell)
	cmd.Env = append(os.Environ(), peakVariable+"="+filepath.Join(t.TempDir(), "peak"))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), "needs 8.0 GiB of memory") {
		t.Errorf("%v\n%s", err, out)
	}
}
