package parallel

import (
	"errors"
	"slices"
	"sync"
	"testing"
)

// TestSequencer hands numbers over from many goroutines, and checks their order, that
// nobody runs too far ahead, and that stopping releases those who wait.
func TestSequencer(t *testing.T) {
	for _, ahead := range []int64{1, 2, 7} {
		var got []int64
		s := NewSequencer(ahead, func(i int64, v int64) error {
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
					if more, err := s.Do(i, i); !more || err != nil {
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
		if len(got) != 100 || !slices.IsSorted(got) {
			t.Errorf("order %v", got)
		}
	}
	s := NewSequencer(1, func(int64, int64) error {
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
	s = NewSequencer(1, func(int64, int64) error { return broken })
	if more, err := s.Do(0, 0); more || !errors.Is(err, broken) {
		t.Errorf("an item that cannot be applied: %v, %v", more, err)
	}
}
