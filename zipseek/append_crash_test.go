package zipseek

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/filelock"
)

// A crashFile notes what may be on disk if the machine stops at any moment: everything that was
// written before the last Sync, and of what was written since any part.
type crashFile struct {
	*os.File
	r       *rand.Rand
	disk    []byte
	pending []pendingWrite
	states  map[string]bool
}

type pendingWrite struct {
	b   []byte
	off int64
}

func (p pendingWrite) apply(disk []byte) []byte {
	if n := int(p.off) + len(p.b) - len(disk); n > 0 {
		disk = append(disk, make([]byte, n)...)
	}
	copy(disk[p.off:], p.b)
	return disk
}

// note adds states: nothing of what is pending, its first parts in order, and random parts, with
// holes between them or up to the length that the file has.
func (c *crashFile) note() {
	c.states[string(c.disk)] = true
	disk := slices.Clone(c.disk)
	for _, p := range c.pending {
		disk = p.apply(disk)
	}
	c.states[string(disk)] = true
	for range 4 {
		some := slices.Clone(c.disk)
		for _, p := range c.pending {
			if c.r.IntN(2) == 0 {
				cut := c.r.IntN(len(p.b) + 1)
				some = pendingWrite{p.b[:cut], p.off}.apply(some)
			}
		}
		c.states[string(some)] = true
		c.states[string(append(some, make([]byte, max(len(disk)-len(some), 0))...))] = true
	}
}

func (c *crashFile) WriteAt(b []byte, off int64) (int, error) {
	c.pending = append(c.pending, pendingWrite{bytes.Clone(b), off})
	c.note()
	return c.File.WriteAt(b, off)
}

func (c *crashFile) Sync() error {
	c.note()
	for _, p := range c.pending {
		c.disk = p.apply(c.disk)
	}
	c.pending = nil
	c.note()
	return c.File.Sync()
}

// inPlace lets an archive grow where it lies, as a large one does.
func inPlace(c *writerConfig) error {
	c.inPlace = true
	return nil
}

// TestAppendCrash stops the machine at every moment of appending. What Recover makes of it is the
// old archive, or the whole new one.
func TestAppendCrash(t *testing.T) {
	all := oldArchives(t)
	names := []string{"ours", "empty", "streamed", "prepended", "junk behind"}
	if every > 1 {
		names = names[1:2] // one goroutine does it all, mostly waiting for the disk
	}
	for _, name := range names {
		old := all[name]
		path := old.write(t)
		w, err := Append(path, inPlace)
		if err != nil {
			t.Fatal(err)
		}
		target := w.target.(*appendTarget)
		file := &crashFile{File: target.file.(*filelock.Lock).File, r: rand.New(rand.NewPCG(23, 24)), disk: slices.Clone(old.bytes), states: map[string]bool{}}
		file.note()
		target.file = file
		w.out.piece = 1 << 10
		journal := mustRead(t, journalPath(path))
		members := []given{
			// which is no archive that anybody appended to
			{name: "nested", data: all["streamed"].bytes},
			{name: "new", data: []byte("new"), opts: []WriterOption{Compressed(1)}},
			{name: "last", data: all["empty"].bytes, opts: []WriterOption{Align(1)}},
		}
		add(t, w, members...)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		now := mustRead(t, path)
		check(t, now, append(slices.Clone(old.members), members...))
		if !bytes.Equal(file.disk, now) || !file.states[string(now)] || len(file.states) < 100 {
			t.Errorf("%s: %d states", name, len(file.states))
		}
		for state := range file.states {
			checkCrash(t, name, []byte(state), journal, old.bytes, now)
		}
		// Nobody calls an archive complete that merely contains one.
		nested := slices.Concat(old.bytes, all["streamed"].bytes)
		checkCrash(t, name, nested, journal, old.bytes, now)
		checkCrash(t, name, slices.Concat(old.bytes, all["empty"].bytes), journal, old.bytes, now)
	}
}

// checkCrash recovers one state.
func checkCrash(t *testing.T, name string, state, journal, old, now []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := errors.Join(os.WriteFile(path, state, 0o600), os.WriteFile(path+".append", journal, 0o600)); err != nil {
		t.Fatal(err)
	}
	if size, ok := readJournal(path); !ok || size != int64(len(old)) {
		t.Errorf("%s: the journal says %d, %v", name, size, ok)
	}
	if mended, err := Recover(path); err != nil || !mended {
		t.Errorf("%s: Recover: %v, %v", name, mended, err)
	}
	got := mustRead(t, path)
	complete := bytes.Equal(state, now)
	if complete && !bytes.Equal(got, now) || !complete && !bytes.Equal(got, old) {
		t.Errorf("%s: %d bytes of %d are recovered as %d; %d before", name, len(state), len(now), len(got), len(old))
	}
	nothingLeft(t, filepath.Dir(path), "a.zip")
	if mended, err := Recover(path); err != nil || mended {
		t.Errorf("%s: Recover again: %v, %v", name, mended, err)
	}
}

// A failingFile fails from one call on, or at that call only.
type failingFile struct {
	*os.File
	calls, fail int
	forever     bool
	ends        []int64 // where end records were written
}

func (f *failingFile) step() error {
	f.calls++
	if f.calls == f.fail || f.forever && f.calls > f.fail {
		return errTest
	}
	return nil
}

