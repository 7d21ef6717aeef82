package distributed_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestOutputsThatAreNot takes the outputs of complete runs away, and puts other files in their
// places.
func TestOutputsThatAreNot(t *testing.T) {
	for _, name := range []string{"out.npy", "mean.npy", "sum.npy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := small(t)
			want, p := f.want(), f.slowPlan(slowParams{})
			if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(f.dir, name)
			checks := func(wanted error, words string) {
				t.Helper()
				for what, err := range map[string]error{"Verify": distributed.Verify(t.Context(), p.DefaultDir()), "CheckOutputs": distributed.CheckOutputs(t.Context(), p.DefaultDir())} {
					if !errors.Is(err, wanted) || err != nil && (!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), words)) {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
			checks(nil, "")
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// A copy in its place is as good.
			if err := os.WriteFile(path+".new", old, 0o600); err != nil || os.Rename(path+".new", path) != nil {
				t.Fatal(err)
			}
			checks(nil, "")
			// One bit that is another is not, and is not replaced.
			other := bytes.Clone(old)
			other[len(other)-1] ^= 1
			if err := os.WriteFile(path, other, 0o600); err != nil {
				t.Fatal(err)
			}
			checks(distributed.ErrOutput, "")
			for range 2 {
				if err := run(p, distributed.Pool{}, distributed.RunOptions{}); !errors.Is(err, distributed.ErrOutput) {
					t.Errorf("run: %v", err)
				}
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, other) {
				t.Errorf("what is in its place was replaced, %v", err)
			}
			if err := os.Truncate(path, int64(len(old)-1)); err != nil {
				t.Fatal(err)
			}
			checks(distributed.ErrOutput, "its size was")
			// What is gone is made again.
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			checks(fs.ErrNotExist, "not what was published")
			s, _ := status(t, p)
			if s.State != "done" || len(s.Altered) != 1 || s.Altered[0] != path+": it is gone" {
				t.Errorf("status %+v", s)
			}
			if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			f.check(want)
			checks(nil, "")
		})
	}
}

// TestDoneCannotBeWritten has something in the place of done.json: nothing is published before it
// can be told.
func TestDoneCannotBeWritten(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	done := filepath.Join(p.DefaultDir(), "done.json")
	err := run(p, distributed.Pool{}, onceDone(func() {
		if err := os.Mkdir(done, 0o700); err != nil {
			t.Error(err)
		}
	}))
	if err == nil || !strings.Contains(err.Error(), "done.json") {
		t.Errorf("%v", err)
	}
	for name := range want {
		if there(filepath.Join(f.dir, name)) {
			t.Errorf("%s is there", name)
		}
	}
	if err := os.Remove(done); err != nil {
		t.Fatal(err)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}
