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
	"github.com/lazynpy/lazynpy/internal/fileerr"
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

	silent  bool      // it has no end, and was not alive when it was looked at last
	due     time.Time // when Follow looks at it again
	covered bool      // a snapshot has it
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
//
// What was borrowed from a snapshot is given back, and the journals are read instead: what the log
// says is then what the journals say, and that alone. A snapshot that has said too much is removed.
func (l *Log) Refresh(ctx context.Context) error {
	lent, before := l.lent, l.done
	names, err := l.list(time.Now())
	if err != nil {
		return err
	}
	if l.forget(names) || lent {
		l.clear()
	}
	l.know(names)
	err = l.readUnended(ctx, true)
	if errors.Is(err, errShrunk) {
		l.clear()
		l.know(names)
		err = l.readUnended(ctx, true)
	}
	if err == nil && lent && l.done < before {
		l.notice(fmt.Sprintf("%s: removed: by it %d portions are done, and by the journals %d", l.snapshotPath(), before, l.done))
		l.removeSnapshot()
	}
	return err
}

// list returns the names of files that may be journals, sorted.
func (l *Log) list(now time.Time) ([]string, error) {
	info, err := os.Stat(l.dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	l.cost.Lists++
	if l.listed.since.IsZero() || !info.ModTime().Equal(l.listed.mtime) {
		l.listed.mtime, l.listed.since = info.ModTime(), now
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	l.listed.at, l.listed.took, l.listed.names = now, time.Since(now), len(names)
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
	l.unended = slices.DeleteFunc(l.unended, func(f *journalFile) bool { return l.byName[f.name] != f })
	return counted
}

// clear makes the log know nothing.
func (l *Log) clear() {
	_ = l.Close() // was only read from
	clear(l.slots)
	l.files, l.byName, l.unended, l.loose = nil, map[string]*journalFile{}, nil, nil
	l.done, l.duplicates, l.conflict = 0, 0, nil
	l.lent, l.covered = false, nil
}

// know makes the named files known, but for those that a snapshot stands for.
func (l *Log) know(names []string) {
	for _, name := range names {
		if l.byName[name] == nil && !l.isCovered(name) {
			l.add(name)
		}
	}
}

// readUnended reads what is new in files whose attempts have not ended: in all, or in those that
// are due.
func (l *Log) readUnended(ctx context.Context, all bool) error {
	open, now := l.unended, time.Now()
	l.unended = l.unended[:0]
	for i, f := range open {
		err := ctx.Err()
		if err == nil && (all || !now.Before(f.due)) {
			err = l.read(ctx, f)
			f.rest(now)
		}
		if err != nil {
			l.unended = append(l.unended, open[i:]...)
			return err
		}
		if f.end == nil {
			l.unended = append(l.unended, f)
			continue
		}
		f.covered = false // what a snapshot has of it is not all
		l.loose = append(l.loose, f)
	}
	clear(open[len(l.unended):])
	return nil
}

// add makes a file known.
func (l *Log) add(name string) *journalFile {
	f := &journalFile{name: name, number: uint32(len(l.files) + 1), attempt: readAttempt(nil)}
	l.files = append(l.files, f)
	l.unended = append(l.unended, f)
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
	l.cost.Opens++
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if info.Size() < f.off {
		return fileerr.Errorf(f.name, "offset %d: %w to %d bytes", f.off, errShrunk, info.Size())
	}
	l.scan.begin(r, info.Size())
	before := f.off
	if err := l.replay(ctx, f); err != nil {
		return fileerr.Errorf(filepath.Join(l.dir, f.name), "offset %d: %w", f.off, err)
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
			var text []byte
			if h.hasText(f.off) {
				if text, err = l.scan.bytes(ctx, f.off+headerSize, int(h.length)); err != nil {
					return err
				}
			}
			l.take(f, h, text)
		}
		f.off = end
	}
	f.torn = f.end == nil && f.off < l.scan.size
	return nil
}

// take does what the frame at f.off says, with the payload of one that has text.
func (l *Log) take(f *journalFile, h header, text []byte) {
	l.cost.Frames++
	switch h.kind {
	case kindPortion, kindStripped:
		l.addRecord(f, h, f.off)
	case kindRevoke:
		l.addRevoke(f, h)
	case kindClaim:
		l.addClaim(f, h)
	case kindAttempt:
		if f.off == 0 { // an attempt says once who it is
			f.attempt = readAttempt(h.text(text))
		}
	case kindEnd:
		end := readEnd(h.text(text))
		f.end = &end
	default:
		return
	}
	f.ours, f.last = true, moment(h.seconds)
}

// hasText says whether the payload of a frame at off is text that is looked at.
func (h header) hasText(off int64) bool {
	return (h.kind == kindEnd || h.kind == kindAttempt && off == 0) && h.length <= maxJSON
}

// text is b, or nil if that is not what was written.
func (h header) text(b []byte) []byte {
	if uint64(len(b)) != h.length || checksum(b) != h.payloadCRC {
		return nil
	}
	return b
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
