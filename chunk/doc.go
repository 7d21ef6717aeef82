// Package chunk is geometry alone: shapes, regions, chunk grids and plans.
//
// It turns a chunk spec (what the user asks: "auto", -1, 100, "64MiB", explicit
// sizes per axis) into a [Plan] (how one array is cut into blocks), and answers
// where each block lies in the array and in the file. It knows nothing about
// files, dtypes or memory.
//
//	plan, err := chunk.NewPlan(
//		chunk.Layout{Shape: []int64{256, 256, 128, 128}, ItemSize: 2},
//		[]int{0, 1}, // navigation axes
//		chunk.Auto(),
//		chunk.Limits{},
//	)
//	fmt.Println(plan) // 64 blocks of (4, 256, 128, 128), 32 MiB
//
// # Contract
//
// Memory. A plan is arithmetic: making and holding one costs O(axes), however
// many blocks it has. The only exception is asked for: explicit chunk sizes cost
// one record per change of size. Block i's region and byte runs are computed
// when asked for.
//
// Lifetime and concurrency. [Spec], [Grid] and [Plan] are immutable; all their
// methods are safe for concurrent use, and what they return belongs to the
// caller. The exceptions say so: [Plan.RegionInto] writes into the caller's
// region, and [Region.Split] yields one region again and again. Iterators may be
// ranged over more than once.
//
// Errors. Text that does not parse is a [*SyntaxError], a spec that does not fit
// the array a [*SpecError]; impossible geometry (a negative length, an order that
// is not a permutation, a size beyond int64) wraps [ErrLayout], limits out of
// range wrap [ErrLimits]. No input to [Parse], [Normalize] or [NewPlan] panics.
// Methods that take a block or chunk number, and [Layout.Runs], treat their
// argument as a slice index: outside the range they panic.
//
// Numbers. Lengths, offsets and sizes are int64 on every platform, and products
// are checked against overflow.
//
// # Two planners
//
// [Normalize] gives the numbers of dask.array.core.normalize_chunks, exactly.
// [NewPlan] does the same for every spec but one: for the single word "auto" it
// plans by the storage order of the file (see [NewPlan]).
package chunk
