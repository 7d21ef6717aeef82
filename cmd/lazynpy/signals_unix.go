//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// moreSignals are a terminal that was closed, and nobody who reads what is printed.
var moreSignals = []os.Signal{syscall.SIGHUP, syscall.SIGPIPE}

// ends reports whether a signal ends the run. That nobody reads from a pipe does if it is one of our own outputs, and
// not that of a process which we have started.
func ends(s syscall.Signal) bool {
	if s != syscall.SIGPIPE {
		return true
	}
	streams := []unix.PollFd{{Fd: 1, Events: unix.POLLOUT}, {Fd: 2, Events: unix.POLLOUT}}
	_, err := unix.Poll(streams, 0)
	const gone = unix.POLLERR | unix.POLLHUP
	return err == nil && (streams[0].Revents|streams[1].Revents)&gone != 0
}

// unheard reports whether nobody reads what is printed, so that there is nobody to tell.
func unheard(ctx context.Context) bool {
	s, ok := errors.AsType[signalled](context.Cause(ctx))
	return ok && s.signal == syscall.SIGPIPE
}
