package bytesrc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// directPiece is the longest request of a direct ReadAt. On an NVMe disk requests of 1 MiB reached
// 0.85 times the bandwidth of 4 MiB, and longer ones nothing more.
const directPiece = 4 << 20

// directRead is from which length on ReadAt goes past the page cache.
const directRead = 1 << 20

// openDirectly makes direct reads ready. If the filesystem refuses, pread takes over, or the
// mapping where nobody asked for direct reads, and the reason says why.
func (f *File) openDirectly(c choice) {
	direct, align, err := openDirect(f.os)
	if err != nil && c.auto {
		instead := facts{size: f.size}.fits(choice{BackendMmap, fmt.Sprintf("%s, but not for direct reads: %v", c.reason, err), true})
		f.choice.Store(&instead)
		return
	}
	if err != nil {
		f.choice.Store(&choice{backend: BackendPread, reason: fmt.Sprintf("%s: direct, but %v", c.reason, err)})
		return
	}
	f.direct, f.directFD, f.align = direct, int(direct.Fd()), int64(align)
}

// directInto gives the lease a buffer with the blocks that its n bytes lie in, read past the page
// cache. The end of the file need not be the end of a block.
func (f *File) directInto(l *Lease, n int) error {
	lo := l.off &^ (f.align - 1)
	hi := (l.off + int64(n) + f.align - 1) &^ (f.align - 1)
	l.buffer = getBuffer(int(hi - lo))
	skip := int(l.off - lo)
	l.data = l.buffer.bytes[skip : skip+n : skip+n]
	err := f.readBlocks(l.buffer.bytes[:hi-lo], lo, skip+n)
	if fault, ok := err.(*FaultError); ok { //nolint:errorlint // as readBlocks has just made it
		fault.Offset = max(fault.Offset, l.off)
	}
	return err
}

// readBlocks fills p, which is aligned as the offset is, with whole blocks, of which the file must
// have the first need bytes.
func (f *File) readBlocks(p []byte, off int64, need int) error {
	got := 0
	for got < need {
		n, err := preadDirect(f.directFD, p[got:], off+int64(got))
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil && got == 0 && refusesDirect(err):
			f.refuseDirect(err)
			return f.preadAt(p[:need], off)
		case err != nil:
			return &FaultError{Path: f.name, Offset: off + int64(got), Err: err}
		case n == 0:
			return truncated(f.name, off, off+int64(got))
		}
		if got += n; int64(got)%f.align != 0 {
			// The end of the file, or what it was when the request was made. What is
			// still missing cannot be asked for directly.
			if got < need {
				return f.preadAt(p[got:need], off+int64(got))
			}
			return nil
		}
	}
	return nil
}

// refuseDirect makes pread the back end for good, since the filesystem opened the file for
// direct reads and cannot do them.
func (f *File) refuseDirect(err error) {
	f.choice.Store(&choice{backend: BackendPread, reason: fmt.Sprintf("direct read refused: %v", err)})
}

// directReadAt implements ReadAt for long ranges: memory that is not ours is not aligned, so the
// bytes go through a buffer.
func (f *File) directReadAt(p []byte, off int64) (n int, err error) {
	for len(p) > 0 {
		if off >= f.size {
			return n, io.EOF
		}
		// Pieces end at multiples of the piece, so that all but the first and the last are whole
		// blocks.
		k := min(int64(len(p)), directPiece-off%directPiece, f.size-off)
		l := Lease{file: f, off: off}
		err := f.directInto(&l, int(k))
		if err == nil {
			copy(p, l.data)
		}
		l.buffer.put()
		if err != nil {
			return n, err
		}
		n, p, off = n+int(k), p[k:], off+k
	}
	return n, nil
}

// plain is the cause in a PathError, without path and operation.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
