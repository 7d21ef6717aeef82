//go:build unix

package rundir

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipe opens a pipe that nobody writes to.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path, 10); err == nil || !strings.Contains(err.Error(), path+": not a regular file") {
		t.Error(err)
	}
}

func TestForeign(t *testing.T) {
	for _, c := range []struct {
		owner uint32
		user  int
		sudo  string
		want  string
	}{
		{1000, 1000, "", ""}, {0, 1000, "", ""}, {0, 0, "", ""}, {1000, 0, "1000", ""},
		{1001, 1000, "", "belongs to user 1001"}, {1000, 0, "", "belongs to user 1000"}, {1001, 0, "1000", "belongs to user 1001"},
		{1001, 1000, "1001", "belongs to user 1001"},
	} {
		if got := foreignTo(c.owner, 0o755, c.user, c.sudo); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
