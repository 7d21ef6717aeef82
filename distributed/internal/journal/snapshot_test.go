package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// manyEnded writes so many journals of attempts that have ended, each with three portions.
func manyEnded(t testing.TB, dir string, n int) (portions int64) {
	t.Helper()
	for i := range n {
		put(t, dir, fmt.Sprintf("%d.n1.%016x.journal", i, i), join(attemptFrame("n1"), done(3*i, 0), done(3*i+1, 0), done(3*i+2, 0), ended("done")))
	}
	return int64(3 * n)
}

// condensed writes a snapshot, of however few journals.
func condensed(t testing.TB, l *Log) {
	t.Helper()
	l.spare = 1
	must(t, l.Condense())
}

// borrower is a log as a worker that starts has it.
func borrower(t testing.TB, dir string, portions int64) *Log {
	t.Helper()
	l := mustLog(t, dir, portions)
	l.Borrow()
	must(t, l.Follow(t.Context()))
	return l
}

// TestStart counts what a worker reads that starts on a run with many attempts that have ended, and
// two that have not: that does not grow with their number, but for 8 bytes of each in the snapshot.
func TestStart(t *testing.T) {
	for _, n := range []int{200, 800} {
		dir := t.TempDir()
		portions := manyEnded(t, dir, n)
		for _, name := range []string{"x.journal", "y.journal"} {
			put(t, dir, name, join(attemptFrame("n2"), done(0, 0)))
		}
		first := borrower(t, dir, portions)
		must(t, first.Condense())
		if c := first.Cost(); c.Opens != int64(n+2) || c.Lists != 1 {
			t.Errorf("%d attempts, the first worker: %+v", n, c)
		}
		old := time.Now().Add(-time.Hour)
		must(t, os.Chtimes(dir, old, old))
		l := borrower(t, dir, portions)
		if c := l.Cost(); c.Opens > 3 || c.Bytes > int64(8*n)+1000 || c.Frames > 4 {
			t.Errorf("%d attempts: %+v", n, c)
		}
		if l.NumDone() != portions || l.note != "" || runs(l, 0, portions) != nil {
			t.Errorf("%d attempts: %d of %d done, %s", n, l.NumDone(), portions, l.note)
		}
		before := l.Cost()
		l.listed.since = l.listed.since.Add(-time.Hour) // when nothing was new for long
		must(t, l.Follow(t.Context()))
		if c := l.Cost(); c.Opens != before.Opens+2 || c.Bytes != before.Bytes || c.Lists != before.Lists {
			t.Errorf("%d attempts: a second look made %+v of %+v", n, c, before)
		}
		put(t, dir, "z.journal", join(attemptFrame("n3"), revoked(7, 1)))
		must(t, l.Follow(t.Context()))
		if l.Done(7) || l.Generation(7) != 1 {
			t.Error("a new journal was overlooked")
		}
	}
}

// TestSilent has a journal without an end that nobody has written to for long: it is looked at less
// often, by Follow, and at every Refresh.
func TestSilent(t *testing.T) {
	dir := writeDir(t, "a.journal", join(attemptFrame("n1"), done(1, 0)))
	old := time.Now().Add(-2 * Lease)
	must(t, os.Chtimes(filepath.Join(dir, "a.journal"), old, old))
	l := borrower(t, dir, 10)
	put(t, dir, "a.journal", join(attemptFrame("n1"), done(1, 0), done(2, 0)))
	must(t, l.Follow(t.Context()))
	if l.Done(2) {
		t.Error("it was looked at at once")
	}
	l.unended[0].due = time.Now()
	must(t, l.Follow(t.Context()))
	if !l.Done(2) || !l.Attempts()[0].Alive {
		t.Errorf("when it was due: %+v", l.Attempts())
	}
	put(t, dir, "a.journal", join(attemptFrame("n1"), done(1, 0), done(2, 0), done(3, 0)))
	l.unended[0].due = time.Now().Add(time.Hour)
	refresh(t, l)
	if !l.Done(3) {
		t.Error("Refresh has not looked")
	}
}

// TestManyNames has a directory that takes long to list: that is done less often.
func TestManyNames(t *testing.T) {
	dir := t.TempDir()
	l := borrower(t, dir, 10)
	l.listed.names, l.listed.took = manyNames, time.Hour
	put(t, dir, "a.journal", join(attemptFrame("n1"), done(1, 0)))
	must(t, l.Follow(t.Context()))
	if l.Done(1) {
		t.Error("it was listed again at once")
	}
	l.listed.at = l.listed.at.Add(-21 * time.Hour)
	must(t, l.Follow(t.Context()))
	if !l.Done(1) {
		t.Error("it was not listed when it was time")
	}
}

