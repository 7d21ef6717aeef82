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
func (s signalled) Is(err error) bool { return err == context.Canceled } //nolint:errorlint // compared by errors.Is

// notified is a context that ends with the first signal that asks the process to end. A second one ends the process as usual.
// What is ignored when the process begins, as nohup and shells in the background do, stays ignored.
func notified(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	told := make(chan os.Signal, 1)
	for _, s := range append([]os.Signal{os.Interrupt, syscall.SIGTERM}, moreSignals...) {
		if !signal.Ignored(s) {
			signal.Notify(told, s)
		}
	}
	go func() {
		for s := range told {
			if s, ok := s.(syscall.Signal); ok && ends(s) {
				signal.Stop(told)
				cancel(signalled{s})
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(told)
		cancel(nil)
	}
}

// interruptedStatus is the exit status after the end of a context: 128 and the signal, as shells say it.
func interruptedStatus(ctx context.Context) int {
	if s, ok := errors.AsType[signalled](context.Cause(ctx)); ok {
		return 128 + int(s.signal)
	}
	return exitInterrupted
}
