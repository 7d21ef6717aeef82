package chunk

import (
	"errors"
	"fmt"
)

const (
	// MaxDims is the largest number of axes: NumPy's NPY_MAXDIMS since 2.0.
	MaxDims = 64

	// MaxSpecLen is the longest text [Parse] takes, in bytes. A spec of a few
	// thousand explicit sizes fits; longer lists come through [Explicit]. The bound
	// keeps what parsing allocates within a megabyte.
	MaxSpecLen = 32 << 10

	// DefaultLimit is the block size, in bytes, that [Normalize] aims at when
	// neither the spec nor the options name one: dask's array.chunk-size, 128 MiB.
	DefaultLimit = 128 << 20

	// DefaultMaxBlock, 32 MiB: large enough that per-block costs vanish beside the
	// time to read it (some milliseconds), small enough that a few blocks in flight
	// on every core stay far below a laptop's memory.
	DefaultMaxBlock = 32 << 20

	// DefaultMinBlock, 1 MiB: below it per-block costs and short reads show, and
	// more parallelism no longer pays.
	DefaultMinBlock = 1 << 20

	// DefaultMinBlocks, 64: four blocks for each of 16 workers, so that a slow
	// block does not leave the others idle for long. It is a constant and not a
	// multiple of the cores present, because the order in which partial results
	// merge follows the plan: the same file gives the same plan, and so the same
	// answer to the last bit, on every machine.
	DefaultMinBlocks = 64
)

// shortestRun is the shortest byte run worth keeping when a block cannot be one
// contiguous run anyway: a page. Shorter runs make every block touch, and so
// read, the pages of its neighbours again.
const shortestRun = 4 << 10

// chunkSizeTolerance is dask's array.chunk-size-tolerance: how far a previous
// chunk may exceed the proposed size before it is cut instead of merged.
const chunkSizeTolerance = 1.25

// ErrLimits is wrapped by every error about [Limits] or [NormalizeOptions] that
// are out of range.
var ErrLimits = errors.New("limits out of range")

// Limits bound the blocks that [NewPlan] chooses. The zero value means the
// defaults; a negative field is an error. Sizes the user spells out are not
// limited.
type Limits struct {
	// MaxBlock is the largest block in bytes; 0 means [DefaultMaxBlock]. One
	// element is the least a block can hold, however small MaxBlock is.
	MaxBlock int64

	// MinBlock is the size in bytes below which blocks are not cut for the sake of
	// MinBlocks; 0 means [DefaultMinBlock]. It is lowered to MaxBlock where larger.
	MinBlock int64

	// MinBlocks is the number of blocks to have at least, as long as they stay at
	// MinBlock or larger and signal axes stay whole; 0 means [DefaultMinBlocks].
	MinBlocks int64

	// Granule is a number of bytes that are cheapest to read together, such as the span of
	// a seek index. Blocks are multiples of it where the array's axes allow that and they stay
	// more than half as large as they would be. 0 means none.
	Granule int64
}

// resolve returns l with defaults in place of zeros.
func (l Limits) resolve() (Limits, error) {
	for _, f := range []struct {
		name  string
		value *int64
		def   int64
	}{
		{"MaxBlock", &l.MaxBlock, DefaultMaxBlock},
		{"MinBlock", &l.MinBlock, DefaultMinBlock},
		{"MinBlocks", &l.MinBlocks, DefaultMinBlocks},
		{"Granule", &l.Granule, 0},
	} {
		if *f.value < 0 {
			return l, fmt.Errorf("%w: %s %d is negative", ErrLimits, f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	l.MinBlock = min(l.MinBlock, l.MaxBlock)
	return l, nil
}
