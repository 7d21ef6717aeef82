package demo

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Shape is that of a scan of at most size bytes, as square as can be: positions along y and x, and
// the pixels of the detector. It is nil if there is no room for one pattern.
func Shape(size int64) []int64 {
	frames := size / FrameBytes
	if frames < 1 {
		return nil
	}
	ny := int64(math.Sqrt(float64(frames)))
	return []int64{ny, frames / ny, Detector, Detector}
}

// NBytes is the size of the elements of a scan.
func NBytes(shape []int64) int64 {
	return mmapnpy.Buffer{DType: mmapnpy.Uint16, Shape: shape}.NBytes()
}

// Write makes the scan in a new .npy file, on every core, and returns a position worth a look. It
// tells progress, if that is not nil, how many bytes are done, one call at a time. The file appears
// whole or not at all.
func Write(ctx context.Context, path string, shape []int64, progress func(done, total int64)) (y, x int, err error) {
	p, err := newPatterns(ctx)
	if err != nil {
		return 0, 0, err
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Uint16, Shape: shape})
	if err != nil {
		return 0, 0, err
	}
	f, err := atomicfile.Create(path, atomicfile.New())
	if err != nil {
		return 0, 0, err
	}
	defer f.Abort()
	if _, err := f.Write(head); err != nil {
		return 0, 0, f.Named(err)
	}
	if err := atomicfile.Reserve(f.File, int64(len(head))+NBytes(shape)); err != nil {
		return 0, 0, f.Named(err)
	}
	s := newSpecimen(int(shape[0]), int(shape[1]))
	if err := s.writeTo(ctx, f, int64(len(head)), p, countRows(shape, progress)); err != nil {
		return 0, 0, f.Named(err)
	}
	y, x = s.thickestAt()
	return y, x, f.CommitUnsynced() // it can be made again
}

// countRows turns rows of the scan, from any goroutine, into bytes.
func countRows(shape []int64, progress func(done, total int64)) func(int) {
	if progress == nil {
		return func(int) {}
	}
	var mu sync.Mutex
	rows, total := int64(0), NBytes(shape)
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		rows += int64(n)
		progress(total/shape[0]*rows, total)
	}
}

// Directories of scans are called so if they are to stay, or else go with the process, if need be
// with the next one.
const (
	keptDirs = "lazynpy-demo-"
	runDirs  = "lazynpy-demo-run-"
)

// TempDir makes a directory for a scan below another one, or where the system has such if that is
// empty, and returns what removes it, if it is not kept. Those that processes left behind which
// died are removed, and named to removed.
func TempDir(below string, keep bool, removed func(dir string)) (dir string, remove func() error, err error) {
	if below == "" {
		below = os.TempDir()
	}
	if keep {
		dir, err = os.MkdirTemp(below, keptDirs)
		return dir, func() error { return nil }, err
	}
	left, _ := filepath.Glob(filepath.Join(below, runDirs+"*"))
	for _, old := range left {
		if atomicfile.Deserted(old) && os.RemoveAll(old) == nil {
			removed(old)
		}
	}
	if dir, err = os.MkdirTemp(below, runDirs); err != nil {
		return "", nil, err
	}
	release, err := atomicfile.Occupy(dir)
	if err != nil {
		return "", nil, err
	}
	return dir, func() error {
		defer release()
		return os.RemoveAll(dir)
	}, nil
}