func (f *failingFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.step(); err != nil {
		n, _ := f.File.WriteAt(b[:len(b)/2], off) // as a full disk does
		return n, err
	}
	if bytes.HasPrefix(b, []byte("PK\x05\x06")) {
		f.ends = append(f.ends, off)
	}
	return f.File.WriteAt(b, off)
}

func (f *failingFile) Truncate(size int64) error { return errors.Join(f.step(), f.ifAlive(size)) }

func (f *failingFile) ifAlive(size int64) error {
	if f.forever && f.calls >= f.fail {
		return errTest
	}
	return f.File.Truncate(size)
}

func (f *failingFile) Sync() error {
	if err := f.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

// TestAppendFails lets every call fail in turn. If only that one does, the file is what it was when
// Close returns. If all others do too, it is after Recover, unless the only thing missing was to
// know that all is on disk.
func TestAppendFails(t *testing.T) {
	old := oldArchives(t)["streamed"]
	for _, forever := range []bool{false, true} {
		calls := 1 << 30
		for n := 1; n <= calls+1; n++ {
			path := old.write(t)
			w, err := Append(path, inPlace)
			if err != nil {
				t.Fatal(err)
			}
			target := w.target.(*appendTarget)
			file := &failingFile{File: target.file.(*filelock.Lock).File, fail: n, forever: forever}
			target.file, w.out.piece = file, 8<<10
			for _, m := range newMembers(0) {
				if err := w.AddBytes(t.Context(), m.name, m.data, m.opts...); err != nil {
					break
				}
			}
			err = w.Close()
			if err == nil { // no call fails any more
				if calls = file.calls; n != calls+1 || n < 10 {
					t.Errorf("call %d of %d failed, and Close did not", n, calls)
				}
				check(t, mustRead(t, path), append(slices.Clone(old.members), newMembers(0)...))
				break
			}
			if !errors.Is(err, errTest) {
				t.Errorf("call %d: %v", n, err)
			}
			if forever {
				if mended, err := Recover(path); err != nil || !mended {
					t.Errorf("call %d: Recover: %v, %v", n, mended, err)
				}
			}
			nothingLeft(t, filepath.Dir(path), "a.zip")
			got := mustRead(t, path)
			if forever && len(file.ends) == 1 {
				check(t, got, append(slices.Clone(old.members), newMembers(0)...))
			} else if !bytes.Equal(got, old.bytes) {
				t.Errorf("call %d: the file has changed", n)
			}
		}
	}
}

// TestRecoverJournals checks journals that are not to be believed.
func TestRecoverJournals(t *testing.T) {
	old := oldArchives(t)["ours"]
	path := old.write(t)
	good := journal{size: int64(len(old.bytes)) - 1000}
	var err error
	if good.sum, err = sumTail(bytes.NewReader(old.bytes), good.size); err != nil {
		t.Fatal(err)
	}
	if err := writeJournal(path, good); err != nil {
		t.Fatal(err)
	}
	b := mustRead(t, journalPath(path))
	if j, exists, err := loadJournal(journalPath(path)); err != nil || !exists || j != good {
		t.Errorf("journal %+v is read as %+v: %v", good, j, err)
	}
	// Any other bytes are somebody's file, which is left alone and keeps Append from starting.
	for i := range b {
		for _, other := range [][]byte{b[:i], append(bytes.Clone(b), 0), slices.Concat(b[:i], []byte{b[i] ^ 4}, b[i+1:])} {
			if err := os.WriteFile(path+".append", other, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, ok := readJournal(path); ok {
				t.Fatalf("journal %x is believed", other)
			}
			_, appendErr := Append(path)
			_, recoverErr := Recover(path)
			for _, err := range []error{appendErr, recoverErr} {
				if !errors.Is(err, errNoJournal) || !strings.Contains(err.Error(), path+".append") {
					t.Fatalf("journal %x: %v", other, err)
				}
			}
			if !bytes.Equal(mustRead(t, path+".append"), other) {
				t.Fatal("somebody's file is gone")
			}
		}
	}
	// A journal of another file goes without a word.
	for _, j := range []journal{{good.size, good.sum + 1}, {int64(len(old.bytes)) + 1, good.sum}, {0, 1}} {
		if err := writeJournal(path, j); err != nil {
			t.Fatal(err)
		}
		if _, ok := readJournal(path); ok {
			t.Errorf("journal %+v is believed", j)
		}
		if mended, err := Recover(path); err != nil || mended {
			t.Errorf("journal %+v: %v, %v", j, mended, err)
		}
		nothingLeft(t, filepath.Dir(path), "a.zip")
	}
	if !bytes.Equal(mustRead(t, path), old.bytes) {
		t.Error("the file has changed")
	}
}

// TestAppendRecovers appends to what a process that died has left.
func TestAppendRecovers(t *testing.T) {
	old := oldArchives(t)["ours"]
	path := old.write(t)
	w, err := Append(path, inPlace)
	if err != nil {
		t.Fatal(err)
	}
	add(t, w, given{name: "lost", data: make([]byte, 3<<20)})
	if err := w.target.(*appendTarget).file.Close(); err != nil { // which gives up the lock
		t.Fatal(err)
	}
	if len(mustRead(t, path)) <= len(old.bytes) {
		t.Error("nothing was written")
	}
	w, err = Append(path, inPlace)
	if err != nil {
		t.Fatal(err)
	}
	add(t, w, newMembers(0)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, mustRead(t, path), append(old.members, newMembers(0)...))
	nothingLeft(t, filepath.Dir(path), "a.zip")
}
