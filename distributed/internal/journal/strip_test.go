package journal

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestStrip removes payloads of attempts that have ended or are long gone. Nothing else changes,
// for a new log as for one that has read the files before, and a journal that is written to stays
// as it is.
func TestStrip(t *testing.T) {
	old := time.Now().Add(-time.Hour)
	a := join(attemptFrame("n1"), done(8, 0), revoked(8, 1), done(8, 1), done(9, 0), ended(Done))
	b := append(join(attemptFrame("n2"), done(7, 0)), "torn"...)
	dir := writeDir(t, "a.journal", a)
	put(t, dir, "b.journal", b)
	for _, name := range []string{"a.journal", "b.journal"} {
		must(t, os.Chtimes(filepath.Join(dir, name), old, old))
	}
	w := newWriter(t, dir, Attempt{Host: "n3", PID: os.Getpid(), PIDs: Here()})
	must(t, w.Append(Record{Portion: 3, Payload: []byte("states")}))
	before := fresh(t, dir, 10)
	if _, err := before.Payload(8); err != nil {
		t.Fatal(err)
	}
	want := before.Attempts()
	for range 2 {
		must(t, before.Strip(context.Background()))
	}
	refresh(t, before)
	for _, l := range []*Log{before, fresh(t, dir, 10)} {
		for _, p := range []int64{3, 7, 8, 9} {
			if e, ok := l.Entry(p); !ok || e.PayloadLen == 0 && p != 9 {
				t.Errorf("portion %d: %+v, %v", p, e, ok)
			}
		}
		checkPayloadError(t, l, 7, "b.journal")
		checkPayloadError(t, l, 8, "a.journal")
		if got, err := l.Payload(3); err != nil || string(got) != "states" {
			t.Errorf("a journal that is written to: %q, %v", got, err)
		}
		if l.Conflict() != nil || l.Duplicates() != 1 || l.Generation(8) != 1 || l.NumDone() != 4 {
			t.Errorf("conflict %v, %d duplicates, generation %d, %d done", l.Conflict(), l.Duplicates(), l.Generation(8), l.NumDone())
		}
		for i, s := range l.Attempts() {
			if s.Portions != want[i].Portions || !s.Last.Equal(want[i].Last) || (s.End == nil) != (want[i].End == nil) || s.File != want[i].File {
				t.Errorf("%+v, and before %+v", s, want[i])
			}
		}
		must(t, l.Close())
	}
	info, err := os.Stat(filepath.Join(dir, "a.journal"))
	if err != nil || !info.ModTime().Truncate(time.Second).Equal(old.Truncate(time.Second)) || info.Size() >= int64(len(a)) {
		t.Errorf("%v, %v; it had %d bytes at %v", info, err, len(a), old)
	}
	must(t, w.Append(Record{Portion: 4}))
	must(t, w.Close())
	if l := fresh(t, dir, 10); !slices.ContainsFunc(l.Attempts(), func(s Status) bool { return s.Portions == 2 && s.Attempt.Host == "n3" }) {
		t.Errorf("what was written since is gone: %+v", l.Attempts())
	}
}
