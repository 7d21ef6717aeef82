package mmapnpy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// config is what options set.
type config struct {
	lenient    bool
	allowShort bool
	partial    bool
	maxHeader  int64
	longDouble LongDoubleFormat
	fortran    bool
	dryRun     bool
	mode       Mode
	backend    bytesrc.Backend
	allowLarge bool
	wait       filelock.Wait

	about topic // of the option that was applied last
}

// A topic is what an option is about.
type topic uint8

const (
	aboutHeaders topic = 1 << iota // Lenient, AllowShort, Partial, MaxHeaderSize, LongDouble
	aboutBackend                   // WithBackend
	aboutMode                      // WithMode
	aboutCopies                    // AllowLarge
	aboutLayout                    // FortranOrder
	aboutTurns                     // WaitFor
	aboutMending                   // DryRun
)

// String names the options of a topic.
func (t topic) String() string {
	switch t {
	case aboutHeaders:
		return "Lenient, AllowShort, Partial, MaxHeaderSize and LongDouble"
	case aboutBackend:
		return "WithBackend"
	case aboutMode:
		return "WithMode"
	case aboutCopies:
		return "AllowLarge"
	case aboutLayout:
		return "FortranOrder"
	case aboutTurns:
		return "WaitFor"
	}
	return "DryRun"
}

// An Option changes how files are read or made. A function that an option says nothing about
// refuses it, with an error that matches [ErrOption].
type Option func(*config) error

// ErrOption is matched by the error of a function that got an option which would change nothing
// there.
var ErrOption = errors.New("option does not apply")

// newConfig applies the options of a function, which takes those about some topics.
func newConfig(function string, takes topic, opts []Option) (config, error) {
	c := config{maxHeader: DefaultMaxHeaderSize, longDouble: hostLongDouble()}
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&c); err != nil {
			return config{}, err
		}
		if takes&c.about == 0 {
			return config{}, fmt.Errorf("mmapnpy.%s: %w: %s", function, ErrOption, c.about)
		}
	}
	return c, nil
}

// AllowLarge insists on copies of elements that [ErrTooLarge] refuses, for machines whose swap or
// whose neighbours will give way. Where they do not, the process ends.
func AllowLarge() Option {
	return func(c *config) error {
		c.about, c.allowLarge = aboutCopies, true
		return nil
	}
}

// parseBudget is the memory that the parsed form of n bytes of text may take.
func (c *config) parseBudget(n int) int64 {
	if c.maxHeader > DefaultMaxHeaderSize {
		return int64(n) + parseMemory + parseMemoryFactor*c.maxHeader
	}
	return int64(n) + parseMemory
}

// DefaultWait is how long [Append] and [Recover] wait for others who write to the file.
const DefaultWait = filelock.DefaultWait

// ErrLocked is matched by the error of [Append] and [Recover] when somebody else has been writing
// to the file for as long as they waited.
var ErrLocked = filelock.ErrLocked

// WaitFor says how long [Append] and [Recover] wait while somebody else writes to the file: at most
// so long, not at all if that is 0, and no longer than ctx lasts. begins, if it is not nil, is
// called when waiting begins. Default: [DefaultWait], 10 minutes. The locks are advisory: they keep
// out those who use this module and nobody else.
func WaitFor(ctx context.Context, most time.Duration, begins func()) Option {
	return func(c *config) error {
		c.about = aboutTurns
		c.wait = filelock.With(ctx, most, begins)
		return nil
	}
}

// Lenient accepts headers that NumPy refuses but that exist; docs/format.md lists them.
// What had to be repaired is told in [Header.Warnings]. Default: strict, as NumPy.
func Lenient() Option {
	return func(c *config) error {
		c.about, c.lenient = aboutHeaders, true
		return nil
	}
}

// AllowShort accepts a file whose data end before the header says they do, which is what an
// interrupted writer leaves. Default: such a file is an error.
func AllowShort() Option {
	return func(c *config) error {
		c.about, c.allowShort = aboutHeaders, true
		return nil
	}
}

// Partial reads a file whose data end before the header says they do, as far as they go: the shape
// is that of the whole items along the axis that grows (see [Append]), which is the first one, or
// the last one in Fortran order. [Header.Warnings] tell. A file that ends within its only item, or
// within the header, stays an error. Default: such a file is an error.
func Partial() Option {
	return func(c *config) error {
		c.about, c.partial = aboutHeaders, true
		return nil
	}
}

// MaxHeaderSize sets the longest header text that is read, in bytes. Default:
// [DefaultMaxHeaderSize], 1 MiB; range 1 to 256 MiB. Reading a header takes up to twice its
// length and 1 MiB of memory; raised above the default, up to 14 times this limit.
func MaxHeaderSize(n int64) Option {
	return func(c *config) error {
		if n < 1 || n > largestHeaderSize {
			return fmt.Errorf("header size limit %d is out of range (1 to %d)", n, largestHeaderSize)
		}
		c.about, c.maxHeader = aboutHeaders, n
		return nil
	}
}

// A LongDoubleFormat is one of the formats behind NumPy's longdouble, "f16" and "c32". The
// header does not tell which one it is.
type LongDoubleFormat uint8

const (
	// X87 is the 80-bit format of x86 in 16 bytes; the last six are padding.
	X87 LongDoubleFormat = iota + 1

	// Quad is IEEE 754 binary128, as on arm64, riscv64 and s390x Linux.
	Quad
)

// String returns "x87" or "quad".
func (f LongDoubleFormat) String() string {
	if f == Quad {
		return "quad"
	}
	return "x87"
}

// LongDouble says which machine wrote the long doubles of a file. Default: one like this, X87
// on amd64 and 386 and Quad elsewhere.
func LongDouble(f LongDoubleFormat) Option {
	return func(c *config) error {
		if f != X87 && f != Quad {
			return fmt.Errorf("unknown long double format %d", uint8(f))
		}
		c.about, c.longDouble = aboutHeaders, f
		return nil
	}
}

func hostLongDouble() LongDoubleFormat {
	switch runtime.GOARCH {
	case "amd64", "386":
		return X87
	}
	return Quad
}
