//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestRealWorker runs the program itself, as schedulers do.
func TestRealWorker(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "lazynpy")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const blocks = 1 << 17
	path := array(t, []int64{blocks}, make([]uint8, blocks))
	plan := func(t *testing.T, print func(args ...string)) string {
		out := filepath.Join(t.TempDir(), "sum.npy")
		print("run", "--op", "sum", "--chunks", "(1,)", "--portion", "1", path, "-o", out, "--prepare")
		return out + ".run"
	}
	t.Run("ends when told", func(t *testing.T) {
		runDir := plan(t, func(args ...string) {
			if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
		text := checkTold(t, exec.Command(program, "work", "--plan", runDir), syscall.SIGTERM, distributed.ExitInterrupted, runDir)
		if !strings.HasPrefix(text, "lazynpy: ") || !strings.HasSuffix(text, ": interrupted\n") {
			t.Errorf("it says %q", text)
		}
	})
	t.Run("is ended by a driver that is interrupted", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "sum.npy")
		driver := exec.Command(program, "run", "--op", "sum", "--chunks", "(1,)", "--portion", "1", path, "-o", out, "--engine", "proc", "--processes", "1")
		text := checkTold(t, driver, os.Interrupt, exitInterrupted, out+".run")
		if want := "lazynpy: interrupted; to go on: lazynpy resume " + out + ".run\n"; text != want {
			t.Errorf("it says %q, want %q", text, want)
		}
	})
	t.Run("refuses the plan of another program", func(t *testing.T) {
		runDir := plan(t, func(args ...string) { ok(t, args...) })
		out, err := exec.Command(program, "work", "--plan", runDir).CombinedOutput()
		if code := exitCode(err); code != distributed.ExitRefused || !strings.HasPrefix(string(out), "lazynpy: ") || !strings.Contains(string(out), "the plan is for program") {
			t.Errorf("exit %d, %s", code, out)
		}
	})
}

// checkTold starts a worker, or a driver of one, sends it a signal as soon as something is
// recorded, and looks at what it leaves. It returns what was written to standard error.
func checkTold(t *testing.T, cmd *exec.Cmd, tell os.Signal, want int, runDir string) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if code := exitCode(tellOnce(t, cmd.Process, tell, runDir, ended)); code != want {
		t.Fatalf("exit %d, %s", code, stderr.String())
	}
	s, err := distributed.StatusOf(t.Context(), runDir)
	if err != nil || len(s.Attempts) != 1 || s.Attempts[0].End != "interrupted" || s.Done < 1 || s.Done >= s.Portions {
		t.Errorf("%d of %d portions, %+v, %v", s.Done, s.Portions, s.Attempts, err)
	}
	return stderr.String()
}

// tellOnce waits until the process has ended, and sends it a signal when there are records.
func tellOnce(t *testing.T, p *os.Process, tell os.Signal, runDir string, ended <-chan error) error {
	for told := false; ; time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			return err
		default:
		}
		if !told && journalBytes(t, runDir) > 4096 {
			told = true
			if err := p.Signal(tell); err != nil {
				t.Error(err)
			}
		}
	}
}

// journalBytes is the size of all journals of a run.
func journalBytes(t *testing.T, runDir string) int64 {
	t.Helper()
	n := int64(0)
	files, err := filepath.Glob(filepath.Join(runDir, "journal", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if info, err := os.Stat(path); err == nil {
			n += info.Size()
		}
	}
	return n
}

// exitCode is the exit status of a process that has ended with err; -1 if a signal has ended it.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}
