//go:build unix

package batch

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// worker is a program that notes its index and its arguments, with a NUL after each, and its
// process.
const worker = `#!/bin/bash
printf '%s\0' "$PPID" "${PBS_ARRAY_INDEX-}" "${LSB_JOBINDEX-}" "${SGE_TASK_ID-}" "$@" >"$FAKE_WORKER_OUT"
exit 75
`

// arguments are what shells like to take apart.
var arguments = []string{
	"work", "--plan", "/scratch/it's a \"run\" $HOME $(date) `date` \\n", "", " ", "*", "~", "a;b", "a&b", "#c", "!x", "{a,b}",
	"tab\tand\nnewline 'quoted' \\ $HOME", "\x7f\x01", "größe", "\xff\xfe raw\n", "-n", "--", "a=b", "\n#$ -q evil", "$'x'",
}

func TestScriptsRun(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "fake 'worker' $x")
	if err := os.WriteFile(program, []byte(worker), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range systems {
		for _, shares := range []int{1, 7} {
			r := round(shares)
			r.Command = append([]string{program}, arguments...)
			text, err := s.write(r, Options{Queue: "short", Extra: s.extra})
			if err != nil {
				t.Fatal(err)
			}
			script := filepath.Join(dir, s.name)
			if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("%s: bash -n: %v: %s", s.name, err, out)
			}
			index := s.first + shares - 1
			runScript(t, script, s.name, s.index, index, s.name == "pbs" && shares == 1)
		}
	}
}

// runScript runs a script as its scheduler would for the last share. A plain job gets no index.
func runScript(t *testing.T, script, name, variable string, index int, plain bool) {
	t.Helper()
	out := script + ".out"
	cmd := exec.Command("bash", script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "FAKE_WORKER_OUT=" + out}
	if !plain {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", variable, index))
	}
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 75 {
		t.Fatalf("%s: %v: %s; want the worker's exit status", name, err, said)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(string(bytes.TrimSuffix(got, []byte{0})), "\x00")
	// The worker took the place of the shell that read the script, so this process is its parent.
	if want := fmt.Sprint(os.Getpid()); fields[0] != want {
		t.Errorf("%s: the worker's parent is %s, want %s", name, fields[0], want)
	}
	if indices := strings.Join(fields[1:4], ""); indices != fmt.Sprint(index) {
		t.Errorf("%s: index %q, want %d", name, indices, index)
	}
	if got, want := fmt.Sprintf("%q", fields[4:]), fmt.Sprintf("%q", arguments); got != want {
		t.Errorf("%s: arguments\n%s, want\n%s", name, got, want)
	}
}
