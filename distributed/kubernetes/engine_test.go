package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

var (
	_ distributed.Engine   = Engine{}
	_ distributed.Attacher = Engine{}
)

const refused = "E1129 11:36:01.123456   12345 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list\"\n" +
	"The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n"

func TestRoundSize(t *testing.T) {
	for _, c := range []struct {
		parallelism int
		tasks       int64
		want        int
	}{
		{0, 0, 1}, {0, 1, 1}, {0, 999, 999}, {0, 1 << 40, DefaultParallelism}, {100, 1000, 100}, {100, 7, 7}, {MaxParallelism + 5, 1 << 40, MaxParallelism},
	} {
		if got := (Engine{Parallelism: c.parallelism}).RoundSize(c.tasks); got != c.want {
			t.Errorf("parallelism %d, %d tasks: %d workers, want %d", c.parallelism, c.tasks, got, c.want)
		}
	}
}

func TestSubmit(t *testing.T) {
	e := engines()["full"]
	f := newFake(t, &e)
	f.set("create", answer{Stdout: "job.batch/lazynpy-0123456789ab-2\n"})
	j, err := e.Submit(t.Context(), round())
	if err != nil {
		t.Fatal(err)
	}
	if j.ID() != "microscopy/job/lazynpy-0123456789ab-2" {
		t.Errorf("ID %q", j.ID())
	}
	want, err := e.Manifest(round())
	if err != nil {
		t.Fatal(err)
	}
	calls := f.calls()
	if len(calls) != 1 || !slices.Equal(calls[0].Args, []string{"--context=site", "--namespace=microscopy", "create", "-f", "-", "-o", "name"}) {
		t.Fatalf("calls %q", calls)
	}
	if calls[0].Stdin != string(want) {
		t.Errorf("stdin is not the manifest: %s", calls[0].Stdin)
	}
}

// existing is a Job as kubectl prints it, made from the manifest of an engine and a round.
func existing(t *testing.T, e Engine, r distributed.Round, change func(*found)) string {
	t.Helper()
	f := found{Kind: "Job"}
	f.Metadata.Annotations = decode(t, e, r).Metadata.Annotations
	change(&f)
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A submission that failed is looked for, since it may have been heard all the same.
func TestSubmitTwice(t *testing.T) {
	const exists = `Error from server (AlreadyExists): error when creating "STDIN": jobs.batch "lazynpy-0123456789ab-2" already exists`
	e := engines()["minimal"]
	f := newFake(t, &e)
	other := e
	other.Image = "another"
	for _, c := range []struct {
		name, create, get string
		status            int
		want              string // in the error; "" for none
	}{
		{"same", exists, existing(t, e, round(), func(*found) {}), 0, ""},
		{"another manifest", exists, existing(t, other, round(), func(*found) {}), 0, "with another manifest"},
		{"someone else's", exists, `{"kind": "Job"}`, 0, "with another manifest"},
		{"being deleted", exists, existing(t, e, round(), func(f *found) { f.Metadata.DeletionTimestamp = "2026-01-01T00:00:00Z" }), 0, "still being deleted"},
		{"refused and not there", "The Job \"x\" is invalid: \n* spec.x: Invalid value\n* spec.y: Required value\n", "", 0,
			`kubectl create: The Job "x" is invalid: * spec.x: Invalid value * spec.y: Required value: exit status 1`},
		{"answer lost", refused, existing(t, e, round(), func(*found) {}), 0, ""},
		{"nobody there", refused, refused, 1, "looking whether it was created"},
	} {
		f.set("create", answer{Stderr: c.create, Status: 1})
		if c.status == 0 {
			f.set("get", answer{Stdout: c.get})
		} else {
			f.set("get", answer{Stderr: c.get, Status: c.status})
		}
		j, err := e.Submit(t.Context(), round())
		switch {
		case c.want == "" && (err != nil || j == nil):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: error %v, want one line with %q", c.name, err, c.want)
		}
	}
}

func TestKubectlIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	e := engines()["minimal"]
	if _, err := e.Submit(t.Context(), round()); !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "needs kubectl") {
		t.Errorf("Submit: %v", err)
	}
	if err := e.Cancel(t.Context(), "lazynpy-0123456789ab"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("Cancel: %v", err)
	}
}

// submitted is a job whose next Poll asks.
func submitted(t *testing.T, f *fake, e Engine) distributed.Job {
	t.Helper()
	f.set("create", answer{})
	j, err := e.Submit(t.Context(), round())
	if err != nil {
		t.Fatal(err)
	}
	f.calls()
	return j
}

