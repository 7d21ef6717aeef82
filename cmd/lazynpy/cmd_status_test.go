package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// printed makes a run directory with two tasks of two portions each, of which nothing is done.
func printed(t *testing.T, path string) (dir, out string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "squares.npy")
	ok(t, "run", "--apply", "square", "--chunks", "(1,)", "--portion", "4", "--tasks", "2", "--write", "sync", path, "--map-output", out, "--prepare")
	return out + ".run", out
}

// TestLifeOfARun goes through all verbs, in the order in which things go wrong.
func TestLifeOfARun(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	dir, out := printed(t, path)
	status := func(want ...string) {
		t.Helper()
		text := squeeze(ok(t, "status", filepath.Join(dir, "plan.json")))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("no %q in\n%s", w, text)
			}
		}
	}
	status("ready", "blocks 0 of 4, 0 %", "array 0 B of 16 B", "attempts 0", "output "+out, "lazynpy work --plan "+dir)
	fails(t, exitFailure, []string{"4 of 4 portions"}, "verify", dir)

	if o := lazynpy(t, "cancel", dir); o.code != exitOK || !strings.Contains(o.stderr, "lazynpy resume") {
		t.Errorf("cancel: exit %d, %q", o.code, o.stderr)
	}
	fails(t, distributed.ExitRefused, []string{"cancelled"}, "work", "--plan", dir)
	status("cancelled")
	if o := lazynpy(t, "status", "--watch", dir); o.code != exitFailure || !strings.Contains(o.stdout, "cancelled") || !strings.Contains(o.stderr, "was cancelled") {
		t.Errorf("watching a cancelled run: exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}

	if got := ok(t, "resume", "--print", "--engine", "slurm", dir); !strings.Contains(got, "work --plan") {
		t.Errorf("another round is\n%s", got)
	}
	status("ready")
	t.Setenv("PBS_ARRAY_INDEX", "1")
	ok(t, "work", "--plan", dir)
	status("done", "blocks 4 of 4, 100 %", "attempts 1: 1 done")
	ok(t, "work", "--plan", dir) // one that comes too late
	if o := lazynpy(t, "resume", dir); o.code != exitOK || !strings.Contains(o.stderr, "complete already") {
		t.Errorf("resume: exit %d, %q", o.code, o.stderr)
	}
	status("done", "blocks 4 of 4, 100 %", "attempts 1: 1 done")
	ok(t, "status", "--watch", dir)
	if got := ok(t, "get", out); got != "[0 1 4 9]\n" {
		t.Errorf("the output is %q", got)
	}
	if o := lazynpy(t, "cancel", dir); o.code != exitOK || !strings.Contains(o.stderr, "nothing to cancel") {
		t.Errorf("cancel: exit %d, %q", o.code, o.stderr)
	}
}

func TestVerify(t *testing.T) {
	path, dir := array(t, []int64{4}, count[int32](4)), t.TempDir()
	out, runDir := filepath.Join(dir, "out.npy"), filepath.Join(dir, "r")
	ok(t, "run", path, "--chunks", "(1,)", "--portion", "4", "--write", "sync", "--map-output", out, "--run-dir", runDir)
	if got := ok(t, "verify", runDir); got != out+": ok, "+grouped(int64(len(read(t, out))))+" bytes as they were published\n" {
		t.Errorf("got %q", got)
	}
	want := `{"plan":"NAME","run_dir":"DIR0/r","valid":true,"portions":4}` + "\n"
	if got := withoutID(ok(t, "verify", "--json", runDir), dir); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b := read(t, out)
	b[len(b)-1] ^= 1
	if err := os.WriteFile(out, b, 0o666); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{out, "the first is 3"}, "verify", runDir)
}