// TestBorrowed follows a run with revoked portions through a snapshot: what was borrowed has no
// entries, and records that come later count as they would.
func TestBorrowed(t *testing.T) {
	dir := writeDir(t, "a.journal", join(attemptFrame("n1"), done(1, 0), done(2, 0), done(3, 0), ended("done")))
	put(t, dir, "b.journal", join(attemptFrame("login"), revoked(2, 1), revoked(3, 1), revoked(5, 2), ended("done")))
	put(t, dir, "c.journal", join(attemptFrame("n2"), done(3, 1), ended("done")))
	condensed(t, fresh(t, dir, 10))
	l := borrower(t, dir, 10)
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 2, 3, 4, 10}) || l.Generation(2) != 1 || l.Generation(5) != 2 || l.NumDone() != 2 {
		t.Errorf("missing %d, generations %d, %d", got, l.Generation(2), l.Generation(5))
	}
	if _, ok := l.Entry(1); ok {
		t.Error("a borrowed record has an entry")
	}
	if _, err := l.Payload(1); err == nil {
		t.Error("a borrowed record has a payload")
	}
	put(t, dir, "d.journal", join(attemptFrame("n3"), done(2, 0), done(3, 0), done(1, 0), done(4, 0)))
	must(t, l.Follow(t.Context()))
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 1, 2, 3, 5, 10}) || l.Conflict() != nil {
		t.Errorf("later records: missing %d, %v", got, l.Conflict())
	}
	refresh(t, l)
	if e, ok := l.Entry(3); !ok || e.Generation != 1 || l.Duplicates() != 4 || len(l.Attempts()) != 4 || l.note != "" {
		t.Errorf("by the journals: %+v, %d duplicates, %+v, %s", e, l.Duplicates(), l.Attempts(), l.note)
	}
}

// snapshotOf is a valid snapshot of a run with 12 portions, and its directory.
func snapshotOf(t *testing.T) (dir string, b []byte) {
	t.Helper()
	dir = writeDir(t, "a.journal", join(attemptFrame("n1"), done(1, 0), done(2, 0), done(7, 0), ended("done")))
	put(t, dir, "b.journal", join(attemptFrame("login"), revoked(2, 1), ended("done")))
	condensed(t, fresh(t, dir, 12))
	b, err := os.ReadFile(filepath.Join(dir, snapshotName))
	must(t, err)
	return dir, b
}

// TestDamagedSnapshot flips every bit of a snapshot and cuts it at every byte: it is ignored, with
// a line that says so, and the next one takes its place.
func TestDamagedSnapshot(t *testing.T) {
	dir, good := snapshotOf(t)
	path := filepath.Join(dir, snapshotName)
	check := func(what string, b []byte) {
		t.Helper()
		put(t, dir, snapshotName, b)
		l := borrower(t, dir, 12)
		if got := runs(l, 0, 12); !slices.Equal(got, []int64{0, 1, 2, 7, 8, 12}) || l.lent || !strings.HasPrefix(l.note, path+": ignored: ") ||
			strings.Contains(l.note, "\n") || len(l.Attempts()) != 2 {
			t.Fatalf("%s: missing %d, lent %v, note %q", what, got, l.lent, l.note)
		}
	}
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		check(fmt.Sprint("bit ", bit), bad)
	}
	for n := range good {
		check(fmt.Sprint("cut to ", n), good[:n])
	}
	check("longer", append(bytes.Clone(good), 0))
	check("of another plan", (&snapshot{}).encode(keyOf(planB)))
	check("a journal", join(attemptFrame("n1")))
	sealed := func(body ...byte) []byte {
		b := slices.Concat((&snapshot{}).encode(keyOf(planA))[:headerSize], body)
		binary.LittleEndian.PutUint64(b[32:], uint64(len(body)))
		binary.LittleEndian.PutUint32(b[40:], sum(body))
		seal(b)
		return b
	}
	check("too short", sealed(1, 2, 3))
	check("so many journals", sealed(1, 0, 0, 0, 0, 0, 0, 0))
	check("very many journals", sealed(bytes.Repeat([]byte{255}, 16)...))
	check("not in order", (&snapshot{journals: []uint64{2, 1}}).encode(keyOf(planA)))
	none := make([]byte, 8)
	for _, tail := range [][]byte{
		{0}, {0, 1, 1}, {0, 0, 1, 0}, {12, 1, 1, 0}, {13, 1, 1, 0}, {0, 13, 1, 0}, {1, 12, 1, 0}, {128}, bytes.Repeat([]byte{255}, 11),
		binary.AppendUvarint([]byte{0, 1}, MaxGeneration+2), binary.AppendUvarint([]byte{0, 1, 1}, MaxGeneration+1),
		append(binary.AppendUvarint([]byte{1}, math.MaxUint64), 1, 0),
	} {
		check(fmt.Sprint(tail), sealed(slices.Concat(none, tail)...))
	}
	l := fresh(t, dir, 12)
	condensed(t, l)
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, good) {
		t.Errorf("after the next one: %v", err)
	}
}

