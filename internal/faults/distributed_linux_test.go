package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// shareEnv has the folder to share, in the process that serves it; seeEnv has what a worker is to
// see in its place.
const (
	shareEnv = "LAZYNPY_FAULTS_SHARE"
	seeEnv   = "LAZYNPY_FAULTS_SEE"
	meetEnv  = "LAZYNPY_FAULTS_MEET"
	runName  = "out.npy.run" // the run directory of a plan
)

// asHelper is the process that shares a folder, or a worker on a machine of its own, if that is
// what it was started for.
func asHelper() error {
	ops.RegisterMap("faults.slow", slow)
	if dir := os.Getenv(shareEnv); dir != "" {
		if err := share(dir, os.Stdin, os.Stdout); err != nil {
			return err
		}
		os.Exit(0)
	}
	if see := os.Getenv(seeEnv); see != "" {
		folder, mount, _ := strings.Cut(see, "=")
		if err := syscall.Mount(mount, folder, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", mount, folder, err)
		}
		// Journals are read while others append to them.
		if run := filepath.Join(folder, runName, "journal"); len(os.Args) > 3 {
			if err := syscall.Mount(filepath.Join(strings.TrimSuffix(mount, filepath.Ext(mount))+".open", runName, "journal"), run, "", syscall.MS_BIND, ""); err != nil {
				return fmt.Errorf("mounting %s: %w", run, err)
			}
		}
		distributed.WorkerMain()
	}
	return nil
}

// share mounts a folder twice, on its name with ".a" and ".b" behind it, until in ends. The kernel
// keeps a cache for each mount and writes it back when it likes, as the clients of a network
// filesystem do. It never asks again how long a file is, which NFS does whenever one is opened:
// what is read while others append to it has to be read through a third mount, ".open".
func share(dir string, in io.Reader, out io.Writer) error {
	var servers []*fuse.Server
	for mount, caching := range map[string]uint64{dir + ".a": fuse.CAP_WRITEBACK_CACHE, dir + ".b": fuse.CAP_WRITEBACK_CACHE, dir + ".open": 0} {
		top, err := fs.NewLoopbackRoot(dir)
		if err != nil {
			return err
		}
		server, err := fs.Mount(mount, &cachedNode{top.(*fs.LoopbackNode)}, &fs.Options{MountOptions: fuse.MountOptions{
			DirectMount: true, FsName: "lazynpy-faults", ExtraCapabilities: caching}})
		if err != nil {
			return fmt.Errorf("mounting: %w; set LAZYNPY_NO_FUSE=1 on machines that have no FUSE", err)
		}
		servers = append(servers, server)
	}
	fmt.Fprintln(out, "mounted")
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	for _, server := range servers {
		if err := server.Unmount(); err != nil {
			return err
		}
		server.Wait()
	}
	return nil
}

// cachedNode is a file or folder of a share. The kernel reads what is around the bytes that a
// process writes, and writes whole pages back, but through a descriptor with O_SYNC no more than
// the bytes, as NFS does (nfs_can_extend_write in fs/nfs/write.c of Linux).
type cachedNode struct{ *fs.LoopbackNode }

// WrapChild implements [fs.NodeWrapChilder].
func (n *cachedNode) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &cachedNode{child.(*fs.LoopbackNode)}
}

// Open implements [fs.NodeOpener].
func (n *cachedNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, err := n.LoopbackNode.Open(ctx, readable(flags))
	if flags&syscall.O_SYNC == syscall.O_SYNC {
		fuseFlags |= fuse.FOPEN_DIRECT_IO
	}
	return f, fuseFlags, err
}

// Create implements [fs.NodeCreater].
func (n *cachedNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	return n.LoopbackNode.Create(ctx, name, readable(flags), mode, out)
}

func readable(flags uint32) uint32 {
	if flags&syscall.O_ACCMODE == syscall.O_WRONLY {
		flags = flags&^syscall.O_ACCMODE | syscall.O_RDWR
	}
	return flags
}

