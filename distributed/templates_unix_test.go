//go:build unix

package distributed

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fakeWorker notes its parent, its arguments and its environment.
const fakeWorker = `#!/bin/bash
printf '%s\n' "$PPID" "$*" >"$FAKE_OUT"
env >>"$FAKE_OUT"
exit 75
`

// TestSchedulerTemplates runs the scripts of docs/schedulers.md in a shell that has what their
// schedulers promise.
func TestSchedulerTemplates(t *testing.T) {
	page, err := os.ReadFile("../docs/schedulers.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lazynpy"), []byte(fakeWorker), 0o755); err != nil {
		t.Fatal(err)
	}
	indices := map[string]string{"PBS": "PBS_ARRAY_INDEX=5", "LSF": "LSB_JOBINDEX=5", "Grid Engine": "SGE_TASK_ID=5"}
	blocks := regexp.MustCompile("(?s)\n```(sh|json)\n(.*?)```\n")
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		m := blocks.FindStringSubmatch(section)
		if m == nil {
			t.Errorf("%s: no template", title)
			continue
		}
		t.Run(title, func(t *testing.T) {
			if m[1] == "json" {
				var request struct {
					ContainerOverrides struct{ Command []string }
				}
				if err := json.Unmarshal([]byte(m[2]), &request); err != nil || !slices.Equal(request.ContainerOverrides.Command[:2], []string{"work", "--plan"}) {
					t.Errorf("%+v, %v", request, err)
				}
				return
			}
			script := filepath.Join(dir, "script")
			if err := os.WriteFile(script, []byte(m[2]), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("bash -n: %v: %s", err, out)
			}
			if indices[title] != "" {
				runTemplate(t, dir, script, indices[title])
				delete(indices, title)
			}
		})
	}
	if len(indices) > 0 {
		t.Errorf("no templates for %v", indices)
	}
}

// runTemplate runs a script that becomes a worker, with its index in the environment.
func runTemplate(t *testing.T, dir, script, index string) {
	t.Helper()
	out := filepath.Join(dir, "out")
	cmd := exec.Command("bash", script)
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "FAKE_OUT=" + out, index}
	said, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != ExitInterrupted {
		t.Fatalf("%s: %s; want the worker's exit status", cmd.ProcessState, said)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	// The worker took the place of the shell that read the script, so this process is its parent.
	if want := fmt.Sprint(os.Getpid()); lines[0] != want || !strings.HasPrefix(lines[1], "work --plan /") {
		t.Errorf("parent %s, want %s; arguments %q", lines[0], want, lines[1])
	}
	if got := Index(environment(strings.Join(lines[2:], " "))); got != 5 {
		t.Errorf("index %d", got)
	}
}
