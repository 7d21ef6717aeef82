// Package zipseek reads .zip archives by their directory and shows every member as seekable
// bytes: a stored member where it lies in the mapped file, a deflated one through a seek index, so
// that any part of it can be had without inflating what lies before. It also writes archives
// whose stored members are aligned and whose deflated members are seekable, and which are ordinary
// archives to everybody else. It knows nothing of arrays.
//
//	a, err := zipseek.Open("train.npz")
//	if err != nil { ... }
//	defer a.Close()
//	m, ok := a.Lookup("x.npy")
//	n, err := m.ReadAt(p, 1<<30) // inflates about one span of 1 MiB
//
// # Lifetime
//
// A [Member] belongs to its [Archive] and is valid until [Archive.Close], which waits for bytes
// that are lent out.
//
// # Concurrency
//
// Archives and members are safe for concurrent use. Several goroutines that read one deflated
// member inflate different parts of it at the same time as soon as it has an index. A [Writer] is
// used by one goroutine, and compresses on many.
//
// # Memory
//
// Opening takes a few times the size of the directory. A deflated member that is being read takes
// its index (bounded, see [Span]) and a share of the archive's cache ([CacheSize]). No number from
// the file sizes an allocation before it was checked against the size of the file, except that a
// caller who asks for n bytes gets n bytes.
//
// # Errors
//
// What is wrong with the bytes of an archive is a *[FormatError] that names path, member, offset
// and field, and matches [ErrFormat], [ErrChecksum], [ErrMethod] or [ErrEncrypted]. A file that was
// changed while it was open gives [ErrChanged] instead of bytes of another file.
//
// # Trust
//
// Sizes, offsets and checksums are those of the central directory, where the data begin is told by
// the local header. Nothing is inflated beyond the size that the directory declares. What a seek
// index says is proved before it is believed. docs/zip.md lists what is refused, and where this
// package differs from others.
package zipseek
