package journal

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// suffix ends the names of journals.
const suffix = ".journal"

// writeBuffer is how many bytes small frames are collected to before they are written.
const writeBuffer = 256 << 10

const (
	// endRoom is what is reserved for an end that tells of a full disk, with an error of at most
	// shortError bytes, which JSON makes six times as long at most. Filesystems give blocks.
	endRoom    = 2 << 10
	shortError = 256
	blockSize  = 4 << 10
)

// Record says that a portion is done.
type Record struct {
	Portion    int64  // from 0, below the number of portions of the plan
	Generation uint32 // what [Log.Generation] said when the portion was begun
	CRC        uint32 // CRC-32C of the portion's output
	Payload    []byte // states of the portion's blocks; may be empty
}

// Writer appends to the journal of one attempt. Its methods may be called at the same time.
type Writer struct {
	mu   sync.Mutex // of what follows
	f    file
	name string
	plan planKey
	buf  *bufio.Writer // to f, at an offset of its own
	err  error         // why nothing can be appended any more

	end     int64 // of the frames that are on disk
	pending int64 // bytes of those behind them
	room    int64 // where the room ends that was reserved
}

// file is what a writer needs of an *os.File.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

var errEnded = errors.New("the attempt has ended")

// Create begins the journal of an attempt in the directory dir, which exists. When it returns, the
// file, its first frame and its name are on disk. Long strings of the attempt are shortened to 2
// KiB.
func Create(dir string, plan [32]byte, a Attempt) (*Writer, error) {
	name, err := fileName(a)
	if err != nil {
		return nil, fmt.Errorf("journal in %s: no random name: %w", dir, err)
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	writers.Store(name, nil)
	w, err := start(f, name, plan, a)
	if err == nil {
		err = atomicfile.SyncDir(path)
	}
	if err != nil {
		writers.Delete(name)
		_ = f.Close()       // there is an error to tell already
		_ = os.Remove(path) // it has no record, and nobody else writes to it
		return nil, err
	}
	return w, nil
}

// fileName is a name that no other attempt has.
func fileName(a Attempt) (string, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	return strconv.Itoa(a.Index) + "." + plainHost(a.Host) + "." + hex.EncodeToString(random[:]) + suffix, nil
}

// plainHost is a host's name as every file system takes it.
func plainHost(host string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, shorten(host, maxHost))
	if plain == "" {
		return "unknown"
	}
	return plain
}

// start writes the first frame of a new file.
func start(f file, name string, plan [32]byte, a Attempt) (*Writer, error) {
	w := &Writer{f: f, name: name, plan: keyOf(plan)}
	w.buf = bufio.NewWriterSize(io.NewOffsetWriter(f, 0), writeBuffer)
	b, err := json.Marshal(a.shortened())
	if err != nil {
		return nil, fileerr.Errorf(name, "attempt: %w", err)
	}
	w.put(header{kind: kindAttempt}, b)
	return w, w.sync()
}

// Name is the name of the file, without the directory.
func (w *Writer) Name() string { return w.name }

// Append adds records, and returns when they are on disk. A record that is out of range is refused
// before anything is written. After another error nothing can be appended any more, since the file
// may end in a part of a frame; which of the records a reader finds is then open.
func (w *Writer) Append(recs ...Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	for _, r := range recs {
		if err := checkRange(r.Portion, r.Generation); err != nil {
			return fileerr.New(w.name, err)
		}
		if len(r.Payload) > MaxPayload {
			return fileerr.Errorf(w.name, "portion %d: a payload of %d bytes; at most %d", r.Portion, len(r.Payload), MaxPayload)
		}
	}
	if len(recs) == 0 {
		return nil
	}
	for _, r := range recs {
		w.put(header{kind: kindPortion, portion: uint64(r.Portion), generation: r.Generation, crc: r.CRC}, r.Payload)
	}
	return w.sync()
}

