package bytesrc

import (
	"math"
	"sync/atomic"
)

// A Lease is the right to look at some bytes of a [Source] until it is released. Do not copy
// one that is in use: each copy would release again. The zero Lease is empty and
// released.
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
