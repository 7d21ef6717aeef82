//go:build (race || debug) && (linux || darwin)

package bytesrc

import (
	"errors"
	"testing"
)

// TestUseAfterClose checks that debug builds fault, and say what happened.
func TestUseAfterClose(t *testing.T) {
	path, _ := tempFile(t, 3*pageSize)
	f := open(t, path, Options{Backend: BackendMmap})
	v, err := f.View(100, 2*int64(pageSize))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	err = Guard(func() error {
		touchAll(v)
		return nil
	})
	fault, ok := errors.AsType[*FaultError](err)
	if !ok || fault.Path != path || fault.Offset != 100 || !errors.Is(err, ErrClosed) {
		t.Errorf("use after Close: %v", err)
	}
}
