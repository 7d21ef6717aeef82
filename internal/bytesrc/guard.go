package bytesrc

import (
	"errors"
	"runtime"
	"runtime/debug"
)

// Guard runs fn on this goroutine and returns its error. If fn faults while touching
// one of our mappings, because the file was cut or the page cannot be read, Guard
// returns a [*FaultError] that names file and offset instead of letting the process
// die. A panic with a *FaultError, which is how iterators over borrowed bytes end a loop body
// that faulted, becomes an error too. All other panics and faults pass through. What fn was doing
// is left half done, so it must not hold locks across the touching. Goroutines that fn starts are
// not covered.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if err = faultOf(r); err == nil {
				panic(r)
			}
		}
	}()
	return fn()
}

// addressed is what the runtime panics with on a fault under SetPanicOnFault.
type addressed interface {
	runtime.Error
	Addr() uintptr
}

// faultOf turns the value of a panic into an error if it is a fault inside one of our
// mappings, or the error that such a fault has become.
func faultOf(r any) error {
	if fault, ok := r.(*FaultError); ok {
		return fault
	}
	a, ok := r.(addressed)
	if !ok {
		return nil
	}
	m := registry.find(a.Addr())
	if m == nil {
		return nil
	}
	return m.file.diagnose(m, int64(a.Addr()-m.base))
}

// diagnose finds the reason of a fault at off: the file closed (possible only in
// debug builds, since otherwise the address is nobody's), cut, unreadable, or readable
// after all.
func (f *File) diagnose(m *mapping, off int64) error {
	fault := func(err error) error { return &FaultError{Path: f.name, Offset: off, Err: err} }
	if err := f.take(); err != nil {
		if errors.Is(err, ErrClosed) {
			err = ErrClosed
		}
		return fault(err)
	}
	defer f.done()
	switch err := f.populate(m, off, 1); {
	case err != nil:
		return err
	case f.mode == ReadOnly:
		return fault(errReadOnly)
	}
	return fault(errPage)
}

// touch reads one byte of every page of b. If one cannot be read, it returns the
// offset of that page.
func touch(b []byte) (bad int, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(addressed); !ok {
				panic(r)
			}
			err = errPage
		}
	}()
	for ; bad < len(b); bad += pageSize {
		touched(b[bad])
	}
	return bad, nil
}

// touched keeps the compiler from leaving out the read of its argument.
//
//go:noinline
func touched(byte) {}
