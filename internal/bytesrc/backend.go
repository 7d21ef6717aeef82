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
	// BackendAuto chooses. On Linux and macOS it is a mapping if the filesystem is local
	// and the file fits the address space, pread if not, and direct for a sweep over a local
	// file that is larger than the memory which is available; on other systems it is the
	// copying reader. The environment variable LAZYNPY_BACKEND overrides the choice.
	BackendAuto Backend = "auto"

	// BackendMmap maps the whole file once and lends windows of it.
	BackendMmap Backend = "mmap"

	// BackendPread reads into pooled buffers.
	BackendPread Backend = "pread"

	// BackendDirect reads into pooled buffers past the page cache (O_DIRECT, and F_NOCACHE on
	// macOS). Where the filesystem refuses, pread takes over and the reason says so; other
	// systems than Linux and macOS do not have it.
	BackendDirect Backend = "direct"

	// BackendCopy copies out of golang.org/x/exp/mmap's reader, which exists for every system
	// that Go runs on.
	BackendCopy Backend = "copy"
)

// BackendEnv names the environment variable that overrides [BackendAuto].
const BackendEnv = "LAZYNPY_BACKEND"

// Backends are the names that [ParseBackend] takes.
var Backends = []Backend{BackendAuto, BackendMmap, BackendPread, BackendDirect, BackendCopy}

// ParseBackend turns a name (auto, mmap, pread, direct, copy, or nothing for auto) into a Backend.
func ParseBackend(s string) (Backend, error) {
	switch b := Backend(s); b {
	case "":
		return BackendAuto, nil
	case BackendAuto, BackendMmap, BackendPread, BackendDirect, BackendCopy:
		return b, nil
	}
	return "", fmt.Errorf("unknown back end %q (have auto, mmap, pread, direct, copy)", s)
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

// An Access says in which way a file is going to be read.
type Access uint8

const (
	// AccessAny promises nothing: parts may be read again, and views of all of it be asked for.
	AccessAny Access = iota

	// AccessSequential is sweeps: from front to back by Borrow, once or again and again.
	AccessSequential

	// AccessRandom is pieces here and there.
	AccessRandom
)

// Options for [Open]. The zero value is read-only with the back end chosen for the file.
type Options struct {
	Backend Backend // default BackendAuto
	Mode    Mode    // default ReadOnly; the others need a mapping
	Access  Access  // default AccessAny; only BackendAuto looks at it
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
	return facts{
		options:    o,
		env:        os.Getenv(BackendEnv),
		goos:       runtime.GOOS,
		size:       size,
		filesystem: func() filesystem { return filesystemOf(f) },
		available:  memoryNow,
	}.choose()
}

// facts is all that the choice of a back end depends on. What takes a system call is a function.
type facts struct {
	options    Options
	env        string // the value of BackendEnv
	goos       string
	size       int64
	filesystem func() filesystem
	// bytes of a file that the page cache could hold; 0 if that is not known
	available func() int64
}

func (c facts) choose() (choice, error) {
	want, err := ParseBackend(string(c.options.Backend))
	if err != nil {
		return choice{}, err
	}
	if want != BackendAuto {
		return c.asked(want, "asked for")
	}
	if c.env != "" {
		if want, err = ParseBackend(c.env); err != nil {
			return choice{}, fmt.Errorf("%s: %w", BackendEnv, err)
		}
		// The variable speaks about reading. A file that is to be written to
		// through its mapping is mapped all the same.
		if want != BackendAuto && c.options.Mode == ReadOnly {
			return c.asked(want, BackendEnv)
		}
	}
	if c.options.Mode != ReadOnly {
		return c.asked(BackendMmap, fmt.Sprintf("mode %v needs a mapping", c.options.Mode))
	}
	return c.auto(), nil
}

// asked checks that a back end which was named can serve the file.
func (c facts) asked(b Backend, reason string) (choice, error) {
	if c.options.Mode != ReadOnly && b != BackendMmap {
		return choice{}, fmt.Errorf("mode %v needs the mmap back end, not %s", c.options.Mode, b)
	}
	if b == BackendDirect && c.goos != "linux" && c.goos != "darwin" {
		return choice{}, fmt.Errorf("the direct back end needs Linux or macOS, and this is %s", c.goos)
	}
	if (b == BackendMmap || b == BackendCopy) && !mappable(c.size) {
		return choice{}, fmt.Errorf("%d bytes do not fit the address space; use the pread back end", c.size)
	}
	return choice{b, reason, false}, nil
}

// smallFile is a size for which it does not matter how much memory is available. Not to ask keeps
// opening cheap.
const smallFile = 64 << 20

// auto chooses where nobody did.
func (c facts) auto() choice {
	if c.goos != "linux" && c.goos != "darwin" {
		return c.fits(choice{BackendCopy, "portable reader on " + c.goos, true})
	}
	where := c.filesystem()
	if where.remote {
		return choice{BackendPread, where.name + " filesystem: page faults would travel one by one", true}
	}
	// The page cache of a sweep over a file that does not fit drops every page before it
	// is read again, and copying through it costs bandwidth: direct reads of a cold
	// file were 1.7 times as fast as reads through it. Files in memory have nothing to go past.
	if c.options.Access == AccessSequential && c.size > smallFile && where.name != "tmpfs" && where.name != "ramfs" {
		if room := c.available(); room > 0 && c.size > room {
			return choice{BackendDirect, fmt.Sprintf("local file, larger than the %d MiB of memory that are available", room>>20), true}
		}
	}
	reason := "local file"
	if where.name != "" {
		reason += " on " + where.name
	}
	return c.fits(choice{BackendMmap, reason, true})
}

// fits replaces a choice by pread if the file does not fit the address space.
func (c facts) fits(made choice) choice {
	if mappable(c.size) {
		return made
	}
	return choice{BackendPread, fmt.Sprintf("%d bytes do not fit the address space", c.size), true}
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
