package lazy

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

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

// crew runs workers, which are numbered from 0, and waits for them. The first error cancels the context of the others and is
// returned. A panic of a worker becomes one of the caller, whose deferred calls can then clean up.
func crew(ctx context.Context, n int, work func(ctx context.Context, worker int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range n {
		g.Go(func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = &crewPanic{r, debug.Stack()}
				}
			}()
			return work(ctx, i)
		})
	}
	err := g.Wait()
	if p, ok := errors.AsType[*crewPanic](err); ok {
		panic(p)
	}
	return err
}
