//go:build purego

package inflate

import "encoding/binary"

// view is a slice.
type view = []byte

func viewOf(b []byte) view { return b }

func load64(b view, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

func store64(b view, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:], v) }

func store8(b view, i int, v byte) { b[i] = v }

func store16(b view, i int, v uint16) { binary.LittleEndian.PutUint16(b[i:], v) }

// move16 copies 16 bytes, which must not overlap.
func move16(b view, to, from int) { copy(b[to:to+16], b[from:from+16]) }
