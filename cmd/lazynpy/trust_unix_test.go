//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// soon runs a command line, which is to end soon.
func soon(t *testing.T, args ...string) outcome {
	t.Helper()
	done := make(chan outcome, 1)
	go func() { done <- lazynpy(t, args...) }()
	select {
	case o := <-done:
		return o
	case <-time.After(20 * time.Second):
		t.Fatalf("%q has not ended", args)
		return outcome{}
	}
}

// TestPipesInRunDirs puts pipes that nobody writes to in the place of each file of a run directory:
// no verb waits for them.
func TestPipesInRunDirs(t *testing.T) {
	path := array(t, []int64{4, 3}, count[uint16](12))
	for _, name := range []string{"plan.json", "engine.json", "done.json", "rounds/1.json", "journal/0.h.0123456789abcdef.journal", "journal/snapshot", "cancelled", "publishing"} {
		out := filepath.Join(t.TempDir(), "max.npy")
		dir := out + ".run"
		ok(t, "run", "--prepare", "--op", "max", "--over", "0", path, "-o", out)
		pipe := filepath.Join(dir, name)
		if err := os.Remove(pipe); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"status", dir}, {"verify", dir}, {"work", "--plan", dir}, {"cancel", dir}, {"resume", "--engine", "pool", dir},
			{"run", "--op", "max", "--over", "0", path, "-o", out},
		} {
			o := soon(t, args...)
			if strings.Contains(o.stderr, "internal error") || strings.Count(o.stderr, "\n") > 2 {
				t.Errorf("%s, %s: exit %d, %q", name, args, o.code, o.stderr)
			}
			if name == "plan.json" && (o.code == exitOK || !strings.Contains(o.stderr, pipe+": not a regular file")) {
				t.Errorf("%s, %s: exit %d, %q", name, args, o.code, o.stderr)
			}
		}
	}
}

// TestUntrustedRunDir has a run directory that others may write to.
func TestUntrustedRunDir(t *testing.T) {
	path := array(t, []int64{4, 3}, count[uint16](12))
	out := filepath.Join(t.TempDir(), "max.npy")
	dir := out + ".run"
	again := []string{"run", "--op", "max", "--over", "0", path, "-o", out}
	ok(t, append(again, "--prepare")...)
	if err := os.Chmod(filepath.Join(dir, "engine.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	words := []string{dir + "/engine.json: not trusted: it can be written to by others (mode 0666)", "chmod -R go-w " + dir + ", or --trust"}
	for _, args := range [][]string{{"resume", dir}, {"cancel", dir}, append(again, "--engine", "pool")} {
		fails(t, exitFailure, words, args...)
	}
	fails(t, distributed.ExitRefused, words, "work", "--plan", dir)
	ok(t, "status", dir)
	ok(t, "cancel", "--trust", dir)
	ok(t, "resume", "--trust", "--engine", "proc", dir)
	if got, want := ok(t, "get", out), "[ 9 10 11]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPrintRefuses what would become another script than it says.
func TestPrintRefuses(t *testing.T) {
	path := array(t, []int64{4, 3}, count[uint16](12))
	dir := t.TempDir() + "/a\nb"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{"line break"}, "run", "--engine", "slurm", "--print", "--op", "max", "--over", "0", path, "-o", filepath.Join(dir, "max.npy"))
}
