package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestPrepare makes a run for workers that others start, and removes what it has left.
func TestPrepare(t *testing.T) {
	path := array(t, []int64{4, 6}, count[int32](24))
	folder := filepath.Dir(path)
	sum, double := filepath.Join(folder, "sum.npy"), filepath.Join(folder, "double.npy")
	args := []string{"run", "--op", "sum", "-o", sum, "--apply", "multiply=2", "--map-output", double, "--prepare", path}
	dir := double + ".run"
	o := lazynpy(t, args...)
	if o.code != 0 || !strings.Contains(o.stderr, "lazynpy work --plan "+dir) {
		t.Fatalf("%+v", o)
	}
	if v := decode(t, ok(t, append(args, "--json")...)); v["state"] != string(distributed.Ready) || v["run_dir"] != dir {
		t.Errorf("%v", v)
	}
	if v := decode(t, ok(t, "status", "--json", dir)); v["state"] != string(distributed.Ready) {
		t.Errorf("%v", v)
	}
	for _, flag := range []string{"--print", "--detach", "--wait"} {
		fails(t, exitUsage, []string{"--prepare submits nothing"}, append(args, "--engine", "slurm", flag)...)
	}
	fails(t, exitFailure, []string{dir, "not complete, 0 of 1 portions"}, "clean", dir)
	ok(t, "work", "--plan", dir)
	own := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(own, []byte("of mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{"1 files that no run has made stay there, as notes.txt"}, "clean", double)
	if b, err := os.ReadFile(own); err != nil || string(b) != "of mine" {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(ok(t, "get", sum)); got != "552" {
		t.Errorf("the sum is %s", got)
	}

	// One that is given up goes with its unfinished output.
	other := filepath.Join(folder, "triple.npy")
	ok(t, "run", "--apply", "multiply=3", "--map-output", other, "--prepare", path)
	if parts, _ := filepath.Glob(other + ".*.part"); len(parts) != 1 {
		t.Fatalf("%q", parts)
	}
	ok(t, "clean", "--unfinished", other)
	if left, _ := filepath.Glob(other + "*"); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	fails(t, exitFailure, []string{other}, "clean", other)

	// A link to a run directory goes with it.
	place := filepath.Join(folder, "elsewhere")
	ok(t, "run", "--op", "sum", "-o", sum, "--run-dir", place, path)
	if err := os.Symlink(place, sum+".run"); err != nil {
		t.Fatal(err)
	}
	ok(t, "clean", sum)
	for _, name := range []string{place, sum + ".run"} {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
