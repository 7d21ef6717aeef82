//go:build slurm

package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is where the texts are that users copy.
const page = "../../docs/distributed.md"

// fenced is the text of the block of code of a language that has a word in it.
func fenced(t *testing.T, language, word string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatch(text, -1) {
		if bytes.Contains(block[1], []byte(word)) {
			return string(block[1])
		}
	}
	t.Fatalf("%s has no block of %s with %q", page, language, word)
	return ""
}

// commands are what a user types of a block: what is behind "$", and goes on behind a backslash.
func commands(t *testing.T, word string) []string {
	t.Helper()
	text := strings.ReplaceAll(fenced(t, "console", word), "\\\n", "")
	var all []string
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, strings.TrimSpace(command))
		}
	}
	return all
}

// desk is a folder with a scan, in which a user types commands.
type desk struct {
	t    *testing.T
	dir  string
	env  []string
	want []byte // bright.npy
}

// build makes the command that is documented, and gives its folder.
func (f *fixture) build() (string, error) {
	f.building.Do(func() {
		build := exec.Command("go", "build", "-o", filepath.Join(f.dir, "bin")+"/", "../../cmd/lazynpy")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			f.failed = fmt.Errorf("%w: %s", err, out)
		}
	})
	return filepath.Join(f.dir, "bin"), f.failed
}

// newDesk has the command lazynpy, and those of the Python environment, in its PATH.
func newDesk(t *testing.T, f *fixture, c *slurmCluster) *desk {
	t.Helper()
	python := os.Getenv("LAZYNPY_PYTHON")
	if python == "" {
		t.Fatal("LAZYNPY_PYTHON is not set; .ci/run slurm sets it")
	}
	d := &desk{t: t, dir: t.TempDir()}
	bin, err := f.build()
	if err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(filepath.Join(c.root, "slurm.conf"))
	if err != nil {
		t.Fatal(err)
	}
	network := regexp.MustCompile(`SlurmctldHost=ctl\(([0-9.]*)\.1\)`).FindSubmatch(conf)
	if network == nil {
		t.Fatal("the controller has no address")
	}
	d.env = append(os.Environ(), "PATH="+bin+":"+filepath.Dir(python)+":"+os.Getenv("PATH"), "HOME="+d.dir, "PYTHONDONTWRITEBYTECODE=1",
		"SLURM_CONF="+filepath.Join(c.root, "slurm.conf"),
		// what jobqueue.yaml says of a site
		"DASK_JOBQUEUE__SLURM__INTERFACE=eth0",
		fmt.Sprintf("DASK_JOBQUEUE__SLURM__SCHEDULER_OPTIONS={'host': '%s.254', 'interface': None, 'dashboard_address': None}", network[1]))
	head := "\x93NUMPY\x01\x00\x76\x00{'descr': '<u2', 'fortran_order': False, 'shape': (32, 32, 64, 64), }"
	scan := bytes.NewBufferString(head + strings.Repeat(" ", 127-len(head)) + "\n")
	for i := range 32 * 32 * 64 * 64 {
		scan.Write([]byte{byte(i % 251), byte(i % 7)})
	}
	d.write("scan.npy", scan.String())
	d.run("lazynpy run --nav 0,1 --op sum --over signal scan.npy -o want.npy")
	d.want = d.read("want.npy")
	return d
}

// testWorked runs the commands of the worked example: a job that is looked at, cancelled, resumed,
// verified and cleaned up. A small scan may be done before anybody cancels it.
func testWorked(t *testing.T, f *fixture, c *slurmCluster) {
	d := newDesk(t, f, c)
	for _, command := range append(commands(t, "--detach"), commands(t, "scancel")...) {
		switch {
		case strings.HasPrefix(command, "CGO_ENABLED"), strings.HasPrefix(command, "cd "): // done
		case strings.HasPrefix(command, "scancel"):
			d.run("scancel --user=root")
		default:
			d.run(command)
		}
	}
	d.run("lazynpy run --nav 0,1 --apply astype=f4 --apply sqrt --map-output want_roots.npy --op sum --over signal -o want_bright.npy scan.npy")
	for _, name := range []string{"roots.npy", "bright.npy"} {
		if !bytes.Equal(d.read(name), d.read("want_"+name)) {
			d.t.Errorf("%s has other bytes than the pool's", name)
		}
	}
}

func (d *desk) write(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) read(name string) []byte {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// run runs what a user types.
func (d *desk) run(command string) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = d.dir, d.env
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// judge compares an output with the pool's, and expects its run directory to be gone.
func (d *desk) judge(name string) {
	d.t.Helper()
	if !bytes.Equal(d.read(name), d.want) {
		d.t.Errorf("%s has other bytes than the pool's", name)
	}
	if _, err := os.Stat(filepath.Join(d.dir, name+".run")); !os.IsNotExist(err) {
		d.t.Errorf("its run directory: %v", err)
	}
}

// testJobqueue runs the text of the documentation: jobs of dask on Slurm, which start the workers.
func testJobqueue(t *testing.T, f *fixture, c *slurmCluster) {
	d := newDesk(t, f, c)
	recipe, err := os.ReadFile(filepath.Join(filepath.Dir(page), "dask-recipe.py"))
	if err != nil {
		t.Fatal(err)
	}
	d.write("dask-recipe.py", string(recipe))
	d.write("jobqueue.py", fenced(t, "python", "SLURMCluster"))
	for _, command := range commands(t, "jobqueue.py") {
		d.run(command)
	}
	d.judge("bright.npy")
}

// testSnakemake runs the rule of the documentation, and again for an input that has changed, whose
// output Snakemake removes before.
func testSnakemake(t *testing.T, f *fixture, c *slurmCluster) {
	d := newDesk(t, f, c)
	d.write("Snakefile", fenced(t, "python", "rule bright"))
	for range 2 {
		for _, command := range commands(t, "snakemake") {
			d.run(command)
		}
		d.judge("bright/scan.npy")
		d.write("scan.npy", string(d.read("scan.npy")))
	}
}
