// Lazynpy inspects, slices, reduces, renders and converts NumPy .npy and .npz files of
// any size, in bounded memory and on every core, and computes with them on many machines.
//
// Data go to standard output, everything else to standard error. The exit status is
// 0 for success, 1 for failure, 2 for a mistake in the command line, and 128 and the signal
// after one: 130 after an interrupt, 143 after SIGTERM, 129 after SIGHUP; "work" has
// statuses for schedulers as well. An error is one line that begins with "lazynpy: " and names the
// file.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

func main() {
	limitMemory()
	// A worker takes signals itself: the first one tells it to record what it has finished, and
	// then to end. One that comes before it listens must end it at once, and not be lost in a
	// context that it does not look at.
	if len(os.Args) > 1 && os.Args[1] == "work" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(start())
}

// limitMemory makes the garbage collector work harder where the machine or its cgroup leaves
// little, unless GOMEMLIMIT says what it may use.
func limitMemory() {
	if free := bytesrc.AvailableMemory(); free > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(free / 10 * 9)
	}
}

// start runs the command under a context that ends with the first signal to end; a
// second one kills the process as usual.
func start() int {
	atomicfile.OnNotice(func(line string) { os.Stderr.WriteString("lazynpy: note: " + safeLine(line) + "\n") })
	ctx, stop := notified(context.Background())
	defer stop()
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
