package zipseek

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// Defaults and limits of a [Writer].
const (
	// DefaultAlign is where stored data begin: at a multiple of 64, as NumPy aligns arrays within
	// .npy files, so that an array in an archive can be used where it lies.
	DefaultAlign = 64

	// DefaultLevel is the compression level of [Compressed] members. It is the lowest that looks
	// for repeats in what a float array is made of; levels 1 to 6 are made for text and store many
	// such arrays as they are.
	DefaultLevel = 7

	// DefaultChunkSize is how much of a member is compressed on its own. A read at any offset
	// inflates one chunk, in about half a millisecond, and the archive is about 1 % larger than
	// without chunks.
	DefaultChunkSize = 256 << 10

	maxAlign     = 1 << 15  // the extra field that aligns has 16 bits for it
	minChunkSize = 4 << 10  // SOZip recommends no less,
	maxChunkSize = 64 << 20 // and less than 100 MB
)

// HuffmanOnly is a level for [Compressed] that does not look for repeats: four times as fast as
// [DefaultLevel], and no worse for numbers that are mostly noise.
const HuffmanOnly = flate.HuffmanOnly

// A WriterOption changes how members are written. Given to [Create] or [Append] it holds for all
// of them, given to [Writer.Add] for one. A function that an option says nothing about refuses it,
// with an error that matches [ErrOption].
type WriterOption func(*writerConfig) error

// ErrOption is matched by the error of a function that got an option which would change nothing
// there.
var ErrOption = errors.New("option does not apply")

// topic is what an option is about.
type topic uint8

const (
	aboutStored   topic = 1 << iota // how stored members lie
	aboutDeflated                   // how members are compressed, and whether
	aboutTurns                      // waiting for others
	aboutReplaced                   // the file that is replaced
	aboutMade                       // who may read what is made
	aboutNothing                    // making what is not there

	aboutMembers = aboutStored | aboutDeflated
	aboutArchive = aboutMembers | aboutTurns | aboutReplaced | aboutMade
)

func (t topic) String() string {
	switch t {
	case aboutStored:
		return "Align"
	case aboutDeflated:
		return "Compressed, Uncompressed, ChunkSize or WriterWorkers"
	case aboutTurns:
		return "WaitFor"
	case aboutReplaced:
		return "Replacing or Placing"
	case aboutMade:
		return "Readers"
	}
	return "OrCreate"
}

type writerConfig struct {
	about topic // of the option that was applied last

	align   int
	deflate bool
	level   int
	chunk   int
	workers int

	wait    filelock.Wait
	create  bool
	accept  func(old *os.File) error
	place   func(place func() error) error
	readers []fs.FileMode // see Readers
	inPlace bool          // tests: no copies

	date, time uint16 // of the members, as MS-DOS wrote them
}

var defaultWriterConfig = writerConfig{align: DefaultAlign, level: DefaultLevel, chunk: DefaultChunkSize, date: dosDate}

// with is the configuration with options applied, in their order, for a function that takes those
// about some topics.
func (c writerConfig) with(function string, takes topic, opts []WriterOption) (writerConfig, error) {
	for _, opt := range opts {
		if opt == nil {
			continue // an option that was left out
		}
		c.about = 0
		if err := opt(&c); err != nil {
			return writerConfig{}, err
		}
		if c.about != 0 && takes&c.about == 0 { // those of tests are about nothing
			return writerConfig{}, fmt.Errorf("%w to %s: %v", ErrOption, function, c.about)
		}
	}
	if c.workers == 0 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	return c, nil
}

// DefaultWait is how long [Append] and others wait for those who write to the same archive.
const DefaultWait = filelock.DefaultWait

// WaitFor says how long [Append] and [Create] wait while somebody else writes to the archive: at
// most so long, not at all if that is 0, and no longer than ctx lasts. begins, if it is not nil, is
// called when waiting begins. Default: [DefaultWait], 10 minutes. A wait that is over is an error
// that matches [ErrLocked]. The locks are advisory: they keep out those who use this module and
// nobody else.
func WaitFor(ctx context.Context, most time.Duration, begins func()) WriterOption {
	return func(c *writerConfig) error {
		c.about, c.wait = aboutTurns, filelock.With(ctx, most, begins)
		return nil
	}
}

