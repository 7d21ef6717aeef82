package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/internal/feedclient"
)

// clientVariable makes the test program a client of the feeder at a socket, which asks for batches
// until it is killed.
const clientVariable = "LAZYNPY_TEST_FEED_CLIENT"

func init() {
	path := os.Getenv(clientVariable)
	if path == "" {
		return
	}
	k, err := feedclient.Dial(path, feedclient.Fields{"slots": 1024})
	if err != nil {
		panic(err)
	}
	fmt.Println(k.Opened.Slots)
	var held []int
	for step := int64(0); ; step++ {
		r, err := k.Get(step, held...)
		if err != nil {
			panic(err)
		}
		if held = nil; step%3 > 0 {
			held = []int{r.Slot}
		} else if _, err := k.Ask(feedclient.Fields{"op": "release", "slots": []int{r.Slot}}); err != nil {
			panic(err)
		}
	}
}

// numbered is a .npy file of n samples of 1000 int64, each of which holds its number throughout.
func numbered(t *testing.T, n int64) string {
	t.Helper()
	values := make([]int64, 1000*n)
	for i := range values {
		values[i] = int64(i / 1000)
	}
	return array(t, []int64{n, 1000}, values)
}

// checkNumbered looks at a batch of such samples.
func checkNumbered(t *testing.T, k *feedclient.Client, r feedclient.Reply) {
	t.Helper()
	x, samples := k.Bytes(r.Arrays[0], 8), k.Bytes(r.Arrays[1], 8)
	for i := range int(r.Rows) {
		for _, at := range []int{0, 8 * 999} {
			if got := x[8000*i+at : 8000*i+at+8]; !bytes.Equal(got, samples[8*i:8*i+8]) {
				t.Errorf("batch %d: sample %d is %d, want %d", r.Step, i, binary.NativeEndian.Uint64(got), binary.NativeEndian.Uint64(samples[8*i:]))
				return
			}
		}
	}
}

// feeder is a process that feeds.
type feeder struct {
	*exec.Cmd
	first  feedJSON // what it printed
	stdout io.ReadCloser
	stderr bytes.Buffer
}

// startFeeder starts one, and waits until clients can connect.
func startFeeder(t *testing.T, socket string, args ...string) *feeder {
	t.Helper()
	f := &feeder{Cmd: exec.Command(os.Args[0], append([]string{"feed", "--json", "--socket", socket}, args...)...)}
	f.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+filepath.Dir(socket))
	f.Stderr = &f.stderr
	var err error
	if f.stdout, err = f.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.Process.Kill()
		_ = f.Wait()
	})
	line, err := bufio.NewReader(f.stdout).ReadBytes('\n')
	if err != nil {
		_ = f.Wait()
		t.Fatalf("%v\n%s", err, f.stderr.String())
	}
	if err := json.Unmarshal(line, &f.first); err != nil {
		t.Fatal(err)
	}
	return f
}

// often is how often something random is tried.
func often() int {
	if os.Getenv("LAZYNPY_LONG") != "" {
		return 50
	}
	return 8
}

