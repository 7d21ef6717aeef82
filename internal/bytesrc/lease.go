package bytesrc

import (
	"math"
	"sync/atomic"
)

// A Lease is the right to look at some bytes of a [Source] until it is released. Do not copy
// one that is in use: each copy would release again. The zero Lease is empty and
// released. Use [With] where the bytes are looked at in one place.
type Lease struct {
	data    []byte
	off     int64
	file    *File
	mapping *mapping // of a window that may be dropped
	granule int      // to round the window to then
	buffer  *buffer  // of a copying back end
}

// Bytes returns the borrowed bytes, and nil after Release.
func (l *Lease) Bytes() []byte { return l.data }

// Keep leaves the pages of a mapped window in the process when the lease is released,
// for windows that will soon be used again.
func (l *Lease) Keep() { l.mapping = nil }

// Verify returns a [*FaultError] if the file has become too short to contain the
// borrowed bytes. A file cut inside a page reads as zeros from the cut on, so call
// Verify after using the bytes and before trusting the result.
func (l *Lease) Verify() error {
	if l.file == nil || l.buffer != nil {
		return nil // a buffer holds what was read, whatever happens to the file
	}
	if err := l.file.hold(); err != nil {
		return err
	}
	defer l.file.drop()
	return l.file.checkSize(l.off, int64(len(l.data)))
}

// Release gives the bytes back; they must not be touched any more. The pages of a mapped
// window leave the process, except in CopyOnWrite mode, where they may hold private
// changes, and after Keep. Further calls do nothing.
func (l *Lease) Release() {
	f := l.file
	if f == nil {
		return
	}
	if l.mapping != nil && f.mode != CopyOnWrite {
		l.mapping.drop(l.off, len(l.data), l.granule)
	}
	if l.buffer != nil {
		l.buffer.put()
	}
	*l = Lease{}
	f.leases.release()
}

// With lends the n bytes at off of src to use, and has them back whatever becomes of it: use may
// return an error, panic, or end its goroutine. A lease that is lost would keep Close waiting for
// ever. The error is that of use, or else that the file has become too short to contain the bytes.
//
// A fault in use passes through as a panic, so that loop bodies can run in it. Where none does,
// call With inside [Guard].
func With(src Source, off int64, n int, use func(b []byte) error) error {
	lease, err := src.Borrow(off, n)
	if err != nil {
		return err
	}
	defer lease.Release()
	if err := use(lease.Bytes()); err != nil {
		return err
	}
	return lease.Verify()
}

// WithGuard is [With] inside [Guard].
func WithGuard(src Source, off int64, n int, use func(b []byte) error) error {
	return Guard(func() error { return With(src, off, n, use) })
}

// leases counts what is lent out. Closing adds closing to the count, so that one
// atomic add both takes a lease and sees whether that is still allowed.
type leases struct {
	n       atomic.Int64
	drained chan struct{} // of capacity 1: the last lease has come back
}

const closing = math.MinInt64 / 2

// acquire takes a lease, or reports that the file is closed.
func (l *leases) acquire() bool {
	if l.n.Add(1) > 0 {
		return true
	}
	l.release()
	return false
}

func (l *leases) release() {
	if l.n.Add(-1) == closing {
		// Refused leases can bring the count here more than once.
		select {
		case l.drained <- struct{}{}:
		default:
		}
	}
}

// drain refuses new leases and waits for those that are out. It is called once.
func (l *leases) drain() {
	if l.n.Add(closing) == closing {
		return
	}
	<-l.drained
}
