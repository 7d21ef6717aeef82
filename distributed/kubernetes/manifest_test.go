package kubernetes

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

var update = flag.Bool("update", false, "write the golden files anew")

// round is a round of four workers.
func round() distributed.Round {
	const dir = "/scratch/runs/scan 7"
	return distributed.Round{
		Dir:     dir,
		Name:    "lazynpy-0123456789ab",
		Number:  2,
		Workers: 4,
		Command: []string{"/usr/bin/lazynpy", "work", "--plan", dir},
	}
}

// engines are by the name of their golden files, which are judged by the control plane's own
// validation in internal/kubecheck.
func engines() map[string]Engine {
	return map[string]Engine{
		"minimal": {
			Image:   "registry.example.org/lazynpy:1",
			Volumes: []Volume{{Claim: "scratch", Mount: "/scratch"}},
		},
		"full": {
			Image:       "registry.example.org/lazynpy@sha256:" + strings.Repeat("0f", 32),
			Command:     []string{"/opt/lazynpy", "--quiet"},
			Namespace:   "microscopy",
			Context:     "site",
			PullPolicy:  "IfNotPresent",
			Parallelism: 3,
			CPU:         "4",
			Memory:      "8Gi",
			User:        "1000:100",
			Volumes: []Volume{
				{Claim: "scratch", Mount: "/scratch/", SubPath: "em/runs"},
				{Host: "/lustre/scans", ReadOnly: true},
				{Source: json.RawMessage(`{"nfs": {"server": "files", "path": "/refs"}}`), Mount: "/refs", ReadOnly: true},
			},
			ServiceAccount:       "worker",
			NodeSelector:         map[string]string{"kubernetes.io/arch": "amd64", "disk": "fast"},
			Tolerations:          []string{"dedicated=hpc:NoSchedule", "spot"},
			Labels:               map[string]string{"kueue.x-k8s.io/queue-name": "night"},
			Annotations:          map[string]string{"karpenter.sh/do-not-disrupt": "true"},
			BackoffLimitPerIndex: 3,
			Poll:                 time.Second,
		},
		"patched": {
			Image:   "registry.example.org/lazynpy:1",
			Volumes: []Volume{{Claim: "scratch", Mount: "/scratch"}},
			Patch: json.RawMessage(`{"spec": {"ttlSecondsAfterFinished": null, "template": {"spec": {
				"priorityClassName": "batch",
				"imagePullSecrets": [{"name": "registry"}],
				"securityContext": {"fsGroup": 100, "supplementalGroups": [4000, 4001]},
				"containers": [{"name": "worker",
					"resources": {"requests": {"ephemeral-storage": "1Gi"}},
					"volumeMounts": [{"name": "scans", "mountPath": "/scans", "readOnly": true}]}],
				"volumes": [{"name": "scans", "csi": {"driver": "lustre.csi.example.org", "readOnly": true}}]}}}}`),
		},
	}
}

func TestManifestGolden(t *testing.T) {
	for name, e := range engines() {
		got, err := e.Manifest(round())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := e.Manifest(round())
		if err != nil || !bytes.Equal(got, again) {
			t.Errorf("%s: two manifests of one round differ (%v)", name, err)
		}
		golden := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: manifest differs from %s; run the test with -update and look at the difference:\n%s", name, golden, got)
		}
	}
}

