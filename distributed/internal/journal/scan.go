package journal

import (
	"context"
	"io"
)

const (
	scanBuffer = 1 << 20  // the most that is read at once
	scanFirst  = 64 << 10 // what is read first of a file
	// what is read behind a payload that was jumped over, and how long a jump is at least.
	scanJump = 4 << 10
)

// scanner reads the headers of a file in large pieces where they are dense, and without the
// payloads between them where these are large.
type scanner struct {
	r     io.ReaderAt
	size  int64
	buf   []byte // at most scanBuffer bytes, made as they are needed
	n     int    // how much of it is there
	base  int64  // where that lies in the file
	ahead int    // how much to read next
	read  int64  // bytes so far, of all files
}

// begin makes the scanner read r, a file of size bytes.
func (s *scanner) begin(r io.ReaderAt, size int64) {
	s.r, s.size, s.n, s.base, s.ahead = r, size, 0, 0, scanFirst
}

// bytes returns n bytes at off, at most scanBuffer, or those that there are. They are valid until
// the next call.
func (s *scanner) bytes(ctx context.Context, off int64, n int) ([]byte, error) {
	n = int(min(int64(n), max(s.size-off, 0)))
	if n == 0 {
		return nil, nil
	}
	if off < s.base || off+int64(n) > s.base+int64(s.n) {
		if err := s.load(ctx, off, n); err != nil {
			return nil, err
		}
	}
	at := int(off - s.base)
	return s.buf[at:min(at+n, s.n)], nil
}

// load fills the buffer from off on, with at least n bytes if the file has them.
func (s *scanner) load(ctx context.Context, off int64, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.n > 0 {
		if off < s.base+int64(s.n)+scanJump {
			s.ahead = min(2*s.ahead, scanBuffer)
		} else {
			s.ahead = scanJump
		}
	}
	want := min(int64(max(n, s.ahead)), s.size-off)
	if want > int64(len(s.buf)) {
		s.buf = make([]byte, want)
	}
	got, err := s.r.ReadAt(s.buf[:want], off)
	s.base, s.n = off, got
	s.read += int64(got)
	if err == io.EOF { // the file was cut meanwhile
		return nil
	}
	return err
}
