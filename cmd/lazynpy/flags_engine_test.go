package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/kubernetes"
	"github.com/lazynpy/lazynpy/distributed/slurm"
)

// TestPrint prints what would be submitted, with a run directory in which the workers would find
// their work.
func TestPrint(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	for _, c := range []struct {
		engine []string
		words  []string
	}{
		{[]string{"slurm", "--partition", "short", "--time", "30", "--cpus", "4", "--mem", "4G", "--account", "a", "--qos", "q", "--sbatch-arg=--constraint=avx2"},
			[]string{"#SBATCH --array=0-1", "--partition=short", "--time=30", "--cpus-per-task=4", "--mem=4G", "--account=a", "--qos=q", "--constraint=avx2"}},
		{[]string{"slurm", "--ranks", "2"}, []string{"srun --no-kill"}},
	} {
		out := filepath.Join(t.TempDir(), "sum.npy")
		o := lazynpy(t, append([]string{"run", "--op", "sum", "--chunks", "(1,)", "--portion", "4", "--tasks", "2", path, "-o", out, "--print", "--engine"}, c.engine...)...)
		if o.code != exitOK || !strings.Contains(o.stderr, "lazynpy status "+out+".run") {
			t.Fatalf("%q: exit %d, %s", c.engine, o.code, o.stderr)
		}
		for _, word := range append(c.words, "work", "--plan", out+".run") {
			if !strings.Contains(o.stdout, word) {
				t.Errorf("%q: no %q in\n%s", c.engine, word, o.stdout)
			}
		}
		// As the script would, twice, with what the scheduler puts into the environment.
		for _, index := range []string{"0", "1"} {
			t.Setenv("LAZYNPY_INDEX", index)
			ok(t, "work", "--plan", out+".run")
		}
		if o := lazynpy(t, "resume", "--print", out+".run"); o.code != exitOK || o.stdout != "" || !strings.Contains(o.stderr, "complete already") {
			t.Errorf("%q: exit %d, %q, %q", c.engine, o.code, o.stdout, o.stderr)
		}
		if got := ok(t, "get", out); got != "6\n" {
			t.Errorf("%q: the sum is %q", c.engine, got)
		}
	}
}

