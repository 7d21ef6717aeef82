// Package lazy is the front door: it opens a NumPy array by its header alone,
// shows it as a lazy N-dimensional array, and streams its blocks through
// parallel workers in bounded memory.
//
//	a, err := lazy.Open("scan.npy", lazy.NavigationAxes(0, 1))
//	if err != nil { ... }
//	defer a.Close()
//	fmt.Println(a)                                     // shape, dtype, order and the block plan
//	bright, err := lazy.Sum(ctx, a, lazy.OverSignal()) // a virtual image, on every core
//
// # Lifetime
//
// An [Array] is a small value over one open file. Slices, transposes, fields
// and casts of it share that file, and [Array.Close] of any of them closes it
// for all. The data of a [Block] are borrowed: they are valid until the body of
// the loop over [Array.Blocks], or the function given to [Each], returns. The
// garbage collector does not keep mapped memory alive; a slice kept beyond its
// block must be copied ([Copy]). Close waits for blocks that are out.
//
// # Concurrency
//
// An Array is immutable and safe for concurrent use. [Run] and [Each] start at
// most [Workers] goroutines, and have ended all of them when they return.
//
// # Memory
//
// The budget ([Memory], 64 MiB unless set, or 32 MiB per worker where that is
// more) bounds what a pass holds: borrowed windows, gathered copies and
// prefetched blocks. It does not depend on the size of the array. Results, and
// what the caller allocates, come on top.
//
// # Errors
//
// A file that is not a readable .npy array gives a [FormatError] that names
// path, offset and field. Bytes that cannot be read in the middle of a pass (the
// file was truncated, a disk or a network filesystem failed) give a
// [FaultError]; the process is never killed by a fault in a mapping of ours
// while it reads through Run, Each or Load. In the body of a loop over Blocks
// such a fault is a panic whose value is that error. Goroutines that a body starts, and
// [iter.Pull], are not covered: there code that touches blocks goes under [Guard].
//
// A file that somebody changed gives [ErrChanged], and one that was closed
// [ErrClosed]. What a function of the caller's returns or panics with is a
// [FuncError] that names the block and has the stack.
//
// # Determinism
//
// The same file, plan and reducers give the same answer, bit for bit, with any
// number of workers: partial results merge in plan order, and no size that
// shapes a sum depends on the machine. Another plan, or a reducer with large
// results in the same pass, may cut sums of floats elsewhere and change the last
// bits. The "auto" plan is the same on every machine with up to 16 processors.
package lazy