// decode gives the manifest of a round that must be good.
func decode(t *testing.T, e Engine, r distributed.Round) manifest {
	t.Helper()
	text, err := e.Manifest(r)
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestFollowsTheRound(t *testing.T) {
	e := engines()["minimal"]
	r := round()
	r.Workers, r.Number = 40, 7
	m := decode(t, e, r)
	if m.Metadata.Name != "lazynpy-0123456789ab-7" {
		t.Errorf("name %q", m.Metadata.Name)
	}
	if s := m.Spec; s.Completions != 40 || s.MaxFailedIndexes != 40 || s.Parallelism != 40 || s.BackoffLimitPerIndex != DefaultBackoff {
		t.Errorf("completions %d, failed %d, parallelism %d, backoff %d", s.Completions, s.MaxFailedIndexes, s.Parallelism, s.BackoffLimitPerIndex)
	}
	first := decode(t, e, round())
	if got := m.Spec.Template.Spec.Containers[0].Resources.Limits; got["cpu"] != DefaultCPU || got["memory"] != DefaultMemory {
		t.Errorf("limits %v", got)
	}
	if m.Metadata.Annotations[digestKey] == first.Metadata.Annotations[digestKey] {
		t.Error("two rounds have the same digest")
	}
	if first.Spec.Parallelism != 4 {
		t.Errorf("parallelism %d of 4 workers", first.Spec.Parallelism)
	}
}

func TestArgumentsAreLiteral(t *testing.T) {
	r := round()
	r.Command = []string{"lazynpy", "$(JOB_COMPLETION_INDEX)", "a$b$$c", "<&>"}
	text, err := engines()["minimal"].Manifest(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"$$(JOB_COMPLETION_INDEX)"`, `"a$$b$$$$c"`, `"<&>"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in the arguments", want)
		}
	}
}

func TestUser(t *testing.T) {
	for _, c := range []struct {
		user     string
		nonRoot  bool
		uid, gid int64 // -1: not stated
	}{
		{"", false, -1, -1},
		{"0", false, 0, -1},
		{"0:0", false, 0, 0},
		{"1000", true, 1000, -1},
		{"1000:100", true, 1000, 100},
	} {
		e := engines()["minimal"]
		e.User = c.user
		pod := decode(t, e, round()).Spec.Template.Spec
		stated := func(p *int64) int64 {
			if p == nil {
				return -1
			}
			return *p
		}
		s := pod.SecurityContext
		if stated(s.RunAsUser) != c.uid || stated(s.RunAsGroup) != c.gid || s.RunAsNonRoot != c.nonRoot {
			t.Errorf("%q: uid %d, gid %d, non-root %v", c.user, stated(s.RunAsUser), stated(s.RunAsGroup), s.RunAsNonRoot)
		}
		if w := pod.Containers[0].SecurityContext; !slices.Equal(w.Capabilities["drop"], []string{"ALL"}) || !w.ReadOnlyRootFilesystem {
			t.Errorf("%q: %+v", c.user, w)
		}
	}
}

func TestManifestRefuses(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Engine, *distributed.Round)
	}{
		{"no image", func(e *Engine, _ *distributed.Round) { e.Image = "" }},
		{"no name of a run", func(_ *Engine, r *distributed.Round) { r.Name = "Lazynpy" }},
		{"no name of a run", func(_ *Engine, r *distributed.Round) { r.Name = "a,b" }},
		{"no name of a pod", func(_ *Engine, r *distributed.Round) { r.Name = strings.Repeat("a", 60) }},
		{"no name of a pod", func(_ *Engine, r *distributed.Round) { r.Name = strings.Repeat("a", 59); r.Workers = 10 }},
		{"no command", func(_ *Engine, r *distributed.Round) { r.Command = nil }},
		{"0 workers", func(_ *Engine, r *distributed.Round) { r.Workers = 0 }},
		{"100001 workers", func(_ *Engine, r *distributed.Round) { r.Workers = MaxWorkers + 1 }},
		{"parallelism -1", func(e *Engine, _ *distributed.Round) { e.Parallelism = -1 }},
		{"parallelism 10001", func(e *Engine, _ *distributed.Round) { e.Parallelism = MaxParallelism + 1 }},
		{"backoff limit", func(e *Engine, _ *distributed.Round) { e.BackoffLimitPerIndex = -1 }},
		{"want an absolute path", func(_ *Engine, r *distributed.Round) { r.Dir = `C:\runs` }},
		{"is in no volume", func(_ *Engine, r *distributed.Round) { r.Dir = "/scratches/x" }},
		{"is in no volume", func(_ *Engine, r *distributed.Round) { r.Dir = "/scratch/../x" }},
		{"is in no volume", func(e *Engine, _ *distributed.Round) { e.Volumes = nil }},
		{"read-only volume, at /scratch/runs", func(e *Engine, _ *distributed.Round) {
			e.Volumes = append(e.Volumes, Volume{Host: "/scratch/runs", ReadOnly: true})
		}},
		{"volume 0: want one of", func(e *Engine, _ *distributed.Round) { e.Volumes[0].Host = "/scratch" }},
		{"own", func(e *Engine, _ *distributed.Round) { e.Annotations = map[string]string{digestKey: ""} }},
		{"toleration", func(e *Engine, _ *distributed.Round) { e.Tolerations = []string{"a=b:Never"} }},
		{"toleration", func(e *Engine, _ *distributed.Round) { e.Tolerations = []string{"=b"} }},
		{`user "me"`, func(e *Engine, _ *distributed.Round) { e.User = "me" }},
		{`user "1:-1"`, func(e *Engine, _ *distributed.Round) { e.User = "1:-1" }},
		{`user "4294967295"`, func(e *Engine, _ *distributed.Round) { e.User = "4294967295" }},
	} {
		e, r := engines()["minimal"], round()
		c.change(&e, &r)
		_, err := e.Manifest(r)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %q", err, c.want)
		}
	}
}

