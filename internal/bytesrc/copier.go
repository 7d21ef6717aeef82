package bytesrc

import (
	"errors"
	"io"
	"runtime/debug"
	"unsafe"
)

// copyAt fills p from the copying reader. On most systems that reader copies out of a mapping
// of its own, which [Guard] does not know, so faults are caught here.
func (f *File) copyAt(p []byte, off int64) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		a, ok := r.(addressed)
		if !ok || a.Addr()-uintptr(unsafe.Pointer(unsafe.SliceData(p))) < uintptr(len(p)) {
			panic(r)
		}
		if err = f.checkSize(off, int64(len(p))); err == nil {
			err = &FaultError{Path: f.name, Offset: off, Err: errPage}
		}
	}()
	if _, err := f.copier.ReadAt(p, off); err != nil && !errors.Is(err, io.EOF) {
		return &FaultError{Path: f.name, Offset: off, Err: err}
	}
	return f.checkSize(off, int64(len(p)))
}
