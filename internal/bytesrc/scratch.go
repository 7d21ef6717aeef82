package bytesrc

import (
	"cmp"
	"errors"
	"os"
	"runtime"
)

// A Scratch is a file for what a process may need once more. It goes when it is closed, and where
// the system can do that (everywhere but on Windows) also when the process is killed: it has no
// name then. Only its owner can read it.
type Scratch struct {
	*os.File
	name string // to remove; empty if it has none any more
}

// errNoScratch says that a scratch file was not made.
var errNoScratch = errors.New("no room for a temporary file")

// NewScratch makes an empty scratch file, if size bytes take at most half of the room that there
// is. It lies in the first of $TMPDIR and /var/tmp that is set and there, or in the system's folder
// for temporary files. Where that is memory, they may take a quarter of the memory that this
// process could have.
func NewScratch(size int64) (*Scratch, error) {
	dir := os.Getenv("TMPDIR")
	if info, err := os.Stat("/var/tmp"); dir == "" && runtime.GOOS != "windows" && err == nil && info.IsDir() {
		dir = "/var/tmp" // on disk, where /tmp may be memory
	}
	dir = cmp.Or(dir, os.TempDir())
	if free, ok := FreeSpace(dir); !ok || size > free/2 {
		return nil, errNoScratch
	}
	f, err := os.CreateTemp(dir, "lazynpy-*.tmp")
	if err != nil {
		return nil, err
	}
	s := &Scratch{File: f, name: f.Name()}
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	if fs := filesystemOf(f).name; (fs == "tmpfs" || fs == "ramfs") && size > memoryNow()/4 {
		return nil, errors.Join(errNoScratch, s.Close())
	}
	return s, nil
}

// Close closes and removes the file.
func (s *Scratch) Close() error {
	err := s.File.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}
