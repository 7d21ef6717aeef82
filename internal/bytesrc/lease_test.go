package bytesrc

import (
	"errors"
	"runtime"
	"testing"
)

// TestWithGivesBack leaves the function that looks at borrowed bytes, and the one that fills what
// is lent, in every way there is. Close, when the test ends, waits for a lease that was lost.
func TestWithGivesBack(t *testing.T) {
	wrong := errors.New("wrong")
	ends := map[string]func([]byte) error{
		"return": func([]byte) error { return nil },
		"error":  func([]byte) error { return wrong },
		"panic":  func([]byte) error { panic(wrong) },
		"Goexit": func([]byte) error { runtime.Goexit(); return nil },
	}
	for _, backend := range backends {
		path, _ := tempFile(t, 3*pageSize)
		f := open(t, path, Options{Backend: backend})
		for name, end := range ends {
			for what, call := range map[string]func() error{
				"With":      func() error { return With(f, 5, pageSize, end) },
				"WithGuard": func() error { return WithGuard(f, 5, pageSize, end) },
				"Lend": func() error {
					l, err := f.Lend(pageSize, end)
					l.Release()
					return err
				},
			} {
				done := make(chan error, 1)
				go func() {
					var err error
					defer func() {
						if r := recover(); r != nil {
							err, _ = r.(error)
						}
						done <- err
					}()
					err = call()
				}()
				err := <-done
				if want := name == "error" || name == "panic"; errors.Is(err, wrong) != want {
					t.Errorf("%s, %s: %s: %v", backend, what, name, err)
				}
			}
		}
		if n := f.leases.n.Load(); n != 0 {
			t.Errorf("%s: %d leases are lost", backend, n)
		}
	}
}
