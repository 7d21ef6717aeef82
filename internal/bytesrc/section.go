package bytesrc

import (
	"fmt"
	"io"
	"io/fs"
)

// A Section is a part of a [File] as a [Source]: a member that an archive holds as it is. It
// lends the file's own bytes, and costs nothing. Unlike the bytes of a File, which are what
// they are, those of a Section mean something only together with an index that was read
// before, so that a file which was written to since is an error ([ErrChanged]).
type Section struct {
	file      *File
	name      string
	base, len int64
}

// Section returns the n bytes at off, which must lie inside the file, as a source of their
// own, called name in errors. Closing it does nothing.
func (f *File) Section(name string, off, n int64) *Section {
	return &Section{file: f, name: name, base: off, len: n}
}

// Name returns the name given to [File.Section].
func (s *Section) Name() string { return s.name }

// Size returns the length in bytes.
func (s *Section) Size() int64 { return s.len }

// Offset is where the section begins in its file.
func (s *Section) Offset() int64 { return s.base }

// Backend returns that of the file.
func (s *Section) Backend() Backend { return s.file.Backend() }

// Reason returns that of the file.
func (s *Section) Reason() string { return s.file.Reason() }

// Changed is about the file.
func (s *Section) Changed() error { return s.file.Changed() }

// Stat is about the file.
func (s *Section) Stat() (fs.FileInfo, error) { return s.file.Stat() }

// Retain holds back the Close of the file.
func (s *Section) Retain() (release func(), err error) { return s.file.Retain() }

// Close does nothing: the file belongs to whoever opened it.
func (s *Section) Close() error { return nil }

// ReadAt implements [io.ReaderAt] and ends at the end of the section.
func (s *Section) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, s.rangeError(off, int64(len(p)))
	}
	short := int64(len(p)) > s.len-off
	if short {
		p = p[:max(s.len-off, 0)]
	}
	n, err := s.file.ReadAt(p, s.base+off)
	if changed := s.file.Unmodified(); changed != nil {
		return 0, changed
	}
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Borrow lends the n bytes at off of the section.
func (s *Section) Borrow(off int64, n int) (Lease, error) {
	if err := s.checkRange(off, int64(n)); err != nil {
		return Lease{}, err
	}
	l, err := s.file.Borrow(s.base+off, n)
	if changed := s.file.Unmodified(); changed != nil {
		l.Release()
		return Lease{}, changed
	}
	return l, err
}

// View returns the n bytes at off of the section in the mapping.
func (s *Section) View(off, n int64) ([]byte, error) {
	if err := s.checkRange(off, n); err != nil {
		return nil, err
	}
	if err := s.file.Unmodified(); err != nil {
		return nil, err
	}
	return s.file.View(s.base+off, n)
}

func (s *Section) checkRange(off, n int64) error {
	if off < 0 || n < 0 || n > s.len-off {
		return s.rangeError(off, n)
	}
	return nil
}

func (s *Section) rangeError(off, n int64) error {
	return &fs.PathError{Op: "read", Path: s.name,
		Err: fmt.Errorf("%d bytes at offset %d lie outside the %d bytes: %w", n, off, s.len, fs.ErrInvalid)}
}
