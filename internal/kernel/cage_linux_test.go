//go:build !purego

package kernel

import (
	"os"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"
)

// cage is memory that ends in front of a page that must not be touched.
type cage struct{ data []byte }

func newCage(t *testing.T, size int) cage {
	t.Helper()
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	b, err := unix.Mmap(-1, 0, size+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	if err := unix.Mprotect(b[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return cage{b[:size:size]}
}

// put is a copy of b at the end of the cage.
func (c cage) put(b []byte) []byte {
	to := c.data[len(c.data)-len(b):]
	copy(to, b)
	return to
}

// TestFaultInVectors reads where nothing may be read: a fault within assembly is a
// panic that can be recovered from, as one in Go is.
func TestFaultInVectors(t *testing.T) {
	page := os.Getpagesize()
	b, err := unix.Mmap(-1, 0, 8*page, unix.PROT_READ, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	if err := unix.Mprotect(b[4*page:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	SumIntRows(make([]uint64, 1), Slice[uint16](b), len(b)/2)
}
