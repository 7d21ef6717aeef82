package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// sample has every kind of frame, of two plans, and some that are to be skipped.
func sample() []rawFrame {
	foreign := done(3, 0)
	foreign.plan = planB
	unknown := rawFrame{kind: 'Z', plan: planA, portion: 4, payload: []byte("of a later version")}
	return []rawFrame{
		attemptFrame("n1"), done(1, 0), foreign, done(8, 0), attemptFrame("n9"), unknown, revoked(1, 2), done(1, 1), done(2, 0), done(1, 2),
		done(99, 0), done(5, MaxGeneration+1), ended("done"), done(6, 0),
	}
}

// TestTruncated cuts a journal at every byte: the complete frames count, and nothing else.
func TestTruncated(t *testing.T) {
	dir := t.TempDir()
	all := join(sample()...)
	for n := range len(all) + 1 {
		put(t, dir, "x.journal", all[:n])
		l := fresh(t, dir, 10)
		newModel(map[string][]byte{"x.journal": all[:n]}, planA, 10).check(t, l, 10)
	}
	l := fresh(t, dir, 10)
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 3, 8, 9, 10}) {
		t.Errorf("missing %d", got)
	}
}

// TestFlipped flips every bit of a journal: nothing counts that was not written, and payloads are
// checked.
func TestFlipped(t *testing.T) {
	dir := t.TempDir()
	frames := []rawFrame{attemptFrame("n1"), done(1, 0), done(8, 1), done(0, 0), ended("done")}
	all := join(frames...)
	want := fresh(t, writeDir(t, "x.journal", all), 10)
	for bit := range len(all) * 8 {
		all[bit/8] ^= 1 << (bit % 8)
		put(t, dir, "x.journal", all)
		l := fresh(t, dir, 10)
		for p := range int64(10) {
			got, ok := l.Entry(p)
			if !ok {
				continue
			}
			good, _ := want.Entry(p)
			// that is not protected from being made unknown
			got.Attempt, good.Attempt = Attempt{}, Attempt{}
			if got != good {
				t.Fatalf("bit %d: portion %d: %v, want %v", bit, p, got, good)
			}
			payload, err := l.Payload(p)
			if err != nil && !errors.Is(err, ErrPayload) || err == nil && string(payload) != string(done(int(p), 0).payload) {
				t.Fatalf("bit %d: portion %d: payload %q, %v", bit, p, payload, err)
			}
		}
		if a := l.Attempts(); len(a) > 0 && a[0].Attempt.Host != "n1" && a[0].Attempt.Host != "unknown" {
			t.Fatalf("bit %d: %+v", bit, a[0])
		}
		must(t, l.Close())
		all[bit/8] ^= 1 << (bit % 8)
	}
}

func writeDir(t *testing.T, name string, b []byte) string {
	dir := t.TempDir()
	put(t, dir, name, b)
	return dir
}

// TestTwoWriters has two attempts compute the same portion, and agree or not.
func TestTwoWriters(t *testing.T) {
	for name, second := range map[string]Record{
		"equal":          {Portion: 7, CRC: 5, Payload: []byte("abc")},
		"output":         {Portion: 7, CRC: 6, Payload: []byte("abc")},
		"payload":        {Portion: 7, CRC: 5, Payload: []byte("abd")},
		"length":         {Portion: 7, CRC: 5},
		"other revision": {Portion: 7, CRC: 6, Payload: []byte("abc"), Generation: 1},
	} {
		dir := t.TempDir()
		v := newWriter(t, dir, Attempt{Host: "n1", PID: 11, Index: 4})
		w := newWriter(t, dir, Attempt{Host: "n2", PID: 22, Index: 5})
		must(t, v.Append(Record{Portion: 7, CRC: 5, Payload: []byte("abc")}))
		must(t, w.Append(second))
		l := fresh(t, dir, 8)
		if !l.Done(7) || l.NumDone() != 1 || l.Duplicates() != 1 {
			t.Errorf("%s: done %v, %d, %d duplicates", name, l.Done(7), l.NumDone(), l.Duplicates())
		}
		err := l.Conflict()
		if name == "equal" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		c, ok := errors.AsType[*ConflictError](err)
		if !ok || c.Portion != 7 || c.A.File == c.B.File {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range []string{
			"portion 7 ", `host "n1"`, `host "n2"`, "pid 11", "pid 22", "index 4", "index 5", v.Name(), w.Name(),
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: no %q in: %v", name, part, err)
			}
		}
	}
}

