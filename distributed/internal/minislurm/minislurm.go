// Package minislurm brings a real Slurm cluster up for tests, by .ci/minislurm.sh, which says what
// its verbs do. It needs root and Debian's packages of Slurm, and says so if they are missing.
//
//	func TestMain(m *testing.M) { minislurm.Main(m, 4) }
//
// A process has one cluster: sbatch and the others find it by SLURM_CONF, which Up sets.
package minislurm

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Cluster is a cluster that is up.
type Cluster struct {
	root   string
	script string
	nodes  int
}

// current is the cluster of Main.
var current *Cluster

// Main brings a cluster of so many nodes up, with 2 CPUs each, runs the tests, ends it, and exits.
// It is all of a TestMain; m is the *testing.M.
func Main(m interface{ Run() int }, nodes int) {
	c, err := Up(nodes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	current = c
	code := m.Run()
	if err := c.Down(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Do runs a verb of the script on the cluster of Main.
func Do(verb string, args ...string) error {
	if current == nil {
		return errors.New("minislurm: no cluster is up: call Main in TestMain")
	}
	return current.Do(verb, args...)
}

// Up brings a cluster of 1 to 99 nodes up. It lives in MINISLURM_ROOT, or by default below the
// temporary directory by a name that depends on the working directory: so that what a killed test
// has left is found and ended, and two packages can be tested at the same time.
func Up(nodes int) (*Cluster, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("minislurm: %w", err)
	}
	script, err := find(wd)
	if err != nil {
		return nil, err
	}
	root := os.Getenv("MINISLURM_ROOT")
	if root == "" {
		root = filepath.Join(os.TempDir(), fmt.Sprintf("minislurm-%08x", crc32.ChecksumIEEE([]byte(wd))))
	}
	c := &Cluster{root: root, script: script, nodes: nodes}
	if err := c.Do("up"); err != nil {
		return nil, err
	}
	return c, os.Setenv("SLURM_CONF", filepath.Join(root, "slurm.conf"))
}

// find looks for the script in the directories above.
func find(dir string) (string, error) {
	for {
		script := filepath.Join(dir, ".ci", "minislurm.sh")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("minislurm: .ci/minislurm.sh is in no directory above the tests")
		}
		dir = up
	}
}

// Do runs a verb of the script, as in Do("kill-node", "2").
func (c *Cluster) Do(verb string, args ...string) error {
	cmd := exec.Command("bash", append([]string{c.script, verb}, args...)...)
	cmd.Env = append(os.Environ(), "MINISLURM_ROOT="+c.root, fmt.Sprintf("MINISLURM_NODES=%d", c.nodes))
	// A file and no pipe, since the daemons that the script leaves behind would keep that open.
	out, err := os.CreateTemp("", "minislurm-*.out")
	if err != nil {
		return fmt.Errorf("minislurm: %w", err)
	}
	defer func() {
		_ = out.Close()
		_ = os.Remove(out.Name())
	}()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("minislurm: %s: %w: %s", verb, err, strings.TrimSpace(string(said)))
	}
	return nil
}

// Down ends the cluster and removes its files.
func (c *Cluster) Down() error {
	if err := c.Do("down"); err != nil {
		return err
	}
	return os.RemoveAll(c.root)
}
