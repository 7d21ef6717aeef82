package lazy

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// crewPanic is what a goroutine has panicked with, on its way to the one that waits for it.
type crewPanic struct {
	value any
	stack []byte
}

func (p *crewPanic) Error() string {
	return fmt.Sprintf("%v\n\nin a worker:\n%s", p.value, p.stack)
}

// Unwrap is the value if it was an error.
func (p *crewPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// errGone says that a function of a user's ended its goroutine with [runtime.Goexit], as the Fatal
// of a test does.
var errGone = errors.New("a function ended its goroutine before its work was done (runtime.Goexit)")

// crew runs workers, which are numbered from 0, and waits for them. The first error cancels the
// context of the others and is returned. A panic of a worker becomes one of the caller, whose
// deferred calls can then clean up; a worker that ends before its work is done is an error.
func crew(ctx context.Context, n int, work func(ctx context.Context, worker int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var gone atomic.Bool
	g, ctx := errgroup.WithContext(ctx)
	for i := range n {
		g.Go(func() (err error) {
			returned := false
			defer func() {
				if r := recover(); r != nil {
					err = &crewPanic{r, debug.Stack()}
				} else if !returned { // the error cannot be returned any more
					gone.Store(true)
					cancel(errGone)
				}
			}()
			err = work(ctx, i)
			returned = true
			return err
		})
	}
	err := g.Wait()
	if p, ok := errors.AsType[*crewPanic](err); ok {
		panic(p)
	}
	if gone.Load() {
		return errGone
	}
	return err
}
