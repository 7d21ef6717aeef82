package bytesrc

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	xmmap "golang.org/x/exp/mmap"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// A File is a regular file opened as a [Source].
type File struct {
	name string
	os   *os.File
	fd   uintptr
	info fs.FileInfo // at open
	size int64
	mode Mode

	growth *growth // nil unless what it holds may grow

	choice atomic.Pointer[choice]

	// mapping is made by the first Borrow or View, under mapMu.
	mapping atomic.Pointer[mapping]
	mapMu   sync.Mutex

	// cold counts windows down since the last one that had to be read from disk.
	cold atomic.Int32

	copier *xmmap.ReaderAt // BackendCopy only

	// BackendDirect only: the file opened once more, and what its reads are aligned to.
	direct   *os.File
	directFD int
	align    int64

	leases leases
	close  func() error

	// What descriptors needs to give the descriptor back, and to open the file again: os, fd and
	// direct change under the lock.
	holding sync.RWMutex
	again   string        // an absolute path
	listed  *list.Element // of descriptors, under its lock
}

// Open opens a regular file. It reads nothing and maps nothing, so it takes
// microseconds at any size. Directories, pipes, sockets and devices are refused without
// blocking and without opening them. An empty file is fine.
func Open(path string, o Options) (*File, error) {
	f, info, err := openOrPark(path, o.Mode)
	if err != nil {
		return nil, err
	}
	c, err := choose(f, info.Size(), o)
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: path, Err: err}, f.Close())
	}
	src := &File{name: path, os: f, fd: f.Fd(), info: info, size: info.Size(), mode: o.Mode}
	src.choice.Store(&c)
	src.leases.drained = make(chan struct{}, 1)
	src.close = sync.OnceValue(src.shut)
	switch c.backend {
	case BackendDirect:
		src.openDirectly(c)
	case BackendCopy:
		if err := src.openCopier(c); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	descriptors.add(src)
	descriptors.trim(src)
	return src, nil
}

// openRegular opens path after looking at what it is, since merely opening a device
// or a pipe can block or have effects, and looks again at what it got.
func openRegular(path string, m Mode) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := refuse(path, info.Mode()); err != nil {
		return nil, nil, err
	}
	flag := os.O_RDONLY
	if m == ReadWrite {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(path, flag|openNonblock, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = refuse(path, info.Mode())
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// openCopier opens the copying reader, which takes a path and not a descriptor:
// hence the check that it found the same file. If nobody asked for it, pread takes over
// when it fails.
func (f *File) openCopier(c choice) error {
	r, err := xmmap.Open(f.name)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(f.name); err == nil && !os.SameFile(info, f.info) || int64(r.Len()) < f.size {
			err = errors.New("replaced by another file while being opened")
		}
		if err == nil {
			f.copier = r
			return nil
		}
		err = errors.Join(err, r.Close())
	}
	if c.auto {
		f.fallBack(err)
		return nil
	}
	return &fs.PathError{Op: "open", Path: f.name, Err: err}
}

// fallBack makes pread the back end because of err.
func (f *File) fallBack(err error) {
	f.choice.Store(&choice{backend: BackendPread, reason: fmt.Sprintf("cannot map: %v", err)})
}

// Name returns the path given to Open.
func (f *File) Name() string { return f.name }

// Size returns the length in bytes at Open.
func (f *File) Size() int64 { return f.size }

// Mode returns the mode given to Open.
func (f *File) Mode() Mode { return f.mode }

// Backend returns the back end in use, never auto. It can still turn from mmap to
// pread at the first Borrow, if the back end was chosen here and the system refuses to map, and
// from direct to pread, if the filesystem refuses.
func (f *File) Backend() Backend { return f.choice.Load().backend }

// Reason says in a few words why the back end was chosen.
func (f *File) Reason() string { return f.choice.Load().reason }

// ReadAt implements [io.ReaderAt] with pread on the descriptor. With the direct back end long
// ranges go past the page cache as well; short ones profit from it.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if err := f.take(); err != nil {
		return 0, err
	}
	defer f.done()
	if len(p) >= directRead && off >= 0 && f.Backend() == BackendDirect {
		return f.directReadAt(p, off)
	}
	return f.os.ReadAt(p, off)
}

// Borrow lends the n bytes at off. The window of a mapping has been read in and checked
// against the file's present length, so that touching it neither stalls nor faults unless
// the file changes afterwards.
func (f *File) Borrow(off int64, n int) (Lease, error) {
	if err := f.checkRange(off, int64(n)); err != nil {
		return Lease{}, err
	}
	if err := f.take(); err != nil {
		return Lease{}, err
	}
	defer f.drop()
	l := Lease{file: f, off: off}
	if err := f.fill(&l, n); err != nil {
		f.leases.release()
		return Lease{}, err
	}
	return l, nil
}

// fill gives the lease its bytes, by whichever back end serves the file.
func (f *File) fill(l *Lease, n int) error {
	if n == 0 {
		return nil
	}
	backend := f.Backend()
	if backend == BackendMmap {
		m, err := f.mapped()
		if err != nil {
			return err
		}
		if m != nil {
			return f.window(l, m, n)
		}
	}
	var err error
	if backend == BackendDirect {
		err = f.directInto(l, n)
	} else {
		l.buffer = getBuffer(n)
		l.data = l.buffer.bytes[:n:n]
		if f.copier != nil {
			err = f.copyAt(l.data, l.off)
		} else {
			err = f.preadAt(l.data, l.off)
		}
	}
	if err != nil {
		l.buffer.put()
	}
	return err
}