// The answers in testdata were printed by kubectl 1.36.3.
func TestPollRealAnswers(t *testing.T) {
	e := engines()["minimal"]
	e.Poll = time.Nanosecond
	f := newFake(t, &e)
	for name, want := range map[string]distributed.State{
		"created":        distributed.Active,
		"running":        distributed.Active,
		"suspended":      distributed.Active,
		"failure-target": distributed.Idle,
		"failed":         distributed.Idle,
		"complete":       distributed.Idle,
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "get", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		j := submitted(t, f, e)
		f.set("get job", answer{Stdout: string(text)})
		f.set("get pods", answer{Stdout: `{"items": []}`})
		if got, err := j.Poll(t.Context()); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	calls := f.calls()
	if len(calls) == 0 || !slices.Equal(calls[0].Args, []string{"get", "job", "lazynpy-0123456789ab-2", "--ignore-not-found", "-o", "json"}) {
		t.Errorf("args %q", calls[0].Args)
	}
}

func TestPoll(t *testing.T) {
	e := engines()["minimal"]
	e.Poll = time.Nanosecond
	f := newFake(t, &e)
	j := submitted(t, f, e)
	for _, c := range []struct {
		name   string
		answer answer
		want   distributed.State
		err    string
	}{
		{"gone", answer{}, distributed.Idle, ""},
		{"gone, with a newline", answer{Stdout: "\n"}, distributed.Idle, ""},
		{"no server", answer{Stderr: refused, Status: 1}, distributed.Unknown, "kubectl get: The connection to the server"},
		{"silent failure", answer{Status: 3}, distributed.Unknown, "kubectl get: exit status 3"},
		{"no JSON", answer{Stdout: "{"}, distributed.Unknown, "kubectl get job lazynpy-0123456789ab-2"},
		{"another kind", answer{Stdout: `{"kind": "List"}`}, distributed.Unknown, `got kind "List"`},
		{"a condition that is not", answer{Stdout: `{"kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "False"}]}}`}, distributed.Active, ""},
		{"ending, pods not yet told", answer{Stdout: `{"kind": "Job", "status": {"active": 1, "conditions": [{"type": "FailureTarget", "status": "True"}]}}`}, distributed.Active, ""},
		{"succeeding", answer{Stdout: `{"kind": "Job", "status": {"terminating": 1, "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}]}}`}, distributed.Idle, ""},
	} {
		f.set("get", c.answer)
		got, err := j.Poll(t.Context())
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, %v; want %v, %q", c.name, got, err, c.want, c.err)
		}
		if err != nil && (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "memcache")) {
			t.Errorf("%s: error is not what a person wants to read: %q", c.name, err)
		}
	}
}

func TestPollAsksRarely(t *testing.T) {
	e := engines()["minimal"]
	e.Poll = time.Hour
	f := newFake(t, &e)
	j := submitted(t, f, e)
	f.set("get", answer{Stdout: `{"kind": "Job"}`})
	for range 3 {
		if got, err := j.Poll(t.Context()); got != distributed.Active || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		f.set("get", answer{})
	}
	if n := len(f.calls()); n != 1 {
		t.Errorf("%d questions in an hour, want 1", n)
	}
}

func TestPollCancelled(t *testing.T) {
	e := engines()["minimal"]
	f := newFake(t, &e)
	j := submitted(t, f, e)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.set("get", answer{Stdout: `{"kind": "Job"}`})
	if got, err := j.Poll(ctx); got != distributed.Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
	// What a cancelled question learned is not kept.
	if got, err := j.Poll(t.Context()); got != distributed.Active || err != nil {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

func TestKubectlHangs(t *testing.T) {
	e := engines()["minimal"]
	f := newFake(t, &e)
	f.set("get", answer{Hang: true})
	k, err := e.kubectl()
	if err != nil {
		t.Fatal(err)
	}
	k.timeout = 100 * time.Millisecond
	if _, err := k.run(t.Context(), nil, "get"); err == nil || !strings.Contains(err.Error(), "kubectl get: no answer in 100ms") {
		t.Errorf("error %v", err)
	}
}

func TestCancel(t *testing.T) {
	e := engines()["full"]
	f := newFake(t, &e)
	j := submitted(t, f, e)
	f.set("delete", answer{})
	if err := j.Cancel(t.Context()); err != nil {
		t.Error(err)
	}
	if err := e.Cancel(t.Context(), "lazynpy-0123456789ab"); err != nil {
		t.Error(err)
	}
	calls := f.calls()
	flags := []string{"--context=site", "--namespace=microscopy", "delete"}
	for i, want := range [][]string{
		{"job", "lazynpy-0123456789ab-2", "--ignore-not-found", "--wait=false", "-o", "name"},
		{"jobs", "-l", "lazynpy/run=lazynpy-0123456789ab", "--ignore-not-found", "--wait=false", "-o", "name"},
	} {
		if got := calls[i].Args; !slices.Equal(got, append(slices.Clone(flags), want...)) {
			t.Errorf("args %q", got)
		}
	}
	for _, name := range []string{"", "a,b", "a in (b)", "A", "a=b", "-a"} {
		if err := e.Cancel(t.Context(), name); err == nil || !strings.Contains(err.Error(), "no name of a run") {
			t.Errorf("Cancel %q: %v", name, err)
		}
	}
	if calls := f.calls(); len(calls) != 0 {
		t.Errorf("kubectl was called for bad names: %q", calls)
	}
	f.set("delete", answer{Stderr: refused, Status: 1})
	if err := j.Cancel(t.Context()); err == nil {
		t.Error("no error although no server answers")
	}
}

func TestOneLine(t *testing.T) {
	long := oneLine(strings.Repeat("ä", 2000))
	if len(long) > 1010 || !strings.HasSuffix(long, "ä...") {
		t.Errorf("%d bytes, ends in %q", len(long), long[len(long)-10:])
	}
}
