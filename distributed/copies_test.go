package distributed_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// TestInputMap has workers read a copy of the input and of an operation's file, with other times,
// on what stands for the disk of their machine.
func TestInputMap(t *testing.T) {
	f := small(t)
	dark := filepath.Join(t.TempDir(), "dark.npy")
	one, err := mmapnpy.BufferOf([]float32{1}, 1)
	if err == nil {
		err = mmapnpy.Save(dark, one)
	}
	if err != nil {
		t.Fatal(err)
	}
	o := f.options(slowParams{})
	o.Map = append(o.Map, ops.Must("subtract", ops.BinaryParams{Operand: ops.Operand{Array: ops.Path(dark)}}))
	p := f.plan(o)
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	want := f.outputs()
	for name := range want {
		if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	t.Setenv("SCRATCH_OF_JOB", scratch)
	for _, path := range []string{f.scan, dark} {
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(scratch, filepath.Base(path)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// which only prepares
	if err := run(p, emptyHanded{}, distributed.RunOptions{Detach: true}); err != nil {
		t.Fatal(err)
	}
	m, err := distributed.ParseInputMap([]string{filepath.Dir(dark) + "=$SCRATCH_OF_JOB", f.scan + "=${SCRATCH_OF_JOB}/" + filepath.Base(f.scan)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.scan, f.scan+".away"); err != nil { // nobody reads it
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, text string }{
		{filepath.Dir(f.scan), "$NOT_SET_HERE/x", "$NOT_SET_HERE is not set"},
		{filepath.Dir(f.scan), "folder", "folder for " + filepath.Dir(f.scan) + " is no absolute path"},
		{f.dir + "x", "/tmp", "no input is in " + f.dir + "x"},
		{f.scan, filepath.Join(scratch, "none.npy"), "none.npy"},
		{f.scan, filepath.Join(scratch, "dark.npy"), "the copy of " + f.scan},
	} {
		w := distributed.Work{Dir: p.DefaultDir(), InputMap: distributed.InputMap{c.from: c.to}}
		if err := w.Do(t.Context()); distributed.ExitStatus(err) != distributed.ExitRefused || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s for %s: %v", c.to, c.from, err)
		}
		if s, _ := status(t, p); len(s.Attempts) == 0 || !strings.Contains(s.Attempts[len(s.Attempts)-1].Error, c.text) {
			t.Errorf("%s for %s: the journal does not say why: %+v", c.to, c.from, s)
		}
	}
	if err := (distributed.Work{Dir: p.DefaultDir(), InputMap: m}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, b := range f.outputs() {
		if !bytes.Equal(b, want[name]) {
			t.Errorf("%s differs", name)
		}
	}
	for _, pair := range []string{"", "=", "a=", "=b", "a"} {
		if _, err := distributed.ParseInputMap([]string{pair}); err == nil {
			t.Errorf("%q is taken", pair)
		}
	}
	for _, from := range []string{"/data/T=300 K/scan.npy", "/data/T=", "/a=b=c:d"} {
		for _, to := range []string{"/copies/T=300 K", "$TMPDIR/x=y"} {
			if m, err := distributed.ParseInputMap([]string{from + "=" + to}); err != nil || m[filepath.Clean(from)] != to {
				t.Errorf("%s for %s: %v, %v", to, from, m, err)
			}
		}
	}
	if _, err := distributed.ParseInputMap([]string{"a=/b", "a=/c"}); err == nil {
		t.Error("one file stands for two")
	}
}

// TestStagedCopy makes a plan for another filesystem than that of the copy that is read.
func TestStagedCopy(t *testing.T) {
	for what, c := range map[string]struct {
		change func(t testing.TB, path string)
		fails  bool
	}{
		"the same times": {change: func(testing.TB, string) {}},
		"times to the second": {change: func(t testing.TB, path string) {
			info, err := os.Stat(path)
			if err == nil {
				err = os.Chtimes(path, time.Time{}, info.ModTime().Truncate(time.Second))
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		"another second": {change: func(t testing.TB, path string) {
			if err := os.Chtimes(path, time.Time{}, time.Unix(1700000000, 0)); err != nil {
				t.Fatal(err)
			}
		}, fails: true},
		"another middle": {change: func(t testing.TB, path string) { // at the first sample
			flip(t, path, 64<<10)
		}, fails: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := small(t)
			want, p := f.want(), f.slowPlan(slowParams{})
			if err := p.Write(p.DefaultDir()); err != nil {
				t.Fatal(err)
			}
			// The plan was made on another machine, and the file has a new number.
			path := filepath.Join(p.DefaultDir(), "plan.json")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b = regexp.MustCompile(`"filesystem": "[^"]*"`).ReplaceAll(b, []byte(`"filesystem": "elsewhere"`))
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			changes["replaced"](t, f.scan)
			c.change(t, f.scan)
			err = distributed.Resume(t.Context(), distributed.Pool{}, distributed.RunOptions{Dir: p.DefaultDir(), Poll: time.Millisecond})
			if c.fails {
				if !errors.Is(err, distributed.ErrInput) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			f.check(want)
		})
	}
}
