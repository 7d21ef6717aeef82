// Package feed serves the batches of a data set to other processes of the same machine, in any
// language: they ask by number over a Unix socket, and find the arrays in memory that they share
// with the feeder. docs/feed.md describes the protocol.
//
//	d, err := dataset.Open(ctx, dataset.Config{...})
//	l, err := feed.Listen("/run/user/1000/train.sock")
//	err = feed.Serve(ctx, d, l) // until ctx ends
//
// # Batches
//
// A client is a rank of the data set ([dataset.Dataset.Share]) that begins where it wants to. Its
// batches are those of [dataset.Dataset.At], bit for bit, and the workers of the data set read them
// into the client's memory: nothing is copied. Config.Transform runs here; what it puts into other
// memory is copied to the client's.
//
// # Concurrency
//
// As many goroutines read as the data set has workers, whoever they read for: batches that clients
// wait for come before those that are read ahead. A goroutine reads only into a slot that is free,
// so that a client that takes no more stops itself and nobody else.
//
// # Memory
//
// [Rings] is how many bytes of Config.Memory are left for the rings of all clients together. A ring
// is given back as soon as its client is gone and the batch that is being read into it, if any, is
// done. It has no name in any file system: whoever dies leaves nothing.
//
// # Errors
//
// What a batch cannot be read for is the reply to its request, and the client may go on. Whatever a
// client sends or does not send ends at most its own connection: lines and numbers have limits,
// and on Linux nobody can shrink memory under the feeder.
package feed
