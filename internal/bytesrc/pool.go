package bytesrc

import (
	"math/bits"
	"sync"
	"unsafe"
)

// Buffers are pooled in size classes, four to each power of two, so that at most a fifth
// of a buffer is unused. Larger ones than maxPooled are rare and not pooled.
const (
	minPooled = 4 << 10
	maxPooled = 1 << 30
)

var pools [4*(30-12) + 1]sync.Pool

// A buffer is page-aligned memory of one size class.
type buffer struct {
	bytes []byte
	pool  *sync.Pool // nil if not pooled
}

// getBuffer returns a buffer of at least n bytes with arbitrary contents.
func getBuffer(n int) *buffer {
	if n > maxPooled {
		return &buffer{bytes: alignedBytes(n)}
	}
	class, size := sizeClass(n)
	pool := &pools[class]
	if b, ok := pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{bytes: alignedBytes(size), pool: pool}
}

// put gives the buffer back.
func (b *buffer) put() {
	if b.pool != nil {
		b.pool.Put(b)
	}
}

// sizeClass returns the smallest class of at least n bytes, and its size.
func sizeClass(n int) (class, size int) {
	if n <= minPooled {
		return 0, minPooled
	}
	// n lies in (quarters·step, (quarters+1)·step] with quarters in 4..7.
	octave := bits.Len(uint(n-1)) - 1
	step := 1 << (octave - 2)
	quarters := (n - 1) >> (octave - 2)
	return 4*(octave-12) + quarters - 3, (quarters + 1) * step
}

// hugeFrom is the size from which memory is asked for in huge pages of (mostly) 2 MiB.
const hugeFrom = 4 << 20

// Memory allocates n zero bytes for a result that is about to be filled. Where the system leaves
// huge pages to those who ask, as most Linux systems do, it asks: filling 256 MiB page by page
// takes a tenth of a second more, and NumPy asks too.
func Memory(n int) []byte {
	b := make([]byte, n)
	if n >= hugeFrom {
		adviseHuge(b)
	}
	return b
}

// alignedBytes allocates n bytes that start at a page, which is what lets the kernel
// copy whole pages and what direct I/O demands.
func alignedBytes(n int) []byte {
	b := Memory(n + pageSize - 1)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & uintptr(pageSize-1)
	return b[skip : skip+uintptr(n) : skip+uintptr(n)]
}
