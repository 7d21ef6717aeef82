//go:build !purego

package kernel

import (
	"runtime"
	"unsafe"
)

// unaligned is true where the processor loads and stores at any address.
const unaligned = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" || runtime.GOARCH == "386"

// Shares reports whether [Slice] and [Bytes] alias what they are given.
func Shares() bool { return true }

// Aligned reports whether [Slice] of b as T aliases b. On amd64, arm64 and 386
// it always does; elsewhere b has to start at a multiple of T's alignment.
func Aligned[T any](b []byte) bool {
	var t T
	return unaligned || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(t) == 0
}

// Slice is b as len(b)/sizeof(T) elements in native byte order: a view of the
// same memory where [Aligned] says so, else a copy. T must not hold pointers.
func Slice[T any](b []byte) []T {
	n := len(b) / sizeOf[T]()
	if n == 0 {
		return nil
	}
	if !Aligned[T](b) {
		s := make([]T, n)
		copy(Bytes(s), b)
		return s
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Bytes is s as bytes in native byte order, a view of the same memory.
func Bytes[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*sizeOf[T]())
}

// words views the elements of x as 64-bit words, for kernels that treat several
// narrow elements at a time; rest are the elements that fill no word. There are
// no words where x may not be read like that.
func words[T Real](x []T) (w []uint64, rest []T) {
	if !unaligned {
		return nil, x
	}
	per := 8 / sizeOf[T]()
	n := len(x) / per
	if n == 0 {
		return nil, x
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(x))), n), x[n*per:]
}

// sizeOf is a constant in every instantiation.
func sizeOf[T any]() int {
	var t T
	return int(unsafe.Sizeof(t))
}