// slow is 2 x of float32 at a pace that makes two workers overlap, which wait for each other first.
func slow(a *lazy.Array, _ struct{}) (*lazy.Array, error) {
	return lazy.Map(a, func(dst, src []float32) {
		meet.Do(awaitOther)
		time.Sleep(2 * time.Millisecond)
		for i, x := range src {
			dst[i] = 2 * x
		}
	})
}

var meet sync.Once

// awaitOther waits until two workers have left a mark, half a minute at most.
func awaitOther() {
	dir := os.Getenv(meetEnv)
	if dir == "" {
		return
	}
	// the test sees what comes of it
	_ = os.WriteFile(filepath.Join(dir, os.Getenv("LAZYNPY_INDEX")), nil, 0o600)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if marks, _ := os.ReadDir(dir); len(marks) >= 2 {
			return
		}
	}
}

// newShare has another process share a folder. Files of the folder itself are those of the server.
func newShare(t *testing.T) (dir string) {
	t.Helper()
	needFUSE(t)
	dir = filepath.Join(t.TempDir(), "share")
	for _, d := range []string{dir, dir + ".a", dir + ".b", dir + ".open"} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	startServer(t, shareEnv, dir)
	return dir
}

// TestCachesLoseHalfPages shows why no two portions may share a page of the output: two clients
// write the halves of a page and sync them, and what the first one wrote is gone. Where each has a
// page of its own, or does not write through its cache, all is there.
func TestCachesLoseHalfPages(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags int
		half  int
		lost  int // bytes of the first client
	}{
		{"half pages", 0, 2048, 2048},
		{"whole pages", 0, 4096, 0},
		{"half pages, O_SYNC", syscall.O_SYNC, 2048, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newShare(t)
			if err := os.WriteFile(filepath.Join(dir, "x"), make([]byte, 3*4096), 0o600); err != nil {
				t.Fatal(err)
			}
			clients := [2]*os.File{}
			for i, mount := range []string{dir + ".a", dir + ".b"} {
				var err error
				if clients[i], err = os.OpenFile(filepath.Join(mount, "x"), os.O_RDWR|c.flags, 0); err != nil {
					t.Fatal(err)
				}
			}
			defer clients[0].Close()
			defer clients[1].Close()
			for i, f := range clients { // both are written before either is synced
				if _, err := f.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, c.half), int64(4096+i*c.half)); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range clients {
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(filepath.Join(dir, "x"))
			if err != nil {
				t.Fatal(err)
			}
			first := bytes.Count(got, []byte{1})
			if second := bytes.Count(got, []byte{2}); c.half-first != c.lost || second != c.half {
				t.Errorf("of %d bytes each, %d and %d are there", c.half, first, second)
			}
		})
	}
}

// clients is an engine of two worker processes, each of which sees the shared folder through a
// mount of its own.
type clients struct{ dir, meet string }

func (clients) Name() string                         { return "clients" }
func (clients) RoundSize(int64) int                  { return 2 }
func (clients) Cancel(context.Context, string) error { return nil }

func (c clients) Submit(_ context.Context, r distributed.Round) (distributed.Job, error) {
	j := &clientsJob{}
	for i := range r.Workers {
		cmd := exec.Command(r.Command[0], r.Command[1:]...)
		cmd.Env = append(os.Environ(), "LAZYNPY_INDEX="+strconv.Itoa(i), meetEnv+"="+c.meet, seeEnv+"="+c.dir+"="+c.dir+[]string{".a", ".b"}[i])
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		j.workers.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				j.add(fmt.Errorf("worker %d: %w: %s", i, err, bytes.TrimSpace(out)))
			}
		})
	}
	go func() {
		j.workers.Wait()
		j.end()
	}()
	return j, nil
}

// clientsJob is the two workers.
type clientsJob struct {
	workers sync.WaitGroup
	mu      sync.Mutex
	ended   bool
	err     error
}

func (j *clientsJob) add(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = errors.Join(j.err, err)
}

