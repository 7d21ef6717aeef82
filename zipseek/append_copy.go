package zipseek

import (
	"io"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// copyTarget is a copy of an archive, which takes the place of the archive when it is complete.
type copyTarget struct {
	f    *atomicfile.File
	lock *filelock.Lock // of the archive
}

// extendCopy makes a copy of an archive of so many bytes. It is nil for one that is to grow in
// place: a large one on a file system that does not share blocks, or one that has other names,
// which would be left behind.
func extendCopy(lock *filelock.Lock, path string, size int64) (target, error) {
	if linked(lock.File) {
		return nil, nil
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	if !clone(f.File, lock.File) {
		if size > CopyLimit {
			f.Abort()
			return nil, nil
		}
		if _, err := io.Copy(f.File, io.NewSectionReader(lock, 0, size)); err != nil {
			f.Abort()
			return nil, f.Named(err)
		}
	}
	return &copyTarget{f, lock}, nil
}

func (t *copyTarget) WriteAt(b []byte, off int64) (int, error) {
	n, err := t.f.WriteAt(b, off)
	return n, t.f.Named(err)
}

func (t *copyTarget) barrier() error { return nil } // nobody sees the copy before it is complete

func (t *copyTarget) commit() error {
	if err := t.lock.Current(); err != nil {
		return err
	}
	if err := t.lock.Yield(); err != nil {
		return err
	}
	if err := t.f.Commit(); err != nil {
		return err
	}
	_ = t.lock.Close() // of a file that nobody needs any more
	return nil
}

func (t *copyTarget) abort() error {
	_ = t.lock.Close() // of a file that was only read
	t.f.Abort()
	return nil
}

// begin makes an archive that is not there, for [OrCreate].
func begin(path string, c writerConfig) (*Writer, error) {
	f, err := atomicfile.Create(path, c.rules(atomicfile.New())...)
	if err != nil {
		return nil, err
	}
	return newWriter(path, c, createTarget{f, nil}, 0), nil
}
