package batch

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

var update = flag.Bool("update", false, "write the golden files anew")

func round(shares int) distributed.Round {
	const dir = "/scratch/runs/it's 7"
	return distributed.Round{
		Dir:     dir,
		Name:    "lazynpy-0123456789ab",
		Number:  2,
		Shares:  shares,
		Command: []string{"/usr/bin/lazynpy", "work", "--plan", dir},
	}
}

// systems are the schedulers with scripts.
var systems = []struct {
	name   string
	write  func(distributed.Round, Options) (string, error)
	index  string // the variable that the scheduler sets
	first  int    // its value for the first share
	prefix string // of a directive
	extra  []string
}{
	{"pbs", PBS, "PBS_ARRAY_INDEX", 0, "#PBS ", []string{"-l select=1:ncpus=8:mem=16gb", "-P em"}},
	{"lsf", LSF, "LSB_JOBINDEX", 1, "#BSUB ", []string{"-n 8", `-R "span[hosts=1]"`}},
	{"sge", SGE, "SGE_TASK_ID", 1, "#$ ", []string{"-pe smp 8"}},
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; run the test with -update and look at the difference:\n%s", name, got)
	}
}

func TestGolden(t *testing.T) {
	for _, s := range systems {
		full, err := s.write(round(12), Options{Queue: "short", Time: 90*time.Minute + time.Second, Extra: s.extra})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, s.name+".sh", full)
		one, err := s.write(round(1), Options{})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, s.name+"-one.sh", one)
	}
	for name, shares := range map[string]int{"aws.json": 12, "aws-one.json": 1} {
		got, err := AWSBatch(round(shares), AWSOptions{Queue: "spot", Definition: "lazynpy:3", Time: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(got))
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*distributed.Round, *Options)
	}{
		{"no command", func(r *distributed.Round, _ *Options) { r.Command = nil }},
		{"0 workers", func(r *distributed.Round, _ *Options) { r.Shares = 0 }},
		{"no name of a job", func(r *distributed.Round, _ *Options) { r.Name = "a\nb" }},
		{"no name of a job", func(r *distributed.Round, _ *Options) { r.Name = "" }},
		{"has a NUL", func(r *distributed.Round, _ *Options) { r.Command = []string{"a", "b\x00c"} }},
		{"time limit", func(_ *distributed.Round, o *Options) { o.Time = -1 }},
		{"more than one line", func(_ *distributed.Round, o *Options) { o.Queue = "a\nrm -rf ~" }},
		{"more than one line", func(_ *distributed.Round, o *Options) { o.Extra = []string{"a\rb"} }},
	} {
		for _, s := range systems {
			r, o := round(2), Options{}
			c.change(&r, &o)
			script, err := s.write(r, o)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || script != "" {
				t.Errorf("%s: error %v, want one line with %q", s.name, err, c.want)
			}
		}
	}
}

func TestAWSRefuses(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*distributed.Round, *AWSOptions)
	}{
		{"needs a queue", func(_ *distributed.Round, o *AWSOptions) { o.Queue = "" }},
		{"a job definition", func(_ *distributed.Round, o *AWSOptions) { o.Definition = "" }},
		{"at most 10000", func(r *distributed.Round, _ *AWSOptions) { r.Shares = 10_001 }},
		{"0 workers", func(r *distributed.Round, _ *AWSOptions) { r.Shares = 0 }},
		{"11 attempts", func(_ *distributed.Round, o *AWSOptions) { o.Attempts = 11 }},
		{"-1 attempts", func(_ *distributed.Round, o *AWSOptions) { o.Attempts = -1 }},
		{"at least 1m0s", func(_ *distributed.Round, o *AWSOptions) { o.Time = time.Second }},
		{"at least 1m0s", func(_ *distributed.Round, o *AWSOptions) { o.Time = -time.Second }},
		{"no command", func(r *distributed.Round, _ *AWSOptions) { r.Command = nil }},
	} {
		r, o := round(2), AWSOptions{Queue: "q", Definition: "d"}
		c.change(&r, &o)
		if _, err := AWSBatch(r, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// A directive that hides in an argument would be obeyed by schedulers that look at every line.
func TestArgumentsAreNoDirectives(t *testing.T) {
	for _, s := range systems {
		r := round(2)
		r.Command = []string{"lazynpy", "a\n" + s.prefix + "-q evil\n"}
		script, err := s.write(r, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(script, "\n"+s.prefix+"-q evil") {
			t.Errorf("%s: an argument became a directive:\n%s", s.name, script)
		}
	}
}
