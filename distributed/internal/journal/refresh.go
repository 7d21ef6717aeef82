package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
)

// journalFile is what is known of one file of the directory.
type journalFile struct {
	name   string
	number uint32 // its place in Log.files, from 1
	off    int64  // where the next frame begins

	ours     bool // has a frame of this plan
	headless bool // begins as a journal does, but its first frame is not complete
	torn     bool
	attempt  Attempt
	records  int64
	revokes  int64
	last     time.Time
	heardAt  time.Time // when it has said something last, by the clock of this process
	claim    Claim
	end      *End // then the file is not looked at again
}

// errShrunk says that a file is shorter than what was read of it.
var errShrunk = errors.New("the file has shrunk")

// Refresh reads what was appended since the last time, in new files and in those whose attempts had
// not ended. The directory is listed and these files are opened, which is when NFS looks for news.
//
// A journal that is gone takes its records with it, and so does what was cut off from one whose
// attempt had not ended: then everything is read again. What other files say stays. After an error
// some of the files were read, and the next Refresh goes on; portions may be said to be missing
// until then.
func (l *Log) Refresh(ctx context.Context) error {
	names, err := list(l.dir)
	if err != nil {
		return err
	}
	if l.forget(names) {
		l.clear()
	}
	err = l.readAll(ctx, names)
	if errors.Is(err, errShrunk) {
		l.clear()
		err = l.readAll(ctx, names)
	}
	return err
}

// list returns the names of files that may be journals, sorted.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// names is the names of the files that are known, sorted.
func (l *Log) names() []string { return slices.Sorted(maps.Keys(l.byName)) }

// forget drops the files that are gone, and says whether one of them counted for something.
func (l *Log) forget(names []string) (counted bool) {
	for name, f := range l.byName {
		if _, there := slices.BinarySearch(names, name); !there {
			delete(l.byName, name)
			counted = counted || f.records+f.revokes > 0
		}
	}
	return counted
}

// clear makes the log know nothing.
func (l *Log) clear() {
	_ = l.Close() // was only read from
	clear(l.slots)
	l.files, l.byName = nil, map[string]*journalFile{}
	l.done, l.duplicates, l.conflict = 0, 0, nil
}

// readAll reads what is new in the named files.
func (l *Log) readAll(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := l.byName[name]
		if f == nil {
			f = l.add(name)
		}
		if f.end != nil {
			continue
		}
		if err := l.read(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// add makes a file known.
func (l *Log) add(name string) *journalFile {
	f := &journalFile{name: name, number: uint32(len(l.files) + 1), attempt: readAttempt(nil)}
	l.files = append(l.files, f)
	l.byName[name] = f
	return f
}

// read reads what is new in a file.
func (l *Log) read(ctx context.Context, f *journalFile) error {
	r, err := rundir.Open(filepath.Join(l.dir, f.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // since the directory was listed; the next Refresh will see
	}
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if info.Size() < f.off {
		return fmt.Errorf("%s: offset %d: %w to %d bytes", f.name, f.off, errShrunk, info.Size())
	}
	l.scan.begin(r, info.Size())
	before := f.off
	if err := l.replay(ctx, f); err != nil {
		return fmt.Errorf("%s: offset %d: %w", filepath.Join(l.dir, f.name), f.off, err)
	}
	if f.off > before || f.heardAt.IsZero() {
		f.heard(info)
	}
	return nil
}

// replay takes the complete frames of the file that the scanner is at, from f.off on.
func (l *Log) replay(ctx context.Context, f *journalFile) error {
	for f.end == nil {
		b, err := l.scan.bytes(ctx, f.off, headerSize)
		if err != nil {
			return err
		}
		h, ok := decode(b)
		end, complete := h.end(f.off, l.scan.size)
		if !ok || !complete {
			f.headless = f.off == 0 && len(b) >= len(magic) && string(b[:len(magic)]) == magic
			break
		}
		if h.plan == l.plan {
			if err := l.take(ctx, f, h); err != nil {
				return err
			}
		}
		f.off = end
	}
	f.torn = f.end == nil && f.off < l.scan.size
	return nil
}

// take does what the frame at f.off says.
func (l *Log) take(ctx context.Context, f *journalFile, h header) error {
	switch h.kind {
	case kindPortion, kindStripped:
		l.addRecord(f, h, f.off)
	case kindRevoke:
		l.addRevoke(f, h)
	case kindClaim:
		l.addClaim(f, h)
	case kindAttempt:
		if f.off > 0 {
			break // an attempt says once who it is
		}
		b, err := l.text(ctx, f.off, h)
		if err != nil {
			return err
		}
		f.attempt = readAttempt(b)
	case kindEnd:
		b, err := l.text(ctx, f.off, h)
		if err != nil {
			return err
		}
		end := readEnd(b)
		f.end = &end
	default:
		return nil
	}
	f.ours, f.last = true, moment(h.seconds)
	return nil
}

// text is the payload of the frame at off, or nil if it is too long to be JSON of ours or not what
// was written.
func (l *Log) text(ctx context.Context, off int64, h header) ([]byte, error) {
	if h.length > maxJSON {
		return nil, nil
	}
	b, err := l.scan.bytes(ctx, off+headerSize, int(h.length))
	if err != nil || uint64(len(b)) != h.length || checksum(b) != h.payloadCRC {
		return nil, err
	}
	return b, nil
}

// status is what the file says about its attempt.
func (f *journalFile) status() Status {
	s := Status{Attempt: f.attempt, File: f.name, Portions: f.records, Last: f.last, Torn: f.torn, Alive: f.ours && f.alive(time.Now()),
		Heard: f.heardAt, Claim: f.claim}
	if f.end != nil {
		end := *f.end
		s.End = &end
	}
	return s
}
