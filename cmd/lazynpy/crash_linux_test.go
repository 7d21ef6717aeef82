package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// fileLimit is a variable of the environment with the largest size of a file that the command may
// write, where the test binary is the command.
const fileLimit = "LAZYNPY_TEST_FILE_LIMIT"

func init() {
	var n uint64
	if _, err := fmt.Sscan(os.Getenv(fileLimit), &n); err == nil {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			panic(err)
		}
	}
}

// A crashCase is a verb that writes. It runs in a folder with x.npy, z.npz (deflated, without an
// index: x, y) and s.npz, their like with stored members. A file cut.npy or cut.npz has lost its
// end.
type crashCase struct {
	name string
	args []string
	old  string   // the input that lies in the place of the output, "" for none
	out  []string // what it makes, or changes
}

var crashCases = []crashCase{
	{"get", []string{"get", "x.npy", "::2", "-o", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"get csv", []string{"get", "small.npy", "-o", "out.csv"}, "", []string{"out.csv"}},
	{"get raw", []string{"get", "--force", "x.npy", "-o", "out.raw"}, "small.npy", []string{"out.raw"}},
	{"get json", []string{"get", "small.npy", "-o", "out.json", "--force"}, "small.npy", []string{"out.json"}},
	{"reduce", []string{"reduce", "--op", "sum", "--over", "0", "x.npy", "-o", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"reduce two", []string{"reduce", "--op", "sum,max", "--over", "1", "x.npy", "-o", "out-{op}.npy"}, "", []string{"out-max.npy", "out-sum.npy"}},
	{"reduce csv", []string{"reduce", "--op", "mean", "--over", "0", "--force", "x.npy", "-o", "out.csv"}, "small.npy", []string{"out.csv"}},
	{"png", []string{"png", "x.npy", "-o", "out.png"}, "", []string{"out.png"}},
	{"convert", []string{"convert", "--byteorder", "big", "x.npy", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"convert F", []string{"convert", "--order", "F", "x.npy", "out.npy"}, "", []string{"out.npy"}},
	{"convert npz", []string{"convert", "--key", "x", "--deflate=1", "--force", "x.npy", "out.npz"}, "s.npz", []string{"out.npz"}},
	{"convert csv", []string{"convert", "--force", "small.npy", "out.csv"}, "small.npy", []string{"out.csv"}},
	{"convert json", []string{"convert", "small.npy", "out.json"}, "", []string{"out.json"}},
	{"convert raw", []string{"convert", "--dtype", "float32", "x.npy", "out.raw"}, "", []string{"out.raw"}},
	{"index", []string{"index", "--span", "64KiB", "z.npz"}, "", []string{"z.npz.lzidx"}},
	{"repack in place", []string{"repack", "z.npz"}, "", []string{"z.npz"}},
	{"repack", []string{"repack", "--store", "z.npz", "-o", "out.npz"}, "s.npz", []string{"out.npz"}},
	{"extract", []string{"extract", "--force", "s.npz", "-C", "dir"}, "", []string{"dir/x.npy", "dir/y.npy"}},
	{"extract one", []string{"extract", "--force", "s.npz", "x", "-o", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"add new", []string{"add", "out.npz", "x.npy"}, "", []string{"out.npz"}},
	{"add", []string{"add", "--deflate=1", "out.npz", "new=x.npy"}, "s.npz", []string{"out.npz"}},
	{"add raw", []string{"add", "--raw", "out.npz", "new=x.npy"}, "z.npz", []string{"out.npz"}},
	{"recover", []string{"recover", "cut.npy", "-o", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"recover in place", []string{"recover", "--in-place", "cut.npy"}, "", []string{"cut.npy"}},
	{"recover npz", []string{"recover", "cut.npz", "-o", "out.npz", "--force"}, "s.npz", []string{"out.npz"}},
	{"run", []string{"run", "--op", "sum", "--over", "1", "x.npy", "-o", "out.npy"}, "small.npy", []string{"out.npy"}},
	{"run map", []string{"run", "--apply", "astype=float32", "x.npy", "--map-output", "out.npy"}, "", []string{"out.npy"}},
	{"demo", []string{"demo", "--size", "4MiB"}, "", []string{brightFieldPNG, sumPatternPNG}},
}

// crashInputs makes the folder that every case begins with a copy of. Sides is how large the array
// is.
func crashInputs(t *testing.T, side int) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	v := make([]uint16, side*side)
	for i := range v {
		v[i] = uint16(rng.IntN(1000))
	}
	data, err := mmapnpy.BufferOf(v, int64(side), int64(side))
	small, err2 := mmapnpy.BufferOf(v[:10000], 100, 100)
	entries := []lazy.Entry{{Key: "x", Array: lazy.Values(data)}, {Key: "y", Array: lazy.Values(small)}}
	err = errors.Join(err, err2, mmapnpy.Save(filepath.Join(dir, "x.npy"), data), mmapnpy.Save(filepath.Join(dir, "small.npy"), small),
		lazy.SaveArchive(t.Context(), filepath.Join(dir, "s.npz"), entries))
	if err != nil {
		t.Fatal(err)
	}
	z := foreignNPZ(t, zip.Deflate, entry{"x.npy", read(t, filepath.Join(dir, "x.npy"))}, entry{"y.npy", read(t, filepath.Join(dir, "small.npy"))})
	if err := os.Rename(z, filepath.Join(dir, "z.npz")); err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{".npy", ".npz"} {
		whole := read(t, filepath.Join(dir, map[string]string{".npy": "x.npy", ".npz": "s.npz"}[ext]))
		if err := os.WriteFile(filepath.Join(dir, "cut"+ext), whole[:len(whole)-777], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// begin makes the folder of one attempt.
func (c crashCase) begin(t *testing.T, inputs string) string {
	t.Helper()
	dir := t.TempDir()
	c.fill(t, dir, inputs)
	return dir
}

// fill makes the files of one attempt.
func (c crashCase) fill(t *testing.T, dir, inputs string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range must[[]string](t)(filepath.Glob(filepath.Join(inputs, "*"))) {
		name := filepath.Base(path)
		named := slices.ContainsFunc(c.args, func(arg string) bool { return strings.HasSuffix(arg, name) })
		if !named && name != "small.npy" { // lies there whatever the verb reads
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), read(t, path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if c.old != "" {
		if err := os.WriteFile(filepath.Join(dir, c.out[0]), read(t, filepath.Join(inputs, c.old)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path := range contents(t, dir) { // an index file knows the time of its archive
		if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
}

// command is the verb as a process of its own.
func (c crashCase) command(dir string, env ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	stderr = &bytes.Buffer{}
	cmd = exec.Command(os.Args[0], c.args...)
	cmd.Dir, cmd.Stderr = dir, stderr
	cmd.Env = append(append(os.Environ(), childVariable+"=1", "TMPDIR="+filepath.Join(dir, "tmp"), "GORACE=atexit_sleep_ms=0"), env...)
	return cmd, stderr
}

// relative are the files of a folder by their names in it.
func relative(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for path, b := range contents(t, dir) {
		name, _ := filepath.Rel(dir, path)
		files[name] = b
	}
	return files
}

// intact checks that inputs are what they were, and outputs what they were or what they are to be;
// it returns what else is there.
func (c crashCase) intact(t *testing.T, what string, before, want, now map[string]string) (left []string) {
	t.Helper()
	for name, b := range before {
		if now[name] != b && !slices.Contains(c.out, name) {
			t.Errorf("%s: input %s has changed", what, name)
		}
	}
	for name, b := range now {
		old, was := before[name]
		switch {
		case was && b == old || b == want[name] && slices.Contains(c.out, name):
		case slices.Contains(c.out, name) && c.args[0] == "add" && strings.HasPrefix(b, old) && was:
			left = append(left, name) // grows in place, and a journal says what it was
		case slices.Contains(c.out, name) && c.args[0] == "recover" && len(b) == len(old) && want[name] != "" && strings.HasPrefix(b, want[name]):
			left = append(left, name) // has its new header, and is not yet as short as that says
		case slices.Contains(c.out, name):
			t.Errorf("%s: %s is neither what it was nor what it is to be", what, name)
		// records of a run stay
		case !was && !(c.args[0] == "run" && strings.HasPrefix(name, "out.npy.run/")):
			left = append(left, name)
		}
	}
	return left
}

// TestCrash ends every verb that writes at random moments, by signals that can be handled and by
// one that cannot. LAZYNPY_LONG is how often, for each verb.
func TestCrash(t *testing.T) {
	times, side := 1, 500
	if n := os.Getenv("LAZYNPY_LONG"); n != "" {
		times, side = 200, 1500
		if _, err := fmt.Sscan(n, &times); err != nil || times < 2 {
			times = 200
		}
	}
	inputs := crashInputs(t, side)
	rng := rand.New(rand.NewPCG(3, 4))
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGHUP, syscall.SIGTERM}
	for i, c := range crashCases {
		_, want, took := c.complete(t, inputs)
		tally := map[string]int{}
		for k := range times {
			s := signals[(i+k)%len(signals)]
			var env []string
			if (i+k)/len(signals)%2 == 1 {
				env = []string{"LAZYNPY_NAMED_TEMPORARY=1"}
			}
			after := time.Duration(rng.Float64() * 0.9 * float64(took))
			tally[c.crash(t, fmt.Sprintf("%s: %v after %v %q", c.name, s, after, env), inputs, want, s, after, env)]++
		}
		t.Logf("%s: %v", c.name, tally)
	}
}

// crash ends one attempt, checks what is there, tries again, and checks once more. It says how the
// attempt ended.
func (c crashCase) crash(t *testing.T, what, inputs string, want map[string]string, s syscall.Signal, after time.Duration, env []string) string {
	t.Helper()
	dir := c.begin(t, inputs)
	defer os.RemoveAll(dir) // or thousands of them would fill the disk
	before := relative(t, dir)
	cmd, stderr := c.command(dir, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Signal(s) // it may have ended
	_ = cmd.Wait()            // the status follows
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	handled := status.Exited() && (status.ExitStatus() == 0 || status.ExitStatus() == 128+int(s))
	if !handled && !(status.Signaled() && status.Signal() == s) {
		t.Errorf("%s: ended with %v, %s", what, cmd.ProcessState, stderr)
	}
	left := c.intact(t, what, before, want, relative(t, dir))
	// to be resumed
	if handled && len(left) > 0 && (c.args[0] != "run" || len(left) > 1 || !strings.HasSuffix(left[0], ".part")) {
		t.Errorf("%s: left %q", what, left)
	}
	next := c
	if _, err := os.Stat(filepath.Join(dir, "out.npy.run", "plan.json")); err == nil && s != syscall.SIGTERM {
		next.args = []string{"resume", "out.npy.run"}
	}
	again, stderr := next.command(dir)
	// add is done
	if err := again.Run(); err != nil && !strings.Contains(stderr.String(), "already") {
		t.Errorf("%s: again: %v, %s", what, err, stderr)
	}
	now := relative(t, dir)
	for _, name := range left {
		_, there := now[name]
		if there && !slices.Contains(c.out, name) {
			t.Errorf("%s: the next run leaves %s", what, name)
		}
		place, _, _ := strings.Cut(strings.TrimPrefix(name, "tmp/"), "/")
		if temporary := strings.HasSuffix(name, ".tmp") || strings.HasPrefix(name, "tmp/"); temporary && !strings.Contains(stderr.String(), filepath.Base(place)) {
			t.Errorf("%s: the next run does not name %s: %s", what, name, stderr)
		}
	}
	for _, name := range c.out {
		if now[name] != want[name] {
			t.Errorf("%s: after the next run %s is not what it is to be", what, name)
		}
	}
	if len(c.intact(t, what, before, want, now)) > 0 {
		t.Errorf("%s: the next run leaves %q", what, c.intact(t, what, before, want, now))
	}
	switch {
	case status.Signaled():
		return fmt.Sprintf("killed by %v", status.Signal())
	default:
		return fmt.Sprintf("status %d", status.ExitStatus())
	}
}

// TestClosedPipe checks that a demo whose output nobody reads any more cleans up, quietly.
func TestClosedPipe(t *testing.T) {
	c := crashCase{args: []string{"demo", "--size", "16MiB"}}
	dir := c.begin(t, t.TempDir())
	cmd, stderr := c.command(dir)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	err = cmd.Start()
	if err := errors.Join(err, r.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status follows
	if cmd.ProcessState.ExitCode() != 128+int(syscall.SIGPIPE) || stderr.Len() > 0 {
		t.Errorf("%v, %s", cmd.ProcessState, stderr)
	}
	leftovers(t, dir, "tmp")
	leftovers(t, filepath.Join(dir, "tmp"))
}

// TestBlockedOutput ends verbs that wait for somebody who does not read what they write, or who
// does not come to read it.
func TestBlockedOutput(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.npy")
	if err := mmapnpy.Save(big, must[mmapnpy.Buffer](t)(mmapnpy.BufferOf(make([]uint16, 1<<20)))); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "big.npz")
	ok(t, "add", archive, "a="+big)
	for _, args := range [][]string{
		{"convert", big, fifo, "--format", "raw"},
		{"convert", big, "-", "--format", "csv"},
		{"get", big, "-o", "-", "--format", "raw"},
		{"get", big, "--json"},
		{"extract", archive, "a", "-o", "-"},
	} {
		cmd, stderr := (&crashCase{args: args}).command(dir)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout = w
		if err := errors.Join(cmd.Start(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(args, fifo) { // it blocks some time after it has begun to write
			if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		} else {
			time.Sleep(500 * time.Millisecond) // nothing tells that it waits
		}
		hung := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the status follows
		hung.Stop()
		// nothing more is read
		_ = r.Close()
		// before it listened
		early := slices.Contains(args, fifo) && cmd.ProcessState.String() == "signal: terminated"
		if cmd.ProcessState.ExitCode() != 128+int(syscall.SIGTERM) && !early {
			t.Errorf("%v: %v, %s", args, cmd.ProcessState, stderr)
		}
	}
}
