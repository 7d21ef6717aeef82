package bytesrc

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// parkable opens a file of 300,000 bytes that differ.
func parkable(t *testing.T, backend Backend) (*File, []byte) {
	t.Helper()
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, b
}

// TestPark takes the descriptors of files away, which come back when they are needed.
func TestPark(t *testing.T) {
	for _, backend := range []Backend{BackendMmap, BackendPread, BackendDirect, BackendCopy} {
		f, want := parkable(t, backend)
		for what, use := range map[string]func() error{
			"Borrow": func() error {
				l, err := f.Borrow(1000, 200_000)
				if err != nil {
					return err
				}
				defer l.Release()
				f.park() // what is lent stays
				if !bytes.Equal(l.Bytes(), want[1000:201_000]) {
					return errors.New("other bytes")
				}
				return l.Verify()
			},
			"ReadAt": func() error {
				p := make([]byte, len(want))
				if _, err := f.ReadAt(p, 0); err != nil || !bytes.Equal(p, want) {
					return errors.Join(err, errors.New("other bytes"))
				}
				return nil
			},
			"Changed":    f.Changed,
			"Unmodified": f.Unmodified,
			"Flush":      f.Flush,
			"Stat": func() error {
				info, err := f.Stat()
				if err == nil && info.Size() != f.Size() {
					err = errors.New("another size")
				}
				return err
			},
		} {
			if f.park(); f.os != nil || f.park() {
				t.Fatalf("%s: not parked before %s", backend, what)
			}
			if err := use(); err != nil {
				t.Errorf("%s: %s: %v", backend, what, err)
			}
		}
		if view, err := f.View(0, f.Size()); err == nil {
			if !f.park() || !bytes.Equal(view, want) {
				t.Error("a view does not outlive the descriptor")
			}
		}
		f.park() // and Close
	}
}

// TestParkNeeds keeps the descriptor of what could not be opened again.
func TestParkNeeds(t *testing.T) {
	f, _ := parkable(t, BackendPread)
	other, _ := parkable(t, BackendPread)
	if err := os.Rename(other.Name(), f.Name()); err != nil {
		t.Fatal(err)
	}
	if f.park() || other.park() {
		t.Error("a replaced or a missing file was parked")
	}
	third, _ := parkable(t, BackendPread)
	t.Chdir(filepath.Dir(third.Name()))
	here, err := Open("a", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !here.park() || !third.park() {
		t.Fatal("not parked")
	}
	t.Chdir(t.TempDir())
	if _, err := here.ReadAt(make([]byte, 3), 0); err != nil {
		t.Errorf("in another folder: %v", err)
	}
	if err := errors.Join(here.Close(), os.Remove(third.Name()), os.WriteFile(third.Name(), []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := third.ReadAt(make([]byte, 3), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("replaced meanwhile: %v", err)
	}
	if err := third.Changed(); !errors.Is(err, ErrChanged) {
		t.Errorf("replaced meanwhile: %v", err)
	}
}

// TestParkRaces reads on many goroutines while descriptors are taken away, and closes meanwhile.
func TestParkRaces(t *testing.T) {
	f, want := parkable(t, BackendAuto)
	stop := make(chan struct{})
	var parking, reading sync.WaitGroup
	parking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				f.park()
			}
		}
	})
	for i := range 4 {
		reading.Go(func() {
			for n := range 500 {
				off := (i*7919 + n*4099) % 200_000
				l, err := f.Borrow(int64(off), 5000)
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(l.Bytes(), want[off:off+5000]) {
					t.Error("other bytes")
				}
				l.Release()
			}
		})
	}
	reading.Wait()
	for i := range 50 {
		g, err := Open(f.Name(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var closing sync.WaitGroup
		closing.Go(func() { g.park() })
		closing.Go(func() { _, _ = g.ReadAt(make([]byte, 10), int64(i)) })
		closing.Go(func() {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
		closing.Wait()
		if _, err := g.ReadAt(make([]byte, 10), 0); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	close(stop)
	parking.Wait()
}
