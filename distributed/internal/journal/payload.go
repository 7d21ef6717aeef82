package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// ErrPayload says that a payload is not what was written: its CRC-32C is another one, or the
// journal was cut off. Whoever wants the portion has to revoke it. On NFS the bytes of an attempt
// that still runs may only be late; it is worth to ask again first.
var ErrPayload = errors.New("the payload is not what was recorded")

// ErrRemoved is an [ErrPayload] that will not pass: the payload was removed by [Log.Strip].
var ErrRemoved = fmt.Errorf("%w: it was removed when the run was complete", ErrPayload)

// Payload reads and checks the payload of a portion that is done. The result is the caller's. It is
// an error if the portion is not done, and one that wraps [ErrPayload] if the payload is not what
// was recorded.
//
// The journal stays open for the next payload, until Close, Refresh or a payload of another
// journal: neighbours are mostly in the same file, and opening one costs a round trip on a network.
func (l *Log) Payload(portion int64) ([]byte, error) {
	if !l.Done(portion) || l.slots[portion].file == lentFile {
		return nil, fmt.Errorf("journals in %s: portion %d: has no record", l.dir, portion)
	}
	r := l.slots[portion].record
	b, err := l.payload(r)
	if err != nil {
		path := filepath.Join(l.dir, l.files[r.file-1].name)
		return nil, fileerr.Errorf(path, "offset %d: portion %d: %w", r.offset, portion, err)
	}
	return b, nil
}

func (l *Log) payload(r record) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.length&stripped != 0 {
		return nil, ErrRemoved
	}
	f, err := l.open(l.files[r.file-1])
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// The length was checked when the record was read; the file may have been cut since.
	at := r.offset + headerSize
	if info.Size() < at+int64(r.length) {
		return nil, fmt.Errorf("%w: it ends at %d, the file at %d", ErrPayload, at+int64(r.length), info.Size())
	}
	b := make([]byte, r.length)
	if _, err := f.ReadAt(b, at); err == io.EOF {
		return nil, fmt.Errorf("%w: the file was cut while it was read", ErrPayload)
	} else if err != nil {
		return nil, err
	}
	if sum := checksum(b); sum != r.payloadCRC {
		return nil, fmt.Errorf("%w: its CRC-32C is %08x, not %08x", ErrPayload, sum, r.payloadCRC)
	}
	return b, nil
}

// open returns the handle of a journal, with the lock held.
func (l *Log) open(f *journalFile) (*os.File, error) {
	if l.opened == f {
		return l.handle, nil
	}
	h, err := rundir.Open(filepath.Join(l.dir, f.name))
	if err != nil {
		return nil, err
	}
	if l.handle != nil {
		_ = l.handle.Close() // was only read from
	}
	l.handle, l.opened = h, f
	return h, nil
}
