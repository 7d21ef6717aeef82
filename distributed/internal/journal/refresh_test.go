package journal

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// randomFrames is a plausible journal; now and then two of them disagree.
func randomFrames(r *rand.Rand, host string, portions int) []byte {
	frames := []rawFrame{attemptFrame(host)}
	for range r.IntN(12) {
		f := done(r.IntN(portions), r.IntN(3))
		f.seconds += uint32(r.IntN(3))
		switch r.IntN(16) {
		case 0:
			f.crc++
		case 1:
			f.plan = planB
		case 2, 3:
			f = revoked(r.IntN(portions), r.IntN(3))
		}
		frames = append(frames, f)
	}
	if r.IntN(2) == 0 {
		frames = append(frames, ended("done"))
	}
	return join(frames...)
}

// TestIncremental lets journals grow by pieces of any length, and go away, in random order, while
// now and then somebody writes a snapshot: a log that has followed it says what a new one says, and
// what the model does, and so does one that has begun with what was borrowed, of what it knows.
func TestIncremental(t *testing.T) {
	const portions = 20
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir, now := t.TempDir(), map[string][]byte{}
		rest := map[string][]byte{}
		for i := range 4 {
			name := fmt.Sprintf("%d.%d.journal", r.IntN(100), i)
			rest[name] = randomFrames(r, fmt.Sprint("n", i), portions)
		}
		l, followed := mustLog(t, dir, portions), mustLog(t, dir, portions)
		for range 60 {
			name := slices.Sorted(maps.Keys(rest))[r.IntN(len(rest))]
			n := min(r.IntN(200), len(rest[name]))
			now[name] = slices.Concat(now[name], rest[name][:n])
			rest[name] = rest[name][n:]
			put(t, dir, name, now[name])
			if gone := slices.Sorted(maps.Keys(now)); r.IntN(25) == 0 {
				name := gone[r.IntN(len(gone))]
				must(t, os.Remove(filepath.Join(dir, name)))
				rest[name] = slices.Concat(now[name], rest[name]) // it may come back
				delete(now, name)
				// a journal of an attempt that has ended is missed only while it is away
				refresh(t, l)
				follow(t, followed)
				// a snapshot that has it says too much, until somebody reads the journals
				m := newModel(now, planA, portions)
				b := borrower(t, dir, portions)
				refresh(t, b)
				m.check(t, b, portions)
				must(t, os.RemoveAll(filepath.Join(dir, snapshotName)))
			}
			if r.IntN(2) == 0 {
				refresh(t, l)
				m := newModel(now, planA, portions)
				m.check(t, l, portions)
				m.check(t, fresh(t, dir, portions), portions)
				b := borrower(t, dir, portions)
				m.checkDone(t, b, portions)
				follow(t, followed)
				m.check(t, followed, portions)
				switch r.IntN(6) {
				case 0:
					condensed(t, b)
				case 1:
					condensed(t, l)
				case 2:
					condensed(t, followed)
				case 3:
					refresh(t, b)
					m.check(t, b, portions)
				}
			}
		}
	}
}

// follow is Follow of a log for which it is time to list the directory.
func follow(t testing.TB, l *Log) {
	t.Helper()
	l.listed = listing{}
	must(t, l.Follow(t.Context()))
}

// TestTornTail completes a frame that was there in part: short, or long with bytes that are still
// to come.
func TestTornTail(t *testing.T) {
	all := join(attemptFrame("n1"), done(1, 0), done(8, 0))
	before := len(join(attemptFrame("n1"), done(1, 0)))
	hole := slices.Concat(all[:before], make([]byte, len(all)-before))
	half := slices.Concat(all[:before+30], make([]byte, len(all)-before-30))
	for name, tail := range map[string][]byte{
		"header": all[:before+1], "all but one": all[:len(all)-1], "no payload": all[:before+64], "hole": hole, "half a header": half,
	} {
		dir := writeDir(t, "x.journal", tail)
		l := mustLog(t, dir, 10)
		for range 2 {
			refresh(t, l)
			if s := l.Attempts()[0]; l.NumDone() != 1 || !s.Torn || s.Portions != 1 {
				t.Errorf("%s: %d done, %+v", name, l.NumDone(), s)
			}
		}
		put(t, dir, "x.journal", all)
		refresh(t, l)
		if s := l.Attempts()[0]; l.NumDone() != 2 || !l.Done(8) || s.Torn || l.Duplicates() != 0 {
			t.Errorf("%s, completed: %d done, %+v", name, l.NumDone(), s)
		}
	}
}