// preadAt fills p from the descriptor; a short file is a fault.
func (f *File) preadAt(p []byte, off int64) error {
	n, err := f.os.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return truncated(f.name, off, off+int64(n))
	}
	return &FaultError{Path: f.name, Offset: off + int64(n), Err: errors.Unwrap(err)}
}

// View returns the n bytes at off of the mapping.
func (f *File) View(off, n int64) ([]byte, error) {
	if err := f.checkRange(off, n); err != nil {
		return nil, err
	}
	if err := f.take(); err != nil {
		return nil, err
	}
	defer f.done()
	if f.Backend() == BackendMmap {
		if n == 0 {
			return []byte{}, nil
		}
		m, err := f.mapped()
		if err != nil {
			return nil, err
		}
		if m != nil {
			return m.bytes(off, n), nil
		}
	}
	return nil, &fs.PathError{Op: "view", Path: f.name, Err: ErrNotMapped}
}

// Retain holds Close back until release is called (more than once is fine), for
// those who keep a View.
func (f *File) Retain() (release func(), err error) {
	if !f.leases.acquire() {
		return nil, f.closedError()
	}
	return sync.OnceFunc(f.leases.release), nil
}

// Flush writes what was changed through a [ReadWrite] mapping to disk. In the other
// modes it does nothing.
func (f *File) Flush() error {
	if err := f.take(); err != nil {
		return err
	}
	defer f.done()
	if f.mode != ReadWrite {
		return nil
	}
	if m := f.mapping.Load(); m != nil {
		if err := m.data.Flush(); err != nil {
			return &fs.PathError{Op: "msync", Path: f.name, Err: err}
		}
	}
	return f.os.Sync()
}

// Changed returns an error that matches [ErrChanged] if the file no longer is what was
// opened: another length or modification time, or another file under its path. A file
// that was deleted is not changed, nor is one that has grown as [File.MayGrow] allows. Writes
// through a ReadWrite mapping count as changes too.
func (f *File) Changed() error {
	if err := f.take(); err != nil {
		return err
	}
	defer f.done()
	if err := f.modified(); err != nil {
		return err
	}
	if err := f.replaced(); err != nil && !f.succeeded() {
		return err
	}
	return nil
}

// Unmodified returns an error that matches [ErrChanged] if the open file has another length
// or modification time than when it was opened, wherever it is now, and did not only grow. It costs
// one system call and no allocation unless the file was written to.
func (f *File) Unmodified() error {
	if err := f.take(); err != nil {
		return err
	}
	defer f.done()
	return f.modified()
}

func (f *File) modified() error {
	now, err := currentStamp(f.os, f.fd)
	if err != nil {
		return &FaultError{Path: f.name, Err: err}
	}
	if err := f.compare(now); err != nil && !f.hasGrown(now) {
		return err
	}
	return nil
}

// compare returns an error unless a stamp is that of Open.
func (f *File) compare(now stamp) error {
	switch {
	case now.size != f.size:
		return fileerr.Errorf(f.name, "%w: %d bytes, were %d", ErrChanged, now.size, f.size)
	case now.mtime != f.info.ModTime().UnixNano():
		return fileerr.Errorf(f.name, "%w: modified at %v", ErrChanged, time.Unix(0, now.mtime))
	}
	return nil
}

// Stat describes the open file as it is now.
func (f *File) Stat() (fs.FileInfo, error) {
	if err := f.take(); err != nil {
		return nil, err
	}
	defer f.done()
	return f.os.Stat()
}

// Lend gives out n bytes of memory that fill has filled, such as what a decoder makes of
// the bytes of f. Close waits for such leases too.
func (f *File) Lend(n int, fill func(p []byte) error) (Lease, error) {
	if !f.leases.acquire() {
		return Lease{}, f.closedError()
	}
	l := Lease{file: f, buffer: getBuffer(n)}
	l.data = l.buffer.bytes[:n:n]
	filled := false
	defer func() {
		if !filled { // an error, or a panic on its way
			l.buffer.put()
			f.leases.release()
		}
	}()
	if err := fill(l.data); err != nil {
		return Lease{}, err
	}
	filled = true
	return l, nil
}

// Close waits until all leases are released, then unmaps and closes the file. Later
// calls wait for the first and return its error.
func (f *File) Close() error { return f.close() }

func (f *File) shut() error {
	f.leases.drain()
	var errs []error
	if m := f.mapping.Load(); m != nil {
		errs = append(errs, m.retire())
	}
	if f.copier != nil {
		errs = append(errs, f.copier.Close())
	}
	f.holding.Lock()
	defer f.holding.Unlock()
	return errors.Join(append(errs, f.letGo())...)
}

func (f *File) closedError() error {
	return &fs.PathError{Op: "read", Path: f.name, Err: ErrClosed}
}

// checkRange keeps callers inside the length that the file had at open. Readers of a
// format must compare lengths before they get here; this is the last line.
func (f *File) checkRange(off, n int64) error {
	if off < 0 || n < 0 || n > f.size-off || n > math.MaxInt {
		return &fs.PathError{Op: "read", Path: f.name,
			Err: fmt.Errorf("%d bytes at offset %d lie outside the file of %d bytes: %w", n, off, f.size, fs.ErrInvalid)}
	}
	return nil
}

// checkSize makes sure that the file still has the n bytes at off.
func (f *File) checkSize(off, n int64) error {
	now, err := currentStamp(f.os, f.fd)
	if err != nil {
		return &FaultError{Path: f.name, Offset: off, Err: err}
	}
	if now.size < off+n {
		return truncated(f.name, off, now.size)
	}
	return nil
}