// TestLyingSnapshot says that more is done than the journals do: by Refresh that is over.
func TestLyingSnapshot(t *testing.T) {
	dir, _ := snapshotOf(t)
	lie := &snapshot{runs: []run{{from: 0, to: 12, best: 2}}}
	put(t, dir, snapshotName, lie.encode(keyOf(planA)))
	l := borrower(t, dir, 12)
	if l.NumDone() != 12 {
		t.Fatalf("%d done", l.NumDone())
	}
	refresh(t, l)
	if got := runs(l, 0, 12); !slices.Equal(got, []int64{0, 1, 2, 7, 8, 12}) || !strings.Contains(l.note, "by it 12 portions are done, and by the journals 2") {
		t.Errorf("missing %d, %q", got, l.note)
	}
	if _, err := os.Stat(filepath.Join(dir, snapshotName)); !os.IsNotExist(err) {
		t.Errorf("it is there still: %v", err)
	}
}

// TestCondense says when snapshots are written, and by whom.
func TestCondense(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, snapshotName)
	manyEnded(t, dir, looseMin-1)
	few := fresh(t, dir, 1000)
	must(t, few.Condense())
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a snapshot of few journals: %v", err)
	}
	portions := manyEnded(t, dir, 2*looseMin)
	v, w := fresh(t, dir, portions), fresh(t, dir, portions)
	must(t, v.Condense())
	before, err := os.Stat(path)
	must(t, err)
	must(t, w.Condense())
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) || len(w.looseFiles()) != 0 {
		t.Errorf("a second process has written it again: %v", err)
	}
	// A third has borrowed, and adds what has ended since; another one that has not heard of that
	// does not take it away.
	put(t, dir, "z.journal", join(attemptFrame("n2"), done(int(portions)+2, 0), ended("done")))
	late := fresh(t, dir, portions+3)
	l := borrower(t, dir, portions+3)
	put(t, dir, "x.journal", join(attemptFrame("n2"), done(int(portions), 0), ended("done")))
	put(t, dir, "y.journal", join(attemptFrame("n2"), done(int(portions)+1, 0)))
	must(t, l.Follow(t.Context()))
	l.loose = slices.DeleteFunc(l.loose, func(f *journalFile) bool { return f.name != "x.journal" })
	condensed(t, l)
	condensed(t, late)
	l = borrower(t, dir, portions+3)
	if n := len(l.covered); n != 2*looseMin+2 || l.NumDone() != portions+3 || len(l.files) != 1 {
		t.Errorf("%d journals in it, %d done, %d files read", n, l.NumDone(), len(l.files))
	}
	// Who has borrowed from one that is gone makes it again.
	must(t, os.Remove(path))
	put(t, dir, "zz.journal", join(attemptFrame("n2"), ended("done")))
	must(t, l.Follow(t.Context()))
	condensed(t, l)
	if l = borrower(t, dir, portions+3); len(l.files) != 1 || l.NumDone() != portions+3 {
		t.Errorf("after it was lost: %d files read, %d done", len(l.files), l.NumDone())
	}
	// A journal that is silent for very long is in it too.
	old := time.Now().Add(-2 * longSilent)
	must(t, os.Chtimes(filepath.Join(dir, "y.journal"), old, old))
	condensed(t, fresh(t, dir, portions+3))
	if l = borrower(t, dir, portions+3); len(l.files) != 0 || l.NumDone() != portions+3 {
		t.Errorf("%d files read, %d done", len(l.files), l.NumDone())
	}
}

// TestCondenseFails has something in the place of the snapshot, and what a process has left that
// died while it wrote one.
func TestCondenseFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, snapshotName)
	must(t, os.Mkdir(path, 0o700))
	portions := manyEnded(t, dir, 2*looseMin)
	l := borrower(t, dir, portions)
	if err := l.Condense(); err == nil || l.NumDone() != portions || !strings.Contains(l.note, "ignored") || l.spare < 4*looseMin {
		t.Errorf("%v, %d done, note %q, next at %d", err, l.NumDone(), l.note, l.spare)
	}
	must(t, l.Condense()) // not before twice as many have ended
	must(t, os.Remove(path))
	put(t, dir, ".snapshot.lazynpy-0.tmp", []byte(snapshotMagic))
	l = borrower(t, dir, portions)
	must(t, l.Condense())
	if l = borrower(t, dir, portions); !l.lent || l.NumDone() != portions || l.note != "" {
		t.Errorf("lent %v, %d done, note %q", l.lent, l.NumDone(), l.note)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.FileMode(0) {
		t.Errorf("%v, %v", info, err)
	}
}
