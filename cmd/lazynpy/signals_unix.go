//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// enders are the signals that ask a process to end: Ctrl-C, a scheduler or kill, a terminal that
// was closed.
var enders = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

var pipeSignals = []os.Signal{syscall.SIGPIPE}

// nobodyReads reports whether it is one of our own outputs that nobody reads any more, and not the
// input of a process that we have started.
func nobodyReads() bool {
	streams := []unix.PollFd{{Fd: 1, Events: unix.POLLOUT}, {Fd: 2, Events: unix.POLLOUT}}
	_, err := unix.Poll(streams, 0)
	const gone = unix.POLLERR | unix.POLLHUP
	return err == nil && (streams[0].Revents|streams[1].Revents)&gone != 0
}

// unheard reports whether the context ended because nobody reads what is printed, so that there is
// nobody to tell.
func unheard(ctx context.Context) bool {
	s, ok := errors.AsType[signalled](context.Cause(ctx))
	return ok && s.signal == syscall.SIGPIPE
}
