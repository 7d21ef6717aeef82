package parallel

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// workerPanic is what a goroutine has panicked with, on its way to the one that waits for it.
type workerPanic struct {
	value any
	stack []byte
}

func (p *workerPanic) Error() string {
	return fmt.Sprintf("%v\n\nin a worker:\n%s", p.value, p.stack)
}

// Unwrap is the value if it was an error.
func (p *workerPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// ErrGone says that a function of a user's ended its goroutine with [runtime.Goexit], as the Fatal
// of a test does.
var ErrGone = errors.New("a function ended its goroutine before its work was done (runtime.Goexit)")

// Run runs workers, which are numbered from 0, and waits for them. The first error cancels the
// context of the others and is returned. A panic of a worker becomes one of the caller, whose
// deferred calls can then clean up; a worker that ends before its work is done is an error.
func Run(ctx context.Context, n int, work func(ctx context.Context, worker int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var gone atomic.Bool
	g, ctx := errgroup.WithContext(ctx)
	for i := range n {
		g.Go(func() (err error) {
			returned := false
			defer func() {
				if r := recover(); r != nil {
					err = &workerPanic{r, debug.Stack()}
				} else if !returned { // the error cannot be returned any more
					gone.Store(true)
					cancel(ErrGone)
				}
			}()
			err = work(ctx, i)
			returned = true
			return err
		})
	}
	err := g.Wait()
	if p, ok := errors.AsType[*workerPanic](err); ok {
		panic(p)
	}
	if gone.Load() {
		return ErrGone
	}
	return err
}

// Each calls f for the numbers 0 to n-1, in order, on so many workers, and waits. After an error no
// more numbers are begun; those below one that was begun all were, so that of errors that f keeps
// by number the first does not depend on luck. Where the context has ended, its cause is the error.
func Each(ctx context.Context, workers int, n int64, f func(ctx context.Context, i int64) error) error {
	queue := NewTicket(n)
	return Run(ctx, int(min(int64(workers), n)), func(ctx context.Context, _ int) error {
		for ctx.Err() == nil {
			i, ok := queue.Take()
			if !ok {
				return nil
			}
			if err := f(ctx, i); err != nil {
				return err
			}
		}
		return context.Cause(ctx)
	})
}
