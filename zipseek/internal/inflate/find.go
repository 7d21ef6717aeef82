package inflate

import (
	"encoding/binary"
	"math/bits"
)

// FindBlock returns the bit position of the next place in src, at or after from and before limit,
// where a block plausibly begins that is not the last one: a dynamic block whose header has valid
// codes, or a stored block that is followed by something plausible. Fixed blocks are not looked
// for: they have nothing to recognise them by. It returns -1 if there is no such place.
//
// A stored block is reported at the first bit where it can begin; see [Speculation.Last].
func FindBlock(src []byte, from, limit int64) int64 {
	from = max(from, 0)
	limit = min(limit, 8*int64(len(src)))
	found := findDynamic(src, from, limit)
	if found >= 0 {
		limit = found
	}
	if stored := findStored(src, from, limit); stored >= 0 {
		return stored
	}
	return found
}

// findDynamic looks for dynamic blocks: 48 positions at a time for the first 13 bits of a header,
// then for a complete code of the code lengths, then for the whole header.
func findDynamic(src []byte, from, limit int64) int64 {
	const step = 48
	var d Decoder
	for base := from &^ 7; base < limit; base += step {
		w := word(src, base/8)
		// Not final, dynamic: 0, 0, 1. Neither of the next two fields is 30 or 31.
		c := ^w & ^(w >> 1) & (w >> 2)
		c &^= w >> 4 & (w >> 5) & (w >> 6) & (w >> 7)
		c &^= w >> 9 & (w >> 10) & (w >> 11) & (w >> 12)
		c &= 1<<step - 1
		if base < from {
			c &^= 1<<uint(from-base) - 1
		}
		for ; c != 0; c &= c - 1 {
			bit := base + int64(bits.TrailingZeros64(c))
			if bit >= limit {
				return -1
			}
			if completeLengthCode(src, bit) && d.validHeader(src, bit) {
				return bit
			}
		}
	}
	return -1
}

// word is the 8 bytes of src at i, with zeros behind its end.
func word(src []byte, i int64) uint64 {
	if int64(len(src))-i >= 8 {
		return binary.LittleEndian.Uint64(src[i:])
	}
	var b [8]byte
	if i < int64(len(src)) {
		copy(b[:], src[i:])
	}
	return binary.LittleEndian.Uint64(b[:])
}

// bitsAt is at least 57 bits of src from a position on.
func bitsAt(src []byte, bit int64) uint64 { return word(src, bit/8) >> uint(bit&7) }

// kraft is, for four lengths of three bits each, what codes of these lengths fill of a code space
// of 128.
var kraft = makeKraft()

func makeKraft() (t [1 << 12]uint16) {
	for i := range t {
		for j := i; j > 0; j >>= 3 {
			if l := j & 7; l > 0 {
				t[i] += 128 >> l
			}
		}
	}
	return t
}

// completeLengthCode reports whether the dynamic block at a position has a complete code of the
// code lengths, as all compressors make it.
func completeLengthCode(src []byte, bit int64) bool {
	count := word(src, (bit+13)/8) >> uint((bit+13)&7) & 15
	v := bitsAt(src, bit+17) & (1<<(3*count+12) - 1)
	return kraft[v&0xfff]+kraft[v>>12&0xfff]+kraft[v>>24&0xfff]+kraft[v>>36&0xfff]+kraft[v>>48&0xfff] == 128
}

// validHeader reports whether the decoder accepts the header of the dynamic block at a position,
// and whether the block can end.
func (d *Decoder) validHeader(src []byte, bit int64) bool {
	d.Reset(0)
	r := run{d: d, src: src, pos: int(bit / 8), boundary: 1}
	r.refill()
	r.take(uint(bit & 7))
	for !r.stopped && d.phase != symbols {
		r.step()
	}
	return !r.stopped && d.codes.lens[256] != 0
}

// findStored looks for the sizes of stored blocks, and for zeros before them.
func findStored(src []byte, from, limit int64) int64 {
	for i := (from + 3 + 7) / 8; i+4 <= int64(len(src)) && 8*i-10 < limit; i++ {
		v := binary.LittleEndian.Uint32(src[i:])
		if v>>16 != ^v&0xffff {
			continue
		}
		bit := 8*i - 3
		if bit < from || bitsAt(src, bit)&7 != 0 {
			continue
		}
		for bit > from && bit > 8*i-10 && bitsAt(src, bit-1)&1 == 0 {
			bit--
		}
		if bit < limit && plausible(src, i+4+int64(v&0xffff)) {
			return bit
		}
	}
	return -1
}

// plausible reports whether a block can begin with byte i of src, or behind the end of src.
func plausible(src []byte, i int64) bool {
	if i+13 > int64(len(src)) {
		return true
	}
	switch src[i] >> 1 & 3 {
	case 0:
		v := binary.LittleEndian.Uint32(src[i+1:])
		return v>>16 == ^v&0xffff
	case 1:
		return true
	case 2:
		return completeLengthCode(src, 8*i)
	default:
		return false
	}
}

// lastStart is the last bit where a block can begin so that it is the same as that at a position.
func lastStart(src []byte, bit int64) int64 {
	last := (bit+3+7)/8*8 - 3
	if bitsAt(src, bit)&(1<<uint(last+3-bit)-1) == 0 {
		return last
	}
	return bit
}