func (j *clientsJob) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
}

func (j *clientsJob) ID() string { return "" }

func (j *clientsJob) Poll(context.Context) (distributed.State, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ended {
		return distributed.Active, nil
	}
	return distributed.Idle, j.err
}

func (j *clientsJob) Cancel(context.Context) error {
	j.workers.Wait()
	return nil
}

// TestTwoClients runs plans with two workers that do not share a cache, aligned and not, and
// compares with the pool.
func TestTwoClients(t *testing.T) {
	for name, c := range map[string]struct {
		shape []int64
		write string
		want  string
	}{
		// frames of a page
		"aligned": {[]int64{48, 32, 32}, distributed.WriteCached, distributed.WriteCached},
		// of 2500 bytes
		"unaligned": {[]int64{48, 25, 25}, distributed.WriteAuto, distributed.WriteEdges},
		// of 22500 bytes: pages of their own, and shared ones
		"edges": {[]int64{48, 75, 75}, distributed.WriteAuto, distributed.WriteEdges},
		"sync":  {[]int64{48, 25, 25}, distributed.WriteSync, distributed.WriteSync},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newShare(t)
			scan := filepath.Join(dir, "scan.npy")
			makeScan(t, scan, c.shape)
			plan := func(where, write string) (*distributed.Plan, error) {
				return distributed.MemmapDistributed(scan, distributed.Options{
					Navigation: []int{0}, Chunks: "(1, -1, -1)", PortionBytes: 1, Write: write,
					Map: []ops.Op{ops.Must("faults.slow", nil)}, Output: filepath.Join(where, "out.npy"),
					Reduce: []distributed.Reduction{{Op: ops.Must("mean", ops.OverParams{Over: "signal"}), Path: filepath.Join(where, "mean.npy")}},
				})
			}
			if _, err := plan(dir, distributed.WriteCached); (err != nil) != (c.want != distributed.WriteCached) {
				t.Errorf("a plan of cached writes: %v", err)
			}
			p, err := plan(dir, c.write)
			if err != nil {
				t.Fatal(err)
			}
			if p.Output.Write != c.want || p.Portions() != c.shape[0] {
				t.Fatalf("output %+v, %d portions", p.Output, p.Portions())
			}
			o := distributed.RunOptions{Poll: 5 * time.Millisecond}
			if err := distributed.Run(t.Context(), p, clients{dir, t.TempDir()}, o); err != nil {
				t.Fatal(err)
			}
			checkClients(t, p)
			alone, err := plan(t.TempDir(), c.write)
			if err != nil {
				t.Fatal(err)
			}
			if err := distributed.Run(t.Context(), alone, distributed.Pool{}, o); err != nil {
				t.Fatal(err)
			}
			for _, files := range [][2]string{{p.Output.Path, alone.Output.Path}, {p.Reduce[0].Path, alone.Reduce[0].Path}} {
				got, err := os.ReadFile(files[0])
				if err != nil {
					t.Fatal(err)
				}
				if want, err := os.ReadFile(files[1]); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s is another one, %v", files[0], err)
				}
			}
		})
	}
}

// checkClients sees that two workers have computed everything once: nothing was lost and done
// again.
func checkClients(t *testing.T, p *distributed.Plan) {
	t.Helper()
	s, err := distributed.StatusOf(t.Context(), p.DefaultDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Attempts) != 2 || s.Duplicates != 0 {
		t.Fatalf("status %+v", s)
	}
	for _, a := range s.Attempts {
		if a.Portions == 0 {
			t.Errorf("attempt %+v", a)
		}
	}
	if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
		t.Error(err)
	}
}

func makeScan(t *testing.T, path string, shape []int64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	values := make([]float32, shape[0]*shape[1]*shape[2])
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	a, err := lazy.FromSlice(values, shape...)
	if err == nil {
		err = a.Save(t.Context(), path)
	}
	if err != nil {
		t.Fatal(err)
	}
}
