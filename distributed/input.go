package distributed

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Input is a file that a plan reads, and what it was when the plan was made: its fingerprint. Size,
// time and checksums decide whether it is the same file still. Times that a copy has kept less
// exactly are equal. The inode decides on the filesystem only that it was seen on: copies on other
// machines, and filesystems that number files anew on every mount, have another one.
type Input struct {
	Path  string `json:"path"` // absolute
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime_ns"` // nanoseconds since 1970

	// FileSystem and Inode say which file it is, on the machine that has made the plan; empty and 0
	// where that is not known.
	FileSystem string `json:"filesystem,omitempty"`
	Inode      uint64 `json:"inode,omitempty"`

	// CRC-32C of the header, of the first and of the last 64 KiB, and of 16 samples of 4 KiB
	// between these. Header is the length of the header, 0 if the file has none.
	Header    int64  `json:"header_bytes"`
	HeaderCRC uint32 `json:"header_crc"`
	FirstCRC  uint32 `json:"first_crc"`
	LastCRC   uint32 `json:"last_crc"`
	Samples   uint32 `json:"samples_crc"`

	copyOf string // the file that the plan names, if this is another one
}

// ErrInput says that an input is not the file any more that the plan was made for.
var ErrInput = errors.New("the input has changed")

// edge is how much of both ends of a file its fingerprint covers.
const edge = 64 << 10

// samples is how many places between its ends a fingerprint looks at, and sampleSize how many bytes
// of each.
const (
	samples    = 16
	sampleSize = 4 << 10
)

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
	in := Input{Path: path, Size: info.Size(), MTime: info.ModTime().UnixNano(), Header: min(header, maxHeader)}
	in.FileSystem, in.Inode = identify(info)
	read := func(off, n int64) []byte {
		b := make([]byte, n)
		if got, failed := f.ReadAt(b, off); got < len(b) && err == nil {
			if failed == io.EOF {
				failed = io.ErrUnexpectedEOF
			}
			err = fileerr.Errorf(path, "fingerprint: %w", failed)
		}
		return b
	}
	in.HeaderCRC = crc32.Checksum(read(0, in.Header), castagnoli)
	in.FirstCRC = crc32.Checksum(read(0, min(edge, in.Size)), castagnoli)
	in.LastCRC = crc32.Checksum(read(max(in.Size-edge, 0), min(edge, in.Size)), castagnoli)
	if between := in.Size - 2*edge - sampleSize; between > 0 {
		for i := range int64(samples) {
			in.Samples = crc32.Update(in.Samples, castagnoli, read(edge+between/(samples-1)*i, sampleSize))
		}
	}
	return in, err
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
	if in.copyOf != "" {
		now.MTime = in.MTime
	}
	sameFS := in.copyOf == "" && in.FileSystem != "" && in.FileSystem == now.FileSystem
	if !sameFS {
		now.Inode = in.Inode
		if sameTime(in.MTime, now.MTime) {
			now.MTime = in.MTime
		}
	}
	for _, c := range []struct {
		what      string
		was, this any
	}{
		{"size", in.Size, now.Size}, {"mtime", in.MTime, now.MTime}, {"inode", in.Inode, now.Inode},
		{"CRC of the header", in.HeaderCRC, now.HeaderCRC}, {"CRC of the first 64 KiB", in.FirstCRC, now.FirstCRC},
		{"CRC of the last 64 KiB", in.LastCRC, now.LastCRC}, {"CRC of samples of its middle", in.Samples, now.Samples},
	} {
		if c.was != c.this {
			return fmt.Errorf("%w: %s: its %s was %v and is %v", ErrInput, in.name(), c.what, c.was, c.this)
		}
	}
	return nil
}

// name is the path, with that of the original of a copy.
func (in Input) name() string {
	if in.copyOf != "" {
		return in.Path + ", the copy of " + in.copyOf
	}
	return in.Path
}

// sameTime reports whether two times in nanoseconds are equal, as far as the less exact of them
// goes: programs and filesystems that keep the times of copies keep them to the nanosecond, the
// microsecond or the second.
func sameTime(a, b int64) bool {
	for _, unit := range []int64{1, 1e3, 1e6, 1e9} {
		if (a%unit == 0 || b%unit == 0) && a/unit == b/unit {
			return true
		}
	}
	return false
}

// absolute is path made absolute.
func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fileerr.New(path, err)
	}
	return abs, nil
}
