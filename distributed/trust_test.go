package distributed_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

func chmod(t testing.TB, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func perm(t testing.TB, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestUntrusted has run directories that others may write to: refused, unless the user says that
// they are fine.
func TestUntrusted(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // where files have no such modes
	}
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	if got := perm(t, dir); got != 0o700 {
		t.Errorf("the run directory has mode %04o", got)
	}
	for _, name := range []string{".", "plan.json", "journal", "rounds"} {
		path := filepath.Join(dir, name)
		old := perm(t, path)
		chmod(t, path, old|0o020)
		for verb, err := range map[string]error{
			"Run":     run(p, distributed.Pool{}, distributed.RunOptions{}),
			"Resume":  distributed.Resume(t.Context(), distributed.Pool{}, distributed.RunOptions{Dir: dir}),
			"Finish":  distributed.Finish(t.Context(), dir, distributed.RunOptions{}),
			"Do":      distributed.Work{Dir: dir}.Do(t.Context()),
			"Trusted": distributed.Trusted(filepath.Join(dir, "plan.json")),
		} {
			if !errors.Is(err, distributed.ErrUntrusted) || !strings.Contains(err.Error(), "can be written to by others (mode 0") {
				t.Errorf("%s, %s: %v", verb, name, err)
			}
			if verb == "Do" && distributed.ExitStatus(err) != distributed.ExitRefused {
				t.Errorf("%s: a worker is to be tried again", name)
			}
		}
		if name != "." {
			chmod(t, path, old)
		}
	}
	f.unpublished()
	chmod(t, dir, 0o770)
	if err := run(p, distributed.Pool{}, distributed.RunOptions{Trust: true}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}

// TestChangedPlan has plans whose results are not what was planned: they take the place of no
// input, and of no file that is not a .npy.
func TestChangedPlan(t *testing.T) {
	f := small(t)
	f.dir = filepath.Dir(f.scan)
	p := f.slowPlan(slowParams{})
	input, err := os.ReadFile(f.scan)
	if err != nil {
		t.Fatal(err)
	}
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	victim, twin, link := filepath.Join(f.dir, "victim.txt"), filepath.Join(f.dir, "twin.npy"), filepath.Join(f.dir, "link.npy")
	if err := errors.Join(os.WriteFile(victim, []byte("precious"), 0o600), os.Link(f.scan, twin), os.Symlink(f.scan, link)); err != nil {
		t.Fatal(err)
	}
	plan := filepath.Join(dir, "plan.json")
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		victim: "is not a .npy file", f.scan: "is an input", twin: "the output is the input", link: "the output is the input",
	} {
		for _, old := range []string{"mean.npy", "out.npy"} {
			changed := strings.ReplaceAll(string(text), `"`+filepath.Join(f.dir, old)+`"`, `"`+path+`"`)
			if err := os.WriteFile(plan, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			err := distributed.Resume(t.Context(), distributed.Pool{}, distributed.RunOptions{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s in place of %s: %v", path, old, err)
			}
		}
	}
	b, err := os.ReadFile(victim)
	now, err2 := os.ReadFile(f.scan)
	if err != nil || err2 != nil || string(b) != "precious" || string(now) != string(input) {
		t.Errorf("%q, %v, %v", b, err, err2)
	}
}

// TestReplaced has results in the place of files: private ones stay so, in the making too, and
// protected ones are refused before anything is computed.
func TestReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // where files have no such modes
	}
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	for _, name := range []string{"out.npy", "mean.npy", "sum.npy"} {
		path := filepath.Join(f.dir, name)
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		chmod(t, path, 0o444)
		err := run(p, distributed.Pool{}, distributed.RunOptions{})
		if err == nil || !strings.Contains(err.Error(), path+": is write-protected") || there(p.DefaultDir()) {
			t.Errorf("%s: %v", name, err)
		}
		chmod(t, path, 0o600)
	}
	part := fs.FileMode(0)
	if err := run(p, distributed.Pool{}, onceDone(func() { part = perm(t, partFile(t, p)) })); err != nil {
		t.Fatal(err)
	}
	f.check(want)
	for _, name := range []string{"out.npy", "mean.npy", "sum.npy"} {
		if got := perm(t, filepath.Join(f.dir, name)); got != 0o600 {
			t.Errorf("%s has mode %04o now", name, got)
		}
	}
	if part != 0o600 {
		t.Errorf("the output had mode %04o in the making", part)
	}
}

// refusing is an engine that takes no jobs.
type refusing struct{ distributed.Pool }

func (refusing) Submit(context.Context, distributed.Round) (distributed.Job, error) {
	return nil, errors.New("no jobs today")
}

// TestRefusedSubmission leaves no file of the size of the output.
func TestRefusedSubmission(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	if err := run(p, refusing{}, distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), "no jobs today") {
		t.Fatal(err)
	}
	f.unpublished()
	entries, err := os.ReadDir(f.dir)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		t.Errorf("left: %v, %v", entries, err)
	}
	other := f.slowPlan(slowParams{Micros: 1})
	if left := other.Leftovers(); len(left) != 0 {
		t.Errorf("leftovers %q", left)
	}
	err = run(p, distributed.Pool{}, onceDone(func() {
		if left := other.Leftovers(); len(left) != 1 || left[0] != partFile(t, p) {
			t.Errorf("leftovers of another plan: %q", left)
		}
		if left := p.Leftovers(); len(left) != 0 {
			t.Errorf("leftovers %q", left)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	f.check(want)
}

// TestLongRecord has a record of 2^30 bytes, most of them holes, in a journal: it is not read.
func TestLongRecord(t *testing.T) {
	f := small(t)
	o := f.options(slowParams{})
	o.PortionBytes = 1 << 30
	p := f.plan(o)
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	id := p.ID()
	head := make([]byte, 64)
	copy(head, "lnpyjrn1P")
	copy(head[16:32], id[:])
	binary.LittleEndian.PutUint64(head[48:], 1<<30)
	binary.LittleEndian.PutUint32(head[60:], crc32.Checksum(head[:60], crc32.MakeTable(crc32.Castagnoli)))
	path := filepath.Join(dir, "journal", "0.host.0123456789abcdef.journal")
	if err := errors.Join(os.WriteFile(path, head, 0o600), os.Truncate(path, 64+1<<30)); err != nil {
		t.Fatal(err)
	}
	err := distributed.Finish(t.Context(), dir, distributed.RunOptions{})
	if err == nil || !strings.Contains(err.Error(), "portion 0: a record of 1073741824 bytes, more than the states of its blocks can take") {
		t.Error(err)
	}
}

// TestRateAfterYears has records that are years old, and new ones.
func TestRateAfterYears(t *testing.T) {
	at := func(year, seconds int) time.Time {
		return time.Date(year, 1, 1, 0, 0, seconds, 0, time.UTC)
	}
	s := distributed.Status{Done: 3, BytesDone: 6000, Attempts: []distributed.Attempt{
		{Started: at(2020, 0), Last: at(2020, 10), Heard: at(2020, 10)},
		{Started: at(2031, 5), Last: at(2031, 15), Heard: at(2020, 15)}, // by a clock that is wrong
		{Started: at(2020, 7), Last: at(2020, 8), Heard: at(2020, 8)},
		{Started: at(2026, 0), Last: at(2026, 15), Heard: at(2026, 15)},
		{Started: at(2026, 20), Heard: at(2026, 20)},
	}}
	if got := distributed.SinceStart(s); got != 200 {
		t.Errorf("%v bytes per second, want 200", got)
	}
	if got := distributed.SinceStart(distributed.Status{}); got != 0 {
		t.Errorf("%v bytes per second of nothing", got)
	}
}
