//go:build unix

package slurm

import (
	"os"
	"path/filepath"
	"testing"
)

// onCluster brings a real cluster up, runs the tests, and exits. Only the tag slurm sets it.
var onCluster func(*testing.M)

func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); name {
	case "sbatch", "squeue", "scancel":
		os.Exit(standIn(name))
	}
	// Under the race detector a program waits for 1 s when it ends.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	if onCluster != nil {
		onCluster(m)
	}
	os.Exit(m.Run())
}