func TestPrintKubernetes(t *testing.T) {
	path, dir := array(t, []int64{4}, count[int32](4)), t.TempDir()
	patch := filepath.Join(dir, "patch.json")
	if err := os.WriteFile(patch, []byte(`{"spec": {"template": {"spec": {"priorityClassName": "night"}}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	got := ok(t, "run", "--op", "sum", path, "-o", filepath.Join(dir, "sum.npy"), "--print", "--engine", "kubernetes", "--image", "lazynpy:1",
		"--entrypoint", "/bin/lazynpy", "--volume", "claim:scans/em="+dir, "--volume", "nfs:files:/in="+filepath.Dir(path)+":ro", "--namespace", "em", "--cpus", "500m", "--mem", "8Gi", "--max-running", "3",
		"--label", "kueue.x-k8s.io/queue-name=q", "--node-selector", "disk=ssd", "--user", "1000", "--pull-policy", "Never", "--service-account", "s",
		"--toleration", "spot:NoSchedule", "--annotation", "site/owner=em", "--patch", patch)
	var job struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Namespace string            `json:"namespace"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(got), &job); err != nil || job.Kind != "Job" || job.Metadata.Namespace != "em" || job.Metadata.Labels["kueue.x-k8s.io/queue-name"] != "q" {
		t.Errorf("%v, %+v", err, job)
	}
	for _, word := range []string{`"lazynpy:1"`, `"/bin/lazynpy"`, `"scans"`, `"500m"`, `"8Gi"`, `"disk": "ssd"`, `"runAsUser": 1000`, `"Never"`, `"serviceAccountName": "s"`,
		`"subPath": "em"`, `"server": "files"`, `"effect": "NoSchedule"`, `"site/owner": "em"`, `"priorityClassName": "night"`} {
		if !strings.Contains(got, word) {
			t.Errorf("no %s in\n%s", word, got)
		}
	}
	// The patch is kept, wherever the run is resumed from.
	if err := os.Remove(patch); err != nil {
		t.Fatal(err)
	}
	if again := ok(t, "resume", "--print", filepath.Join(dir, "sum.npy.run")); !strings.Contains(again, `"priorityClassName": "night"`) {
		t.Errorf("no patch in\n%s", again)
	}
	for _, bad := range []string{patch, "{", "[]"} {
		fails(t, exitUsage, []string{"--patch"}, "run", "--op", "sum", path, "-o", filepath.Join(t.TempDir(), "sum.npy"), "--print", "--engine", "kubernetes",
			"--image", "x", "--volume", "host:/nowhere", "--patch", bad)
	}
	out := filepath.Join(t.TempDir(), "sum.npy")
	fails(t, exitFailure, []string{"input " + path, "in no volume", "--volume"}, "run", "--op", "sum", path, "-o", out, "--print", "--engine", "kubernetes",
		"--image", "x", "--volume", "host:"+filepath.Dir(out))
	fails(t, exitFailure, []string{"in no volume"}, "run", "--op", "sum", path, "-o", filepath.Join(t.TempDir(), "sum.npy"), "--print", "--engine", "kubernetes",
		"--image", "x", "--volume", "host:/nowhere")
}

// TestMissingScheduler is an error, also where nobody waits.
func TestMissingScheduler(t *testing.T) {
	path := array(t, []int64{4}, count[int32](4))
	t.Setenv("PATH", t.TempDir())
	for _, extra := range [][]string{nil, {"--detach"}, {"--wait=false"}} {
		out := filepath.Join(t.TempDir(), "sum.npy")
		fails(t, exitFailure, []string{"sbatch"}, append([]string{"run", "--engine", "slurm", "--op", "sum", path, "-o", out}, extra...)...)
		if o := lazynpy(t, "cancel", out+".run"); o.code != exitFailure || !strings.Contains(o.stderr, "marked as cancelled, but") || !strings.Contains(o.stderr, "scancel") {
			t.Errorf("cancel: exit %d, %q", o.code, o.stderr)
		}
		if err := errors.Join(os.Remove(filepath.Join(out+".run", "cancelled")), os.Mkdir(filepath.Join(out+".run", "cancelled"), 0o700)); err != nil {
			t.Fatal(err)
		}
		if o := lazynpy(t, "cancel", out+".run"); o.code != exitFailure || strings.Contains(o.stderr, "marked") || !strings.Contains(o.stderr, "scancel") {
			t.Errorf("cancel without a mark: exit %d, %q", o.code, o.stderr)
		}
		ok(t, "resume", "--engine", "pool", out+".run")
	}
}

// TestEngineFile keeps the flags of run for resume, as they were given.
func TestEngineFile(t *testing.T) {
	dir := t.TempDir()
	given := []string{"--engine", "slurm", "--partition", "short", "--sbatch-arg=--constraint=avx2,avx512", "--sbatch-arg=-x", "--ranks", "3", "--verify", "--detach"}
	var d, again driving
	set, second := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	d.register(set)
	again.register(second)
	if err := set.Parse(given); err != nil {
		t.Fatal(err)
	}
	launched, err := d.engine.launcher(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := saveEngine(dir, launched, set); err != nil {
		t.Fatal(err)
	}
	stored, err := loadEngine(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Parse([]string{"--partition", "long"}); err != nil {
		t.Fatal(err)
	}
	if err := stored.recall(dir, second); err != nil {
		t.Fatal(err)
	}
	relaunched, err := again.engine.launcher(second)
	if err != nil {
		t.Fatal(err)
	}
	want := launched.engine.(slurm.Engine)
	want.Partition = "long"
	if d.detach = false; !reflect.DeepEqual(relaunched.engine, want) || !reflect.DeepEqual(d, again) {
		t.Errorf("got  %+v of %+v\nwant %+v of %+v", relaunched.engine, again, want, d)
	}
	var other driving
	third := pflag.NewFlagSet("", pflag.ContinueOnError)
	other.register(third)
	if err := third.Parse([]string{"--engine", "pool"}); err != nil {
		t.Fatal(err)
	}
	if err := stored.recall(dir, third); err != nil || third.Changed("partition") || third.Changed("ranks") || !other.verify {
		t.Errorf("for another engine: %+v, %v", other, err)
	}
}

func TestDamagedEngineFile(t *testing.T) {
	dir, _ := printed(t, array(t, []int64{4}, count[int32](4)))
	for _, text := range []string{"", "{", `{"engine":"pool","x":1}`, `{"engine":"pool","flags":{"nonsense":["1"]}}`, `{"engine":"pool","flags":{"detach":["true"]}}`,
		`{"engine":"slurm","flags":{"ranks":["many"]}}`, strings.Repeat(" ", maxEngine+1)} {
		if err := os.WriteFile(filepath.Join(dir, engineName), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		fails(t, exitFailure, []string{engineName}, "resume", dir)
	}
}

// TestHelpOfEngines shows the flags of the engine that is asked for, and of no other.
func TestHelpOfEngines(t *testing.T) {
	for _, verb := range []string{"run", "resume"} {
		help := map[string]string{"": ok(t, verb, "--help")}
		for _, d := range engines {
			help[d.Name] = ok(t, verb, "--engine", d.Name, "--help")
			for _, engine := range []string{"", d.Name} {
				if !strings.Contains(help[engine], d.Text) {
					t.Errorf("%s --engine %q does not say what %s is", verb, engine, d.Name)
				}
			}
		}
		for _, c := range []struct{ flag, engines string }{
			{"--engine string", " pool proc slurm kubernetes"}, {"--verify", " pool proc slurm kubernetes"}, {"--processes int", "proc"}, {"--partition partition", "slurm"}, {"--cpus cores", "slurm kubernetes"},
			{"--sbatch-arg option", "slurm"}, {"--image image", "kubernetes"}, {"--patch file", "kubernetes"}, {"--print", " slurm kubernetes"}, {"--persist", " slurm"},
		} {
			for engine, text := range help {
				if got, want := strings.Contains(text, c.flag+" "), slices.Contains(strings.Split(c.engines, " "), engine); got != want {
					t.Errorf("%s --engine %q: %s is shown: %t", verb, engine, c.flag, got)
				}
			}
		}
	}
	fails(t, exitUsage, []string{"--image is for kubernetes, and the engine is slurm"}, "run", array(t, []int64{1}, count[int32](1)), "--engine", "slurm", "--image", "y")
}

// TestDescriptors have what the command relies on.
func TestDescriptors(t *testing.T) {
	for _, d := range engines {
		set, newEngine := flagsOf(d)
		e, err := newEngine()
		if d.Name == "kubernetes" { // which cannot be without an image
			e, err = kubernetes.Engine{}, nil
		}
		if err != nil || e.Name() != d.Name || d.Text == "" || d.Poll <= 0 {
			t.Errorf("%s: %v, %v", d.Name, e, err)
		}
		if _, ok := e.(distributed.Scripter); ok != (d.Submits != "") {
			t.Errorf("%s: writes scripts: %t, and they are submitted by %q", d.Name, ok, d.Submits)
		}
		set.VisitAll(func(f *flag.Flag) {
			if name, usage := flag.UnquoteUsage(f); usage == "" || name == "value" && d.Name != "pool" {
				t.Errorf("%s: --%s %s %s", d.Name, f.Name, name, usage)
			}
		})
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"/a/b-c_1.run": "/a/b-c_1.run", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
