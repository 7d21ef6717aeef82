package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

const (
	snapshotName  = "snapshot"
	snapshotMagic = "lnpysnp1"

	// maxSnapshot, 64 MiB, is how large a snapshot may be, with its header.
	maxSnapshot = 64 << 20

	// looseMin is how many journals must have ended and be in no snapshot for one to be written: so
	// many, or up to twice as many by chance, so that of many processes few begin at the same time.
	looseMin = 64

	// longSilent is how long a journal without an end must have been silent to be left alone by
	// those who come later.
	longSilent = 10 * Lease

	// lentFile takes the place of a file in a record that a snapshot has lent.
	lentFile = math.MaxUint32
)

// errSnapshot says that a snapshot cannot be used.
var errSnapshot = errors.New("no snapshot of this run")

// snapshot is what a snapshot says: of which journals it is, and what these say of portions.
type snapshot struct {
	journals []uint64 // hashes of their names, ascending
	runs     []run    // ascending, without gaps or not
}

// run is portions [from, to) of which the journals say the same.
type run struct {
	from, to int64
	best     uint32 // the highest generation of a record, plus 1; 0 is none
	lowest   uint32 // that counts
}

// hashName is what a snapshot has of the name of a journal. If two have the same, one of them is
// overlooked by those who borrow.
func hashName(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

func (l *Log) snapshotPath() string { return filepath.Join(l.dir, snapshotName) }

// encode returns the file of a snapshot.
func (s *snapshot) encode(plan planKey) []byte {
	b := make([]byte, headerSize, headerSize+8+8*len(s.journals)+16*len(s.runs))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.journals)))
	for _, h := range s.journals {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	at := int64(0)
	for _, r := range s.runs {
		for _, n := range []uint64{uint64(r.from - at), uint64(r.to - r.from), uint64(r.best), uint64(r.lowest)} {
			b = binary.AppendUvarint(b, n)
		}
		at = r.to
	}
	copy(b, snapshotMagic)
	copy(b[16:], plan[:])
	binary.LittleEndian.PutUint64(b[32:], uint64(len(b)-headerSize))
	binary.LittleEndian.PutUint32(b[40:], checksum(b[headerSize:]))
	binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
	return b
}

// decodeSnapshot reads the file of a snapshot for a plan with so many portions.
func decodeSnapshot(b []byte, plan planKey, portions int64) (*snapshot, error) {
	if len(b) < headerSize+8 || string(b[:8]) != snapshotMagic || binary.LittleEndian.Uint32(b[60:]) != checksum(b[:60]) {
		return nil, fmt.Errorf("%w: its header is damaged", errSnapshot)
	}
	head, body := b[:headerSize], b[headerSize:]
	switch {
	case planKey(head[16:32]) != plan:
		return nil, fmt.Errorf("%w: it is of another plan", errSnapshot)
	case binary.LittleEndian.Uint64(head[32:]) != uint64(len(body)):
		return nil, fmt.Errorf("%w: its length is wrong", errSnapshot)
	case binary.LittleEndian.Uint32(head[40:]) != checksum(body):
		return nil, fmt.Errorf("%w: its CRC-32C is wrong", errSnapshot)
	}
	n, body := binary.LittleEndian.Uint64(body), body[8:]
	if n > uint64(len(body)/8) {
		return nil, fmt.Errorf("%w: it has %d journals in %d bytes", errSnapshot, n, len(body))
	}
	s := &snapshot{journals: make([]uint64, n)}
	for i := range s.journals {
		s.journals[i], body = binary.LittleEndian.Uint64(body), body[8:]
	}
	if !slices.IsSorted(s.journals) {
		return nil, fmt.Errorf("%w: its journals are not in order", errSnapshot)
	}
	return s, s.decodeRuns(body, uint64(portions))
}

func (s *snapshot) decodeRuns(b []byte, portions uint64) error {
	for at := uint64(0); len(b) > 0; {
		var n [4]uint64
		for i := range n {
			v, size := binary.Uvarint(b)
			if size <= 0 {
				return fmt.Errorf("%w: it ends within a number", errSnapshot)
			}
			n[i], b = v, b[size:]
		}
		left := portions - at
		if n[0] > left || n[1] == 0 || n[1] > left-n[0] || n[2] > MaxGeneration+1 || n[3] > MaxGeneration {
			return fmt.Errorf("%w: behind portion %d it goes on with %d", errSnapshot, at, n)
		}
		from := at + n[0]
		at = from + n[1]
		s.runs = append(s.runs, run{int64(from), int64(at), uint32(n[2]), uint32(n[3])})
	}
	return nil
}

