package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/internal/natural"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// find lists the files that patterns name; see [Config.Files].
func find(patterns []string) ([]string, error) {
	var paths []string
	for _, p := range patterns {
		found, err := findOne(p)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

func findOne(pattern string) ([]string, error) {
	switch info, err := os.Stat(pattern); {
	case err == nil && !info.IsDir():
		return []string{pattern}, nil
	case err == nil:
		return inFolder(pattern)
	}
	found, err := natural.Glob(pattern)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s matches no file: %w", pattern, fs.ErrNotExist)
	}
	return found, err
}

// inFolder lists the .npy and .npz files of a directory.
func inFolder(folder string) ([]string, error) {
	paths, err := natural.List(folder, func(name string) bool { return filepath.Ext(name) == ".npy" || filepath.Ext(name) == ".npz" })
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s has no .npy or .npz file: %w", folder, fs.ErrNotExist)
	}
	return paths, err
}

// mostOpen is how many files are open at a time beyond those that are being read. It bounds
// mappings, of which a process has 65,530 on Linux, and directories of archives in memory;
// descriptors are given back sooner where there are few.
const mostOpen = 256

// source is the files of a data set, of which few are open.
type source struct {
	files []dataFile
	opts  []lazy.Option
	most  int // open beyond those that are being read

	mu     sync.Mutex
	byPath map[string]int
	open   map[int]*openFile
	clock  int64
	closed bool
	idle   sync.Cond // a file was given back
}

// dataFile is what a file was when the data set was opened.
type dataFile struct {
	path string
	info fs.FileInfo
}

func (f *dataFile) modified() int64 { return f.info.ModTime().UnixNano() }

// same compares the file under a path with what it was.
func (f *dataFile) same() error {
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		return err
	case now.Size() != f.info.Size():
		return fmt.Errorf("%w: %d bytes, were %d", lazy.ErrChanged, now.Size(), f.info.Size())
	case !now.ModTime().Equal(f.info.ModTime()):
		return fmt.Errorf("%w: modified at %s", lazy.ErrChanged, now.ModTime().UTC().Format(time.RFC3339))
	case !os.SameFile(now, f.info):
		return fmt.Errorf("%w: replaced by another file", lazy.ErrChanged)
	}
	return nil
}

// openFile is a file that is open, and the arrays of it that were asked for.
type openFile struct {
	file  int
	users int
	used  int64

	mu      sync.Mutex
	archive *lazy.Archive
	arrays  map[arrayKey]*lazy.Array
	checked bool
}

type arrayKey struct {
	key   string
	stack bool
}

func newSource(opts []lazy.Option) *source {
	s := &source{most: mostOpen, opts: append([]lazy.Option{lazy.RandomAccess()}, opts...), byPath: map[string]int{}, open: map[int]*openFile{}}
	s.idle.L = &s.mu
	return s
}

// add numbers files; one that is there already keeps its number.
func (s *source) add(paths []string) ([]int, error) {
	numbers := make([]int, len(paths))
	for i, p := range paths {
		n, known := s.byPath[p]
		if !known {
			info, err := os.Stat(p)
			if err != nil {
				return nil, err
			}
			n = len(s.files)
			s.files = append(s.files, dataFile{p, info})
			s.byPath[p] = n
		}
		numbers[i] = n
	}
	return numbers, nil
}

// take has a file until it is given back.
func (s *source) take(file int) (*openFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, lazy.ErrClosed
	}
	o := s.open[file]
	if o == nil {
		o = &openFile{file: file, arrays: map[arrayKey]*lazy.Array{}}
		s.open[file] = o
	}
	s.clock++
	o.users++
	o.used = s.clock
	return o, nil
}

// give gives a file back, and closes those used longest ago if there are too many.
func (s *source) give(o *openFile) {
	s.mu.Lock()
	o.users--
	var out []*openFile
	for len(s.open) > s.most {
		var oldest *openFile
		for _, o := range s.open {
			if o.users == 0 && (oldest == nil || o.used < oldest.used) {
				oldest = o
			}
		}
		if oldest == nil {
			break
		}
		delete(s.open, oldest.file)
		out = append(out, oldest)
	}
	s.idle.Broadcast()
	s.mu.Unlock()
	for _, o := range out {
		_ = o.close() // only read from
	}
}

// array opens an array of a file, or finds it open. A plain file has the key "".
func (s *source) array(o *openFile, k arrayKey) (*lazy.Array, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.arrays[k]; a != nil {
		return a, nil
	}
	f := &s.files[o.file]
	a, err := s.openArray(o, f.path, k)
	if err != nil {
		if changed := f.same(); changed != nil {
			return nil, changed
		}
		return nil, err
	}
	if !o.checked {
		if err := f.same(); err != nil {
			return nil, err
		}
		o.checked = true
	}
	o.arrays[k] = a
	return a, nil
}

func (s *source) openArray(o *openFile, path string, k arrayKey) (a *lazy.Array, err error) {
	switch {
	case k.stack:
		if a, err = s.openArray(o, path, arrayKey{key: k.key}); err != nil {
			return nil, err
		}
		o.arrays[arrayKey{key: k.key}] = a // which closes it
		return a.ExpandDims(0)
	case k.key == "":
		if a, err = lazy.Open(path, s.opts...); errors.Is(err, lazy.ErrNoKey) {
			if z, unopened := lazy.OpenArchive(path, s.opts...); unopened == nil {
				if keys := z.Keys(); len(keys) > 1 {
					err = fmt.Errorf("%w: it has several arrays, %q; inputs and targets are named by their keys", lazy.ErrNoKey, keys)
				}
				z.Close()
			}
		}
		return a, err
	case o.archive == nil:
		if !lazy.IsArchive(path) {
			return nil, fmt.Errorf("%s is no archive, and has no array %q", path, k.key)
		}
		if o.archive, err = lazy.OpenArchive(path, s.opts...); err != nil {
			return nil, err
		}
	}
	return o.archive.Array(k.key)
}

func (o *openFile) close() error {
	var first error
	for _, a := range o.arrays {
		if err := a.Close(); first == nil {
			first = err
		}
	}
	if o.archive != nil {
		if err := o.archive.Close(); first == nil {
			first = err
		}
	}
	return first
}

// close closes all files once nobody reads them.
func (s *source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var first error
	for file, o := range s.open {
		for o.users > 0 {
			s.idle.Wait()
		}
		if err := o.close(); first == nil {
			first = err
		}
		delete(s.open, file)
	}
	return first
}

// limitCaches divides memory for the caches of archives among those that can be open, and closes
// all that are.
func (s *source) limitCaches(total int64) error {
	each := min(total/int64(min(len(s.files), s.most)), zipseek.DefaultCacheSize)
	s.opts = append([]lazy.Option{lazy.Zip(zipseek.CacheSize(each))}, s.opts...)
	return s.reset()
}

// reset closes all files. Nobody reads.
func (s *source) reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for file, o := range s.open {
		delete(s.open, file)
		if err := o.close(); err != nil {
			return err
		}
	}
	return nil
}

// isClosed reports whether the data set was closed.
func (s *source) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// head is what is known of an array of a file.
type head struct {
	dtype   mmapnpy.DType
	shape   []int64
	granule int64
}

// head reads the header of an array.
func (s *source) head(file int, k arrayKey) (head, error) {
	o, err := s.take(file)
	if err != nil {
		return head{}, err
	}
	defer s.give(o)
	a, err := s.array(o, k)
	if err != nil {
		return head{}, err
	}
	return head{a.DType(), a.Shape(), a.Granule()}, nil
}
