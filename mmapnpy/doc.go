// Package mmapnpy reads and writes NumPy's .npy format: headers, dtypes, and the elements as
// typed N-dimensional views of a memory-mapped file.
//
// # Contract
//
// Lifetime: a view of a mapped file is a window of the mapping. It is valid until the [File] is
// closed, and nothing keeps it alive longer; to keep elements, copy them. Headers and dtypes are
// plain values that refer to no file. See [File] for what Close waits for.
//
// Concurrency: [DType] and [Header] are immutable once made and safe for concurrent use, as is
// reading through one File. Writing elements needs the same care as writing to any shared
// slice.
//
// Errors: whatever is wrong with the content of a file is a *[FormatError], one line that names
// file, byte offset and the part of the format, and matches [ErrFormat]. No content makes this
// package panic. Anything that does not fit the type asked for is an error, never a wrong number.
//
// Memory: reading a header takes at most twice its length and 1 MiB, whatever it says. Lengths
// from a file are checked against the size of the file before anything is allocated by them.
//
// # The format
//
// Strictly, [ReadHeader] accepts what numpy.load accepts, and [EncodeHeader] writes, byte
// for byte, what numpy.save writes. docs/format.md describes the format and every place where
// this package differs from NumPy. [Lenient] also accepts broken headers that are known to exist.
// Python objects are never unpickled.
package mmapnpy
