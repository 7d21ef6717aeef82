package zipseek

import (
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// BackendInflate is the back end of members that are decoded into buffers.
const BackendInflate bytesrc.Backend = "inflate"

// compressed is what the sources of all compressed members have in common. Closing one does
// nothing: it belongs to its archive.
type compressed struct {
	m    *Member
	data int64 // where the compressed data begin in the file
	fill func(p []byte, off int64) error
}

// Name returns "path:member".
func (s *compressed) Name() string { return s.m.fullName() }

// Size is that of the content.
func (s *compressed) Size() int64 { return s.m.Size }

// Backend returns [BackendInflate].
func (s *compressed) Backend() bytesrc.Backend { return BackendInflate }

// Changed is about the archive.
func (s *compressed) Changed() error { return s.m.archive.file.Changed() }

// Stat is about the archive.
func (s *compressed) Stat() (fs.FileInfo, error) { return s.m.archive.file.Stat() }

// Retain holds back the Close of the archive.
func (s *compressed) Retain() (release func(), err error) { return s.m.archive.file.Retain() }

// Close does nothing.
func (s *compressed) Close() error { return nil }

// View has nothing to show.
func (s *compressed) View(_, _ int64) ([]byte, error) {
	return nil, &fs.PathError{Op: "view", Path: s.m.fullName(), Err: fmt.Errorf("%v member: %w", s.m.Method, bytesrc.ErrNotMapped)}
}

// Borrow decodes n bytes into a pooled buffer.
func (s *compressed) Borrow(off int64, n int) (bytesrc.Lease, error) {
	if err := s.checkRange(off, int64(n)); err != nil {
		return bytesrc.Lease{}, err
	}
	return s.m.archive.file.Lend(n, func(p []byte) error { return s.fill(p, off) })
}

// ReadAt implements [io.ReaderAt].
func (s *compressed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, s.checkRange(off, int64(len(p)))
	}
	short := int64(len(p)) > s.m.Size-off
	if short {
		p = p[:max(s.m.Size-off, 0)]
	}
	if err := s.fill(p, off); err != nil {
		return 0, err
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (s *compressed) checkRange(off, n int64) error {
	if off < 0 || n < 0 || n > s.m.Size-off {
		return &fs.PathError{Op: "read", Path: s.m.fullName(),
			Err: fmt.Errorf("%d bytes at offset %d lie outside the %d bytes: %w", n, off, s.m.Size, fs.ErrInvalid)}
	}
	return nil
}

// compareSum compares the checksum of the content with that of the directory.
func (m *Member) compareSum(sum uint32) error {
	if m.rest {
		return m.formatError(-1, "local header", &badZip{eof: true, msg: "is cut off after " + itoa(m.Size) + " bytes of its content"})
	}
	if sum == m.CRC32 {
		return nil
	}
	return m.formatError(-1, "CRC-32", &badZip{kind: ErrChecksum, msg: "is " + hex32(sum) + ", and " + hex32(m.CRC32) + " in the directory"})
}

func hex32(n uint32) string { return strconv.FormatUint(1<<32|uint64(n), 16)[1:] }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// explain prefers the news that the file was changed to what came of that.
func (s *compressed) explain(err error) error {
	if changed := s.m.archive.file.Unmodified(); changed != nil {
		return changed
	}
	return err
}
