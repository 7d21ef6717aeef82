package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// A journal lies beside an archive while members are appended, and says what the archive was
// before:
//
//	┌────────────────────────────────────────────┐
//	│ magic <8 byte>  "ZSAPPEND"                 │
//	│ version <4 byte>  1                        │
//	│ CRC-32 of the last 64 KiB <4 byte>         │
//	│ size <8 byte>                              │
//	│ CRC-32 of the bytes above <4 byte>         │
//	└────────────────────────────────────────────┘
//
// Numbers are little-endian. The last 64 KiB, or what there is, are those of the archive before:
// they hold its end record, and tell it from another file of the same name.
type journal struct {
	size int64
	sum  uint32
}

const (
	journalSuffix  = ".append"
	journalMagic   = "ZSAPPEND"
	journalVersion = 1
	journalLen     = 28
	journalTail    = 64 << 10
)

// errNoJournal says that there is a file where the journal goes which is none.
var errNoJournal = errors.New("is in the way: it is not the journal of an append")

// journalPath is beside the file that a link leads to.
func journalPath(path string) string { return atomicfile.Target(path) + journalSuffix }

// writeJournal puts a journal beside an archive, where there is none or one that can go.
func writeJournal(archive string, j journal) error {
	le := binary.LittleEndian
	b := append(make([]byte, 0, journalLen), journalMagic...)
	b = le.AppendUint32(b, journalVersion)
	b = le.AppendUint32(b, j.sum)
	b = le.AppendUint64(b, uint64(j.size))
	b = le.AppendUint32(b, crc32.ChecksumIEEE(b))
	return atomicfile.Write(journalPath(archive), func(f *os.File) error {
		_, err := f.Write(b)
		return err
	}, atomicfile.Beside(archive), atomicfile.Begins("no journal of an append", journalMagic))
}

// loadJournal reads the journal at path. There may be none, which is no error.
func loadJournal(path string) (j journal, exists bool, err error) {
	f, err := openBeside(path)
	if errors.Is(err, fs.ErrNotExist) {
		return journal{}, false, nil
	}
	if err != nil {
		return journal{}, false, err
	}
	defer f.Close()
	b := make([]byte, journalLen+1)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return journal{}, false, err
	}
	j, ok := parseJournal(b[:n])
	if !ok {
		return journal{}, false, fileerr.New(path, errNoJournal)
	}
	return j, true, nil
}

func parseJournal(b []byte) (journal, bool) {
	le := binary.LittleEndian
	if len(b) != journalLen || !bytes.HasPrefix(b, []byte(journalMagic)) || le.Uint32(b[8:]) != journalVersion ||
		le.Uint32(b[24:]) != crc32.ChecksumIEEE(b[:24]) || int64(le.Uint64(b[16:])) < 0 {
		return journal{}, false
	}
	return journal{size: int64(le.Uint64(b[16:])), sum: le.Uint32(b[12:])}, true
}

// sumTail is the CRC-32 of the last 64 KiB of the first size bytes of r, which must be there.
func sumTail(r io.ReaderAt, size int64) (uint32, error) {
	b := make([]byte, min(size, journalTail))
	if n, err := r.ReadAt(b, size-int64(len(b))); n < len(b) {
		return 0, err
	}
	return crc32.ChecksumIEEE(b), nil
}

// describes reports whether a file of so many bytes began as the archive that the journal is about.
func (j journal) describes(r io.ReaderAt, size int64) (bool, error) {
	if size < j.size {
		return false, nil
	}
	sum, err := sumTail(r, j.size)
	return err == nil && sum == j.sum, err
}

// readJournal tells whether members were being appended to the archive at path when the process
// that did it ended, or still are, and how long the archive was before.
func readJournal(path string) (oldSize int64, ok bool) {
	j, exists, err := loadJournal(journalPath(path))
	if err != nil || !exists {
		return 0, false
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, false
	}
	ok, err = j.describes(f, info.Size())
	return j.size, ok && err == nil
}
