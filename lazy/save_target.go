package lazy

import (
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// target is a .npy file that many goroutines write to.
type target struct {
	f      *os.File
	head   []byte
	size   int64 // of the whole file
	early  bool  // what is written is sent to disk soon
	forget bool  // and leaves the page cache
}

// newTarget gives the file its length, and space.
func newTarget(f *os.File, head []byte, nbytes int64, unsynced bool) (*target, error) {
	t := &target{f: f, head: head, size: int64(len(head)) + nbytes}
	memory := atomicfile.Memory()
	t.forget = memory > 0 && t.size > memory/8
	t.early = t.forget || !unsynced
	reserve := atomicfile.Reserve
	if unsynced {
		reserve = atomicfile.Lengthen
	}
	if err := reserve(f, t.size); err != nil {
		return nil, err
	}
	if nbytes > 0 {
		return t, nil // the first piece has the header
	}
	return t, t.put(head, 0)
}

// base is where the elements begin.
func (t *target) base() int64 { return int64(len(t.head)) }

// put writes b at a place in the file.
func (t *target) put(b []byte, off int64) error {
	for len(b) > 0 {
		n := min(int64(len(b)), writeSize-off%writeSize)
		if _, err := t.f.WriteAt(b[:n], off); err != nil {
			return err
		}
		b, off = b[n:], off+n
	}
	return nil
}

// wrote tells that a part of the file will not be written to any more.
func (t *target) wrote(off, n int64) error {
	if t.early && n > 0 {
		atomicfile.StartWriteback(t.f, off, n)
	}
	if t.forget && n > 0 && off+n > forgetBehind {
		from := max(off-forgetBehind, 0)
		return atomicfile.Forget(t.f, from, off+n-forgetBehind-from)
	}
	return nil
}

// flusher tells a target in the background what was written, so that one part of a file is
// on its way to the disk while the next one is made. It is one part behind at most.
type flusher struct {
	parts chan [2]int64
	done  chan error
}

func newFlusher(t *target) *flusher {
	f := &flusher{parts: make(chan [2]int64), done: make(chan error, 1)}
	go func() {
		var first error
		for p := range f.parts {
			if err := t.wrote(p[0], p[1]); first == nil {
				first = err
			}
		}
		f.done <- first
	}()
	return f
}

// wrote is that of the target. An error comes from wait.
func (f *flusher) wrote(off, n int64) { f.parts <- [2]int64{off, n} }

// wait returns when the target knows of all parts.
func (f *flusher) wait() error {
	close(f.parts)
	return <-f.done
}
