package zipseek

import (
	"errors"
	"io"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// A Writer makes an archive, or adds to one: Create or Append, then Add as often as needed, then
// Close. The bytes depend on nothing but what is added, in which order and with which options: time
// stamps are 1980-01-01 as NumPy's are, and the number of workers changes nothing.
//
// An error ends the writer: whatever is called afterwards returns it. A Writer must be ended
// with Close or Abort, and is used by one goroutine.
//
// Members that are compressed are cut into chunks that are compressed on all cores. These take
// up to 32 MiB of memory (or two chunks, if that is more), a megabyte for each worker, and 8
// bytes for each chunk of the member. Everything else takes 2 MiB, and the directory: some 100
// bytes for each member.
type Writer struct {
	path    string
	config  writerConfig
	target  target
	out     output
	base    int64 // where offsets in the archive count from
	names   map[string]struct{}
	dir     []byte // entries of the directory
	count   int64  // of them
	comment string
	idle    bool       // nothing was added to an archive that exists
	spare   []*packing // of chunks as large as spareChunk
	chunk   int
	err     error // why there is nothing more to be done
	closed  bool
	result  error // of Close
}

// A target is the file that is written, and knows how to make it last.
type target interface {
	io.WriterAt

	// barrier makes sure that what is written next reaches the disk after what was written before,
	// where that matters.
	barrier() error

	// commit makes what was written last, and ends the target unless it fails.
	commit() error

	// abort leaves no trace of what was written, and ends the target.
	abort() error
}

// errInterrupted is the error of a writer while a member is being added. It stays if that panics.
var errInterrupted = errors.New("another member is being written")

// Create makes a new archive. It appears under path, whole, when Close has succeeded; until then,
// and after an error, path is as it was. A file that is there is replaced, archive or not, and
// keeps its owner and permissions; one that may not be written to is refused, although its folder
// would let it be replaced, and so is the name of a sidecar of another file.
func Create(path string, opts ...WriterOption) (*Writer, error) {
	c, err := defaultWriterConfig.with("Create", aboutArchive, opts)
	if err != nil {
		return nil, fileerr.New(path, err)
	}
	w := newWriter(path, c, nil, 0)
	claim, err := NewClaim(path, w.holds, opts...)
	if err != nil {
		return nil, err
	}
	t, err := claim.file(func() (*atomicfile.File, error) {
		return atomicfile.Create(path, c.rules(atomicfile.Replacing(claim.Allows))...)
	})
	if err != nil {
		return nil, err
	}
	w.setTarget(t)
	return w, nil
}

// holds reports whether the writer has a member of this name.
func (w *Writer) holds(name string) bool {
	_, ok := w.names[name]
	return ok
}

// setTarget is for a writer that was made without one.
func (w *Writer) setTarget(t target) { w.target, w.out.w = t, t }

// NewWriter makes a new archive in w, which is empty and is called path in errors. Close writes
// what lies behind the members, and leaves it to the caller to bring w to disk, or to throw it away
// after an error. Of the options of [Create] those about a place are for [NewClaim].
func NewWriter(w io.WriterAt, path string, opts ...WriterOption) (*Writer, error) {
	if w == nil {
		return nil, fileerr.New(path, errors.New("there is nothing to write to"))
	}
	c, err := defaultWriterConfig.with("NewWriter", aboutArchive, opts)
	if err != nil {
		return nil, fileerr.New(path, err)
	}
	return newWriter(path, c, callersTarget{w}, 0), nil
}

// callersTarget is a file that the caller looks after.
type callersTarget struct{ io.WriterAt }

func (callersTarget) barrier() error { return nil }
func (callersTarget) commit() error  { return nil }
func (callersTarget) abort() error   { return nil }

// newWriter makes a writer that begins at offset at.
func newWriter(path string, c writerConfig, t target, at int64) *Writer {
	return &Writer{
		path: path, config: c, target: t,
		out:   output{w: t, piece: writePiece, at: at},
		names: map[string]struct{}{},
	}
}

// createTarget is a new file.
type createTarget struct {
	f     *atomicfile.File
	claim *Claim // of its place; nil if there must be nothing
}

func (t createTarget) WriteAt(b []byte, off int64) (int, error) {
	n, err := t.f.WriteAt(b, off)
	return n, t.f.Named(err)
}

func (t createTarget) barrier() error { return nil } // nobody sees the file before it is complete

func (t createTarget) commit() error {
	if t.claim == nil {
		return t.f.Commit()
	}
	if err := t.claim.Place(t.f); err != nil {
		return t.f.Named(err)
	}
	t.claim.Release()
	return nil
}

func (t createTarget) abort() error {
	if t.claim != nil {
		t.claim.Release()
	}
	t.f.Abort()
	return nil
}

// Close writes the directory, brings everything to disk, and makes it appear. If that fails, or a
// call before has failed, it returns the error and the file is as it was before Create or Append.
// Closing twice is fine.
func (w *Writer) Close() error {
	if w.closed {
		return w.result
	}
	if w.err == nil && w.idle {
		err := w.Abort()
		w.result = err
		return err
	}
	if w.err == nil {
		w.err = w.finish()
	}
	if w.err == nil {
		w.end()
		w.result = nil
		return nil
	}
	if err := w.Abort(); err != nil {
		w.result = errors.Join(w.err, err)
	}
	return w.result
}

// Abort ends the writer, and the file is as it was before Create or Append. It does nothing after
// Close, so that it can be deferred.
func (w *Writer) Abort() error {
	if w.closed {
		return nil
	}
	w.end()
	return w.target.abort()
}

// end lets nothing more happen.
func (w *Writer) end() {
	w.closed = true
	w.spare, w.out.buf, w.dir, w.names = nil, nil, nil, nil
	if w.err == nil {
		w.err = fileerr.New(w.path, ErrClosed)
	}
	w.result = w.err
}

// finish writes what lies behind the members.
func (w *Writer) finish() error {
	start := w.out.offset()
	if err := w.out.write(w.dir); err != nil {
		return err
	}
	if err := w.out.flush(); err != nil {
		return err
	}
	if err := w.target.barrier(); err != nil {
		return err
	}
	if err := w.out.write(endRecords(w.count, int64(len(w.dir)), start, w.base, w.comment)); err != nil {
		return err
	}
	if err := w.out.flush(); err != nil {
		return err
	}
	return w.target.commit()
}