// TestConflictingLength has two payloads of different lengths with the same CRC-32C.
func TestConflictingLength(t *testing.T) {
	long := rawFrame{kind: 'P', plan: planA, portion: 1, payload: []byte("abc")}.bytes()
	copy(long[44:48], []byte{0, 0, 0, 0}) // that of no bytes
	seal(long)
	short := rawFrame{kind: 'P', plan: planA, portion: 1}
	l := fresh(t, writeDir(t, "x.journal", slices.Concat(join(attemptFrame("n1"), short), long)), 2)
	if c, ok := errors.AsType[*ConflictError](l.Conflict()); !ok || c.A.PayloadLen != 0 || c.B.PayloadLen != 3 {
		t.Errorf("conflict %v", l.Conflict())
	}
}

// TestRevoke follows a portion that a driver finds to be wrong on disk, and a worker that is late.
func TestRevoke(t *testing.T) {
	dir := t.TempDir()
	worker, driver := newWriter(t, dir, Attempt{Host: "n1"}), newWriter(t, dir, Attempt{Host: "login"})
	l := mustLog(t, dir, 4)
	expect := func(step string, done bool, generation uint32) {
		t.Helper()
		refresh(t, l)
		e, there := l.Entry(2)
		if l.Done(2) != done || there != done || l.Generation(2) != generation || l.NumDone() != int64(len(runs(l, 0, 4)))/2-1 {
			t.Errorf("%s: done %v, entry %+v, generation %d", step, l.Done(2), e, l.Generation(2))
		}
	}
	must(t, worker.Append(Record{Portion: 2, CRC: 9}))
	expect("recorded", true, 0)
	must(t, driver.Revoke(2, 1))
	if refresh(t, l); l.Done(2) || l.NumDone() != 0 || l.Generation(2) != 1 {
		t.Errorf("revoked: done %v, generation %d", l.Done(2), l.Generation(2))
	}
	must(t, worker.Append(Record{Portion: 2, CRC: 9})) // it has not heard of it
	if refresh(t, l); l.Done(2) {
		t.Error("a record of the old generation counts")
	}
	must(t, worker.Append(Record{Portion: 2, CRC: 9, Generation: l.Generation(2)}))
	expect("redone", true, 1)
	must(t, driver.Revoke(2, 1)) // by a second driver that saw the same
	expect("revoked again", true, 1)
	if err := l.Conflict(); err != nil || l.Duplicates() != 2 {
		t.Errorf("conflict %v, %d duplicates", err, l.Duplicates())
	}
}

// TestPlans replays a file that two plans share, by each of them.
func TestPlans(t *testing.T) {
	a, b := []rawFrame{attemptFrame("n1"), done(1, 0), ended("done")}, []rawFrame{done(2, 0), revoked(1, 1), ended("failed"), done(3, 0)}
	for i := range b {
		b[i].plan = planB
	}
	dir := writeDir(t, "x.journal", join(a[0], b[0], b[1], a[1], b[2], b[3], a[2]))
	only := join(b[0])
	put(t, dir, "y.journal", only)
	l := fresh(t, dir, 10)
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 2, 10}) || len(l.Attempts()) != 1 {
		t.Errorf("plan A: missing %d, %+v", got, l.Attempts())
	}
	other, err := OpenLog(dir, planB, 10)
	must(t, err)
	refresh(t, other)
	s := other.Attempts()
	if got := runs(other, 0, 10); !slices.Equal(got, []int64{0, 2, 3, 10}) || len(s) != 2 || s[0].Attempt.Host != "unknown" ||
		s[0].End.Reason != "failed" || other.Duplicates() != 1 {
		t.Errorf("plan B: missing %d, %+v", got, s)
	}
}

// TestNotJournals puts things into the directory that are none.
func TestNotJournals(t *testing.T) {
	dir := t.TempDir()
	good := join(attemptFrame("n1"), done(1, 0))
	put(t, dir, "good.journal", good)
	put(t, dir, "good.journal.bak", join(done(2, 0)))
	put(t, dir, "empty.journal", nil)
	put(t, dir, "short.journal", good[:7])
	put(t, dir, "text.journal", []byte(strings.Repeat("not a journal\n", 10)))
	put(t, dir, "zeros.journal", make([]byte, 4096))
	must(t, os.Mkdir(filepath.Join(dir, "folder.journal"), 0o700))
	outside := writeDir(t, "real", join(attemptFrame("n2"), done(3, 0)))
	if err := os.Symlink(filepath.Join(outside, "real"), filepath.Join(dir, "link.journal")); err != nil {
		t.Logf("without a symbolic link: %v", err) // Windows wants a privilege for it
	}
	l := fresh(t, dir, 10)
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 2, 10}) || len(l.Attempts()) != 1 {
		t.Errorf("missing %d, %+v", got, l.Attempts())
	}
	refresh(t, l)
	if l.NumDone() != 1 || l.Duplicates() != 0 {
		t.Errorf("%d done, %d duplicates", l.NumDone(), l.Duplicates())
	}
}

