package inflate

import "math/bits"

// The tables are laid out as in libdeflate (Eric Biggers, lib/deflate_decompress.c): the low bits
// of the input index a primary table, where codes longer than its index find the place of a
// secondary one behind it. An entry has all that is to know of a symbol:
//
//	bits 0-7     bits to remove from the input: of the code, and the extra bits behind it
//	bits 8-11    bits of the code alone; the index bits of a secondary table
//	bit 13       end of block
//	bit 14       secondary table
//	bit 15       neither literal, length nor distance: end, secondary table or undefined
//	bits 16-30   literal, least length, least distance - 1, or where the secondary table begins
//	bit 31       literal
//
// Entries of secondary tables count the bits behind the index of the primary one.
const (
	isLiteral = 1 << 31
	isSpecial = 1 << 15
	isLink    = 1 << 14
	isEnd     = 1 << 13

	undefined = isSpecial | 1<<8 | 1

	litBits  = 11
	distBits = 8
	lenBits  = 7
	litMask  = 1<<litBits - 1
	distMask = 1<<distBits - 1
	lenMask  = 1<<lenBits - 1

	// 288 codes of up to 15 bits fill at most 2342 entries, and 32 codes 402 (zlib's
	// examples/enough.c); powers of two need no bounds checks.
	litSize  = 1 << 12
	distSize = 1 << 9

	maxCodeLen = 15
	numLitSyms = 288 // that the fixed code has
)

// tables decode the symbols of a block.
type tables struct {
	lit   [litSize]uint32
	pairs [1 << litBits]uint32 // if paired
	dist  [distSize]uint32
	len   [1 << lenBits]uint8 // symbol of a code length << 3 | bits of its code
	fixed bool                // lit and dist are those of the fixed codes

	paired bool

	sorted [numLitSyms]uint16 // used while building
}

// litEntries and distEntries are the entries of all symbols without the length of their codes.
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
)

