// Package inflate decodes raw DEFLATE data (RFC 1951) from slices to slices. It can stop and go on
// anywhere, tells where blocks begin to the bit, and can start at any such place in the middle of
// a stream, which is what makes a deflated member of an archive seekable. A [Speculator] starts
// there even before what comes before it was decoded, which is what makes the first reading of a
// member parallel.
//
// # Contract
//
// Concurrency: a [Decoder] or [Speculator] belongs to one goroutine at a time. It keeps no
// reference to the slices that it was given. Many goroutines can use one [Speculation] that does
// not change meanwhile.
//
// Memory: a Decoder is about 20 KiB and allocates nothing after it was made. Nothing is written
// beyond the length of the destination. Bytes of the destination behind those that were decoded may
// be overwritten with anything. A Speculator keeps buffers in proportion to the largest output that
// it was allowed.
//
// Errors: data that are not DEFLATE are a [*CorruptError]; no data make the package panic. What is
// accepted is what compress/flate accepts.
//
// With the build tag purego all loads and stores are bounds-checked; otherwise the inner loop uses
// unsafe ones inside bounds that it has checked before. The results are the same.
package inflate
