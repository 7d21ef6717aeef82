// Lazynpy inspects, slices, reduces, renders and converts NumPy .npy and .npz files of
// any size, in bounded memory and on every core.
//
// Data go to standard output, everything else to standard error. The exit status is
// 0 for success, 1 for failure, 2 for a mistake in the command line, and 130 after an
// interrupt. An error is one line that begins with "lazynpy: " and names the file.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(start()) }

// start runs the command under a context that ends with the first interrupt; a
// second one kills the process as usual.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
