// Package bytesrc is where bytes come from: it opens a file, lends out ranges of
// it and takes them back.
//
// # Lifetime
//
// [Source.Borrow] lends n bytes until [Lease.Release]. With the mmap back end they
// are a window of the one mapping of the whole file (no copy), with the others a
// pooled buffer. [Source.View] (mmap only) gives bytes that stay valid until Close.
// The garbage collector knows nothing about mapped memory: a slice does not keep the
// mapping alive, and there are no finalizers. [File.Close] refuses new leases, waits
// until those that are out have been released and only then unmaps; whoever keeps a
// View must hold Close back with [File.Retain]. Calling Close on a goroutine that
// holds a lease deadlocks.
//
// Under -race and with the debug build tag, Close makes the pages unreadable instead of
// unmapping them, so that a use after Close faults at once instead of reading whatever
// was mapped there next.
//
// # Concurrency
//
// All methods of [File] are safe for concurrent use. A borrow costs one atomic add, no
// lock and no allocation. A [Lease] belongs to one goroutine at a time.
//
// # Faults
//
// A file that shrinks, a network filesystem that disappears or a bad disk block
// become errors that name file and offset ([*FaultError]), not a SIGBUS that kills the
// process: a window is populated before it is lent, and code that touches mapped bytes
// runs under [Guard], which turns faults inside our own mappings into errors and leaves
// all others alone. A file cut inside its last page reads as zeros without any fault;
// [Lease.Verify] finds that.
//
// # Ways of reading
//
// [BackendAuto] decides by the filesystem, by the size of the file beside the memory that is
// available, and by what [Options] say of the access. [BackendDirect] reads past the page cache;
// its blocks are aligned here, so that callers see the ranges they asked for. docs/reading.md has
// the rules.
//
// # Memory
//
// Releasing a mapped window drops its pages from the process (they stay in the page
// cache), so the resident set of a sweep is the windows that are out, however large the
// file is. Pooled buffers are reused by size class and given back to the garbage
// collector when they lie idle.
package bytesrc