// TestStatusOfFailures tells what workers have died of.
func TestStatusOfFailures(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	dir, _ := printed(t, path)
	if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	fails(t, distributed.ExitRefused, []string{"has changed", path}, "work", "--plan", dir)
	fails(t, exitFailure, []string{"has changed", path, "lazynpy clean --unfinished " + dir}, "resume", "--engine", "pool", dir)
	got := squeeze(ok(t, "status", dir))
	for _, want := range []string{"stalled", "cause ", "attempts 1: 1 refused", "refused ", "the input has changed", "next lazynpy resume " + dir} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	v := decode(t, ok(t, "status", "--json", dir))
	if v["state"] != "stalled" || v["failures"] != num(1) || len(v["attempts"].([]any)) != 1 {
		t.Errorf("got %v", v)
	}
}

// TestWatchStalled ends when nobody is at work and nobody waits to be.
func TestWatchStalled(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	dir, _ := printed(t, path)
	if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	fails(t, distributed.ExitRefused, []string{"has changed", path}, "work", "--plan", dir)
	o := lazynpy(t, "status", "--watch", "--interval", "100ms", dir)
	if o.code != exitFailure || !strings.Contains(o.stdout, "stalled") || !strings.Contains(o.stderr, "nobody is at work") {
		t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
}

// onWrite is a writer that calls a function at the first write.
type onWrite struct {
	text bytes.Buffer
	do   func()
}

func (w *onWrite) String() string { return w.text.String() }

func (w *onWrite) Write(b []byte) (int, error) {
	if w.do != nil {
		w.do()
		w.do = nil
	}
	return w.text.Write(b)
}

// TestWatch prints a line for each look until the run ends, or the user has seen enough.
func TestWatch(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	dir, _ := printed(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	w := &onWrite{do: cancel}
	code := run(ctx, []string{"status", "--watch", dir}, strings.NewReader(""), w, &stderr)
	if code != exitInterrupted || w.String() != "ready: 0 of 4 blocks\n" || stderr.String() != "lazynpy: interrupted\n" {
		t.Errorf("exit %d, %q, %q", code, w.String(), stderr.String())
	}
	w = &onWrite{do: func() { ok(t, "resume", "--engine", "pool", dir) }}
	code = run(t.Context(), []string{"status", "--watch", "--json", "--interval", "100ms", dir}, strings.NewReader(""), w, &stderr)
	lines := strings.SplitAfter(w.String(), "\n") // and nothing behind the last one
	if code != exitOK || len(lines) != 3 || decode(t, lines[0])["state"] != "ready" || decode(t, lines[1])["state"] != "done" {
		t.Errorf("exit %d, %q", code, w.String())
	}
}

func TestStatusTexts(t *testing.T) {
	s := distributed.Status{State: "running", Blocks: 64, BlocksDone: 48, Bytes: 4 << 30, BytesDone: 3 << 30, Rate: 2e9, ETA: 0.6}
	for range maxFailures + 5 {
		s.Attempts = append(s.Attempts, distributed.Attempt{Host: "n\x1b", End: "failed", Error: "disk\nfull"})
	}
	s.Attempts = append(s.Attempts, distributed.Attempt{}, distributed.Attempt{Alive: true}, distributed.Attempt{End: "interrupted"}, distributed.Attempt{End: "unknown"},
		distributed.Attempt{End: "of a newer program"})
	if got, want := lineOf(s), "running: 48 of 64 blocks, 2.0 GB/s, 1s left; 1 at work, 1 interrupted, 15 failed, 2 ended for a reason that cannot be read, 1 lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	rows := failures(s)
	if len(rows) != maxFailures+1 || !strings.Contains(rows[0][1], "5 more") || strings.ContainsAny(rows[1][1], "\x1b\n") {
		t.Errorf("got %q", rows)
	}
	var out bytes.Buffer
	b := &bar{w: &out, columns: func() int { return 60 }, now: func() time.Time { return time.Unix(1, 0) }, label: "run"}
	b.status(s)
	for _, want := range []string{"\rrun [", "75% of 4 GiB", "2.0 GB/s", "1s left"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	s.ETA = 1e30
	if got := speedText(s, " "); !strings.HasSuffix(got, " left") || strings.Contains(got, "-") {
		t.Errorf("for ever is %q", got)
	}
}
