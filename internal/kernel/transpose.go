package kernel

import "encoding/binary"

// plane is rows of items that lie next to each other: where the first of them
// is, and how many bytes are from row to row.
type plane struct {
	b           []byte
	base, pitch int
}

// from is the rest of p from an item on.
func (p plane) from(row, i, item int) plane {
	p.base += row*p.pitch + i*item
	return p
}

// transpose copies item j of row i of src, i < m and j < n, to item i of row j of
// dst; items have 1, 2, 4, 8 or 16 bytes. Rows of src are read one cache line at
// a time, and from line to line the writes go on in the same lines of dst: they
// need not be waited for, and so it is they that go far apart. Narrow items go in
// squares of 64-bit words.
func transpose(dst, src plane, m, n, item int) {
	const wide, line = 256, 64
	square := max(1, 8/item)
	for i := 0; i < m; i += wide {
		for j := 0; j < n; j += line / item {
			d, s := dst.from(j, i, item), src.from(i, j, item)
			h, w := min(wide, m-i), min(line/item, n-j)
			below, right := h/square*square, w/square*square
			for k := 0; k < below; k += square {
				transposeSquares(d.from(0, k, item), s.from(k, 0, item), right, item)
			}
			if right < w {
				transposeItems(d.from(right, 0, item), s.from(0, right, item), below, w-right, item)
			}
			if below < h {
				transposeItems(d.from(0, below, item), s.from(below, 0, item), h-below, w, item)
			}
		}
	}
}

// transposeItems is transpose item by item.
func transposeItems(dst, src plane, m, n, item int) {
	for i := range m {
		for j := range n {
			d, s := dst.from(j, i, item).base, src.from(i, j, item).base
			copy(dst.b[d:d+item], src.b[s:s+item])
		}
	}
}

// transposeSquares is transpose for as many rows as there are items in a word.
func transposeSquares(dst, src plane, n, item int) {
	to, from := dst.b, src.b
	d, s := dst.base, src.base
	switch item {
	case 16:
		for run := from[s : s+16*n]; len(run) >= 16; run = run[16:] {
			*(*[16]byte)(to[d : d+16 : d+16]) = *(*[16]byte)(run)
			d += dst.pitch
		}
	case 8:
		for run := from[s : s+8*n]; len(run) >= 8; run = run[8:] {
			store(to, d, binary.LittleEndian.Uint64(run))
			d += dst.pitch
		}
	case 4:
		for ; n >= 2; n -= 2 {
			a, b := exchange(load(from, s), load(from, s+src.pitch), 32, 1<<32-1)
			store(to, d, a)
			store(to, d+dst.pitch, b)
			d, s = d+2*dst.pitch, s+8
		}
	case 2:
		for ; n >= 4; n -= 4 {
			transpose4x4(to, from, d, s, dst.pitch, src.pitch)
			d, s = d+4*dst.pitch, s+8
		}
	case 1:
		for ; n >= 8; n -= 8 {
			transpose8x8(to, from, d, s, dst.pitch, src.pitch)
			d, s = d+8*dst.pitch, s+8
		}
	}
}

// load and store read and write a word whose lowest byte is the first.
func load(b []byte, at int) uint64     { return binary.LittleEndian.Uint64(b[at : at+8 : at+8]) }
func store(b []byte, at int, w uint64) { binary.LittleEndian.PutUint64(b[at:at+8:at+8], w) }

// exchange swaps the lanes of b in mask with those of a that are shift higher.
func exchange(a, b uint64, shift int, mask uint64) (uint64, uint64) {
	t := (a>>shift ^ b) & mask
	return a ^ t<<shift, b ^ t
}

// transpose4x4 transposes a square of items of 2 bytes, a word in a row.
func transpose4x4(dst, src []byte, d, s, dpitch, spitch int) {
	const low = 0x0000ffff0000ffff
	w0, w2 := exchange(load(src, s), load(src, s+2*spitch), 32, 1<<32-1)
	w1, w3 := exchange(load(src, s+spitch), load(src, s+3*spitch), 32, 1<<32-1)
	w0, w1 = exchange(w0, w1, 16, low)
	w2, w3 = exchange(w2, w3, 16, low)
	store(dst, d, w0)
	store(dst, d+dpitch, w1)
	store(dst, d+2*dpitch, w2)
	store(dst, d+3*dpitch, w3)
}

// transpose8x8 transposes a square of bytes, a word in a row.
func transpose8x8(dst, src []byte, d, s, dpitch, spitch int) {
	const low16, low8 = 0x0000ffff0000ffff, 0x00ff00ff00ff00ff
	w0, w4 := exchange(load(src, s), load(src, s+4*spitch), 32, 1<<32-1)
	w1, w5 := exchange(load(src, s+spitch), load(src, s+5*spitch), 32, 1<<32-1)
	w2, w6 := exchange(load(src, s+2*spitch), load(src, s+6*spitch), 32, 1<<32-1)
	w3, w7 := exchange(load(src, s+3*spitch), load(src, s+7*spitch), 32, 1<<32-1)
	w0, w2 = exchange(w0, w2, 16, low16)
	w1, w3 = exchange(w1, w3, 16, low16)
	w4, w6 = exchange(w4, w6, 16, low16)
	w5, w7 = exchange(w5, w7, 16, low16)
	w0, w1 = exchange(w0, w1, 8, low8)
	w2, w3 = exchange(w2, w3, 8, low8)
	w4, w5 = exchange(w4, w5, 8, low8)
	w6, w7 = exchange(w6, w7, 8, low8)
	for _, w := range [...]uint64{w0, w1, w2, w3, w4, w5, w6, w7} {
		store(dst, d, w)
		d += dpitch
	}
}
