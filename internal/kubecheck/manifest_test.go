package kubecheck

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/kubernetes"
)

// round is a round with arguments in which Kubernetes would put variables.
func round(workers int) distributed.Round {
	const dir = "/scratch/$(HOME)/it's $$7"
	return distributed.Round{
		Dir:     dir,
		Name:    "lazynpy-0123456789ab",
		Number:  2,
		Workers: workers,
		Command: []string{"lazynpy", "work", "--plan", dir, "$", "$$", "$(JOB_COMPLETION_INDEX)", "$(", ""},
	}
}

func engine() kubernetes.Engine {
	return kubernetes.Engine{Image: "registry.example.org/lazynpy:1", Volumes: []kubernetes.Volume{{Claim: "scratch", Mount: "/scratch"}}}
}

// golden are the manifests that package kubernetes compares its own with.
func golden(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../distributed/kubernetes/testdata/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden manifests (%v)", err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestGoldenManifests(t *testing.T) {
	for name, text := range golden(t) {
		if _, err := judge(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManifests(t *testing.T) {
	for name, c := range map[string]struct {
		workers int
		change  func(*kubernetes.Engine)
	}{
		"patch": {4, func(e *kubernetes.Engine) {
			e.Patch = json.RawMessage(`{"spec": {"template": {"spec": {"hostname": "w", "containers": [{"name": "worker", "resources": {"limits": {"cpu": 2}}}]}}}}`)
		}},
		"one worker":      {1, func(*kubernetes.Engine) {}},
		"most workers":    {kubernetes.MaxWorkers, func(e *kubernetes.Engine) { e.Parallelism = kubernetes.MaxParallelism }},
		"own command":     {4, func(e *kubernetes.Engine) { e.Command = []string{"/bin/lazynpy", "$(X)"} }},
		"resources":       {4, func(e *kubernetes.Engine) { e.CPU, e.Memory = "500m", "1.5Gi" }},
		"root":            {4, func(e *kubernetes.Engine) { e.User = "0:0" }},
		"largest user":    {4, func(e *kubernetes.Engine) { e.User = "2147483647:2147483647" }},
		"labels":          {4, func(e *kubernetes.Engine) { e.Labels = map[string]string{"kueue.x-k8s.io/queue-name": "q"} }},
		"tolerations":     {4, func(e *kubernetes.Engine) { e.Tolerations = []string{"a/b=c:NoSchedule", "d:NoExecute", "e", "f="} }},
		"annotations":     {4, func(e *kubernetes.Engine) { e.Annotations = map[string]string{"site/owner": "a b"} }},
		"subpath":         {4, func(e *kubernetes.Engine) { e.Volumes[0].SubPath = "em/2026" }},
		"pull policy":     {4, func(e *kubernetes.Engine) { e.PullPolicy = "Always" }},
		"host":            {4, func(e *kubernetes.Engine) { e.Volumes = []kubernetes.Volume{{Host: "/scratch"}} }},
		"service account": {4, func(e *kubernetes.Engine) { e.ServiceAccount, e.Namespace = "worker", "em" }},
		"nfs": {4, func(e *kubernetes.Engine) {
			e.Volumes = []kubernetes.Volume{{Source: json.RawMessage(`{"nfs": {"server": "s", "path": "/p"}}`), Mount: "/scratch"}}
		}},
	} {
		e := engine()
		c.change(&e)
		text, err := e.Manifest(round(c.workers))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		made, err := judge(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// What the kubelet makes of the arguments must be what the round says.
		variables := expansion.MappingFuncFor(map[string]string{"HOME": "/root", "JOB_COMPLETION_INDEX": "3", "X": "x"})
		expanded := func(args []string) (out []string) {
			for _, a := range args {
				out = append(out, expansion.Expand(a, variables))
			}
			return out
		}
		worker := made.Spec.Template.Spec.Containers[0]
		if got, want := expanded(worker.Args), round(1).Command[1:]; !slices.Equal(got, want) {
			t.Errorf("%s: the worker gets %q, want %q", name, got, want)
		}
		if got := expanded(worker.Command); !slices.Equal(got, e.Command) {
			t.Errorf("%s: the worker is started by %q, want %q", name, got, e.Command)
		}
	}
}

// With a user other than root a Job may run where the strictest standard is enforced, and root may
// not.
func TestPodSecurity(t *testing.T) {
	for user, want := range map[string]string{"1000:100": "", "0": "runAsNonRoot"} {
		e := engine()
		e.User = user
		text, err := e.Manifest(round(4))
		if err != nil {
			t.Fatal(err)
		}
		made, err := judge(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := restricted(t, made.Spec.Template); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("user %q: %q, want %q", user, got, want)
		}
	}
}

// What the engine refuses because the control plane would, the control plane does refuse.
func TestLimitsAreThoseOfTheControlPlane(t *testing.T) {
	text := golden(t)["minimal.json"]
	more := strings.NewReplacer(`"completions": 4`, `"completions": 100001`, `"maxFailedIndexes": 4`, `"maxFailedIndexes": 100001`)
	for manifest, want := range map[string]string{
		more.Replace(string(text)): "spec.maxFailedIndexes",
		string(replace(t, text, `"name": "lazynpy-0123456789ab-2"`, `"name": "lazynpy_2"`)):                   "metadata.name",
		string(replace(t, text, `"name": "lazynpy-0123456789ab-2"`, `"name": "`+strings.Repeat("a", 62)+`"`)): "metadata.name",
		string(replace(t, text, `"lazynpy/run": "lazynpy-0123456789ab"`, `"lazynpy/run": "a b"`)):             "metadata.labels",
		string(replace(t, text, `"securityContext": {`, `"securityContext": {"runAsUser": 4294967295,`)):      "runAsUser",
	} {
		if _, err := judge([]byte(manifest)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %s", err, want)
		}
	}
}

// A judge that accepts everything is none.
func TestBrokenManifests(t *testing.T) {
	text := golden(t)["full.json"]
	for _, c := range []struct{ from, to, want string }{
		{`"completionMode": "Indexed"`, `"completionMode": "Indexed", "maxFailedIndices": 3`, `unknown field "spec.maxFailedIndices"`},
		{`"completionMode": "Indexed"`, `"completionMode": "Indexed", "parallelism": 3`, `duplicate field "spec.parallelism"`},
		{`"completionMode": "Indexed"`, `"completionMode": "NonIndexed"`, "requires indexed completion mode"},
		{`"restartPolicy": "Never"`, `"restartPolicy": "OnFailure"`, "spec.template.spec.restartPolicy"},
		{`"podReplacementPolicy": "Failed"`, `"podReplacementPolicy": "TerminatingOrFailed"`, "podReplacementPolicy"},
		{`"action": "FailIndex"`, `"action": "Fail"`, "spec.podFailurePolicy.rules[1].action"},
		{`"completions": 4`, `"completions": "4"`, "json"},
		{`"cpu": "4"`, `"cpu": "four"`, "quantities must match"},
		{`"name": "volume-0",
                "mountPath"`, `"name": "volume-9",
                "mountPath"`, "volumeMounts[0].name"},
		{`"kind": "Job"`, `"kind": "CronJob"`, `unknown field "spec.completions"`},
		{`"kind": "Job"`, `"kind": "Jobs"`, `no kind "Jobs"`},
		{`"apiVersion": "batch/v1"`, `"apiVersion": "batch/v3"`, "batch/v3"},
	} {
		if _, err := judge(replace(t, text, c.from, c.to)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.to, err, c.want)
		}
	}
}

func replace(t *testing.T, text []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("no %s in the manifest", from)
	}
	return bytes.Replace(text, []byte(from), []byte(to), 1)
}
