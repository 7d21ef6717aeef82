package zipseek

import (
	"context"
	"fmt"
	"io"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

const (
	// DefaultSpan is the distance of checkpoints: reading 64 KiB anywhere then inflates half a
	// span on average, and an index takes some 1.5 % of the compressed size of measured data.
	DefaultSpan = 1 << 20

	minSpan, maxSpan = 64 << 10, 1 << 30

	// DefaultCacheSize is what an archive keeps of decoders that were stopped in the middle of a
	// member, and of members that can only be decoded from the start.
	DefaultCacheSize = 16 << 20
)

// config is what options set.
type config struct {
	backend bytesrc.Backend
	check   Check
	span    int64
	cache   int64
	workers int
	sidecar bool
	stopped func() error
	partial bool
	local   bool
	length  func(io.ReaderAt) (int64, bool)
}

// An Option changes how an archive is read.
type Option func(*config) error

func newConfig(opts []Option) (config, error) {
	c := config{check: CheckOnce, span: DefaultSpan, cache: DefaultCacheSize, sidecar: true, stopped: func() error { return nil }}
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&c); err != nil {
			return config{}, err
		}
	}
	return c, nil
}

// WithBackend chooses the way of reading the file: "auto" (default), "mmap", "pread" or "copy".
// Stored members can be viewed in place with "mmap" only.
func WithBackend(name string) Option {
	return func(c *config) (err error) {
		c.backend, err = bytesrc.ParseBackend(name)
		return err
	}
}

// A Check says when the checksums of members are compared.
type Check uint8

const (
	// CheckOnce sums the bytes of a compressed member when they are first inflated, whoever reads
	// them, and compares when all have been seen, or each span has been that has a sum of its
	// own. It costs nothing that can be measured. Stored members are handed out in place, unread,
	// and are not checked.
	CheckOnce Check = iota

	// CheckNever computes no sum.
	CheckNever

	// CheckAlways reads the whole member, on all cores, before it gives out its first byte, stored
	// members too, each time an archive is opened.
	CheckAlways
)

// ParseCheck turns "once", "never" or "always" into a Check.
func ParseCheck(s string) (Check, error) {
	switch s {
	case "once", "":
		return CheckOnce, nil
	case "never":
		return CheckNever, nil
	case "always":
		return CheckAlways, nil
	}
	return 0, fmt.Errorf("unknown checksum policy %q (have never, once, always)", s)
}

// Checksums sets the policy. Default: [CheckOnce].
func Checksums(when Check) Option {
	return func(c *config) error {
		if when > CheckAlways {
			return fmt.Errorf("unknown checksum policy %d", when)
		}
		c.check = when
		return nil
	}
}

// Span sets the distance of the checkpoints that are made when a deflated member is first
// inflated, in bytes of output. Default [DefaultSpan], 1 MiB; range 64 KiB to 1 GiB. Where they
// would take more than 16 MiB of memory, every second one is dropped and the span doubles.
func Span(n int64) Option {
	return func(c *config) error {
		if n < minSpan || n > maxSpan {
			return fmt.Errorf("span of %d bytes is out of range (%d to %d)", n, minSpan, maxSpan)
		}
		c.span = n
		return nil
	}
}

// CacheSize bounds the memory for stopped decoders and for blocks of members that can only be
// decoded from the start, per archive. Default [DefaultCacheSize], 16 MiB; range 0 to 1 TiB.
func CacheSize(n int64) Option {
	return func(c *config) error {
		if n < 0 || n > 1<<40 {
			return fmt.Errorf("cache of %d bytes is out of range", n)
		}
		c.cache = n
		return nil
	}
}

// Workers bounds the goroutines that one call uses to inflate. Default, and with n = 0: the value
// of GOMAXPROCS. Range 0 to 4096.
func Workers(n int) Option {
	return func(c *config) error {
		if n < 0 || n > 4096 {
			return fmt.Errorf("workers %d out of range 0 to 4096", n)
		}
		c.workers = n
		return nil
	}
}

// WithoutSidecar ignores an index file beside the archive. Default: it is used if it belongs to the
// archive.
func WithoutSidecar() Option {
	return func(c *config) error {
		c.sidecar = false
		return nil
	}
}

// Context ends what is being decoded, or summed for [CheckAlways], soon after ctx has ended, with
// its error. A part of a compressed member may need all that lies before it, which takes minutes
// where that is large, and the methods of sources take no context. What is stored, or has been
// decoded, can still be read.
func Context(ctx context.Context) Option {
	return func(c *config) error {
		c.stopped = func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return nil
		}
		return nil
	}
}
