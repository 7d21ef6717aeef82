package distributed

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
)

// Input is a file that a plan reads, and what it was when the plan was made: its fingerprint.
type Input struct {
	Path  string `json:"path"` // absolute
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime_ns"` // nanoseconds since 1970
	Inode uint64 `json:"inode"`    // 0 where there are none

	// CRC-32C of the header, of the first and of the last 64 KiB. Header is the length of the header, 0 if the
	// file has none.
	Header    int64  `json:"header_bytes"`
	HeaderCRC uint32 `json:"header_crc"`
	FirstCRC  uint32 `json:"first_crc"`
	LastCRC   uint32 `json:"last_crc"`
}

// ErrInput says that an input is not the file any more that the plan was made for.
var ErrInput = errors.New("distributed: the input has changed")

// edge is how much of both ends of a file its fingerprint covers.
const edge = 64 << 10

// maxHeader bounds the header that is read for a fingerprint.
const maxHeader = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fingerprint looks at the file at path, opened anew, whose header has so many bytes.
func fingerprint(path string, header int64) (Input, error) {
	f, err := rundir.Open(path)
	if err != nil {
		return Input{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Input{}, err
	}
	in := Input{Path: path, Size: info.Size(), MTime: info.ModTime().UnixNano(), Inode: inode(info), Header: min(header, maxHeader)}
	for _, part := range []struct {
		off, n int64
		crc    *uint32
	}{{0, in.Header, &in.HeaderCRC}, {0, min(edge, in.Size), &in.FirstCRC}, {max(in.Size-edge, 0), min(edge, in.Size), &in.LastCRC}} {
		b := make([]byte, part.n)
		if n, err := f.ReadAt(b, part.off); n < len(b) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return in, fmt.Errorf("%s: fingerprint: %w", path, err)
		}
		*part.crc = crc32.Checksum(b, castagnoli)
	}
	return in, nil
}

// check returns an error that matches [ErrInput] if the file is not what it was.
func (in Input) check() error {
	now, err := fingerprint(in.Path, in.Header)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	if err != nil {
		return err
	}
	for _, c := range []struct {
		what      string
		was, this any
	}{
		{"size", in.Size, now.Size}, {"mtime", in.MTime, now.MTime}, {"inode", in.Inode, now.Inode},
		{"CRC of the header", in.HeaderCRC, now.HeaderCRC}, {"CRC of the first 64 KiB", in.FirstCRC, now.FirstCRC},
		{"CRC of the last 64 KiB", in.LastCRC, now.LastCRC},
	} {
		if c.was != c.this {
			return fmt.Errorf("%w: %s: its %s was %v and is %v", ErrInput, in.Path, c.what, c.was, c.this)
		}
	}
	return nil
}

// absolute is path made absolute.
func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("distributed: %s: %w", path, err)
	}
	return abs, nil
}
