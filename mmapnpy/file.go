package mmapnpy

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Mode says what may be done to an open file, as NumPy's mmap_mode does.
type Mode = bytesrc.Mode

// The modes. In CopyOnWrite changes stay in this process and never reach the file.
const (
	ReadOnly    = bytesrc.ReadOnly    // NumPy's "r", the default
	ReadWrite   = bytesrc.ReadWrite   // "r+"
	CopyOnWrite = bytesrc.CopyOnWrite // "c"
)

// WithMode opens a file for reading and writing, or copy on write. Default: [ReadOnly].
func WithMode(m Mode) Option {
	return func(c *config) error {
		if m > CopyOnWrite {
			return fmt.Errorf("unknown mode %d", m)
		}
		c.about, c.mode = aboutMode, m
		return nil
	}
}

// WithBackend chooses the way of reading: "auto" (default), "mmap", "pread", "direct" or
// "copy". The environment variable LAZYNPY_BACKEND replaces "auto".
func WithBackend(name string) Option {
	return func(c *config) error {
		b, err := bytesrc.ParseBackend(name)
		c.about, c.backend = aboutBackend, b
		return err
	}
}

// A File is an open .npy file. It is safe for concurrent use; writing to the same elements
// from several goroutines is a data race as with any memory. A File that is never closed stays
// mapped until the process ends: there are no finalizers.
type File struct {
	src    bytesrc.Source
	header Header

	allowLarge bool

	mu   sync.Mutex
	heap []byte // the data, where the file cannot be mapped
}

// Open opens the .npy file at path and reads its header; the data are mapped when they are
// first asked for. Its cost does not depend on the size of the array. A file that another
// process appends to can be opened at any time, and shows what was there then. Options are
// [WithMode], [WithBackend], [AllowLarge] and those of [ReadHeader].
func Open(path string, opts ...Option) (*File, error) {
	c, err := newConfig("Open", aboutHeaders|aboutBackend|aboutMode|aboutCopies, opts)
	if err != nil {
		return nil, err
	}
	return open(path, c)
}

func open(path string, c config) (*File, error) {
	src, err := bytesrc.Open(path, bytesrc.Options{Backend: c.backend, Mode: c.mode})
	if err != nil {
		return nil, err
	}
	f, err := openSource(src, c)
	if err != nil {
		outgrown := src.Outgrown()
		_ = src.Close() // best effort, after an error
		if outgrown {   // the header was rewritten since the length was looked at
			return open(path, c)
		}
		return nil, err
	}
	return f, nil
}

// OpenSource reads the header of an array in any source of bytes, such as a member of an archive,
// and shows it as a file, to be read only. Closing the File closes the source. Options are
// [AllowLarge] and those of [ReadHeader].
func OpenSource(src bytesrc.Source, opts ...Option) (*File, error) {
	c, err := newConfig("OpenSource", aboutHeaders|aboutCopies, opts)
	if err != nil {
		return nil, err
	}
	return openSource(src, c)
}

func openSource(src bytesrc.Source, c config) (*File, error) {
	h, err := readHeader(src, src.Size(), src.Name(), c)
	if err != nil {
		return nil, err
	}
	return &File{src: src, header: h, allowLarge: c.allowLarge}, nil
}

// Name is the path that was opened.
func (f *File) Name() string { return f.src.Name() }

// Header is what the file says about its array.
func (f *File) Header() Header {
	h := f.header
	h.Shape = ownShape(h.Shape)
	return h
}

// Buffer shows the whole array, valid until Close. Nothing is read before it is touched; if
// that can fail (a file that shrinks, a network file system), touch it under [File.Guard].
// Where the file cannot be mapped, or another back end was chosen, the array is read into
// memory, once, and only in mode [ReadOnly]; one that does not fit is an error that matches
// [ErrTooLarge].
func (f *File) Buffer() (Buffer, error) {
	if err := f.header.CheckReadable(); err != nil {
		return Buffer{}, err
	}
	n := f.header.NBytes()
	if int64(int(n)) != n {
		return Buffer{}, &FormatError{Path: f.Name(), Offset: -1, Field: "shape",
			Err: fmt.Errorf("%d bytes do not fit this machine's address space", n)}
	}
	if end := f.header.DataOffset + n; end > f.src.Size() { // opened with AllowShort
		return Buffer{}, f.header.shortData(n, f.src.Size())
	}
	data, err := f.src.View(f.header.DataOffset, n)
	if errors.Is(err, bytesrc.ErrNotMapped) {
		data, err = f.readOnce(n)
	}
	if err != nil {
		return Buffer{}, err
	}
	return Buffer{Data: data, DType: f.header.DType, Shape: ownShape(f.header.Shape), Strides: f.header.Strides()}, nil
}

// readOnce reads the data into memory, where they cannot be mapped. There are n bytes of
// them in the file.
func (f *File) readOnce(n int64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.heap != nil {
		return f.heap, nil
	}
	heap, err := bytesrc.Allocate(n, f.allowLarge)
	if err != nil {
		return nil, fileerr.Errorf(f.Name(), "reading it %w", err)
	}
	if _, err := io.ReadFull(io.NewSectionReader(f.src, f.header.DataOffset, n), heap); err != nil {
		return nil, &FaultError{Path: f.Name(), Offset: f.header.DataOffset, Err: err}
	}
	f.heap = heap
	return heap, nil
}

// Retain holds Close back until release is called, for those who hand views to goroutines
// that may outlive the owner of f. Calling release again does nothing.
func (f *File) Retain() (release func(), err error) { return f.src.Retain() }

// Guard runs fn, which may touch views of this and other files. Memory that turns out to be
// unreadable (the file was truncated, its disk or network failed) becomes a *FaultError with
// path and offset instead of a crash. It holds for fn's own goroutine only.
func (f *File) Guard(fn func() error) error { return bytesrc.Guard(fn) }

// A FaultError says that bytes of a file could not be read although they were promised.
//
// It is a pointer to this that errors.As finds:
//
//	type FaultError struct {
//		Path   string // of the file
//		Offset int64  // of the first byte known to be unreadable
//		Err    error  // why; io.ErrUnexpectedEOF if the file was cut
//	}
type FaultError = bytesrc.FaultError

// Flush writes changes made through views to disk. Without it the system does so in its own
// time, and a crash of the machine loses them. In modes other than [ReadWrite] it does
// nothing.
func (f *File) Flush() error {
	if file, ok := f.src.(*bytesrc.File); ok {
		return file.Flush()
	}
	return nil
}

// Close closes the file, when what [File.Retain] gave has been released. All views of it
// become invalid. Further calls return what the first did.
func (f *File) Close() error { return f.src.Close() }
