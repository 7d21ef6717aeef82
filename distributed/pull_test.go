package distributed

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// TestHangingWorker has a worker start on a run of which another one has claimed all that is left.
// That one says that it lives and computes nothing, as where a disk does not answer.
func TestHangingWorker(t *testing.T) {
	p := tinyRun(t, 4)
	dir := filepath.Join(p.DefaultDir(), journalDir)
	w, err := journal.Create(dir, p.ID(), journal.Attempt{Host: "n1"})
	if err == nil {
		err = w.Claim(0, 4)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	log, err := journal.OpenLog(dir, p.ID(), p.Portions())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	q := newPuller(p, "mine.journal", 1)
	if err := q.refresh(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	if s, ok := q.late(log, time.Now()); ok || !q.take(log).empty() {
		t.Errorf("it takes %v at once", s)
	}
	if s, ok := q.late(log, time.Now().Add(journal.Lease)); !ok || s != (span{3, 4}) {
		t.Errorf("after the time of a lease it takes %v, %v", s, ok)
	}
	q.took(span{0, 1}, 10*time.Millisecond)
	if s, ok := q.late(log, time.Now().Add(leastPatience)); !ok || s != (span{2, 3}) {
		t.Errorf("when it knows how long a portion takes: %v, %v", s, ok)
	}
}