func makeLitEntries() (t [numLitSyms]uint32) {
	for i := range uint32(256) {
		t[i] = isLiteral | i<<16
	}
	t[256] = isSpecial | isEnd
	base := uint32(3)
	for i := uint32(257); i < 285; i++ {
		extra := uint32(0)
		if i >= 265 {
			extra = (i - 261) / 4
		}
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[285] = 258 << 16
	t[286], t[287] = isSpecial, isSpecial
	return t
}

func makeDistEntries() (t [32]uint32) {
	base := uint32(0)
	for i := range uint32(30) {
		extra := uint32(0)
		if i >= 4 {
			extra = i/2 - 1
		}
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[30], t[31] = isSpecial, isSpecial
	return t
}

// buildFixed makes the tables of RFC 1951 section 3.2.6.
func (t *tables) buildFixed() {
	if t.fixed {
		return
	}
	var lens [numLitSyms]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	t.buildLit(lens[:])
	for i := range 32 {
		lens[i] = 5
	}
	t.buildDist(lens[:32])
	t.fixed = true
}

func (t *tables) buildLit(lens []uint8) bool {
	t.fixed = false
	if !build(t.lit[:], lens, litEntries[:], litBits, &t.sorted) {
		return false
	}
	if t.paired = pairsPay(lens); t.paired {
		t.pair()
	}
	return true
}

func (t *tables) buildDist(lens []uint8) bool {
	t.fixed = false
	return build(t.dist[:], lens, distEntries[:], distBits, &t.sorted)
}

// buildLen makes the table of the code of the code lengths. Where there is no code, it is 0.
func (t *tables) buildLen(lens *[numLenSyms]uint8) bool {
	c, ok := count(lens[:])
	if !ok {
		return false
	}
	t.len = [1 << lenBits]uint8{}
	var next [maxCodeLen + 1]uint32
	code := uint32(0)
	for l := 1; l <= lenBits; l++ {
		next[l] = code
		code = (code + uint32(c[l])) << 1
	}
	for sym, l := range lens {
		if l == 0 {
			continue
		}
		first := bits.Reverse32(next[l]) >> (32 - l)
		next[l]++
		for i := first; i < 1<<lenBits; i += 1 << l {
			t.len[i&lenMask] = uint8(sym)<<3 | l
		}
	}
	return true
}

// count counts the codes of each length and reports whether compress/flate and zlib accept them:
// they must be complete, or a single code of one bit, or none at all.
func count(lens []uint8) (c [maxCodeLen + 1]uint16, ok bool) {
	for _, l := range lens {
		c[l&15]++
	}
	used := uint32(0) // of the code space, in codes of 15 bits
	for l := 1; l <= maxCodeLen; l++ {
		used += uint32(c[l]) << (maxCodeLen - l)
	}
	single := used == 1<<(maxCodeLen-1) && c[1] == 1
	return c, used == 1<<maxCodeLen || used == 0 || single
}

// build makes the table of a code from the lengths of its codes.
func build(table []uint32, lens []uint8, entries []uint32, tableBits uint, sorted *[numLitSyms]uint16) bool {
	c, ok := count(lens)
	if !ok {
		return false
	}
	n := sortSymbols(sorted, lens, &c)
	if n < 2 {
		buildSingle(table[:1<<tableBits], sorted[:n], entries)
		return true
	}
	fill(table, sorted[:n], &c, entries, tableBits)
	return true
}

// sortSymbols puts the symbols that have codes in the order of their codes.
func sortSymbols(sorted *[numLitSyms]uint16, lens []uint8, c *[maxCodeLen + 1]uint16) int {
	var next [16]uint16
	sum := uint16(0)
	for l := 1; l <= maxCodeLen; l++ {
		next[l] = sum
		sum += c[l]
	}
	for sym, l := range lens {
		if l != 0 {
			sorted[next[l&15]] = uint16(sym)
			next[l&15]++
		}
	}
	return int(sum)
}

// buildSingle makes the table of a code of one symbol or none.
func buildSingle(table []uint32, syms []uint16, entries []uint32) {
	for i := range table {
		table[i] = undefined
	}
	for _, sym := range syms {
		for i := 0; i < len(table); i += 2 {
			table[i] = entries[sym] + 1<<8 + 1
		}
	}
}

// fill makes the table of a complete code. Codes come in order, so that whatever is shorter than
// the present length fills the table up to 1<<length, and is doubled when the length grows.
func fill(table []uint32, syms []uint16, c *[maxCodeLen + 1]uint16, entries []uint32, tableBits uint) {
	code := uint32(0) // with the first bit lowest
	length := uint(1)
	left := c[length]
	for left == 0 {
		length++
		left = c[length]
	}
	end := uint32(1) << length
	for length <= tableBits {
		for ; left > 0; left-- {
			table[code] = entries[syms[0]] + uint32(length)<<8 + uint32(length)
			syms = syms[1:]
			if code == end-1 {
				for ; end < 1<<tableBits; end <<= 1 {
					copy(table[end:2*end], table[:end])
				}
				return
			}
			code = following(code, end-1)
		}
		for left == 0 {
			length++
			left = c[length]
			if length <= tableBits {
				copy(table[end:2*end], table[:end])
				end <<= 1
			}
		}
	}
	fillLinked(table, syms, c, entries, tableBits, code, length)
}

// following is the code after code, which is not all ones: as if 1 were added with carries from
// high to low.
func following(code, ones uint32) uint32 {
	bit := uint32(1) << (31 - bits.LeadingZeros32(code^ones))
	return code&(bit-1) | bit
}

// fillLinked makes the secondary tables, from the first code that is longer than tableBits.
func fillLinked(table []uint32, syms []uint16, c *[maxCodeLen + 1]uint16, entries []uint32, tableBits uint, code uint32, length uint) {
	mask := uint32(1)<<tableBits - 1
	prefix := ^uint32(0)
	start, end := uint32(0), uint32(1)<<tableBits
	left := c[length]
	for {
		if code&mask != prefix {
			prefix = code & mask
			start = end
			// The table is as large as the codes need that have this prefix: lengths grow, and
			// the first codes are the shortest.
			index := length - tableBits
			for room := uint32(left); room < 1<<index; {
				index++
				room = room<<1 + uint32(c[tableBits+index])
			}
			end = start + 1<<index
			table[prefix] = start<<16 | isSpecial | isLink | uint32(index)<<8 | uint32(tableBits)
		}
		rest := uint32(length - tableBits)
		e := entries[syms[0]] + rest<<8 + rest
		syms = syms[1:]
		for i := start + code>>tableBits; i < end; i += 1 << rest {
			table[i] = e
		}
		if code == 1<<length-1 {
			return
		}
		code = following(code, 1<<length-1)
		left--
		for left == 0 {
			length++
			left = c[length]
		}
	}
}
