package bytesrc

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// What windows are rounded outward to when they are dropped. A fault on Linux maps more
// than its page, so windows rounded only to pages would leave a part of each neighbour
// resident for good.
const (
	// warmGranule is the 64 KiB that a fault on a cached page maps ("fault-around").
	warmGranule = 64 << 10

	// coldGranule is the largest folio, all of which is mapped by a fault that had to
	// read it. Dropping so much of a neighbour that is in use costs it some faults,
	// which do not matter where the disk sets the pace.
	coldGranule = 2 << 20
)

var pageSize = os.Getpagesize()

// A mapping is a whole file in memory, at least one byte long.
type mapping struct {
	file *File
	data mmap.MMap
	base uintptr
}

// mapped returns the mapping of the file, made now if this is the first use. It is nil
// without an error if pread has taken over.
func (f *File) mapped() (*mapping, error) {
	if m := f.mapping.Load(); m != nil {
		return m, nil
	}
	f.mapMu.Lock()
	defer f.mapMu.Unlock()
	if m := f.mapping.Load(); m != nil || f.Backend() != BackendMmap {
		return m, nil
	}
	// A mapping longer than the file faults beyond its end; the file may have
	// been cut since it was opened.
	if err := f.checkSize(0, f.size); err != nil {
		return nil, err
	}
	data, err := mmap.MapRegion(f.os, int(f.size), protection[f.mode], 0, 0)
	if err != nil {
		if f.choice.Load().auto {
			f.fallBack(err)
			return nil, nil
		}
		return nil, &fs.PathError{Op: "mmap", Path: f.name, Err: err}
	}
	m := &mapping{file: f, data: data, base: uintptr(unsafe.Pointer(unsafe.SliceData(data)))}
	registry.add(m)
	f.mapping.Store(m)
	return m, nil
}

var protection = [...]int{ReadOnly: mmap.RDONLY, ReadWrite: mmap.RDWR, CopyOnWrite: mmap.COPY}

// bytes returns a part of the mapping that cannot be appended into the rest.
func (m *mapping) bytes(off, n int64) []byte {
	return m.data[off : off+n : off+n]
}

// afterMiss is for how many windows after one that was not in the page cache all are
// populated, cached or not: while a cold file is being read, the kernel reads ahead
// of the sweep, and pages that it has just read can still make a fault wait for the
// next batch of requests.
const afterMiss = 32

// window gives the lease a window of the mapping, and makes sure that touching it neither
// waits nor faults. The file's length is looked at afterwards: a file that was cut
// inside the last page of the window reads as zeros there and does not fault.
func (f *File) window(l *Lease, m *mapping, n int) error {
	l.data, l.mapping = m.bytes(l.off, int64(n)), m
	if f.warm(l.off, n) {
		l.granule = warmGranule
		return f.checkSize(l.off, int64(n))
	}
	l.granule = coldGranule
	return f.populate(m, l.off, n)
}

// warm reports whether the window needs no populating.
func (f *File) warm(off int64, n int) bool {
	if !resident(f.fd, off, n) {
		f.cold.Store(afterMiss)
		return false
	}
	// Workers that count down together may go below zero, which does no harm.
	return f.cold.Load() <= 0 || f.cold.Add(-1) < 0
}

// populate brings a window into memory and makes sure that the file has all of it.
func (f *File) populate(m *mapping, off int64, n int) error {
	lo := off &^ int64(pageSize-1)
	bad, err := populate(m.data[lo : off+int64(n)])
	if serr := f.checkSize(off, int64(n)); serr != nil {
		return serr
	}
	if err != nil {
		return &FaultError{Path: f.name, Offset: max(off, lo+int64(bad)), Err: err}
	}
	return nil
}

// drop takes the pages of a window out of the process. Pages shared with a neighbour
// that is in use come back from the page cache when they are touched.
//
// The start is always rounded by the largest folio: a page that carries a mark of the
// readahead maps all of its folio, also in a warm file, and the part of it that lies in the
// window before, which was dropped already, would stay for good. What such a fault maps
// of the window behind is dropped with that one.
func (m *mapping) drop(off int64, n, granule int) {
	// Granules are multiples of addresses, and the mapping need not start at one.
	ahead := int(m.base & uintptr(coldGranule-1))
	lo := (ahead+int(off))&^(coldGranule-1) - ahead
	hi := (ahead+int(off)+n+granule-1)&^(granule-1) - ahead
	drop(m.data[max(lo, 0):min(hi, len(m.data))])
}

// mappings is the set of our mappings, sorted by address, in which [Guard] looks a
// faulting address up.
type mappings struct {
	mu     sync.Mutex
	sorted []*mapping
}

var registry mappings

// search returns the position of the first mapping that ends beyond addr.
func (r *mappings) search(addr uintptr) int {
	i, _ := slices.BinarySearchFunc(r.sorted, addr, func(m *mapping, addr uintptr) int {
		if m.base+uintptr(len(m.data)) <= addr {
			return -1
		}
		return 1
	})
	return i
}

func (r *mappings) add(m *mapping) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sorted = slices.Insert(r.sorted, r.search(m.base), m)
}

func (r *mappings) remove(m *mapping) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.search(m.base); i < len(r.sorted) && r.sorted[i] == m {
		r.sorted = slices.Delete(r.sorted, i, i+1)
	}
}

// find returns the mapping that addr lies in, or nil. The tail of the last page
// belongs to the mapping too.
func (r *mappings) find(addr uintptr) *mapping {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.search(addr); i < len(r.sorted) && r.sorted[i].base <= addr {
		return r.sorted[i]
	}
	return nil
}

// unmap forgets the mapping and frees its addresses, in this order: afterwards they
// may belong to somebody else.
func (m *mapping) unmap() error {
	registry.remove(m)
	data := m.data
	if err := data.Unmap(); err != nil {
		return &fs.PathError{Op: "munmap", Path: m.file.name, Err: errors.Unwrap(err)}
	}
	return nil
}
