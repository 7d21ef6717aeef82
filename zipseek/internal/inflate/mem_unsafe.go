//go:build !purego

package inflate

import (
	"encoding/binary"
	"unsafe"
)

// view is a slice without its length. Whoever uses it has checked the bounds.
type view = unsafe.Pointer

func viewOf(b []byte) view { return unsafe.Pointer(unsafe.SliceData(b)) }

func load64(b view, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(b, i))[:])
}

func store64(b view, i int, v uint64) {
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Add(b, i))[:], v)
}

func store8(b view, i int, v byte) { *(*byte)(unsafe.Add(b, i)) = v }

func store16(b view, i int, v uint16) {
	binary.LittleEndian.PutUint16((*[2]byte)(unsafe.Add(b, i))[:], v)
}

// move16 copies 16 bytes, which must not overlap.
func move16(b view, to, from int) {
	*(*[16]byte)(unsafe.Add(b, to)) = *(*[16]byte)(unsafe.Add(b, from))
}