// Replacing has accept look at a file before [Create] replaces it, when it begins and once more
// when the archive takes its place. Its error is that of Create or Close. Default: every file may
// be replaced.
func Replacing(accept func(old *os.File) error) WriterOption {
	return func(c *writerConfig) error {
		c.about, c.accept = aboutReplaced, accept
		return nil
	}
}

// Placing has f give an archive that [Create] makes its place, by calling place once: what belongs
// to the archive, and must not lie beside another one, can change before and after that. The
// archive is complete and on disk then. Its error is that of Close.
func Placing(f func(place func() error) error) WriterOption {
	return func(c *writerConfig) error {
		c.about, c.place = aboutReplaced, f
		return nil
	}
}

// OrCreate lets [Append] make the archive if there is none. If somebody else has made one by the
// time of Close, that is an error that matches [fs.ErrExist]: theirs is left alone, and the members
// can be added to it by another Append.
func OrCreate() WriterOption {
	return func(c *writerConfig) error {
		c.about, c.create = aboutNothing, true
		return nil
	}
}

// Align lets the data of stored members begin at multiples of n in the file: a power of two from
// 1 to 32768; the default is [DefaultAlign]. With 4096 they begin a page of memory. Compressed
// data are not aligned.
func Align(n int) WriterOption {
	return func(c *writerConfig) error {
		if n < 1 || n > maxAlign || n&(n-1) != 0 {
			return fmt.Errorf("alignment %d: must be a power of two from 1 to %d", n, maxAlign)
		}
		c.about, c.align = aboutStored, n
		return nil
	}
}

// Compressed deflates members, at a level from 1 (fast) to 9 (small), or [HuffmanOnly]; 0 and -1
// mean [DefaultLevel]. Without this option members are stored. A member of 0 bytes is stored
// always.
func Compressed(level int) WriterOption {
	return func(c *writerConfig) error {
		switch {
		case level == flate.DefaultCompression || level == 0:
			level = DefaultLevel
		case level < HuffmanOnly || level > flate.BestCompression:
			return fmt.Errorf("compression level %d: must be in 1..9, or -2", level)
		}
		c.about, c.deflate, c.level = aboutDeflated, true, level
		return nil
	}
}

// Uncompressed stores members. It is the default, and undoes [Compressed] for one member.
func Uncompressed() WriterOption {
	return func(c *writerConfig) error {
		c.about, c.deflate = aboutDeflated, false
		return nil
	}
}

// Readers gives an archive that is made no more readers than a file of these permissions has, such
// as one of which a member is made. It can be given more than once, and changes nothing for an
// archive that exists.
func Readers(mode fs.FileMode) WriterOption {
	return func(c *writerConfig) error {
		c.about, c.readers = aboutMade, append(slices.Clone(c.readers), mode)
		return nil
	}
}

// rules are those of an archive that is made.
func (c writerConfig) rules(more ...atomicfile.Option) []atomicfile.Option {
	for _, mode := range c.readers {
		more = append(more, atomicfile.Readers(mode))
	}
	return more
}

// ChunkSize sets how many bytes of a deflated member are compressed on their own, from 4 KiB to
// 64 MiB; the default is [DefaultChunkSize]. Smaller chunks make reads at random faster and the
// archive larger: by about 8 % (and up to 20 % where much repeats) at 32 KiB.
func ChunkSize(n int) WriterOption {
	return func(c *writerConfig) error {
		if n < minChunkSize || n > maxChunkSize {
			return fmt.Errorf("chunk size %d: must be in %d..%d", n, minChunkSize, maxChunkSize)
		}
		c.about, c.chunk = aboutDeflated, n
		return nil
	}
}

// WriterWorkers sets how many chunks are compressed at the same time, at least 1; the default is
// GOMAXPROCS. The bytes that are written do not depend on it.
func WriterWorkers(n int) WriterOption {
	return func(c *writerConfig) error {
		if n < 1 {
			return fmt.Errorf("%d workers: must be at least 1", n)
		}
		c.about, c.workers = aboutDeflated, n
		return nil
	}
}
