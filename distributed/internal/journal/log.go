package journal

import (
	"fmt"
	"iter"
	"os"
	"sync"
	"time"
)

// Log is what the journals of a directory say about one plan, as of the last Refresh.
type Log struct {
	// OnNote, unless it is nil, is called with lines for people about snapshots that were ignored.
	OnNote func(line string)

	dir     string
	plan    planKey
	slots   []slot // one per portion
	files   []*journalFile
	byName  map[string]*journalFile
	unended []*journalFile // whose attempts have not ended
	loose   []*journalFile // whose attempts have ended, and that are in no snapshot it knows of

	listed  listing
	lent    bool     // something is known from a snapshot alone
	covered []uint64 // the journals that it is of, by the hashes of their names, ascending
	spare   int      // how many journals that are loose make a snapshot
	note    string
	cost    Cost

	done       int64
	duplicates int64
	conflict   *ConflictError
	scan       scanner

	mu     sync.Mutex // of what follows
	handle *os.File   // the file that a payload was last read from, or nil
	opened *journalFile
}

// Entry is the record that counts for a portion. Of several it is one of the highest generation,
// and the earliest of these.
type Entry struct {
	CRC        uint32 // CRC-32C of the output
	PayloadCRC uint32 // CRC-32C of the payload
	PayloadLen int64
	Generation uint32
	Attempt    Attempt
	File       string    // the name of the journal
	Time       time.Time // to the second, by the clock of the attempt's host
}

// Status is what a journal says about its attempt.
type Status struct {
	Attempt  Attempt
	File     string // the name of the journal
	Portions int64  // records, also repeated and revoked ones
	Last     time.Time
	End      *End  // nil if the attempt runs, or died
	Claim    Claim // what it has claimed last, also of one that has ended
	// it has not ended, has said something within the [Lease], and its process is not known to be
	// gone
	Alive bool

	// Heard is when it has said something last: by the clock of this process if that was since the
	// first Refresh, else the time of the file.
	Heard time.Time
	Torn  bool // the file ends in bytes that are no frame, or none yet
}

// OpenLog returns a log of a plan that has 0 to MaxPortions portions. It knows nothing before its
// first Refresh.
func OpenLog(dir string, plan [32]byte, portions int64) (*Log, error) {
	if portions < 0 || portions > MaxPortions {
		return nil, fmt.Errorf("journals in %s: %d portions: out of range, which is 0 to %d", dir, portions, MaxPortions)
	}
	l := &Log{dir: dir, plan: keyOf(plan), slots: make([]slot, portions)}
	l.clear()
	return l, nil
}

// Close closes the journal that a payload was last read from. A log that no payload was asked of
// needs no Close, and one that is closed can still be used.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == nil {
		return nil
	}
	f := l.handle
	l.handle, l.opened = nil, nil
	return f.Close()
}

// Done says whether a portion has a record that counts. One out of range has none.
func (l *Log) Done(portion int64) bool {
	return portion >= 0 && portion < int64(len(l.slots)) && l.slots[portion].done()
}

// NumDone is how many portions are done.
func (l *Log) NumDone() int64 { return l.done }

// Generation is the generation for a new record of a portion, the highest that it was revoked to,
// or 0.
func (l *Log) Generation(portion int64) uint32 {
	if portion < 0 || portion >= int64(len(l.slots)) {
		return 0
	}
	return l.slots[portion].lowest
}

// Missing yields the runs [from, to) of portions in [lo, hi) that are not done, in ascending order.
func (l *Log) Missing(lo, hi int64) iter.Seq2[int64, int64] {
	return func(yield func(from, to int64) bool) {
		hi := min(hi, int64(len(l.slots)))
		for from := max(lo, 0); from < hi; from++ {
			if l.slots[from].done() {
				continue
			}
			to := from + 1
			for to < hi && !l.slots[to].done() {
				to++
			}
			if !yield(from, to) {
				return
			}
			from = to
		}
	}
}

// Entry is the record that counts for a portion; false says that there is none, or that it was
// borrowed.
func (l *Log) Entry(portion int64) (Entry, bool) {
	if !l.Done(portion) || l.slots[portion].file == lentFile {
		return Entry{}, false
	}
	return l.entry(l.slots[portion].record), true
}

// entry is a record in full.
func (l *Log) entry(r record) Entry {
	f := l.files[r.file-1]
	return Entry{
		CRC: r.crc, PayloadCRC: r.payloadCRC, PayloadLen: r.payloadLen(), Generation: r.generation,
		Attempt: f.attempt, File: f.name, Time: moment(r.seconds),
	}
}

// Duplicates is how many records were there that said again what another had said, also those that
// followed a revoke: the number of records less the number of portions that have one.
func (l *Log) Duplicates() int64 { return l.duplicates }

// Conflict returns a [*ConflictError] if two records of one portion differ, and else nil.
func (l *Log) Conflict() error {
	if l.conflict == nil {
		return nil
	}
	return l.conflict
}

// Attempts is what the journals of this plan say about their attempts, and those that have no
// complete frame yet, by file name.
func (l *Log) Attempts() []Status {
	var all []Status
	for _, name := range l.names() {
		f := l.byName[name]
		if f.ours || f.headless {
			all = append(all, f.status())
		}
	}
	return all
}
