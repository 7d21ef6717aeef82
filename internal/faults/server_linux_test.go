package faults

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// A badFile is a file whose storage misbehaves as it is told.
type badFile struct {
	fs.Inode
	data   []byte
	size   atomic.Int64 // how much of data the file has
	broken atomic.Int64 // offset of a byte that cannot be read; negative for none
	delay  atomic.Int64 // nanoseconds that each request takes
	served atomic.Int64 // bytes
}

var (
	_ fs.NodeOpener    = (*badFile)(nil)
	_ fs.NodeReader    = (*badFile)(nil)
	_ fs.NodeGetattrer = (*badFile)(nil)
)

// Open implements [fs.NodeOpener]. What the page cache has of the file is forgotten.
func (f *badFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, fs.OK
}

// Getattr implements [fs.NodeGetattrer].
func (f *badFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size, out.Mtime = 0o444, uint64(f.size.Load()), 1_700_000_000
	return fs.OK
}

// Read implements [fs.NodeReader].
func (f *badFile) Read(_ context.Context, _ fs.FileHandle, p []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	time.Sleep(time.Duration(f.delay.Load()))
	size := f.size.Load()
	end := min(off+int64(len(p)), size)
	if bad := f.broken.Load(); bad >= off && bad < end {
		return nil, syscall.EIO
	}
	if off >= end {
		return fuse.ReadResultData(nil), fs.OK
	}
	f.served.Add(end - off)
	return fuse.ReadResultData(f.data[off:end]), fs.OK
}

// serveEnv has the folder to mount on, in the process that serves it.
const serveEnv = "LAZYNPY_FAULTS_SERVE"

// TestMain serves, if that is what the process was started for. The server has to be a process of
// its own: a page fault of a goroutine holds a processor of the Go runtime, and a collection of
// garbage waits for it, so that the goroutines which would have to answer the fault may never run.
func TestMain(m *testing.M) {
	if dir := os.Getenv(serveEnv); dir != "" {
		if err := serve(dir, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := asHelper(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serve mounts a filesystem with one file, whose content is the file beside the folder, and does
// what lines of in say until they end. Each is answered by a line.
func serve(dir string, in io.Reader, out io.Writer) error {
	data, err := os.ReadFile(dir + ".data")
	if err != nil {
		return err
	}
	f := &badFile{data: data}
	f.size.Store(int64(len(data)))
	f.broken.Store(-1)
	noCache := time.Duration(0) // the kernel must ask for the size each time
	server, err := fs.Mount(dir, &root{file: f}, &fs.Options{
		AttrTimeout: &noCache, EntryTimeout: &noCache,
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "lazynpy-faults", MaxReadAhead: 128 << 10},
	})
	if err != nil {
		return fmt.Errorf("mounting: %w; set LAZYNPY_NO_FUSE=1 on machines that have no FUSE", err)
	}
	fmt.Fprintln(out, "mounted")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var what string
		var value int64
		if _, err := fmt.Sscan(lines.Text(), &what, &value); err != nil {
			return err
		}
		number := map[string]*atomic.Int64{"size": &f.size, "broken": &f.broken, "delay": &f.delay, "served": &f.served}[what]
		if value >= -1 {
			number.Store(value)
		}
		fmt.Fprintln(out, number.Load())
	}
	if err := server.Unmount(); err != nil {
		return err
	}
	server.Wait()
	return nil
}

// remote is a file that another process serves.
type remote struct {
	t  *testing.T
	mu sync.Mutex
	in io.Writer
	rd *bufio.Reader
}

// set changes a number of the server: size, broken, delay or served; see [badFile].
func (r *remote) set(what string, value int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.in, what, value)
	var got int64
	if _, err := fmt.Fscanln(r.rd, &got); err != nil {
		r.t.Errorf("the server of files is gone: %v", err)
	}
	return got
}

// get asks for a number of the server.
func (r *remote) get(what string) int64 { return r.set(what, -2) }

// mount has another process serve an array of small float64 integers as the only file of a
// filesystem, and returns its sum.
func mount(t *testing.T, bytes int) (path string, f *remote, sum float64) {
	t.Helper()
	needFUSE(t)
	data, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Float64.WithByteOrder('<'), Shape: []int64{int64(bytes / 8)}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range bytes / 8 {
		x := float64(rng.IntN(1000))
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		sum += x
	}
	dir := filepath.Join(t.TempDir(), "mount")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(dir+".data", data, 0o600)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "scan.npy"), startServer(t, serveEnv, dir), sum
}

// needFUSE ends the test where somebody has said that there is no FUSE.
func needFUSE(t *testing.T) {
	t.Helper()
	if os.Getenv("LAZYNPY_NO_FUSE") == "1" {
		t.Skip("LAZYNPY_NO_FUSE=1")
	}
}

// startServer runs this program again as the server that a variable asks for, until the test ends,
// and waits until it has mounted dir.
func startServer(t *testing.T, variable, dir string) *remote {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	f := &remote{t: t, in: in, rd: bufio.NewReader(out)}
	if line, err := f.rd.ReadString('\n'); err != nil || line != "mounted\n" {
		t.Fatalf("the server of %s did not start: %q, %v", dir, line, err)
	}
	return f
}

// root is the folder with the file.
type root struct {
	fs.Inode
	file *badFile
}

// OnAdd implements [fs.NodeOnAdder].
func (r *root) OnAdd(ctx context.Context) {
	r.AddChild("scan.npy", r.NewPersistentInode(ctx, r.file, fs.StableAttr{}), false)
}
