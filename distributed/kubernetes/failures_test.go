package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// ended is a pod as kubectl prints it.
func ended(index, status int, reason, message string) string {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"metadata": {"name": "pod-%d", "annotations": {"batch.kubernetes.io/job-completion-index": "%d"}},
		"status": {"phase": "Failed", "containerStatuses": [
			{"name": "sidecar", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}},
			{"name": "worker", "state": {"terminated": {"exitCode": %d, "reason": %q, "message": %s}}}]}}`, index, index, status, reason, text)
}

// Why workers have failed is told when the Job has ended, and asked once.
func TestPollTellsFailures(t *testing.T) {
	const failed = `{"kind": "Job", "status": {"failed": 3, "conditions": [{"type": "Failed", "status": "True"}]}}`
	for _, c := range []struct {
		name string
		pods []string
		want []string // in the error; none for no error
	}{
		{"memory", []string{ended(0, 137, "OOMKilled", ""), ended(2, 137, "OOMKilled", ""), ended(2, 137, "OOMKilled", "")},
			[]string{"2 workers ran out of their memory of 2Gi", "OOMKilled", "pod-2", "--mem", "resume"}},
		{"a refusal", []string{ended(1, 64, "Error", "distributed: refused:\nthe plan is for another program\x1b[2J\u202e")},
			[]string{"1 worker failed", "pod-1", "exit status 64: distributed: refused: the plan is for another program?[2J?"}},
		{"both", []string{ended(1, 1, "Error", "no space left"), ended(0, 137, "OOMKilled", "")},
			[]string{"1 worker ran out", "; 1 worker failed, pod pod-1: exit status 1: no space left"}},
		{"killed", []string{ended(1, 137, "Error", "")}, []string{"killed by SIGKILL"}},
		{"evicted", []string{`{"metadata": {"name": "p"}, "status": {"reason": "Evicted", "message": "The node was low on resource: ephemeral-storage."}}`},
			[]string{"1 worker failed", "Evicted: The node was low"}},
		{"nothing said", []string{`{}`}, []string{"no reason is known"}},
		{"told to end", []string{ended(1, distributed.ExitInterrupted, "Error", "")}, nil},
	} {
		e := engines()["minimal"]
		e.Poll = time.Nanosecond
		f := newFake(t, &e)
		j := submitted(t, f, e)
		f.set("get job", answer{Stdout: failed})
		f.set("get pods", answer{Stdout: `{"items": [` + strings.Join(c.pods, ",") + `]}`})
		for range 3 {
			state, err := j.Poll(t.Context())
			if state != distributed.Idle || (err == nil) != (c.want == nil) {
				t.Errorf("%s: %v, %v", c.name, state, err)
				continue
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
					t.Errorf("%s: %v, want one line with %q", c.name, err, want)
				}
			}
		}
		if n := len(f.calls()); n != 4 {
			t.Errorf("%s: %d questions, want 3 about the job and 1 about its pods", c.name, n)
		}
	}
}

// Who may not look at pods is told that, and the Job has ended all the same.
func TestPollWithoutPods(t *testing.T) {
	e := engines()["minimal"]
	e.Memory = "8Gi"
	f := newFake(t, &e)
	j := submitted(t, f, e)
	f.set("get job", answer{Stdout: `{"kind": "Job", "status": {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}}`})
	f.set("get pods", answer{Stderr: `Error from server (Forbidden): pods is forbidden`, Status: 1})
	if state, err := j.Poll(t.Context()); state != distributed.Idle || err == nil || !strings.Contains(err.Error(), "pods is forbidden") {
		t.Errorf("%v, %v", state, err)
	}
}

// A worker that was killed for want of memory is not started again in the same round.
func TestOutOfMemoryIsNotTriedAgain(t *testing.T) {
	rules := decode(t, engines()["minimal"], round()).Spec.PodFailurePolicy.Rules
	for _, r := range rules {
		if r.OnExitCodes != nil && r.Action == "FailIndex" {
			for _, v := range r.OnExitCodes.Values {
				if v == exitKill {
					return
				}
			}
		}
	}
	t.Errorf("no rule about status %d: %+v", exitKill, rules)
}
