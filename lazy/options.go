package lazy

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// config is everything an Array carries besides its expression.
type config struct {
	roles    roles
	spec     chunk.Spec
	workers  int
	memory   int64
	progress func(done, total int64)
	backend  bytesrc.Backend
	random   bool

	allowLarge bool

	// an option that was given and says how a file is opened; empty if there was none
	opening string
	header  []mmapnpy.Option
	zip     []zipseek.Option
}

// roles is what an option said about navigation and signal axes: it named those
// of one kind, and all others are of the other.
type roles struct {
	given  bool
	signal bool // the axes named are signal axes
	axes   []int
}

// Option configures [Open] and [Array.With]. The zero set of options is the
// default: "auto" chunks, no navigation axes, one worker per processor.
type Option func(*config) error

func newConfig(opts []Option) (config, error) {
	c := config{spec: chunk.Auto()}
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Asked is what options ask of an array that is opened: for packages that open arrays and change
// their axes before these are cut into blocks.
type Asked struct {
	Axes   bool       // which axes are navigation axes, by [NavigationAxes] or [SignalAxes]
	Chunks chunk.Spec // how the array is cut
}

// AskedBy reads options. It is an error for those that [Open] would refuse for any array.
func AskedBy(opts ...Option) (Asked, error) {
	c, err := newConfig(opts)
	return Asked{c.roles.given, c.spec}, err
}

// withoutFile returns an error for an option that says how a file is opened, where none is.
func (c *config) withoutFile(why string) error {
	if c.opening == "" {
		return nil
	}
	return fmt.Errorf("the option %s says how a file is opened, and %s", c.opening, why)
}

// NavigationAxes names the axes over which a measurement was repeated (scan
// positions, time), in the sense of HyperSpy and RosettaSciIO; all others are
// signal axes. Negative numbers count from the end. Default: none, every axis
// is a signal axis.
func NavigationAxes(axes ...int) Option {
	return func(c *config) error {
		return c.roles.set(roles{given: true, axes: slices.Clone(axes)})
	}
}

// SignalAxes is the complement of [NavigationAxes]: it names the axes of one
// measurement, and all others become navigation axes. Both at once are an [ErrIndex].
func SignalAxes(axes ...int) Option {
	return func(c *config) error {
		return c.roles.set(roles{given: true, signal: true, axes: slices.Clone(axes)})
	}
}

// set takes over what an option says of the axes. Said again it counts; said in the other way it
// contradicts.
func (r *roles) set(to roles) error {
	if r.given && r.signal != to.signal {
		return fmt.Errorf("%w: NavigationAxes and SignalAxes are both given, and each says it of all axes", ErrIndex)
	}
	*r = to
	return nil
}

// Chunks says how the array is cut into blocks, in the words of dask: "auto"
// (the default, a plan for the storage at hand), "64MiB", "-1", "100",
// "(4, -1, 'auto', 'auto')", "{0: 16}". See [chunk.Parse].
//
// Arrays derived by arithmetic, casts, slices, transposes, fields, Squeeze and ExpandDims are cut
// alike: each axis keeps what was asked for it, and of explicit sizes a slice has what it has of
// each chunk. New axes stay whole. "auto" and byte sizes for all axes hold for whatever is derived.
// Anything else is planned anew by what gives other axes: Reshape, Take, Select, AtPositions,
// Concatenate, Stack, BroadcastTo, BinSum, BinMean and MapSignal.
func Chunks(spec string) Option {
	return func(c *config) error {
		s, err := chunk.Parse(spec)
		if err != nil {
			return err
		}
		c.spec = s
		return nil
	}
}

// ChunkSpec is [Chunks] for a spec built in Go.
func ChunkSpec(spec chunk.Spec) Option {
	return func(c *config) error {
		c.spec = spec
		return nil
	}
}

// Workers bounds the goroutines of one pass. Default, and with n = 0: the value
// of GOMAXPROCS. Range 0 to 4096. It does not change results.
func Workers(n int) Option {
	return func(c *config) error {
		if n < 0 || n > 4096 {
			return fmt.Errorf("workers %d out of range 0 to 4096", n)
		}
		c.workers = n
		return nil
	}
}

// Memory sets the budget in bytes for what a pass holds at once. Default, and
// with n = 0: 64 MiB, or 32 MiB per worker where that is more, and at most half of
// what the machine and its cgroup have left. At least 16 MiB. A budget too small for
// all workers runs fewer of them.
func Memory(n int64) Option {
	return func(c *config) error {
		if n != 0 && n < minMemory {
			return fmt.Errorf("memory budget %d is below the minimum of %d bytes", n, int64(minMemory))
		}
		c.memory = n
		return nil
	}
}

// Progress is called during a pass with the bytes of the array done and the
// bytes of the whole pass. Calls do not overlap; done never decreases. It must
// return soon: workers wait for it.
func Progress(f func(done, total int64)) Option {
	return func(c *config) error {
		c.progress = f
		return nil
	}
}

// Backend chooses the way of reading: "auto" (default), "mmap" (zero-copy
// mapping), "pread" (copies into pooled buffers), "copy" (copies out of a
// mapping), "direct" (past the page cache). The environment variable LAZYNPY_BACKEND replaces
// "auto".
func Backend(name string) Option {
	return func(c *config) error {
		b, err := bytesrc.ParseBackend(name)
		if err != nil {
			return err
		}
		c.backend, c.opening = b, "Backend"
		return nil
	}
}

// Lenient salvages the broken headers that exist in the wild; see
// [mmapnpy.Lenient].
func Lenient() Option { return Header(mmapnpy.Lenient()) }

// Partial reads what is whole of a file that was cut off: the whole rows of an array
// ([mmapnpy.Partial]), and the whole members of an archive and the whole rows of the array that it
// was cut off in ([zipseek.Partial]).
func Partial() Option {
	return func(c *config) error {
		c.header = append(slices.Clone(c.header), mmapnpy.Partial())
		c.zip = append(slices.Clone(c.zip), zipseek.Partial())
		return nil
	}
}

// Header passes options on to the header parser, such as
// [mmapnpy.MaxHeaderSize] or [mmapnpy.LongDouble].
func Header(opts ...mmapnpy.Option) Option {
	return func(c *config) error {
		c.header, c.opening = append(slices.Clone(c.header), opts...), "Header"
		return nil
	}
}

// Zip passes options on to the reader of archives, such as [zipseek.Checksums] or
// [zipseek.Span].
func Zip(opts ...zipseek.Option) Option {
	return func(c *config) error {
		c.zip, c.opening = append(slices.Clone(c.zip), opts...), "Zip"
		return nil
	}
}

// numWorkers is how many goroutines a pass uses when each may hold `each` bytes.
func (c *config) numWorkers(each int64) int {
	return int(max(1, min(int64(c.maxWorkers()), c.budget()/max(each, 1))))
}

// numWorkers is one where elements come in order from a stream that can only be decoded from its
// start: others would send it back there.
func (a *Array) numWorkers(each int64) int {
	if a.inOrder() {
		return 1
	}
	return a.config.numWorkers(each)
}

// maxWorkers is how many goroutines a pass may use.
func (c *config) maxWorkers() int {
	if c.workers != 0 {
		return c.workers
	}
	return runtime.GOMAXPROCS(0)
}

// budget is the memory budget in bytes. No part of it is too long for an int,
// also where that has 32 bits.
func (c *config) budget() int64 {
	if c.memory != 0 {
		return min(c.memory, math.MaxInt/2)
	}
	n := max(defaultMemory, int64(c.maxWorkers())*memoryPerWorker)
	if free := bytesrc.AvailableMemory(); free > 0 {
		n = max(min(n, free/2), minMemory)
	}
	return min(n, math.MaxInt/2)
}

// chosenMemory is the budget where it decides how results are made, which must not depend on what a
// machine has left.
func (c *config) chosenMemory() int64 {
	if c.memory != 0 {
		return c.memory
	}
	return defaultMemory
}

// planLimits are the limits of the "auto" plan. Blocks take at most half of the
// budget, so that one can be read while another is worked on. granule is what is
// cheapest to read together, 0 for none: blocks then have at least four of it, so that
// little is inflated for two of them.
func (c *config) planLimits(granule int64) chunk.Limits {
	workers := planWorkers
	for workers < runtime.GOMAXPROCS(0) {
		workers *= 2
	}
	return chunk.Limits{
		MaxBlock:  min(32<<20, c.chosenMemory()/2),
		MinBlock:  max(1<<20, 4*min(granule, 8<<20)),
		MinBlocks: int64(4 * workers),
		Granule:   granule,
	}
}

// flags says for each of n axes whether it is a navigation axis.
func (r *roles) flags(n int) ([]bool, error) {
	navigate := make([]bool, n)
	for d := range navigate {
		navigate[d] = r.signal
	}
	for _, axis := range r.axes {
		d, err := axisIndex(axis, n)
		if err != nil {
			return nil, err
		}
		if navigate[d] != r.signal {
			return nil, fmt.Errorf("%w: axis %d is named twice", ErrIndex, axis)
		}
		navigate[d] = !r.signal
	}
	return navigate, nil
}

// RandomAccess says that pieces of the array will be read here and there, some of them again.
// Default: the array is swept from front to back, which lets [Open] read a file that is larger than
// the available memory past the page cache. It changes the choice of a back end only, and results
// never; for an array in an archive it changes nothing.
func RandomAccess() Option {
	return func(c *config) error {
		c.random, c.opening = true, "RandomAccess"
		return nil
	}
}

// access is what the source is told about how it will be read.
func (c *config) access() bytesrc.Access {
	if c.random {
		return bytesrc.AccessRandom
	}
	return bytesrc.AccessSequential
}