// readSnapshot is the snapshot that is there, or nil if there is none that can be used.
func (l *Log) readSnapshot() *snapshot {
	b, err := rundir.ReadFile(l.snapshotPath(), maxSnapshot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l.cost.Opens++
	l.cost.Bytes += int64(len(b))
	var s *snapshot
	if err == nil {
		s, err = decodeSnapshot(b, l.plan, int64(len(l.slots)))
	}
	if err != nil {
		l.notice(fmt.Sprintf("%s: ignored: %v", l.snapshotPath(), err))
		return nil
	}
	return s
}

// notice passes a line on, unless it is the last one again.
func (l *Log) notice(line string) {
	if l.note == line {
		return
	}
	l.note = line
	if l.OnNote != nil {
		l.OnNote(line)
	}
}

// Borrow makes a log that knows nothing begin with what a snapshot says, if there is one. Until the
// next [Log.Refresh] the journals that it is of are not looked at, and the portions that it says
// are done have no Entry.
func (l *Log) Borrow() {
	if len(l.files) > 0 || l.lent {
		return
	}
	s := l.readSnapshot()
	if s == nil {
		return
	}
	l.lent, l.covered = true, s.journals
	for _, r := range s.runs {
		for p := r.from; p < r.to; p++ {
			to := slot{lowest: r.lowest}
			if r.best > 0 {
				to.record = record{file: lentFile, generation: r.best - 1}
			}
			l.change(&l.slots[p], to)
		}
	}
}

// isCovered says whether a journal is in the snapshot that was looked at last.
func (l *Log) isCovered(name string) bool {
	_, found := slices.BinarySearch(l.covered, hashName(name))
	return found
}

// looseFiles are the journals to which nothing is added any more, and that are not in the snapshot
// that was looked at last.
func (l *Log) looseFiles() []*journalFile {
	loose := slices.Clone(l.loose)
	now := time.Now()
	for _, f := range l.unended {
		if f.silent && !f.covered && (f.deserted() || now.Sub(f.heardAt) > longSilent) {
			loose = append(loose, f)
		}
	}
	return loose
}

// Condense writes a snapshot if many journals have ended and are in none. Whoever reads journals
// may call it, after Refresh or Follow; where there is nothing to do it does next to nothing. That
// it fails costs those time who come later, and nothing else; it is tried again when twice as many
// have ended.
func (l *Log) Condense() error {
	if l.spare == 0 {
		l.spare = looseMin + rand.IntN(looseMin)
	}
	if len(l.loose)+len(l.unended) < l.spare || l.conflict != nil {
		return nil
	}
	loose := l.looseFiles()
	if len(loose) < l.spare {
		return nil
	}
	there := l.readSnapshot() // somebody else may have done it
	if there == nil {
		there = &snapshot{}
	}
	loose = slices.DeleteFunc(loose, func(f *journalFile) bool {
		_, f.covered = slices.BinarySearch(there.journals, hashName(f.name))
		return f.covered
	})
	if 2*len(loose) >= l.spare {
		if err := l.write(there, loose); err != nil {
			l.spare = 2 * len(loose)
			return err
		}
	}
	l.loose = slices.DeleteFunc(l.loose, func(f *journalFile) bool { return f.covered })
	l.spare = looseMin + rand.IntN(looseMin)
	return nil
}

// write writes a snapshot of the journals of another one, and of those that are loose.
func (l *Log) write(there *snapshot, loose []*journalFile) error {
	s := &snapshot{journals: slices.Concat(there.journals, l.covered)}
	for _, f := range loose {
		s.journals = append(s.journals, hashName(f.name))
	}
	slices.Sort(s.journals)
	s.journals = slices.Compact(s.journals)
	for r := range l.join(there.runs) {
		s.runs = append(s.runs, r)
	}
	b := s.encode(l.plan)
	if len(b) > maxSnapshot {
		return fmt.Errorf("%s: it would have %d bytes; at most %d", l.snapshotPath(), len(b), maxSnapshot)
	}
	f, err := atomicfile.Create(l.snapshotPath())
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(b); err != nil {
		return f.Named(err)
	}
	if err := f.CommitUnsynced(); err != nil { // one that is lost in a crash is not missed
		return err
	}
	for _, f := range loose {
		f.covered = true
	}
	return nil
}

// join yields what is known of portions, and what runs say of them besides, as long runs. What two
// say is the higher of each: so it is with journals.
func (l *Log) join(runs []run) iter.Seq[run] {
	return func(yield func(run) bool) {
		var last run
		for p := range int64(len(l.slots)) {
			for len(runs) > 0 && runs[0].to <= p {
				runs = runs[1:]
			}
			s := &l.slots[p]
			now := run{from: p, to: p + 1, lowest: s.lowest}
			if s.file != 0 {
				now.best = s.generation + 1
			}
			if len(runs) > 0 && runs[0].from <= p {
				now.best, now.lowest = max(now.best, runs[0].best), max(now.lowest, runs[0].lowest)
			}
			switch {
			case now.best == last.best && now.lowest == last.lowest:
				last.to = p + 1
				continue
			case last.best|last.lowest != 0 && !yield(last):
				return
			}
			last = now
		}
		if last.best|last.lowest != 0 {
			yield(last)
		}
	}
}

// removeSnapshot removes one that no longer helps. If it stays there it is found to be wrong.
func (l *Log) removeSnapshot() { _ = os.Remove(l.snapshotPath()) }
