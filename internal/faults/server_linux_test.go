package faults

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// mount serves an array of small float64 integers as the only file of a filesystem, and returns its sum.
func mount(t *testing.T, bytes int) (path string, f *badFile, sum float64) {
	t.Helper()
	if os.Getenv("LAZYNPY_NO_FUSE") == "1" {
		t.Skip("LAZYNPY_NO_FUSE=1")
	}
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
	f = &badFile{data: data}
	f.size.Store(int64(len(data)))
	f.broken.Store(-1)
	dir := t.TempDir()
	noCache := time.Duration(0) // the kernel must ask for the size each time
	server, err := fs.Mount(dir, &root{file: f}, &fs.Options{
		AttrTimeout: &noCache, EntryTimeout: &noCache,
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "lazynpy-faults", MaxReadAhead: 128 << 10},
	})
	if err != nil {
		t.Fatalf("mounting: %v; set LAZYNPY_NO_FUSE=1 on machines that have no FUSE", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
		server.Wait()
	})
	return filepath.Join(dir, "scan.npy"), f, sum
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
