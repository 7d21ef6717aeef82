package lazy

import (
	"sync"
	"testing"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// A streamSource is a file that can only be read from its start: going back farther than some bytes
// begins there again.
type streamSource struct {
	bytesrc.Source
	mu     sync.Mutex
	at     int64 // the farthest byte that was read since it began
	kept   int64
	begins int
}

func (s *streamSource) InOrder() bool { return true }

func (s *streamSource) read(off, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if off < s.at-s.kept {
		s.begins++
		s.at = 0
	}
	s.at = max(s.at, off+n)
}

func (s *streamSource) ReadAt(p []byte, off int64) (int, error) {
	s.read(off, int64(len(p)))
	return s.Source.ReadAt(p, off)
}

func (s *streamSource) Borrow(off int64, n int) (bytesrc.Lease, error) {
	s.read(off, int64(n))
	return s.Source.Borrow(off, n)
}

// TestPassesInOrder makes passes over members that can only be decoded from their start: they go
// through them once.
func TestPassesInOrder(t *testing.T) {
	dt := must[mmapnpy.DType](t)(mmapnpy.DTypeOf[uint8]())
	shape := []int64{24, 512, 512}
	path := writeFile(t, t.TempDir(), dt, shape, false, make([]byte, 6<<20))
	for name, pass := range map[string]func(a *Array) error{
		"sum over 0": func(a *Array) error { _, err := Sum(t.Context(), a, OverAxes(0)); return err },
		"std over 0": func(a *Array) error { _, err := Std(t.Context(), a, OverAxes(0)); return err },
		"sum":        func(a *Array) error { _, err := Sum(t.Context(), a, OverAll()); return err },
		"max over 1": func(a *Array) error { _, err := Max(t.Context(), a, OverAxes(1, 2)); return err },
		"load":       func(a *Array) error { _, err := a.Load(t.Context()); return err },
		"save":       func(a *Array) error { return a.Save(t.Context(), t.TempDir()+"/out.npy") },
		"elements": func(a *Array) error {
			for _, err := range a.Elements(t.Context()) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		f, err := bytesrc.Open(path, bytesrc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		src := &streamSource{Source: f, kept: 256 << 10}
		c, err := newConfig([]Option{Workers(4)})
		if err != nil {
			t.Fatal(err)
		}
		a, err := open(src, c)
		if err != nil {
			t.Fatal(err)
		}
		src.begins, src.at = 0, 0
		if err := pass(a); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if src.begins != 0 {
			t.Errorf("%s: the stream is read %d times", name, src.begins+1)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
