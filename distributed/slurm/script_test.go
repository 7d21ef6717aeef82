//go:build unix

package slurm

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// odd are words that a careless script would take apart.
var odd = []string{"", "a b", "it's", `"`, "$HOME", "`id`", `back\slash`, "*", "#SBATCH", "new\nline\n#SBATCH --array=0-9", "é", "-n", "a;b&c|d", "!x", "~", "'\\''"}

func TestScriptQuotesForTheShell(t *testing.T) {
	text := script(nil, append([]string{"printf", `%s\0`}, odd...))
	cmd := exec.Command("/bin/sh")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, odd) {
		t.Errorf("the shell reads %q, want %q", got, odd)
	}
}

func TestScript(t *testing.T) {
	e := Engine{MaxRunning: 2, Time: "60", Args: []string{"--comment=say \"hi\" to\\from $me\nexit"}}
	r := round("/scratch/a b%", 4)
	want := `#!/bin/sh
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --job-name=lazynpy-0123456789ab
#SBATCH --time=60
#SBATCH --array=0-3%2
#SBATCH --signal=B:TERM@60
#SBATCH "--output=/scratch/a b%%/logs/slurm-%A_%a.out"
#SBATCH "--comment=say \"hi\" to\\from $me exit"
export GOMAXPROCS="${GOMAXPROCS:-${SLURM_CPUS_PER_TASK:-$SLURM_CPUS_ON_NODE}}"
exec /bin/lazynpy work --plan '/scratch/a b%'
`
	if got, err := e.Script(r); got != want || err != nil {
		t.Errorf("the script is\n%s\n%v, want\n%s", got, err, want)
	}
	for _, dir := range []string{"/scratch/a\nb", `/scratch/a\b`, "scratch"} {
		r.Dir = dir
		if got, err := e.Script(r); err == nil || got != "" {
			t.Errorf("a script for the run directory %q: %s", dir, got)
		}
	}
}

func TestScriptSetsTheProcessors(t *testing.T) {
	for _, c := range []struct{ env, want string }{
		{"", ""}, {"SLURM_CPUS_ON_NODE=8", "8"}, {"SLURM_CPUS_ON_NODE=8 SLURM_CPUS_PER_TASK=2", "2"}, {"SLURM_CPUS_PER_TASK=2 GOMAXPROCS=1", "1"},
	} {
		cmd := exec.Command("/bin/sh")
		cmd.Env = strings.Fields(c.env)
		cmd.Stdin = strings.NewReader(script(nil, []string{"/bin/sh", "-c", "echo $GOMAXPROCS"}))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(out)); got != c.want {
			t.Errorf("with %s GOMAXPROCS is %q, want %q", c.env, got, c.want)
		}
	}
}
