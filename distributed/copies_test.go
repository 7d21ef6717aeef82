package distributed_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

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
