package distributed_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// TestWorkerMainPrints keeps what a terminal would obey from where workers print.
func TestWorkerMainPrints(t *testing.T) {
	for _, args := range [][]string{{"--plan", "a\x1b[2Jb"}, {"--plan", "x", "--input-map", "\x1b[2J"}} {
		c := exec.Command(os.Args[0], append([]string{"work"}, args...)...)
		b, err := c.CombinedOutput()
		if err == nil || c.ProcessState.ExitCode() != distributed.ExitRefused || strings.Contains(string(b), "\x1b") || !strings.Contains(string(b), `\x1b[2J`) {
			t.Errorf("%q: %v, %q", args, err, b)
		}
	}
}
