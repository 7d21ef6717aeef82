package journal

import (
	"cmp"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Lease is how long the claims of an attempt count after its journal has said something last.
// Attempts that live say something every third of it.
const Lease = 60 * time.Second

// Claim says that this attempt begins the portions [from, to), instead of those that it has claimed
// before; an empty range claims none, and says that the attempt lives. The portion that follows the
// last one stands for publishing. A claim is a hint for others, who begin with other portions:
// nothing depends on it. It is on disk with the next record, or Flush.
func (w *Writer) Claim(from, to int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if from < 0 || to < from || to > MaxPortions+1 {
		return fileerr.Errorf(w.name, "a claim of portions %d to %d: out of range", from, to)
	}
	w.put(header{kind: kindClaim, portion: uint64(from), crc: uint32(to - from)}, nil)
	return nil
}

// Flush returns when what was claimed is on disk.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	return w.sync()
}

// Claim is the portions [From, To) that an attempt has claimed last.
type Claim struct {
	File     string // the name of the journal
	From, To int64
	Seen     time.Time // when this log has seen it first, by the clock of this process
}

// Claims are those of attempts that live, by their first portion, but for the journal called mine:
// what is claimed by an attempt that has ended, or has said nothing for a [Lease], counts for
// nothing.
func (l *Log) Claims(mine string) []Claim {
	var all []Claim
	now := time.Now()
	for _, f := range l.unended {
		if f.claim.From < f.claim.To && f.name != mine && f.alive(now) {
			all = append(all, f.claim)
		}
	}
	slices.SortFunc(all, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.File, b.File))
	})
	return all
}

// addClaim takes the frame h of f, which claims.
func (l *Log) addClaim(f *journalFile, h header) {
	from, n := h.portion, uint64(h.crc)
	if limit := uint64(len(l.slots)) + 1; from > limit || n > limit-from {
		return
	}
	if c := (Claim{File: f.name, From: int64(from), To: int64(from + n)}); c.From != f.claim.From || c.To != f.claim.To {
		c.Seen = time.Now()
		f.claim = c
	}
}

// heard notes that a file says something new, or is seen for the first time: then the time of its
// last change is all there is. That may be by another clock, and is believed only where it lies in
// the past.
func (f *journalFile) heard(info os.FileInfo) {
	if f.heardAt.IsZero() {
		f.heardFirst(info.ModTime())
		return
	}
	f.heardAt = time.Now()
}

// heardFirst notes when a file that is seen for the first time was changed last.
func (f *journalFile) heardFirst(changed time.Time) {
	now := time.Now()
	f.heardAt = now.Add(-max(now.Sub(changed), 0))
}

// alive says whether the attempt has not ended, as far as can be known: it has said something
// within the lease, and its process is there, if that is on this machine.
func (f *journalFile) alive(now time.Time) bool {
	return f.end == nil && now.Sub(f.heardAt) < Lease && !f.deserted()
}

// deserted says whether nobody can write to the file any more.
func (f *journalFile) deserted() bool {
	a := f.attempt
	switch {
	case a.PIDs == "" || a.PID <= 0 || a.PIDs != Here():
		return false
	case a.PID == os.Getpid():
		_, open := writers.Load(f.name)
		return !open
	}
	return gone(a.PID)
}

// writers has the names of the journals that are open in this process.
var writers sync.Map
