package atomicfile

import (
	"os"
	"sync/atomic"
)

const (
	// directPage is what direct writes are whole multiples of: in the file, in memory and in
	// length. It is the largest block of the disks that there are.
	directPage = 4 << 10

	// directSize is the least that is written past the page cache at once. Such a write waits for
	// the disk, which smaller ones do not keep busy.
	directSize = 512 << 10

	// cachedSize is the most that is written to the page cache at once. For more, Linux looks for
	// memory in one piece, which takes longer than copying it where there is little.
	cachedSize = 256 << 10
)

// Direct is a file that is written past the page cache where that is possible: on Linux, in a local
// filesystem known for it (ext4, XFS), by writes of whole pages of 4 KiB, from memory that begins
// at a page, of 512 KiB or more. All others go through the cache. Nothing of it is durable before
// the file is synced, by whatever descriptor.
//
// WriteAt can be called concurrently, where no two write to the same pages. Close does not close
// the file that it was made of.
type Direct struct {
	cached  *os.File
	direct  *os.File // or nil
	refused atomic.Bool
}

// NewDirect is for a file that is open for writing.
func NewDirect(f *os.File) *Direct { return &Direct{cached: f, direct: openDirect(f)} }

// Past reports whether writes may go past the page cache.
func (d *Direct) Past() bool { return d.direct != nil && !d.refused.Load() }

// WriteAt writes b from off on.
func (d *Direct) WriteAt(b []byte, off int64) (n int, err error) {
	if len(b) >= directSize && len(b)%directPage == 0 && off%directPage == 0 && d.Past() && beginsPage(b) {
		if n, err = d.direct.WriteAt(b, off); !refusesDirect(err) {
			return n, err
		}
		d.refused.Store(true) // the filesystem cannot do it, although it has opened the file
	}
	for n < len(b) {
		k, err := d.cached.WriteAt(b[n:min(n+cachedSize, len(b))], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close gives up what NewDirect has opened.
func (d *Direct) Close() error {
	if d.direct == nil {
		return nil
	}
	return d.direct.Close()
}
