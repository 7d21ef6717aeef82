package bytesrc

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
)

// A Backend is a way of reading a file. The zero value means [BackendAuto].
type Backend string

const (
	// BackendAuto chooses: a mapping on Linux and macOS if the filesystem is local
	// and the file fits the address space, pread if not, and the copying reader
	// on other systems. The environment variable LAZYNPY_BACKEND overrides the choice.
	BackendAuto Backend = "auto"

	// BackendMmap maps the whole file once and lends windows of it.
	BackendMmap Backend = "mmap"

	// BackendPread reads into pooled buffers.
	BackendPread Backend = "pread"

	// BackendCopy copies out of golang.org/x/exp/mmap's reader, which exists for every system
	// that Go runs on.
	BackendCopy Backend = "copy"
)

// BackendEnv names the environment variable that overrides [BackendAuto].
const BackendEnv = "LAZYNPY_BACKEND"

// ParseBackend turns a name (auto, mmap, pread, copy, or nothing for auto) into a Backend.
func ParseBackend(s string) (Backend, error) {
	switch b := Backend(s); b {
	case "":
		return BackendAuto, nil
	case BackendAuto, BackendMmap, BackendPread, BackendCopy:
		return b, nil
	}
	return "", fmt.Errorf("unknown back end %q (have auto, mmap, pread, copy)", s)
}

// A Mode says what may be done to the bytes, in NumPy's words.
type Mode uint8

const (
	// ReadOnly is NumPy's "r": writing to a borrowed byte faults.
	ReadOnly Mode = iota

	// ReadWrite is NumPy's "r+": writes reach the file, at the latest at Close, and
	// are on disk after [File.Flush].
	ReadWrite

	// CopyOnWrite is NumPy's "c": writes are private to this File and lost at Close.
	// ReadAt does not see them.
	CopyOnWrite
)

// String returns NumPy's name of the mode: r, r+ or c.
func (m Mode) String() string {
	switch m {
	case ReadWrite:
		return "r+"
	case CopyOnWrite:
		return "c"
	}
	return "r"
}

// Options for [Open]. The zero value is read-only with the back end chosen for the file.
type Options struct {
	Backend Backend // default BackendAuto
	Mode    Mode    // default ReadOnly; the others need a mapping
}

// choice is a back end and the reason for it.
type choice struct {
	backend Backend
	reason  string
	// auto says that nobody asked for this back end, so that pread may take over
	// if the system refuses to map.
	auto bool
}

// choose picks the back end for a file of the given size.
func choose(f *os.File, size int64, o Options) (choice, error) {
	want, err := ParseBackend(string(o.Backend))
	if err != nil {
		return choice{}, err
	}
	if want != BackendAuto {
		return asked(want, "asked for", size, o.Mode)
	}
	if s := os.Getenv(BackendEnv); s != "" {
		if want, err = ParseBackend(s); err != nil {
			return choice{}, fmt.Errorf("%s: %w", BackendEnv, err)
		}
		// The variable speaks about reading. A file that is to be written to
		// through its mapping is mapped all the same.
		if want != BackendAuto && o.Mode == ReadOnly {
			return asked(want, BackendEnv, size, o.Mode)
		}
	}
	if o.Mode != ReadOnly {
		return asked(BackendMmap, fmt.Sprintf("mode %v needs a mapping", o.Mode), size, o.Mode)
	}
	switch runtime.GOOS {
	case "linux", "darwin":
	default:
		return fits(choice{BackendCopy, "portable reader on " + runtime.GOOS, true}, size), nil
	}
	if name := remoteFS(f); name != "" {
		return choice{BackendPread, name + " filesystem: page faults would travel one by one", true}, nil
	}
	return fits(choice{BackendMmap, "local file", true}, size), nil
}

// asked checks that a back end which was named can serve the file.
func asked(b Backend, reason string, size int64, m Mode) (choice, error) {
	if m != ReadOnly && b != BackendMmap {
		return choice{}, fmt.Errorf("mode %v needs the mmap back end, not %s", m, b)
	}
	if b != BackendPread && !mappable(size) {
		return choice{}, fmt.Errorf("%d bytes do not fit the address space; use the pread back end", size)
	}
	return choice{b, reason, false}, nil
}

// fits replaces c by pread if the file does not fit the address space.
func fits(c choice, size int64) choice {
	if mappable(size) {
		return c
	}
	return choice{BackendPread, fmt.Sprintf("%d bytes do not fit the address space", size), true}
}

// mappable reports whether a slice can be as long as the file. On 32-bit systems a
// file that passes may still find no room; the mapping then fails and pread takes over.
func mappable(size int64) bool { return size <= math.MaxInt }

// refuse explains why a file of this type cannot be a source of bytes, or returns nil.
func refuse(path string, mode fs.FileMode) error {
	const need = "; a regular file is needed"
	var what string
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		what = "is a directory"
	case mode&fs.ModeNamedPipe != 0:
		what = "is a named pipe (FIFO)"
	case mode&fs.ModeSocket != 0:
		what = "is a socket"
	case mode&fs.ModeDevice != 0:
		what = "is a device"
	default:
		what = "is not a regular file"
	}
	return &fs.PathError{Op: "open", Path: path, Err: errors.New(what + need)}
}