// TestHostileHeaders has headers with right checksums and numbers that no writer writes.
func TestHostileHeaders(t *testing.T) {
	first := join(attemptFrame("n1"), done(1, 0))
	odd := done(2, 0).bytes()
	odd[10] = 1
	seal(odd)
	for name, hostile := range map[string][]byte{
		"portion":    rawFrame{kind: 'P', plan: planA, portion: 1 << 63}.bytes(),
		"last":       rawFrame{kind: 'P', plan: planA, portion: 10}.bytes(),
		"revoke":     rawFrame{kind: 'R', plan: planA, portion: 10, generation: 1}.bytes(),
		"generation": rawFrame{kind: 'R', plan: planA, portion: 1, generation: MaxGeneration + 1}.bytes(),
		"reserved":   odd,
		"end":        rawFrame{kind: 'E', plan: planB, payload: []byte("{}")}.bytes(),
	} {
		l := fresh(t, writeDir(t, "x.journal", slices.Concat(first, hostile, join(done(3, 0)))), 10)
		if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 2, 3, 4, 10}) {
			t.Errorf("%s: missing %d", name, got)
		}
	}
	for _, length := range []uint64{1, 1 << 31, 1<<63 - 64, 1<<63 - 1, 1 << 63, 1<<64 - 64, 1<<64 - 1} {
		b := rawFrame{kind: 'P', plan: planA, portion: 2}.bytes()
		for i := range 8 {
			b[48+i] = byte(length >> (8 * i))
		}
		seal(b)
		l := fresh(t, writeDir(t, "x.journal", slices.Concat(first, b)), 10)
		if l.NumDone() != 1 || !l.Attempts()[0].Torn {
			t.Errorf("length %d: %d done, %+v", length, l.NumDone(), l.Attempts())
		}
	}
}

// TestBadJSON checks that an attempt or an end that cannot be read is unknown, and the records
// count.
func TestBadJSON(t *testing.T) {
	long := []byte(`{"host":"n1","reason":"done","error":"` + strings.Repeat("x", maxJSON) + `"}`)
	for name, payload := range map[string][]byte{
		"empty": nil, "text": []byte("n1"), "type": []byte(`{"host":[],"reason":{}}`), "cut": []byte(`{"host":"n1"`), "long": long,
	} {
		a, e := attemptFrame(""), ended("")
		a.payload, e.payload = payload, payload
		s := fresh(t, writeDir(t, "x.journal", join(a, done(1, 0), e)), 10).Attempts()
		if len(s) != 1 || s[0].Attempt != (Attempt{Host: "unknown"}) || s[0].End == nil || *s[0].End != (End{Reason: "unknown"}) ||
			s[0].Portions != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestLogErrors(t *testing.T) {
	for _, n := range []int64{-1, MaxPortions + 1, 1 << 62} {
		if _, err := OpenLog("runs", planA, n); err == nil || !strings.Contains(err.Error(), "out of range") {
			t.Errorf("%d portions: %v", n, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if err := mustLog(t, missing, 1).Refresh(t.Context()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no directory: %v", err)
	}
	l := fresh(t, writeDir(t, "x.journal", join(attemptFrame("n1"), done(1, 0))), 3)
	for _, p := range []int64{-1, 0, 3, 1 << 40} {
		_, ok := l.Entry(p)
		if _, err := l.Payload(p); ok || l.Done(p) || l.Generation(p) != 0 || err == nil || errors.Is(err, ErrPayload) {
			t.Errorf("portion %d: %v, %v", p, ok, err)
		}
	}
	if got := runs(l, -5, 1<<40); !slices.Equal(got, []int64{0, 1, 2, 3}) {
		t.Errorf("missing %d", got)
	}
	if got := runs(l, 2, 1); got != nil {
		t.Errorf("missing %d of an empty range", got)
	}
	for from := range l.Missing(0, 3) {
		if from != 0 {
			t.Errorf("went on to %d", from)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Refresh(ctx); !errors.Is(err, context.Canceled) || l.NumDone() != 1 {
		t.Errorf("cancelled: %v, %d done", err, l.NumDone())
	}
	empty := fresh(t, t.TempDir(), 0)
	if empty.NumDone() != 0 || empty.Done(0) || runs(empty, 0, 1) != nil {
		t.Error("a log of nothing has something")
	}
}

// TestSlotSize holds what doc.go says of memory.
func TestSlotSize(t *testing.T) {
	if n := reflect.TypeFor[slot]().Size(); n > 40 {
		t.Errorf("%d bytes per portion", n)
	}
}
