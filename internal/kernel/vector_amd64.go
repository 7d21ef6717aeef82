//go:build !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate sh -c "cd asm && GOWORK=off go run . -out .."

// The loops that assembly has are used where the processor and the system have
// AVX2. They do what the Go code beside them does, addition for addition where
// that matters, and so have the same results, but for the signs and payloads of NaNs, of which
// package lazy makes one; tests compare the two.
var (
	hasVectors = cpu.X86.HasAVX2
	hasFMA     = cpu.X86.HasAVX2 && cpu.X86.HasFMA
)

// vectorBytes is the width of a vector.
const vectorBytes = 32

// first is where x begins, for assembly. x is not empty.
func first[T any](x []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(x))) }

// vectorFlip changes integers of up to 32 bits into those that the sums of vectors
// take: signed ones of 16 bits, else unsigned.
func vectorFlip[T Real]() uint64 {
	if sizeOf[T]() == 2 {
		return laneFlip[T]() ^ laneTops[T]()
	}
	return laneFlip[T]()
}

// unflip is the sum of n integers, given that of the integers that vectorFlip made
// of them: each is larger by half the range, or smaller.
func unflip[T Real](sum uint64, n int) uint64 {
	half := uint64(n) << (laneBits[T]() - 1)
	switch {
	case vectorFlip[T]() == 0:
		return sum
	case sizeOf[T]() == 2:
		return sum + half
	}
	return sum - half
}
