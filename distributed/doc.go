// Package distributed computes the blocks of one array on many machines, in the manner of
// RosettaSciIO's memmap_distributed: every worker opens the file itself, on the filesystem that all
// of them see, and maps only the blocks that it computes.
//
//	plan, err := distributed.MemmapDistributed("scan.npy", distributed.Options{
//		Navigation: []int{0, 1},
//		Reduce: []distributed.Reduction{{
//			Op:   ops.Must("sum", ops.OverParams{Over: "signal"}),
//			Path: "bright.npy",
//		}},
//	})
//	if err != nil { ... }
//	err = distributed.Run(ctx, plan, distributed.Pool{}, distributed.RunOptions{})
//
// # Words
//
// A [Plan] is everything that decides the answer: the input and its fingerprint, the operations by
// name, the outputs, how the array is cut into blocks, and which program computes them. A portion
// is a run of blocks that is recorded at once. Workers take portions that nobody has recorded or
// claimed, and say in their journals which, so that there is nobody who has to know how many of
// them there are. An [Engine] starts workers somewhere; what it says about them is a hint for when
// to look. The truth is in the journals of the run directory, which say of every portion that its
// bytes are on disk, and what they are.
//
// # Contract
//
// The same plan gives the same bytes with any engine, any number of workers, and any number of them
// that die: operations are deterministic byte for byte, partial results merge in the order of
// blocks, and a portion that is computed twice must come out the same, or the run ends with an
// error that names both attempts.
//
// A portion counts once its elements, then its record, were synced to disk. [Run] computes exactly
// the portions that have no record. The outputs appear under their names when all of them are there
// and were read back, by a rename; before that they have other names, which end in ".part".
//
// A worker checks the fingerprint of the input when it opens it and after it has read; a file that
// has changed ends the run. What is replaced and put back in between with equal times is not seen.
//
// # Memory
//
// A worker holds what a pass of package lazy holds, and the states of the blocks that are being
// recorded. The driver holds about 40 bytes per portion, and the results. Neither depends on the
// number of blocks.
//
// # Concurrency
//
// A Plan is immutable and safe for concurrent use. Any number of drivers and workers may be at work
// on the same run directory, by design or by accident: each worker writes a journal of its own, and
// what two of them write to the output is equal.
package distributed
