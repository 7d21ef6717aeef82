package distributed

import (
	"context"
	"errors"
	"fmt"
)

// Pool is the engine that computes in this process, on all its processors. It is the default.
type Pool struct {
	Workers int   // goroutines. Default: see [Limits]
	Memory  int64 // budget in bytes. Default: see [Limits]
}

// Name is "pool".
func (Pool) Name() string { return "pool" }

// RoundSize is 1: the goroutines share the blocks.
func (Pool) RoundSize(int64) int { return 1 }

// Cancel has nothing to end: the context of [Run] does it.
func (Pool) Cancel(context.Context, string) error { return nil }

// Submit begins to compute. A detached run is an error, since it would end with this process.
func (e Pool) Submit(ctx context.Context, r Round) (Job, error) {
	if r.Detach {
		return nil, fmt.Errorf("goroutines end with their process, which a detached run does without: %w", errors.ErrUnsupported)
	}
	ctx, cancel := context.WithCancel(ctx)
	j := &poolJob{cancel: cancel, interrupt: make(chan struct{}), done: make(chan struct{})}
	w := Work{Dir: r.Dir, Engine: e.Name(), leave: true, InputMap: r.InputMap, Interrupt: j.interrupt, Workers: e.Workers, Memory: e.Memory,
		Trust: true} // as the driver
	go func() {
		defer close(j.done)
		j.err = w.Do(ctx)
	}()
	return j, nil
}

// poolJob is the goroutines of one round.
type poolJob struct {
	cancel    context.CancelFunc
	interrupt chan struct{}
	done      chan struct{}
	err       error // after done
}

// ID is empty: there is nothing to look for.
func (j *poolJob) ID() string { return "" }

// Poll gives the error of the worker once it has ended.
func (j *poolJob) Poll(context.Context) (State, error) {
	select {
	case <-j.done:
		if errors.Is(j.err, context.Canceled) {
			return Idle, nil
		}
		return Idle, j.err
	default:
		return Active, nil
	}
}

// Cancel waits until the goroutines have ended.
func (j *poolJob) Cancel(context.Context) error {
	j.cancel()
	<-j.done
	return nil
}