// TestForeignHead shows a journal whose first frame is on its way, until it turns out to be another
// plan's.
func TestForeignHead(t *testing.T) {
	head := attemptFrame("n1")
	head.plan = planB
	dir := writeDir(t, "x.journal", head.bytes()[:50])
	l := fresh(t, dir, 1)
	if s := l.Attempts(); len(s) != 1 || !s[0].Torn || s[0].Attempt.Host != "unknown" {
		t.Errorf("torn: %+v", s)
	}
	put(t, dir, "x.journal", head.bytes())
	if refresh(t, l); len(l.Attempts()) != 0 {
		t.Errorf("complete: %+v", l.Attempts())
	}
}

// TestVanished takes away a journal that counted, or its end, and keeps what others say.
func TestVanished(t *testing.T) {
	first := join(attemptFrame("n1"), done(1, 0), done(2, 0))
	dir := writeDir(t, "a.journal", first)
	put(t, dir, "b.journal", join(attemptFrame("n2"), done(2, 0), done(3, 0), revoked(4, 1)))
	bad := done(3, 0)
	bad.crc++
	put(t, dir, "c.journal", join(attemptFrame("n3"), bad))
	l := fresh(t, dir, 6)
	if l.NumDone() != 3 || l.Duplicates() != 2 || l.Conflict() == nil {
		t.Fatalf("%d done, %d duplicates, %v", l.NumDone(), l.Duplicates(), l.Conflict())
	}
	must(t, os.Remove(filepath.Join(dir, "c.journal")))
	refresh(t, l)
	if err := l.Conflict(); err != nil || l.NumDone() != 3 {
		t.Errorf("%d done, conflict %v", l.NumDone(), err)
	}
	must(t, os.Remove(filepath.Join(dir, "b.journal")))
	refresh(t, l)
	if l.NumDone() != 2 || l.Done(3) || l.Duplicates() != 0 || l.Generation(4) != 0 || len(l.Attempts()) != 1 {
		t.Errorf("without b: %d done, %d duplicates, %+v", l.NumDone(), l.Duplicates(), l.Attempts())
	}
	put(t, dir, "d.journal", join(attemptFrame("n4"), revoked(1, 1)))
	refresh(t, l)
	must(t, os.Remove(filepath.Join(dir, "d.journal")))
	if refresh(t, l); l.NumDone() != 2 || l.Generation(1) != 0 {
		t.Errorf("without d: %d done, generation %d", l.NumDone(), l.Generation(1))
	}
	put(t, dir, "a.journal", first[:len(first)-1])
	refresh(t, l)
	if l.NumDone() != 1 || l.Done(2) || !l.Attempts()[0].Torn {
		t.Errorf("cut: %d done, %+v", l.NumDone(), l.Attempts())
	}
}

// TestEndedIsLeftAlone cuts a journal whose attempt has ended: that is not looked at, and payloads
// tell.
func TestEndedIsLeftAlone(t *testing.T) {
	dir := writeDir(t, "a.journal", join(attemptFrame("n1"), done(8, 0), ended("done")))
	l := fresh(t, dir, 10)
	put(t, dir, "a.journal", nil)
	refresh(t, l)
	if !l.Done(8) {
		t.Error("an ended journal was read again")
	}
	checkPayloadError(t, l, 8, "a.journal")
	if _, err := l.Payload(8); !strings.Contains(err.Error(), "the file at 0") {
		t.Errorf("payload of a file that was cut: %v", err)
	}
}

// TestConcurrent reads what several writers append, while they do.
func TestConcurrent(t *testing.T) {
	const writers, batches, batch = 3, 8, 4
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range int64(writers) {
		w := newWriter(t, dir, Attempt{Index: int(i)})
		wg.Go(func() {
			for b := range int64(batches) {
				recs := make([]Record, batch)
				for k := range recs {
					p := (b*batch+int64(k))*writers + i
					recs[k] = Record{Portion: p, CRC: uint32(p), Payload: []byte(fmt.Sprint("state ", p))}
				}
				if err := w.Append(recs...); err != nil {
					t.Error(err)
				}
			}
			if err := w.End(End{Reason: Done}); err != nil {
				t.Error(err)
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	const portions = writers * batches * batch
	l := mustLog(t, dir, portions)
	for last, running := int64(0), true; running; {
		select {
		case <-finished:
			running = false
		case <-time.After(time.Millisecond):
		}
		refresh(t, l)
		if l.NumDone() < last {
			t.Errorf("%d done after %d", l.NumDone(), last)
		}
		last = l.NumDone()
	}
	if l.NumDone() != portions || l.Conflict() != nil || l.Duplicates() != 0 {
		t.Errorf("%d done, conflict %v, %d duplicates", l.NumDone(), l.Conflict(), l.Duplicates())
	}
	for i := range int64(writers) { // payloads can be asked for at the same time
		wg.Go(func() {
			for p := i; p < portions; p += 2 {
				if b, err := l.Payload(p); err != nil || string(b) != fmt.Sprint("state ", p) {
					t.Errorf("portion %d: %q, %v", p, b, err)
				}
			}
		})
	}
	wg.Wait()
}
