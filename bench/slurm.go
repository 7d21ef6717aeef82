package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// slurmCluster is a cluster of Slurm: one that was named with -slurm-conf, or one of namespaces of
// this machine, with a node per core, which is started when a case first asks for it.
type slurmCluster struct {
	conf    string // its slurm.conf
	missing string // why there is none
	root    string // of one of ours, which has to be ended
	asked   bool
}

// noSlurm as -slurm-conf asks for none.
const noSlurm = "none"

// onSlurm gives a contender the cluster, or says why it cannot run.
func (b *Bench) onSlurm(c Contender) Contender {
	if !b.slurm.asked {
		b.slurm.asked = true
		b.slurm.find(b)
	}
	c.NotRun = b.slurm.missing
	c.Env = append(c.Env, "SLURM_CONF="+b.slurm.conf)
	return c
}

func (s *slurmCluster) find(b *Bench) {
	if s.conf == noSlurm {
		s.missing = "-slurm-conf " + noSlurm
		return
	}
	// where Debian has the daemons, which is not in everybody's PATH
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		s.missing = err.Error()
		return
	}
	commands := []string{"sbatch", "squeue", "scancel"}
	if s.conf == "" {
		commands = append(commands, "slurmctld", "slurmd", "munged", "ip")
		if os.Getuid() != 0 {
			s.missing = "no -slurm-conf, and a cluster of our own takes root"
			return
		}
	}
	for _, command := range commands {
		if _, err := exec.LookPath(command); err != nil {
			s.missing = "no " + command
			return
		}
	}
	if s.conf == "" {
		s.start(b)
	}
}

// start brings a cluster up. Where that cannot be done the rest runs without.
func (s *slurmCluster) start(b *Bench) {
	s.root = filepath.Join(filepath.Dir(b.bin), "slurm")
	s.conf = filepath.Join(s.root, "slurm.conf")
	if err := s.do(b, "up"); err != nil {
		s.missing, s.root = err.Error(), ""
	}
}

// stop ends a cluster of ours.
func (s *slurmCluster) stop(b *Bench) error {
	if s.root == "" {
		return nil
	}
	return s.do(b, "down")
}

// do runs a verb of the script.
func (s *slurmCluster) do(b *Bench, verb string) error {
	cmd := exec.Command("bash", filepath.Join(filepath.Dir(b.source), ".ci", "minislurm.sh"), verb)
	cmd.Env = append(os.Environ(), "MINISLURM_ROOT="+s.root, "MINISLURM_NODES="+strconv.Itoa(b.cores), "MINISLURM_CPUS=1")
	// A file and no pipe, since the daemons that the script leaves behind would keep that open.
	out, err := os.Create(filepath.Join(b.bin, "slurm.log"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return fmt.Errorf("minislurm.sh %s: %w: %s", verb, err, lines[len(lines)-1])
	}
	return nil
}
