package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var errDisk = errors.New("the disk is full")

// smallFile is a file that takes only so many bytes, or that cannot be synced any more.
type smallFile struct {
	*os.File
	room    int64
	badSync bool
}

func (f *smallFile) WriteAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) <= f.room {
		return f.File.WriteAt(b, off)
	}
	n, err := f.File.WriteAt(b[:max(f.room-off, 0)], off)
	return n, errors.Join(err, errDisk)
}

func (f *smallFile) Sync() error {
	if f.badSync {
		return errDisk
	}
	return nil
}

// TestFull lets the disk be full after any number of bytes.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	payload := bytes.Repeat([]byte("x"), 30)
	for room := range int64(440) {
		path := filepath.Join(dir, "x.journal")
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		must(t, err)
		w, err := start(&smallFile{File: f, room: room}, "x.journal", planA, Attempt{Host: "n1"})
		recorded := int64(0)
		for p := int64(0); err == nil; p += 2 {
			err = w.Append(Record{Portion: p, Payload: payload}, Record{Portion: p + 1, Payload: payload})
			if err == nil {
				recorded = p + 2
			}
		}
		if !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
		checkDead(t, w, errDisk)
		must(t, w.Close())
		b, err := os.ReadFile(path)
		must(t, err)
		l := fresh(t, dir, 10)
		newModel(map[string][]byte{"x.journal": b}, planA, 10).check(t, l, 10)
		if missing := runs(l, 0, recorded); missing != nil || l.NumDone() > recorded+1 {
			t.Fatalf("room for %d bytes: recorded %d, %d done, missing %d", room, recorded, l.NumDone(), missing)
		}
	}
}

// checkDead checks that a writer takes nothing after an error, and writes nothing.
func checkDead(t *testing.T, w *Writer, want error) {
	t.Helper()
	for name, err := range map[string]error{
		"Append": w.Append(Record{}), "Revoke": w.Revoke(0, 1), "End": w.End(End{Reason: Failed}), "nothing": w.Append(),
	} {
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "nothing can be appended") {
			t.Errorf("%s after an error: %v", name, err)
		}
	}
}

// TestSyncFails checks that a failed sync ends a journal: a second one might succeed without the
// bytes on disk.
func TestSyncFails(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "x.journal"))
	must(t, err)
	small := &smallFile{File: f, room: 1 << 20}
	w, err := start(small, "x.journal", planA, Attempt{})
	must(t, err)
	small.badSync = true
	if err := w.Append(Record{Portion: 1}); !errors.Is(err, errDisk) {
		t.Errorf("Append: %v", err)
	}
	small.badSync = false
	checkDead(t, w, errDisk)
	must(t, w.Close())
}

// TestFullFilesystem fills a small filesystem where the test may mount one, and else a small file.
func TestFullFilesystem(t *testing.T) {
	dir := t.TempDir()
	create := mountSmall(t, dir)
	w, err := create(Attempt{Host: "n1"})
	must(t, err)
	payload := bytes.Repeat([]byte("state"), 200)
	var recorded int64
	for err == nil {
		if err = w.Append(Record{Portion: recorded, CRC: 3, Payload: payload}); err == nil {
			recorded++
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || recorded == 0 || recorded > 64 {
		t.Fatalf("after %d records: %v", recorded, err)
	}
	follower := fresh(t, dir, 100) // may have seen a record of which the writer was told nothing
	if err := w.Append(Record{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a record after it: %v", err)
	}
	must(t, w.End(End{Reason: Failed, Error: strings.Repeat("no space left on device", 50)}))
	if err := w.Append(Record{}); !errors.Is(err, errEnded) {
		t.Errorf("a record after the end: %v", err)
	}
	must(t, w.Close())
	l := fresh(t, dir, 100)
	refresh(t, follower)
	for _, l := range []*Log{l, follower} {
		s := l.Attempts()[0]
		if s.End == nil || s.End.Reason != Failed || !strings.HasPrefix(s.End.Error, "no space left") || s.Torn || s.Portions != recorded {
			t.Errorf("%+v, %+v", s, s.End)
		}
	}
	if l.NumDone() != recorded || len(runs(l, 0, recorded)) != 0 || l.Conflict() != nil {
		t.Errorf("recorded %d, %d done, missing %d", recorded, l.NumDone(), runs(l, 0, 100))
	}
	for p := range recorded {
		if b, err := l.Payload(p); err != nil || !bytes.Equal(b, payload) {
			t.Errorf("portion %d: %d bytes, %v", p, len(b), err)
		}
	}
	must(t, l.Close()) // for the filesystem to be unmounted
}

// smallJournal is a stand-in for a small filesystem: journals of at most 60 KiB.
func smallJournal(dir string) func(Attempt) (*Writer, error) {
	return func(a Attempt) (*Writer, error) {
		f, err := os.Create(filepath.Join(dir, "0."+plainHost(a.Host)+suffix))
		if err != nil {
			return nil, err
		}
		return start(&fullFile{smallFile{File: f, room: 60 << 10}}, filepath.Base(f.Name()), planA, a)
	}
}

// fullFile fails as a full filesystem does.
type fullFile struct{ smallFile }

func (f *fullFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.smallFile.WriteAt(b, off)
	if err != nil {
		err = &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}
