package lazy

import "math"

// Sizes that shape every pass. They are constants on purpose: they decide where partial sums are
// cut, so a value that followed the machine would make results follow the machine.
const (
	// windowBytes is what a worker borrows at once: long enough that the system calls for
	// populating and dropping pages vanish, short enough that a few workers fit the smallest
	// budget.
	windowBytes = 4 << 20

	// tileBytes is what every reducer sees at once. It fits a 512 KiB second level cache with room
	// for the accumulators, so several reducers in one pass read memory once.
	tileBytes = 256 << 10

	// writeBytes is what a pass that only writes takes at once, so that disks that are written to
	// past the page cache are busy. No reader counts with larger tiles.
	writeBytes = windowBytes / 4

	// workerBytes is what one worker may hold: a window read through at the worst sparseness, its
	// gathered copy, and as much again for converted tiles and, up to smallState, the accumulators
	// of its task.
	workerBytes = (sparseness + 2) * windowBytes
	smallState  = windowBytes / 2

	// partialBytes bounds the accumulators of one task. A plan whose blocks would need more is cut
	// along the kept axes instead.
	partialBytes = 1 << 20

	// mergeAhead is how many finished tasks per worker may wait for their turn to merge.
	mergeAhead = 4

	// tallRows is how many elements per output at least a tile has for a tallFold, where a window
	// has as many: what they cost is then more than what the output does.
	tallRows = 32

	// groupShare is how many times as much as its state the data of a group is, so that the states
	// of two reducers take about 1 % of the array; but groups have no more than groupData bytes,
	// since whoever computes one does it as a whole.
	groupShare = 160
	groupData  = 2 << 30

	// partsShare is the part of the budget that the accumulators of a block may take before a pass
	// in parts is cut across the outputs too. It is more than that of a pass in one piece, since
	// what is read for a part of the outputs is spread over the file.
	partsShare = 16
)

// The budget for memory, and the plan that "auto" gives.
const (
	// defaultMemory and memoryPerWorker give the default budget.
	defaultMemory   = 64 << 20
	memoryPerWorker = 32 << 20

	// minMemory is the smallest budget: one window and its converted copy.
	minMemory = 16 << 20

	// planWorkers is the number of workers that the "auto" plan serves with four blocks each,
	// whatever the machine has, so that plans are portable.
	planWorkers = 16
)

// Reading: when bytes are read through, gathered, or read to their place.
const (
	// sparseness is how many bytes may be spanned for one byte that is wanted before reading pieces
	// becomes cheaper than reading through.
	sparseness = 2

	// smallRead is read with one pread however few of its bytes are wanted: a system call costs as
	// much as copying some tens of KiB.
	smallRead = 64 << 10

	// directRead is the longest contiguous run that is read straight to its place in a gathered
	// buffer. Longer ones are worth mapping.
	directRead = 1 << 20

	// bridge is how many bytes between two slabs that are wanted are read with them: less than a
	// page, which is what the system reads anyway.
	bridge = 4 << 10

	// blockWindow is how much of a block is made at once where its elements are computed: the whole
	// block is held, and little beside it.
	blockWindow = 1 << 20

	// gatherPiece is how much [Array.Elements] gathers at once where the array does not lie in C
	// order: the longer the piece, the longer the runs it reads.
	gatherPiece = 16 << 20

	// pickDirect is the length from which reading rows to their place is cheaper than faulting them
	// in and copying.
	pickDirect = 64 << 10

	// pickParallel is how much is read at once that is worth several goroutines. A batch of samples
	// this large is one of few that there is memory for.
	pickParallel = 16 << 20

	// pickGroup is what is lent at once for rows that are read together.
	pickGroup = 4 << 20

	// headReaders is how many headers are read at a time: on a network filesystem each is several
	// round trips of waiting.
	headReaders = 16

	// markBytes is how many bytes of elements tell a file that has grown from another one of the
	// same shape. They lie in what was read for the header.
	markBytes = 4 << 10
)

// Expressions.
const (
	// maxDims is NumPy 2's limit, which a result must be able to be saved under.
	maxDims = 64

	// maxIndexItems bounds a parsed index: NumPy arrays have at most 64 axes, and an index may name
	// each of them, 64 new ones and an ellipsis.
	maxIndexItems = 129

	// maxSteps bounds an expression, every node counted as often as it is used: that is how often
	// it is computed, and an expression that uses an intermediate result twice, and its result
	// twice, doubles each time.
	maxSteps = 100_000

	// maxGroup bounds the elements that [Array.BinSum] and [Array.BinMean] make one of.
	maxGroup = 1 << 20

	// overlapBytes is what the parts that a function gets, their ghost regions and their results
	// may take at a time, unless a single element with its ghost region takes more.
	overlapBytes = 4 << 20

	// maxScan bounds the positions of a scan, each of which has an entry of 8 bytes in a table.
	maxScan = min(1<<28, math.MaxInt/32)
)

// Saving.
const (
	// savePiece is how much of a file is made at once, and its alignment in the file.
	savePiece = 4 << 20

	// writeSize is the most that is written at once. Linux caches what is written in aligned pieces
	// up to this size as a whole, so that it can be mapped so.
	writeSize = 2 << 20

	// forgetBehind is how far behind the place that is being written the file leaves the page
	// cache. So much is on its way to the disk at a time, which keeps any disk busy.
	forgetBehind = 256 << 20

	// readRun and writeRun are how long runs in a file need to be. Longer ones cost as much for
	// each byte.
	readRun  = 1 << 20
	writeRun = 2 << 20

	// filePage is what groups of blocks should begin at multiples of; see [Parts.Aligned].
	filePage = 4 << 10
)

// What files may state.
const (
	// maxPickle bounds a pickle that is looked at: a stack of a million files has 5 MB.
	maxPickle = 64 << 20
)

// 4D-STEM.
const (
	// maxWeights bounds the weights that are made for one reducer: 8 GiB of them, where a machine
	// has the addresses.
	maxWeights = min(1<<30, math.MaxInt/16)

	// maxRings is more than the diagonal of any detector.
	maxRings = 1 << 20
)
