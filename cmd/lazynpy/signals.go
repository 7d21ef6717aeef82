package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// signalled is why a context ended: the process was told to.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return "interrupted by signal: " + s.signal.String() }

// Is makes it an end like any other of a context.
func (s signalled) Is(err error) bool { return err == context.Canceled }

// notified is a context that ends with the first signal that asks the process to end. A second one
// ends the process as usual. What is ignored when the process begins, as nohup and shells in the
// background do, stays ignored.
func notified(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	told, unread := make(chan os.Signal, 1), make(chan os.Signal, 1)
	for _, s := range enders {
		if !signal.Ignored(s) {
			signal.Notify(told, s)
		}
	}
	// That nobody reads what is printed must not end the process before it has cleaned up.
	if pipeSignals != nil { // of none it would be told all
		signal.Notify(unread, pipeSignals...)
	}
	go func() {
		for {
			select {
			case s := <-told:
				signal.Stop(told)
				cancel(signalled{s.(syscall.Signal)})
				return
			case s := <-unread:
				if nobodyReads() {
					cancel(signalled{s.(syscall.Signal)})
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// interruptedStatus is the exit status after the end of a context: 128 and the signal, as shells
// say it.
func interruptedStatus(ctx context.Context) int {
	if s, ok := errors.AsType[signalled](context.Cause(ctx)); ok {
		return 128 + int(s.signal)
	}
	return exitInterrupted
}