// Revoke says that the records of a portion with generations below this one, 1 to MaxGeneration, do
// not count as done. It returns when that is on disk; errors are as with Append.
func (w *Writer) Revoke(portion int64, generation uint32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if err := checkRange(portion, generation); err != nil {
		return fileerr.New(w.name, err)
	}
	if generation == 0 {
		return fileerr.Errorf(w.name, "portion %d: no generation is below 0", portion)
	}
	w.put(header{kind: kindRevoke, portion: uint64(portion), generation: generation}, nil)
	return w.sync()
}

// End says why the attempt ends, and returns when that is on disk. Nothing can be appended after
// it. A disk that is full has room for it, in place of what did not fit, where the filesystem
// reserves some.
func (w *Writer) End(e End) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	full := errors.Is(w.err, syscall.ENOSPC) || errors.Is(w.err, syscall.EDQUOT)
	if err := w.usable(); err != nil && !full {
		return err
	}
	e = e.shortened()
	if full {
		e.Error = shorten(e.Error, shortError)
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fileerr.Errorf(w.name, "end: %w", err)
	}
	if full {
		return w.endFull(b)
	}
	w.put(header{kind: kindEnd}, b)
	if err := w.sync(); err != nil {
		return err
	}
	w.err = errEnded
	return nil
}

// endFull writes the end where the frames are that did not fit, and cuts off what is behind. Nobody
// was told that they are on disk; a log that has seen one of several keeps it, and would find that
// its payload is gone.
func (w *Writer) endFull(text []byte) error {
	b := append(w.head(header{kind: kindEnd}, text), text...)
	_, err := w.f.WriteAt(b, w.end)
	if err == nil {
		err = w.f.Truncate(w.end + int64(len(b)))
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		return w.usable()
	}
	w.err = errEnded
	return nil
}

// Close closes the file. A journal that is closed without End is that of an attempt whose fate is
// not known.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = fs.ErrClosed
	}
	writers.Delete(w.name)
	return w.f.Close()
}

// usable returns why nothing can be appended any more.
func (w *Writer) usable() error {
	if w.err != nil {
		return fileerr.Errorf(w.name, "nothing can be appended any more: %w", w.err)
	}
	return nil
}

// put adds a frame to what sync writes. The buffer keeps the first error for it.
func (w *Writer) put(h header, payload []byte) {
	_, _ = w.buf.Write(w.head(h, payload))
	_, _ = w.buf.Write(payload)
	w.pending += headerSize + int64(len(payload))
}

// head is the header of a frame of this journal, with a payload.
func (w *Writer) head(h header, payload []byte) []byte {
	h.plan, h.seconds = w.plan, seconds(time.Now())
	h.length, h.payloadCRC = uint64(len(payload)), checksum(payload)
	b := h.encode()
	return b[:]
}

// sync writes what is in the buffer, and waits for the disk.
func (w *Writer) sync() error {
	if w.err = w.buf.Flush(); w.err == nil {
		// After a failed sync the system may have dropped the pages and report success the next
		// time, so that a second try would prove nothing.
		w.err = w.f.Sync()
	}
	if w.err != nil {
		return w.err
	}
	w.end, w.pending = w.end+w.pending, 0
	if to := (w.end + endRoom + blockSize - 1) / blockSize * blockSize; to > w.room {
		if w.room = to; !reserve(w.f, w.end, to) {
			w.room = math.MaxInt64 // there is none, and none is asked for any more
		}
	}
	return nil
}

// checkRange returns an error if no log would take the record.
func checkRange(portion int64, generation uint32) error {
	if portion < 0 || portion >= MaxPortions {
		return fmt.Errorf("portion %d: out of range, which is 0 to %d", portion, MaxPortions-1)
	}
	if generation > MaxGeneration {
		return fmt.Errorf("portion %d: generation %d: above %d", portion, generation, MaxGeneration)
	}
	return nil
}
