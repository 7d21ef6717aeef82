package kernel

import (
	"encoding/binary"
	"math/bits"
)

// SwapBytes reverses the bytes of every element, of width bytes, from src to
// dst, as many as both hold. dst may be src, but must not overlap it otherwise.
// The parts of a complex number are two elements.
func SwapBytes(dst, src []byte, width int) {
	if width <= 0 {
		return
	}
	n := min(len(dst), len(src)) / width * width
	dst, src = dst[:n], src[:n]
	switch width {
	case 1:
		copy(dst, src)
		return
	case 2, 4, 8, 16:
		if swapWords(dst, src, width) {
			// What fills no word follows.
			done := n / 8 * 8
			dst, src = dst[done:], src[done:]
		}
	}
	for ; len(src) >= width; dst, src = dst[width:], src[width:] {
		for a, b := 0, width-1; a <= b; a, b = a+1, b-1 {
			dst[a], dst[b] = src[b], src[a]
		}
	}
}

// swapWords does the elements that fill whole words, if dst and src can be seen
// as words.
func swapWords(dst, src []byte, width int) bool {
	if !Aligned[uint64](dst) || !Aligned[uint64](src) {
		return false
	}
	d, s := Slice[uint64](dst), Slice[uint64](src)
	d = d[:len(s)]
	switch width {
	case 2:
		const low = 0x00ff00ff00ff00ff
		for i, w := range s {
			d[i] = w>>8&low | w&low<<8
		}
	case 4:
		for i, w := range s {
			d[i] = bits.RotateLeft64(bits.ReverseBytes64(w), 32)
		}
	case 8:
		for i, w := range s {
			d[i] = bits.ReverseBytes64(w)
		}
	case 16:
		for i := 0; i+1 < len(s); i += 2 {
			d[i], d[i+1] = bits.ReverseBytes64(s[i+1]), bits.ReverseBytes64(s[i])
		}
	}
	return true
}

// bigEndian is whether this machine is.
var bigEndian = binary.NativeEndian.Uint16([]byte{1, 0}) != 1
