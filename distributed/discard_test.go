package distributed_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/ops"
)

// TestStatesAreRemoved publishes runs of all kinds and looks at what is left of the states. A run
// without them knows what it knew, is verified, and computed anew if its output is lost.
func TestStatesAreRemoved(t *testing.T) {
	path, _ := writeArray(t, 32, 16, 64, 64)
	for _, c := range []struct {
		name string
		keep bool
		run  func(p *distributed.Plan, keep bool) error
	}{
		{"driver", false, runInPool(t)},
		{"driver that keeps them", true, runInPool(t)},
		{"worker", false, runWorker(t)},
		{"worker that keeps them", true, runWorker(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "mean.npy")
			p, err := distributed.MemmapDistributed(path, distributed.Options{Chunks: "(2,-1,-1,-1)", Memory: 64 << 20, PortionBytes: 512 << 10,
				Reduce: []distributed.Reduction{{Op: ops.Must("mean", ops.OverParams{Over: "0"}), Path: out}}})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.run(p, c.keep); err != nil {
				t.Fatal(err)
			}
			dir, want := p.DefaultDir(), mustReadFile(t, out)
			if n := recorded(t, dir); c.keep != (n >= p.StateBytes/2) || p.StateBytes < 128<<10 {
				t.Errorf("%d bytes of journals, of %d bytes of states", n, p.StateBytes)
			}
			s, err := distributed.StatusOf(t.Context(), dir)
			if err != nil || s.Done != p.Portions() || s.State != distributed.Complete || s.Attempts[0].Portions != s.Done || s.Attempts[0].End != "done" {
				t.Errorf("status %+v, %v", s, err)
			}
			if n := recorded(t, dir); s.StateBytes != p.StateBytes || s.DirBytes <= n || s.DirBytes > n+64<<10 {
				t.Errorf("%d bytes of states in %d bytes, not %d and some more than %d", s.StateBytes, s.DirBytes, p.StateBytes, n)
			}
			if err := distributed.Verify(t.Context(), dir); err != nil {
				t.Error(err)
			}
			if err := os.Remove(out); err != nil {
				t.Fatal(err)
			}
			if err := c.run(p, c.keep); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(mustReadFile(t, out), want) {
				t.Error("other bytes after the output was lost")
			}
		})
	}
}

func runInPool(t *testing.T) func(*distributed.Plan, bool) error {
	return func(p *distributed.Plan, keep bool) error {
		return distributed.Run(t.Context(), p, distributed.Pool{Workers: 2}, distributed.RunOptions{Keep: keep})
	}
}

// runWorker prepares a run as a driver does that nobody waits for, and is its worker; what is there
// already is resumed.
func runWorker(t *testing.T) func(*distributed.Plan, bool) error {
	return func(p *distributed.Plan, keep bool) error {
		if _, err := os.Stat(p.DefaultDir()); err == nil {
			return distributed.Resume(t.Context(), distributed.Pool{Workers: 2}, distributed.RunOptions{Dir: p.DefaultDir(), Keep: keep,
				Poll: time.Hour}) // what is gone is not waited for
		}
		if err := p.Write(p.DefaultDir()); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(p.DefaultDir(), "journal"), 0o777); err != nil {
			return err
		}
		return distributed.Work{Dir: p.DefaultDir(), Index: -1, Keep: keep}.Do(t.Context())
	}
}

func mustReadFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFailedWorker has a worker find no file to write to. Its journal says that it has failed.
func TestFailedWorker(t *testing.T) {
	path, _ := writeArray(t, 4, 8)
	p, err := distributed.MemmapDistributed(path, distributed.Options{Output: filepath.Join(t.TempDir(), "out.npy")})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(p.DefaultDir(), "journal"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := (distributed.Work{Dir: p.DefaultDir()}).Do(t.Context()); err == nil {
		t.Fatal("no error")
	}
	s, err := distributed.StatusOf(t.Context(), p.DefaultDir())
	if err != nil || s.Failures != 1 || s.Attempts[0].End != "failed" {
		t.Errorf("%+v, %v", s.Attempts, err)
	}
}
