// Package dataset makes training batches of the samples in .npy and .npz files, and of any lazy
// array, as they are: nothing is converted and nothing is unpacked.
//
//	d, err := dataset.Open(ctx, dataset.Config{
//		Files:   []string{"train/*.npz"},
//		Inputs:  dataset.Columns("x"),
//		Targets: dataset.Columns("y"),
//		Order:   dataset.Shuffle(),
//		Seed:    1,
//		Batch:   32,
//	})
//	if err != nil { ... }
//	defer d.Close()
//	for b, err := range d.Batches(ctx) {
//		if err != nil { ... }
//		x, err := dataset.Values[float32](b.Inputs[0]) // 32 samples, one behind the other
//		...
//	}
//
// # Determinism
//
// Batch n is a pure function of the files, the [Config] without Workers and Memory, and n. It does
// not depend on how many workers there are, on what was read before, or on the machine. The order
// of an epoch is computed and not stored ([Shuffle]), so that any batch can be asked for by its
// number ([Dataset.At]), and the place in an epoch is one number ([State]): going on there, with
// another batch size or on another number of machines, neither loses nor repeats a sample.
//
// # Lifetime
//
// The memory of a batch of [Dataset.Batches] is the batch's until the body of the loop ends or
// [Batch.Release] is called, and then another batch's; [Batch.Keep] copies. A batch of [Dataset.At]
// has memory of its own. No batch shows mapped memory, so that none can fault, and closing the data
// set invalidates none.
//
// # Concurrency
//
// A Dataset is safe for concurrent use. A loop over Batches has at most Workers goroutines, and has
// ended them all when it ends. A batch belongs to one goroutine at a time. Config.Transform is
// called by several workers at once, each with a batch of its own.
//
// # Memory
//
// Config.Memory bounds the batches of a loop that are read ahead or in use, the elements that they
// are computed from, and the caches of deflated members. Beside it, a file takes some 500 bytes, a
// sample of a subset 8, of Weighted 16, of Stratified 24; at most 256 files are open. Pages of
// mapped files count as resident, but are the page cache's: the system takes them back when it
// needs them.
//
// # Errors
//
// What does not fit is said when the data set is opened: shapes and dtypes by the names of both
// files. What cannot be read later, because a file vanished, shrank, was replaced or is damaged,
// and labels that are no classes, are a [*SampleError] that names file, member and index; with
// [SkipErrors] they are masked, counted and listed instead. Files are compared with what they were
// when they were opened, so that a batch never has samples of another file.
package dataset