func TestNestedVolumes(t *testing.T) {
	e := engines()["minimal"]
	e.Volumes = []Volume{{Host: "/", ReadOnly: true}, {Claim: "runs", Mount: "/scratch/runs"}, {Host: "/scratch", ReadOnly: true}}
	if _, err := e.Manifest(round()); err != nil {
		t.Errorf("the innermost volume can be written, and yet: %v", err)
	}
}

func TestParseVolume(t *testing.T) {
	for text, want := range map[string]Volume{
		"claim:scans=/data":             {Claim: "scans", Mount: "/data"},
		"claim:scans=/data:ro":          {Claim: "scans", Mount: "/data", ReadOnly: true},
		"host:/lustre":                  {Host: "/lustre"},
		"host:/lustre:ro":               {Host: "/lustre", ReadOnly: true},
		"host:/lustre/a=b=/data/c d":    {Host: "/lustre/a=b", Mount: "/data/c d"},
		"host:/lustre=/mnt/lustre:ro":   {Host: "/lustre", Mount: "/mnt/lustre", ReadOnly: true},
		"claim:scans=/data/a=/strange":  {Claim: "scans", Mount: "/data/a=/strange"},
		"claim:scans/2026/may=/data":    {Claim: "scans", SubPath: "2026/may", Mount: "/data"},
		"nfs:files:/export/em=/data:ro": {Source: json.RawMessage(`{"nfs":{"path":"/export/em","server":"files"}}`), Mount: "/data", ReadOnly: true},
	} {
		got, err := ParseVolume(text)
		if err != nil || got.Claim != want.Claim || got.Host != want.Host || got.Mount != want.Mount || got.ReadOnly != want.ReadOnly ||
			got.SubPath != want.SubPath || !bytes.Equal(got.Source, want.Source) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "scans", "/lustre", "nfs:server=/y", "nfs::/x=/y", "nfs:server:/x", "claim:scans/=/data", "claim:scans/../x=/data", "claim:scans//x=/data", "csi:x=/y", "claim:scans", "claim:=/data", "host:lustre", "host:", "host:/a:b", "host:/a=/b:c"} {
		if v, err := ParseVolume(text); err == nil || !strings.Contains(err.Error(), "volume") {
			t.Errorf("%q: %+v, %v", text, v, err)
		}
	}
}

func TestVolumeSources(t *testing.T) {
	for _, text := range []string{`[]`, `{`, `{}`, `null`, `{"nfs": {}, "name": "x"}`, `{"nfs": {}, "emptyDir": {}}`, `{"name": "x"}`} {
		if _, _, err := (Volume{Source: json.RawMessage(text), Mount: "/m"}).resolve(); err == nil {
			t.Errorf("source %s was taken", text)
		}
	}
}