// shared lists what is in /dev/shm of ours.
func shared(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("/dev/shm/*lazynpy-feed*")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func dialFeeder(t *testing.T, socket string, open feedclient.Fields) *feedclient.Client {
	t.Helper()
	k, err := feedclient.Dial(socket, open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	// Rather than to hang.
	if err := k.Conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestFeedersThatDie kills feeders while two ranks ask, at moments that a seed decides, and ends
// others as a scheduler does. The next one takes the place of a dead one.
func TestFeedersThatDie(t *testing.T) {
	path, dir := numbered(t, 64), t.TempDir()
	socket := filepath.Join(dir, "s")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range often() {
		f := startFeeder(t, socket, path, "--batch", "4", "--shuffle", "--seed", strconv.Itoa(i))
		ranks := []*feedclient.Client{dialFeeder(t, socket, feedclient.Fields{"world": 2}), dialFeeder(t, socket, feedclient.Fields{"world": 2, "rank": 1})}
		held := make([][]int, len(ranks))
		var last [2]feedclient.Reply
		for step := range random.Int64N(40) + 1 {
			for j, k := range ranks {
				r, err := k.Get(step, held[j]...)
				if err != nil {
					t.Fatal(err)
				}
				checkNumbered(t, k, r)
				held[j], last[j] = []int{r.Slot}, r
			}
		}
		for range random.IntN(5) { // in the middle of reading
			if err := ranks[0].Send(feedclient.Fields{"op": "get", "step": random.Int64N(1000)}); err != nil {
				t.Fatal(err)
			}
		}
		killed := i%4 != 3
		end := syscall.SIGKILL
		if !killed {
			end = syscall.SIGTERM
		}
		if err := f.Process.Signal(end); err != nil {
			t.Fatal(err)
		}
		for j, k := range ranks {
			var err error
			for err == nil || feedclient.Kind(err) != "" { // replies that were sent before
				_, err = k.Receive()
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the client of a feeder that is gone: %v", err)
			}
			checkNumbered(t, k, last[j])
			k.Close()
		}
		err := f.Wait()
		_, statErr := os.Lstat(socket)
		switch {
		case killed && (err == nil || statErr != nil):
			t.Errorf("killed: %v, socket %v", err, statErr)
		case !killed && (err != nil || !errors.Is(statErr, fs.ErrNotExist) || f.stderr.Len() > 0):
			t.Errorf("terminated: %v, socket %v\n%s", err, statErr, f.stderr.String())
		}
	}
	if rest := shared(t); len(rest) > 0 {
		t.Errorf("there is shared memory: %v", rest)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		t.Errorf("there are files: %v %v", rest, err)
	}
}

// TestClientsThatDie kills clients that have all the memory, at moments that a seed decides. Each
// time all of it is there for the next one, while another client is served as ever.
func TestClientsThatDie(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	f := startFeeder(t, socket, numbered(t, 64), "--batch", "4", "--shuffle", "--memory", "1MiB")
	other := dialFeeder(t, socket, feedclient.Fields{"slots": 2})
	var held []int
	step, slots := int64(0), ""
	ask := func() {
		r, err := other.Get(step, held...)
		if err != nil {
			t.Fatal(err)
		}
		checkNumbered(t, other, r)
		step, held = step+1, []int{r.Slot}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range often() {
		client := exec.Command(os.Args[0])
		client.Env = append(os.Environ(), clientVariable+"="+socket)
		client.Stderr = os.Stderr
		out, err := client.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || slots != "" && line != slots {
			t.Fatalf("a client has %q slots, and the one before had %q: %v", line, slots, err)
		}
		slots = line
		for range random.IntN(20) {
			ask()
		}
		if err := client.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = client.Wait() // killed
		ask()
		// The ring of the other one is there.
		for maps := ""; strings.Count(maps, "memfd:lazynpy-feed") != 1; time.Sleep(time.Millisecond) {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", f.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			maps = string(b)
		}
	}
	if n, _ := strconv.Atoi(strings.TrimSpace(slots)); n < 10 {
		t.Errorf("%d slots", n)
	}
	if err := f.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := f.Wait(); err != nil || f.stderr.Len() > 0 {
		t.Errorf("%v\n%s", err, f.stderr.String())
	}
}

// TestFeedMemory measures a feeder whose clients fill all rings.
func TestFeedMemory(t *testing.T) {
	const limit = 64
	socket := filepath.Join(t.TempDir(), "s")
	path := sparse(t, "'|u1'", 256<<20, 256, 1<<20)
	f := startFeeder(t, socket, path, "--batch", "2", "--shuffle", "--memory", fmt.Sprintf("%dMiB", limit))
	slots := 0
	for rank := range 4 {
		k := dialFeeder(t, socket, feedclient.Fields{"world": 4, "rank": rank, "slots": 1024})
		slots += k.Opened.Slots
		for step := range int64(k.Opened.Slots) {
			if _, err := k.Get(step); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := feedclient.Dial(socket, feedclient.Fields{"slots": 10}); err == nil && slots*2 > limit-2 {
		t.Error("there is memory beyond the limit")
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, line := range strings.Split(string(b), "\n") {
		if w := strings.Fields(line); len(w) > 1 && (w[0] == "RssAnon:" || w[0] == "RssShmem:") {
			n, err := strconv.ParseInt(w[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			total += n >> 10
		}
	}
	t.Logf("%d slots of 2 MiB, %d MiB", slots, total)
	if slots < 24 || total < int64(2*slots) || total > (limit+40)*raceFactor {
		t.Errorf("%d slots of 2 MiB, and the feeder has %d MiB of at most %d", slots, total, limit)
	}
}

// TestFeedUnheard closes what the feeder prints to, and has a client that takes no replies, which
// must not end it.
func TestFeedUnheard(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	f := startFeeder(t, socket, numbered(t, 64), "--batch", "4")
	if err := f.stdout.Close(); err != nil {
		t.Fatal(err)
	}
	deaf := dialFeeder(t, socket, nil)
	if err := errors.Join(deaf.Conn.CloseRead(), deaf.Send(feedclient.Fields{"op": "get", "step": 1})); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1); ; { // until the feeder has written, failed, and closed
		if _, err := deaf.Conn.Write(b); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	k := dialFeeder(t, socket, nil)
	r, err := k.Get(3)
	if err != nil {
		t.Fatal(err)
	}
	checkNumbered(t, k, r)
}

// pair starts a feeder at one end of a pair of sockets, and returns the other.
func pair(t *testing.T, stdin string, args ...string) (*net.UnixConn, *feeder) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	f := &feeder{Cmd: exec.Command(os.Args[0], append([]string{"feed", "--fd", "3"}, args...)...)}
	f.Env = append(os.Environ(), childVariable+"=1")
	f.Stdin, f.Stderr, f.ExtraFiles = strings.NewReader(stdin), &f.stderr, []*os.File{theirs}
	c, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = f.Process.Kill()
		_ = f.Wait()
	})
	return c.(*net.UnixConn), f
}

// TestFeedPair has a feeder of its own: it serves over the descriptor that it was given, says there
// what keeps it from beginning, and ends with the connection.
func TestFeedPair(t *testing.T) {
	path := numbered(t, 20)
	description := fmt.Sprintf(`{"files":[%q],"inputs":[{"name":"n","dtype":"i4","channels":[5]}],"batch":8,"epochs":1}`, path)
	c, f := pair(t, description, "--config", "-", "--batch", "3")
	k, err := feedclient.Over(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o := k.Opened; *o.End != 7 || o.Batch != 3 || o.Columns[0].Name != "n" || o.Columns[0].DType != "<i4" {
		t.Errorf("%+v", o)
	}
	r, err := k.Get(6)
	if err != nil || r.Rows != 2 || binary.NativeEndian.Uint32(k.Bytes(r.Arrays[0], 4)) != 18 {
		t.Errorf("%+v %v", r, err)
	}
	k.Close()
	if err := f.Wait(); err != nil || f.stderr.Len() > 0 {
		t.Errorf("%v\n%s", err, f.stderr.String())
	}
	missing := filepath.Join(t.TempDir(), "no.npy")
	for _, tt := range []struct {
		kind, want string
		args       []string
	}{
		{"missing", missing, []string{missing}},
		{"config", "--batch 0", []string{path, "--batch", "0"}},
		{"memory", "8 KiB", []string{path, "--batch", "1", "--memory", "8KB"}},
		{"memory", "left for rings", []string{path, "--batch", "1", "--memory", "8001B"}},
	} {
		c, f := pair(t, "", tt.args...)
		if _, err := feedclient.Over(c, nil); feedclient.Kind(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v", tt.args, err)
		}
		if err := f.Wait(); err == nil || !strings.HasPrefix(f.stderr.String(), "lazynpy: ") || !strings.Contains(f.stderr.String(), tt.want) || strings.Count(f.stderr.String(), "\n") != 1 {
			t.Errorf("%v: %v %q", tt.args, err, f.stderr.String())
		}
	}
	fails(t, exitFailure, []string{"descriptor 999"}, "feed", path, "--fd", "999")
	fails(t, exitUsage, []string{"--socket or --fd"}, "feed", path)
	fails(t, exitUsage, []string{"--socket or --fd"}, "feed", path, "--fd", "3", "--socket", "s")
	fails(t, exitUsage, []string{"missing argument"}, "feed", "--socket", "s")
	fails(t, exitUsage, []string{"names no file"}, "feed", path, "--socket", "")
	fails(t, exitFailure, []string{path, "is no socket"}, "feed", path, "--socket", path)
}
