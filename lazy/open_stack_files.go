package lazy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/internal/natural"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// fileSet is the files of a stack.
type fileSet struct {
	name  string // as it was given
	paths []string
	key   string // of the member of each, if named
	named bool
	stack bool // one of dask's, with a file "info"
}

// findFiles lists what a pattern of [OpenStack] matches, in order.
func findFiles(pattern string) (*fileSet, error) {
	set := &fileSet{name: pattern}
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		return set, set.list()
	}
	if path, key, named := SplitPath(pattern); named || exists(path) {
		set.paths, set.key, set.named = []string{path}, key, named
		return set, nil
	}
	var err error
	set.paths, err = natural.Glob(pattern)
	for i := 1; err == nil && len(set.paths) == 0 && i < len(pattern); i++ {
		if pattern[i] == ':' {
			set.paths, err = natural.Glob(pattern[:i])
			set.key, set.named = pattern[i+1:], true
		}
	}
	if err == nil && len(set.paths) == 0 {
		err = fmt.Errorf("%s matches no file: %w", pattern, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return set, nil
}

// list finds the files of a directory.
func (s *fileSet) list() error {
	first, info := false, false
	paths, err := natural.List(s.name, func(name string) bool {
		first, info = first || name == "0.npy", info || name == "info"
		return strings.HasSuffix(name, ".npy")
	})
	if err != nil {
		return err
	}
	if s.stack = first && info; s.stack {
		return s.number(paths)
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s has no .npy file: %w", s.name, fs.ErrNotExist)
	}
	s.paths = paths
	return nil
}

// number lists 0.npy, 1.npy and so on; what has another name is no part of dask's stack.
func (s *fileSet) number(paths []string) error {
	there := make(map[int]bool, len(paths))
	for _, path := range paths {
		digits := strings.TrimSuffix(filepath.Base(path), ".npy")
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && strconv.Itoa(i) == digits {
			there[i] = true
		}
	}
	for i := range len(there) {
		path := filepath.Join(s.name, strconv.Itoa(i)+".npy")
		if !there[i] {
			return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("the stack has files of higher numbers: %w", fs.ErrNotExist)}
		}
		s.paths = append(s.paths, path)
	}
	return nil
}

// readHeads reads the headers of all files. Of several errors it is that of the first file.
func (s *fileSet) readHeads(c config) ([]head, error) {
	heads, errs := make([]head, len(s.paths)), make([]error, len(s.paths))
	_ = parallel.Each(context.Background(), headReaders, int64(len(s.paths)), func(_ context.Context, i int64) error {
		heads[i], errs[i] = s.readHead(s.paths[i], c)
		return errs[i]
	}) // errs has the error
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return heads, nil
}
