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
			switch {
			case item == 1:
				transpose1(d, s, below, right)
			case item == 2:
				transpose2(d, s, below, right)
			case item == 4:
				transpose4(d, s, below, right)
			case item == 8 && w == 8:
				transpose8(d, s, h)
			case item == 16:
				transpose16(d, s, h, w)
			default:
				transposeItems(d, s, h, w, item)
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
		d, s := dst.from(0, i, item).base, src.from(i, 0, item).base
		for range n {
			copy(dst.b[d:d+item], src.b[s:s+item])
			d, s = d+dst.pitch, s+item
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

// transpose8 is transpose for rows of 8 items of 8 bytes.
func transpose8(dst, src plane, m int) {
	d, dp, to := dst.base, dst.pitch, dst.b
	for i := range m {
		s := src.base + i*src.pitch
		row := src.b[s : s+64 : s+64]
		store(to, d, load(row, 0))
		store(to, d+dp, load(row, 8))
		store(to, d+2*dp, load(row, 16))
		store(to, d+3*dp, load(row, 24))
		store(to, d+4*dp, load(row, 32))
		store(to, d+5*dp, load(row, 40))
		store(to, d+6*dp, load(row, 48))
		store(to, d+7*dp, load(row, 56))
		d += 8
	}
}

// transpose16 is transpose for items of 16 bytes.
func transpose16(dst, src plane, m, n int) {
	for i := range m {
		d, s := dst.base+16*i, src.base+i*src.pitch
		for range n {
			*(*[16]byte)(dst.b[d : d+16 : d+16]) = *(*[16]byte)(src.b[s : s+16 : s+16])
			d, s = d+dst.pitch, s+16
		}
	}
}

// transpose4 is transpose for items of 4 bytes, of which m and n are multiples
// of the 2 in a word.
func transpose4(dst, src plane, m, n int) {
	from, to, sp, dp := src.b, dst.b, src.pitch, dst.pitch
	for i := 0; i < m; i += 2 {
		d, s := dst.base+4*i, src.base+i*sp
		for range n / 2 {
			w0, w1 := exchange(load(from, s), load(from, s+sp), 32, 1<<32-1)
			store(to, d, w0)
			store(to, d+dp, w1)
			d, s = d+2*dp, s+8
		}
	}
}

// transpose2 is transpose4 for items of 2 bytes, 4 in a word.
func transpose2(dst, src plane, m, n int) {
	const low = 0x0000ffff0000ffff
	from, to, sp, dp := src.b, dst.b, src.pitch, dst.pitch
	for i := 0; i < m; i += 4 {
		d, s := dst.base+2*i, src.base+i*sp
		for range n / 4 {
			w0, w2 := exchange(load(from, s), load(from, s+2*sp), 32, 1<<32-1)
			w1, w3 := exchange(load(from, s+sp), load(from, s+3*sp), 32, 1<<32-1)
			w0, w1 = exchange(w0, w1, 16, low)
			w2, w3 = exchange(w2, w3, 16, low)
			store(to, d, w0)
			store(to, d+dp, w1)
			store(to, d+2*dp, w2)
			store(to, d+3*dp, w3)
			d, s = d+4*dp, s+8
		}
	}
}

// transpose1 is transpose4 for bytes, 8 in a word.
func transpose1(dst, src plane, m, n int) {
	const low16, low8 = 0x0000ffff0000ffff, 0x00ff00ff00ff00ff
	from, to, sp, dp := src.b, dst.b, src.pitch, dst.pitch
	for i := 0; i < m; i += 8 {
		d, s := dst.base+i, src.base+i*sp
		for range n / 8 {
			w0, w4 := exchange(load(from, s), load(from, s+4*sp), 32, 1<<32-1)
			w1, w5 := exchange(load(from, s+sp), load(from, s+5*sp), 32, 1<<32-1)
			w2, w6 := exchange(load(from, s+2*sp), load(from, s+6*sp), 32, 1<<32-1)
			w3, w7 := exchange(load(from, s+3*sp), load(from, s+7*sp), 32, 1<<32-1)
			w0, w2 = exchange(w0, w2, 16, low16)
			w1, w3 = exchange(w1, w3, 16, low16)
			w4, w6 = exchange(w4, w6, 16, low16)
			w5, w7 = exchange(w5, w7, 16, low16)
			w0, w1 = exchange(w0, w1, 8, low8)
			w2, w3 = exchange(w2, w3, 8, low8)
			w4, w5 = exchange(w4, w5, 8, low8)
			w6, w7 = exchange(w6, w7, 8, low8)
			store(to, d, w0)
			store(to, d+dp, w1)
			store(to, d+2*dp, w2)
			store(to, d+3*dp, w3)
			store(to, d+4*dp, w4)
			store(to, d+5*dp, w5)
			store(to, d+6*dp, w6)
			store(to, d+7*dp, w7)
			d, s = d+8*dp, s+8
		}
	}
}
