package distributed

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// tinyRun plans a run of so many portions of one byte, and makes it ready.
func tinyRun(t *testing.T, portions int64) *Plan {
	t.Helper()
	p := planOfBytes(t, portions, 4)
	if p.Portions() != portions {
		t.Fatalf("%d portions, want %d", p.Portions(), portions)
	}
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	if err := Prepare(t.Context(), RunOptions{Dir: p.DefaultDir()}); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTinyTasks counts what a worker does to know what the others do, in runs of tiny portions: no
// more than their number has it do.
func TestTinyTasks(t *testing.T) {
	sizes := []int64{100, 300}
	if os.Getenv("LAZYNPY_LONG") != "" {
		sizes = []int64{1000, 10000}
	}
	for _, portions := range sizes {
		p := tinyRun(t, portions)
		var c journal.Cost
		if err := (Work{Dir: p.DefaultDir(), Workers: 1, cost: &c}).Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d portions: %+v", portions, c)
		// Each portion is a record, and at most one claim. A claim is looked at twice, and a look
		// begins where the last one has ended, but for the pieces in which files are read.
		if c.Frames > 2*portions+10 || c.Opens > 2*portions+10 || c.Lists > 2*portions+10 || c.Bytes > 4*64*portions+20<<10 {
			t.Errorf("%d portions: %+v", portions, c)
		}
		if info, err := os.Stat(p.Output.Path); err != nil || info.Size() != p.Output.Size {
			t.Errorf("output: %v, %v", info, err)
		}
	}
}

// endedBefore writes journals of attempts that have ended before a run goes on: one has recorded so
// many portions from the first one on, and very many have recorded none.
func endedBefore(t *testing.T, p *Plan, dir string, portions int64) {
	t.Helper()
	var records []journal.Record
	for i := range portions {
		records = append(records, journal.Record{Portion: i, CRC: zeroSum})
	}
	name := ""
	for _, all := range [][]journal.Record{records, nil} {
		w, err := journal.Create(dir, p.ID(), journal.Attempt{Host: "n1"})
		if err == nil {
			err = w.Append(all...)
		}
		if err == nil {
			err = w.End(journal.End{Reason: journal.Done})
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		name = w.Name()
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	for i := 0; i < 150 && err == nil; i++ {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.n2.%016x.journal", i, i)), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// zeroSum is what a record says of a block of one zero: the CRC-32C of that of its elements.
var zeroSum = addCRC(0, crc32.Checksum([]byte{0}, castagnoli))

// snapshotted has somebody write a snapshot of the journals in a directory.
func snapshotted(t *testing.T, p *Plan, dir string) {
	t.Helper()
	log, err := journal.OpenLog(dir, p.ID(), p.Portions())
	if err == nil {
		err = log.Refresh(t.Context())
	}
	if err == nil {
		err = log.Condense()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "snapshot")); err != nil {
		t.Fatal(err)
	}
}

// TestStartsWithSnapshot has a worker start on a run with many attempts that have ended. It reads
// few journals before it computes, and every one before it publishes.
func TestStartsWithSnapshot(t *testing.T) {
	const portions = 20
	p := tinyRun(t, portions)
	dir := filepath.Join(p.DefaultDir(), journalDir)
	endedBefore(t, p, dir, portions-1)
	snapshotted(t, p, dir)
	var c journal.Cost
	w := Work{Dir: p.DefaultDir(), Workers: 1, cost: &c}
	part := p.partPath()
	if err := os.Rename(part, part+"-"); err != nil {
		t.Fatal(err)
	}
	if err := w.Do(t.Context()); !errors.Is(err, fs.ErrNotExist) || c.Opens > 10 || c.Frames > 10 || c.Bytes > 5000 {
		t.Errorf("without an output: %+v, %v", c, err)
	}
	if err := os.Rename(part+"-", part); err != nil {
		t.Fatal(err)
	}
	if err := w.Do(t.Context()); err != nil || c.Opens < 152 {
		t.Errorf("with one: %+v, %v", c, err)
	}
	if err := Verify(t.Context(), p.DefaultDir()); err != nil {
		t.Error(err)
	}
}

// TestLyingSnapshot has a snapshot that says of portions that they are done which no journal has:
// they are computed before anything is published, by a driver with workers of its own, by workers
// alone, and by a run that goes on.
func TestLyingSnapshot(t *testing.T) {
	const portions = 20
	var notes []string
	note := func(line string) { notes = append(notes, line) }
	for name, run := range map[string]func(p *Plan) error{
		"pool":   func(p *Plan) error { return Run(t.Context(), p, Pool{}, RunOptions{}) },
		"worker": func(p *Plan) error { return Work{Dir: p.DefaultDir(), Note: note}.Do(t.Context()) },
		"resume": func(p *Plan) error { return Resume(t.Context(), Pool{}, RunOptions{Dir: p.DefaultDir()}) },
	} {
		p := tinyRun(t, portions)
		other := t.TempDir()
		endedBefore(t, p, other, portions)
		snapshotted(t, p, other)
		b, err := os.ReadFile(filepath.Join(other, "snapshot"))
		if err == nil {
			err = os.WriteFile(filepath.Join(p.DefaultDir(), journalDir, "snapshot"), b, 0o600)
		}
		if err == nil {
			err = run(p)
		}
		if err == nil {
			err = Verify(t.Context(), p.DefaultDir())
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s, err := StatusOf(t.Context(), p.DefaultDir())
		if err != nil || s.Done != portions || s.Duplicates != 0 || len(s.Attempts) != 1 {
			t.Errorf("%s: %d of %d portions by %d attempts, %d twice: %v", name, s.Done, portions, len(s.Attempts), s.Duplicates, err)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "snapshot: removed: by it 20 portions are done, and by the journals 0") {
		t.Errorf("the worker has noted %q", notes)
	}
}

// TestPublishedMeanwhile has a worker find that the output that it is to write to has its name
// already: the driver that was about to say so in done.json has died, or is as far as that. The
// worker sees to the end, unless portions have no record.
func TestPublishedMeanwhile(t *testing.T) {
	const portions = 20
	for _, recorded := range []int64{portions, portions - 1} {
		p := tinyRun(t, portions)
		dir := filepath.Join(p.DefaultDir(), journalDir)
		endedBefore(t, p, dir, recorded)
		knowsNothing(t, p, dir)
		if err := errors.Join(os.Rename(p.partPath(), p.Output.Path), os.WriteFile(filepath.Join(p.DefaultDir(), publishName), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := StatusOf(t.Context(), p.DefaultDir())
		if err != nil || s.State != Stalled || strings.Contains(s.Cause, "everything is recorded") != (recorded == portions) {
			t.Errorf("%d portions: %s, %q, %v", recorded, s.State, s.Cause, err)
		}
		err = Work{Dir: p.DefaultDir()}.Do(t.Context())
		if recorded < portions {
			if !errors.Is(err, errPublished) || !strings.Contains(err.Error(), p.Output.Path+": it has its name already") {
				t.Errorf("%d portions: %v", recorded, err)
			}
			continue
		}
		if err == nil {
			err = Verify(t.Context(), p.DefaultDir())
		}
		if err != nil {
			t.Errorf("%d portions: %v", recorded, err)
		}
	}
}

// knowsNothing writes a snapshot by which the journals in a directory have no record.
func knowsNothing(t *testing.T, p *Plan, dir string) {
	t.Helper()
	other := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	empty := mustRead(t, filepath.Join(dir, "0.n2.0000000000000000.journal"))
	for _, e := range entries {
		if err := os.WriteFile(filepath.Join(other, e.Name()), empty, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	snapshotted(t, p, other)
	if err := os.WriteFile(filepath.Join(dir, "snapshot"), mustRead(t, filepath.Join(other, "snapshot")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
