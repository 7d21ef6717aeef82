package mmapnpy

import "math"

const (
	// DefaultMaxHeaderSize is the longest header text that is read unless [MaxHeaderSize]
	// says otherwise. NumPy stops at 10,000 characters because it hands the text to
	// Python's compiler; this parser is linear and bounded, and real tables with
	// thousands of columns have headers above 100 kB.
	DefaultMaxHeaderSize = 1 << 20

	// largestHeaderSize bounds the option: positions in the text are kept in 32 bits.
	largestHeaderSize = 1 << 28

	// maxNesting bounds brackets inside brackets, in headers and thus in dtypes. NumPy's
	// own limit is Python's 200 parentheses; a dtype nested that deep does not exist.
	maxNesting = 64

	// maxDims is NumPy 2's NPY_MAXDIMS (NumPy 1 had 32).
	maxDims = 64

	// maxItemSize is NumPy's: an item size is a C int.
	maxItemSize = math.MaxInt32

	// parseMemory is how much memory the parsed form of a header or of a dtype string may
	// take beyond the length of its text, which leaves room for more than 10,000 fields.
	// Without it a text of two-byte literals would be blown up to many times its size.
	// Together with the text itself, and a little for buffers, reading a header costs
	// at most twice its length and 1 MiB.
	parseMemory = 1<<20 - 1<<16

	// parseMemoryFactor replaces parseMemory for callers who raise MaxHeaderSize: a field
	// takes some 13 bytes of text at least, and some 100 bytes of memory.
	parseMemoryFactor = 12

	// growthDigits is NumPy's GROWTH_AXIS_MAX_DIGITS: the header leaves room for this many
	// digits in the length of the axis that grows, so that appending rewrites it in place.
	growthDigits = 21

	// headerAlign is NumPy's ARRAY_ALIGN: data start at a multiple of it.
	headerAlign = 64
)
