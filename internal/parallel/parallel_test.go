package parallel

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestSequencer hands numbers over from many goroutines, and checks their order, that
// nobody runs too far ahead, and that stopping releases those who wait.
func TestSequencer(t *testing.T) {
	for _, ahead := range []int64{1, 2, 7} {
		var got []int64
		s := NewSequencer(0, ahead, func(i int64, v int64) error {
			if i != v {
				t.Errorf("item %d came as %d", v, i)
			}
			got = append(got, v)
			return nil
		})
		queue := NewTicket(100)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for i, ok := queue.Take(); ok; i, ok = queue.Take() {
					items := []int64{3 * i, 3*i + 1, 3*i + 2}
					if more, err := s.Do(3*i, items...); !more || err != nil {
						t.Errorf("stopped: %v", err)
					}
					s.mu.Lock()
					if int64(len(s.held)) >= ahead {
						t.Errorf("%d items are held", len(s.held))
					}
					s.mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(got) != 300 || !slices.IsSorted(got) {
			t.Errorf("order %v", got)
		}
	}
	s := NewSequencer(0, 1, func(int64, int64) error {
		t.Error("applied out of order")
		return nil
	})
	done := make(chan bool)
	go func() {
		more, _ := s.Do(5, 5)
		done <- more
	}()
	s.Stop()
	if <-done {
		t.Error("an item was taken after stop")
	}
	broken := errors.New("broken")
	s = NewSequencer(0, 1, func(int64, int64) error { return broken })
	if more, err := s.Do(0, 0); more || !errors.Is(err, broken) {
		t.Errorf("an item that cannot be applied: %v, %v", more, err)
	}
}

// TestEach checks that every number comes once, and that of errors kept by number the first is
// there whoever fails first.
func TestEach(t *testing.T) {
	for _, workers := range []int{1, 3, 200} {
		var calls [100]atomic.Int64
		if err := Each(t.Context(), workers, 100, func(_ context.Context, i int64) error {
			calls[i].Add(1)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for i := range calls {
			if n := calls[i].Load(); n != 1 {
				t.Errorf("%d workers: %d came %d times", workers, i, n)
			}
		}
		errs := make([]error, 100)
		broken := errors.New("broken")
		err := Each(t.Context(), workers, 100, func(_ context.Context, i int64) error {
			if i >= 40 {
				errs[i] = broken
			}
			return errs[i]
		})
		if !errors.Is(err, broken) || errs[40] == nil {
			t.Errorf("%d workers: %v, and %v at 40", workers, err, errs[40])
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(broken)
		if err := Each(ctx, workers, 1, func(context.Context, int64) error { return nil }); !errors.Is(err, broken) {
			t.Errorf("%d workers, after the end: %v", workers, err)
		}
		if err := Each(ctx, workers, 0, nil); err != nil {
			t.Errorf("nothing to do: %v", err)
		}
	}
}

// TestRunHandsPanicsOn checks that a panic of a worker is one of the caller, and that a worker
// that ends its goroutine is an error.
func TestRunHandsPanicsOn(t *testing.T) {
	func() {
		defer func() {
			if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "lost") {
				t.Errorf("recovered %v", err)
			}
		}()
		_ = Run(t.Context(), 2, func(context.Context, int) error { panic("lost") })
	}()
	if err := Run(t.Context(), 2, func(context.Context, int) error { runtime.Goexit(); return nil }); !errors.Is(err, ErrGone) {
		t.Errorf("Goexit: %v", err)
	}
}
