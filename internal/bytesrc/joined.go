package bytesrc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
)

// joinedMapFrom is the length from which what is borrowed of one part is lent by the part's own
// file, mapped where it maps. For less, mapping a file that was just opened and will soon be closed
// costs more than copying.
const joinedMapFrom = 1 << 20

// A Part is a stretch of a file, and of the [Joined] that it is a part of.
type Part struct {
	Path string      // of the file
	Info fs.FileInfo // of the file when it was looked at
	Off  int64       // where the stretch begins in what the part's opener opens
	Len  int64

	// Watch is called with the part's file whenever that is opened, if it is not nil; see
	// [File.MayGrow].
	Watch func(*File)
}

// An Opener opens what a part is a stretch of: its file, or a member of the archive that its file
// is. close gives back whatever was opened for it. What is read of a [*File] is lent in place, if
// it is long; all else is copied.
type Opener func(p *Part) (src Source, close func() error, err error)

// A Joined is stretches of many files, one behind the other, as one [Source]. Files are opened when
// something is read from them, and few are open at a time, however many there are. A file that
// is opened again must be what it was, or have grown as [File.MayGrow] allows: another length,
// modification time or identity is an error that matches [ErrChanged], and a missing file one that
// matches [fs.ErrNotExist]; both name the file.
type Joined struct {
	name   string
	parts  []Part
	starts []int64 // where each part begins, and where the last one ends
	open   openParts
	first  choice // of the part that was opened first

	// whole counts what is lent out. It is a file that has no bytes of its own.
	whole *File
	close func() error
}

var _ Source = (*Joined)(nil)

// JoinedOpen is how many files a [Joined] keeps open: enough for as many workers as there are
// processors, and far from the limits of systems, of which the lowest is 256 (macOS).
const JoinedOpen = 64

// Join shows parts as one source called name in errors. Nothing is opened. most is how many files
// are kept open, [JoinedOpen] if it is 0; those that are being read are open beyond it. backend and
// reason are what [Joined.Backend] and [Joined.Reason] give.
func Join(name string, parts []Part, opener Opener, most int, backend Backend, reason string) (*Joined, error) {
	if most <= 0 {
		most = JoinedOpen
	}
	j := &Joined{name: name, parts: parts, starts: make([]int64, len(parts)+1), first: choice{backend: backend, reason: reason}}
	for i, p := range parts {
		if p.Len < 0 || p.Off < 0 || p.Len > math.MaxInt64-j.starts[i] {
			return nil, &fs.PathError{Op: "join", Path: name, Err: fmt.Errorf("more bytes than 64 bits count: %w", fs.ErrInvalid)}
		}
		j.starts[i+1] = j.starts[i] + p.Len
	}
	j.open = openParts{most: most, opener: opener, parts: parts, byPart: make(map[int]*openPart)}
	j.whole = &File{name: name, size: j.starts[len(parts)]}
	j.whole.leases.drained = make(chan struct{}, 1)
	j.close = sync.OnceValue(func() error {
		j.whole.leases.drain()
		return j.open.closeAll()
	})
	return j, nil
}

// Name returns the name given to [Join].
func (j *Joined) Name() string { return j.name }

// Size returns the sum of the lengths of the parts.
func (j *Joined) Size() int64 { return j.whole.size }

// Parts returns the parts; not to be changed.
func (j *Joined) Parts() []Part { return j.parts }

// Start is where part i begins.
func (j *Joined) Start(i int) int64 { return j.starts[i] }

// Backend returns that given to [Join].
func (j *Joined) Backend() Backend { return j.first.backend }

// Reason returns that given to [Join].
func (j *Joined) Reason() string { return j.first.reason }

// Open is how many files are open now.
func (j *Joined) Open() int { return j.open.len() }

