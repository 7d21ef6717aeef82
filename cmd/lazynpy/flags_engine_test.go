package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
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
		{[]string{"pbs", "--partition", "short", "--time", "1-1", "--directive", "-l select=1:ncpus=8"},
			[]string{"#PBS -J 0-1", "-q short", "walltime=25:00:00", "#PBS -l select=1:ncpus=8"}},
		{[]string{"lsf"}, []string{"#BSUB -J", "[1-2]"}},
		{[]string{"sge"}, []string{"#$ -t 1-2"}},
		{[]string{"aws", "--partition", "q", "--job-definition", "d"}, []string{`"jobQueue": "q"`, `"jobDefinition": "d"`, `"size": 2`}},
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
	if err := saveEngine(dir, d.engine.name, set); err != nil {
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
	d.engine.partition, d.detach = "long", false
	if !reflect.DeepEqual(d, again) {
		t.Errorf("got  %+v\nwant %+v", again, d)
	}
	var other driving
	third := pflag.NewFlagSet("", pflag.ContinueOnError)
	other.register(third)
	if err := third.Parse([]string{"--engine", "pool"}); err != nil {
		t.Fatal(err)
	}
	if err := stored.recall(dir, third); err != nil || other.engine.partition != "" || other.engine.ranks != 0 || !other.verify {
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

func TestTimeLimit(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"", 0}, {"30", 30 * time.Minute}, {"1:30", 90 * time.Second}, {"2:00:01", 2*time.Hour + time.Second}, {"1-12", 36 * time.Hour},
		{"1-12:30", 36*time.Hour + 30*time.Minute}, {"0-0:0:7", 7 * time.Second}, {"65535-0", 65535 * 24 * time.Hour},
	} {
		if got, err := timeLimit(c.text); err != nil || got != c.want {
			t.Errorf("timeLimit(%q) = %v, %v, want %v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"0", "x", "1:2:3:4", "-1", "1-", "1-1:2:3:4", "2h", "65536", "65536-1", " 1", "1:-2", "+1"} {
		if got, err := timeLimit(text); err == nil {
			t.Errorf("timeLimit(%q) = %v", text, got)
		}
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"/a/b-c_1.run": "/a/b-c_1.run", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
