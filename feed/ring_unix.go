//go:build unix

package feed

import (
	"os"
	"reflect"

	"golang.org/x/sys/unix"
)

// mapRing makes memory that has no name, and a descriptor of it.
func mapRing(size int64) (*os.File, []byte, error) {
	file, seal, err := newRingFile(size)
	if err != nil {
		return nil, nil, err
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil && seal != nil {
		err = seal()
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, data, nil
}

func (r *ring) unmap() { _ = unix.Munmap(r.data) } // it is mapped

// within reports whether an address lies in memory.
func within(memory []byte, address uintptr) bool {
	from := reflect.ValueOf(memory).Pointer()
	return address >= from && address-from < uintptr(len(memory))
}

// newTempFile is a file without a name, whose blocks are there: a disk that is full is an error now
// and not a fault later.
func newTempFile(size int64) (*os.File, error) {
	file, err := os.CreateTemp("", ".lazynpy-feed-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name())
	for zeros := make([]byte, min(size, 1<<20)); err == nil && size > 0; {
		chunk := zeros[:min(size, int64(len(zeros)))]
		_, err = file.Write(chunk)
		size -= int64(len(chunk))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
