package distributed_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// onceDone is run options that call f when all portions have records, before anything is verified.
func onceDone(f func()) distributed.RunOptions {
	called := false
	return distributed.RunOptions{Progress: func(s distributed.Status) {
		if s.Done == s.Portions && !called {
			called = true
			f()
		}
	}}
}

// flip changes a byte of a file, and leaves its times as they were.
func flip(t testing.TB, path string, off int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x40
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// TestOverwrittenOutput writes over portions of the output after they were recorded: in the middle
// of a run that reads it back, and after it.
func TestOverwrittenOutput(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	const block = 64 * 64 * 4
	o := onceDone(func() {
		for _, portion := range []int64{2, 11} {
			flip(t, partFile(t, p), 4096+portion*block+block-1)
		}
	})
	o.Verify = true
	err := run(p, distributed.Pool{}, o)
	if err != nil {
		t.Fatal(err)
	}
	f.check(want)
	s, records := status(t, p)
	if records != p.Portions()+2 || s.Duplicates != 2 {
		t.Errorf("%d records of %d portions, %d duplicates", records, p.Portions(), s.Duplicates)
	}
	if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
		t.Error(err)
	}
	flip(t, p.Output.Path, 4096+7*block)
	err = distributed.Verify(t.Context(), p.DefaultDir())
	if err == nil || !strings.Contains(err.Error(), p.Output.Path+": 1 portions are not what was recorded, the first is 7, blocks 7 to 7") {
		t.Errorf("Verify: %v", err)
	}
}

// frame is a record of a portion in a journal: where its payload lies.
type frame struct {
	path         string
	portion      uint64
	at, n, total int64
}

// records finds the records of all journals of a plan.
func records(t testing.TB, p *distributed.Plan) (all []frame) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.DefaultDir(), "journal", "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at+64 <= len(b); {
			n := int(binary.LittleEndian.Uint64(b[at+48:]))
			if b[at+8] == 'P' {
				all = append(all, frame{path, binary.LittleEndian.Uint64(b[at+32:]), int64(at + 64), int64(n), int64(len(b))})
			}
			at += 64 + n
		}
	}
	return all
}

// TestCorruptedPayload changes what is recorded of two portions, behind the headers of the records.
func TestCorruptedPayload(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	err := run(p, distributed.Pool{}, onceDone(func() {
		for _, r := range records(t, p) {
			if r.portion == 3 || r.portion == 5 {
				flip(t, r.path, r.at+r.n/2)
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	f.check(want)
	if s, records := status(t, p); records != p.Portions()+2 || s.Duplicates != 2 {
		t.Errorf("%d records of %d portions, %d duplicates", records, p.Portions(), s.Duplicates)
	}
}

// TestVerifyUnpublished changes the states of a portion of a run that is computed, and not
// published.
func TestVerifyUnpublished(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	ctx, cancel := context.WithCancel(t.Context())
	if err := runIn(ctx, p, distributed.Pool{}, onceDone(cancel)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
		t.Error(err)
	}
	for _, r := range records(t, p) {
		if r.portion == 6 {
			flip(t, r.path, r.at)
		}
	}
	if err := distributed.Verify(t.Context(), p.DefaultDir()); err == nil || !strings.Contains(err.Error(), "the states of 1 portions are not what was recorded, the first is 6") {
		t.Errorf("Verify: %v", err)
	}
}

// TestTruncatedJournal cuts the journal of a run that was stopped before it was published, in the
// payload of a record. The records that are whole still count.
func TestTruncatedJournal(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	ctx, cancel := context.WithCancel(t.Context())
	o := onceDone(cancel)
	if err := runIn(ctx, p, distributed.Pool{}, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	all := records(t, p)
	if len(all) != 12 {
		t.Fatalf("%d records", len(all))
	}
	cut := all[8]
	if err := os.Truncate(cut.path, cut.at+cut.n-1); err != nil {
		t.Fatal(err)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	s, records := status(t, p)
	if records != p.Portions() || s.Duplicates != 0 || len(s.Attempts) != 2 {
		t.Errorf("%d records of %d portions, status %+v", records, p.Portions(), s)
	}
	for _, a := range s.Attempts {
		if a.Portions != 8 && a.Portions != 4 {
			t.Errorf("an attempt at %d portions", a.Portions)
		}
	}
}