// find returns the part that the byte at off lies in. Where parts of no bytes lie at off, it is
// the one behind them.
func (j *Joined) find(off int64) int {
	lo, hi := 0, len(j.parts) // starts[lo] <= off < starts[hi]
	for hi-lo > 1 {
		if mid := int(uint(lo+hi) / 2); j.starts[mid] <= off {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// ReadAt implements [io.ReaderAt].
func (j *Joined) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, j.whole.checkRange(off, int64(len(p)))
	}
	if !j.whole.leases.acquire() {
		return 0, j.whole.closedError()
	}
	defer j.whole.leases.release()
	short := int64(len(p)) > j.Size()-off
	if short {
		p = p[:max(j.Size()-off, 0)]
	}
	n, err := j.fill(p, off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// fill reads bytes that lie inside the source. The caller holds a lease of the whole.
func (j *Joined) fill(p []byte, off int64) (done int, err error) {
	for done < len(p) {
		i := j.find(off + int64(done))
		at := off + int64(done) - j.starts[i]
		n := int(min(int64(len(p)-done), j.parts[i].Len-at))
		got, err := j.readPart(i, p[done:done+n], at)
		done += got
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// readPart fills p from byte at of part i on. That the part is too short is a fault of its file.
func (j *Joined) readPart(i int, p []byte, at int64) (int, error) {
	o, err := j.open.take(i)
	if err != nil {
		return 0, err
	}
	defer j.open.give(o)
	part := &j.parts[i]
	n, err := o.src.ReadAt(p, part.Off+at)
	switch {
	case n == len(p):
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return n, truncated(o.src.Name(), part.Off+at, part.Off+at+int64(n))
	}
	return n, &FaultError{Path: o.src.Name(), Offset: part.Off + at + int64(n), Err: err}
}

// Borrow lends the n bytes at off: those of one file as the file does, if they are many, else a
// copy.
func (j *Joined) Borrow(off int64, n int) (Lease, error) {
	if err := j.whole.checkRange(off, int64(n)); err != nil {
		return Lease{}, err
	}
	if n >= joinedMapFrom {
		if i := j.find(off); off+int64(n) <= j.starts[i+1] {
			return j.borrowPart(i, off, n)
		}
	}
	return j.whole.Lend(n, func(p []byte) error {
		_, err := j.fill(p, off)
		return err
	})
}

// borrowPart lends bytes of part i in place. The lease is one of the part's file, which cannot be
// closed before it is released.
func (j *Joined) borrowPart(i int, off int64, n int) (Lease, error) {
	if !j.whole.leases.acquire() {
		return Lease{}, j.whole.closedError()
	}
	defer j.whole.leases.release()
	o, err := j.open.take(i)
	if err != nil {
		return Lease{}, err
	}
	defer j.open.give(o)
	at := j.parts[i].Off + off - j.starts[i]
	if f, ok := o.src.(*File); ok {
		return f.Borrow(at, n)
	}
	return j.whole.Lend(n, func(p []byte) error {
		_, err := j.readPart(i, p, off-j.starts[i])
		return err
	})
}

// View returns [ErrNotMapped]: files are closed while others are read.
func (j *Joined) View(off, n int64) ([]byte, error) {
	if err := j.whole.checkRange(off, n); err != nil {
		return nil, err
	}
	return nil, &fs.PathError{Op: "view", Path: j.name, Err: ErrNotMapped}
}

// Retain holds Close back until release is called.
func (j *Joined) Retain() (release func(), err error) { return j.whole.Retain() }

// Changed returns an error that matches [ErrChanged] if a file that was read is not what it was
// while it was open. Files that are not open now are compared when they are opened again.
func (j *Joined) Changed() error {
	if !j.whole.leases.acquire() {
		return j.whole.closedError()
	}
	defer j.whole.leases.release()
	return j.open.changed()
}

// Stat describes the file of the first part as it is now.
func (j *Joined) Stat() (fs.FileInfo, error) {
	if !j.whole.leases.acquire() {
		return nil, j.whole.closedError()
	}
	defer j.whole.leases.release()
	if len(j.parts) == 0 {
		return nil, &fs.PathError{Op: "stat", Path: j.name, Err: fs.ErrNotExist}
	}
	return os.Stat(j.parts[0].Path)
}

// Holds reports whether a file is one of those behind the parts.
func (j *Joined) Holds(info fs.FileInfo) bool {
	for i := range j.parts {
		if os.SameFile(j.parts[i].Info, info) {
			return true
		}
	}
	return false
}

// Close refuses new leases, waits for those that are out, and closes what is open. Later calls
// wait for the first and return its error.
func (j *Joined) Close() error { return j.close() }
