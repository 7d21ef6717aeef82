package main

import (
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestWorkUsage has the status at which schedulers give up.
func TestWorkUsage(t *testing.T) {
	dir, _ := printed(t, array(t, []int64{4}, count[int32](4)))
	for _, c := range []struct {
		word string
		args []string
	}{
		{"--plan", []string{"work"}},
		{"nonsense", []string{"work", "--nonsense"}},
		{"unexpected argument", []string{"work", "--plan", dir, "x"}},
		{"--workers", []string{"work", "--plan", dir, "--workers", "2"}},
		{"nowhere", []string{"work", "--plan", filepath.Join(dir, "nowhere")}},
	} {
		fails(t, distributed.ExitRefused, []string{c.word}, c.args...)
	}
	t.Setenv("LAZYNPY_INDEX", "x") // which says no more than where to begin
	ok(t, "work", "--plan", dir)
	ok(t, "work", "--help")
}
