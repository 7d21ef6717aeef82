package inflate

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
)

// An encoder writes blocks of chosen kinds, and keeps what they mean and where they begin.
type encoder struct {
	rng    *rand.Rand
	z      []byte
	acc    uint64
	held   uint
	plain  []byte
	blocks []Boundary
}

func newEncoder(seed uint64) *encoder {
	return &encoder{rng: rand.New(rand.NewPCG(seed, 0xdef1a7e))}
}

func (e *encoder) put(v uint64, n uint) {
	e.acc |= v << e.held
	e.held += n
	for e.held >= 8 {
		e.z = append(e.z, byte(e.acc))
		e.acc >>= 8
		e.held -= 8
	}
}

func (e *encoder) align() {
	if e.held > 0 {
		e.put(0, 8-e.held)
	}
}

func (e *encoder) begin(final bool, kind uint64) {
	e.blocks = append(e.blocks, Boundary{Bit: 8*int64(len(e.z)) + int64(e.held), Out: int64(len(e.plain))})
	v := kind << 1
	if final {
		v |= 1
	}
	e.put(v, 3)
}

// A token is a literal (length 0) or a match.
type token struct{ length, offset, literal int }

// tokens makes up n tokens in one of several manners, and appends what they mean to plain.
func (e *encoder) tokens(n int) []token {
	var out []token
	manner := e.rng.IntN(6)
	for range n {
		t := token{literal: e.rng.IntN(256)}
		if manner < 2 {
			t.literal = e.rng.IntN(6) + 'a'
		}
		if have := min(len(e.plain), WindowSize); have > 0 && e.rng.IntN(8) < manner+1 {
			t.length = 3 + e.rng.IntN(12)
			t.offset = 1 + e.rng.IntN(have)
			switch e.rng.IntN(10) {
			case 0:
				t.length = 258
			case 1:
				t.length = 3 + e.rng.IntN(256)
			case 2:
				t.offset = have
			case 3:
				t.offset = 1
			case 4, 5:
				t.offset = 1 + e.rng.IntN(min(have, 20))
			}
		}
		out = append(out, t)
		if t.length == 0 {
			e.plain = append(e.plain, byte(t.literal))
		}
		for range t.length {
			e.plain = append(e.plain, e.plain[len(e.plain)-t.offset])
		}
	}
	return out
}

// symbolOf is the symbol for a length or a distance, and its extra bits.
func symbolOf(entries []uint32, from, to, v int) (sym int, extra uint64, n uint) {
	for sym = to - 1; sym > from && int(entries[sym]>>16) > v; sym-- {
	}
	return sym, uint64(v - int(entries[sym]>>16)), uint(entries[sym] & 0xff)
}

func (t token) symbols() (lit int, extra uint64, n uint, dist int, distExtra uint64, distN uint) {
	if t.length == 0 {
		return t.literal, 0, 0, -1, 0, 0
	}
	lit, extra, n = symbolOf(litEntries[:], 257, 286, t.length)
	dist, distExtra, distN = symbolOf(distEntries[:], 0, 30, t.offset-1)
	return lit, extra, n, dist, distExtra, distN
}

func (e *encoder) stored(final bool, data []byte) {
	e.begin(final, 0)
	e.align()
	e.put(uint64(len(data))|uint64(^uint16(len(data)))<<16, 32)
	e.z = append(e.z, data...)
	e.plain = append(e.plain, data...)
}

func (e *encoder) fixed(final bool, n int) {
	e.begin(final, 1)
	lits, dists := fixedLengths()
	e.body(e.tokens(n), lits, dists)
}

// fixedLengths are the lengths of the fixed codes.
func fixedLengths() (lits, dists []uint8) {
	lits = make([]uint8, numLitSyms)
	for i := range lits {
		lits[i] = 8
		if i >= 144 && i < 256 {
			lits[i] = 9
		} else if i >= 256 && i < 280 {
			lits[i] = 7
		}
	}
	return lits, bytes.Repeat([]byte{5}, 32)
}

func (e *encoder) dynamic(final bool, n int) {
	e.begin(final, 2)
	tokens := e.tokens(n)
	used, usedDist := make([]bool, maxLitSyms), make([]bool, maxDistSyms)
	used[256] = true
	for _, t := range tokens {
		lit, _, _, dist, _, _ := t.symbols()
		used[lit] = true
		if dist >= 0 {
			usedDist[dist] = true
		}
	}
	if e.rng.IntN(3) == 0 { // codes that are never used
		for range e.rng.IntN(100) {
			used[e.rng.IntN(maxLitSyms)] = true
			usedDist[e.rng.IntN(maxDistSyms)] = true
		}
	}
	lits, dists := e.lengths(used, maxCodeLen), e.lengths(usedDist, maxCodeLen)
	lits = e.trim(lits, 257)
	dists = e.trim(dists, 1)
	e.header(lits, dists)
	e.body(tokens, lits, dists)
}

// lengths gives complete codes of random lengths to the symbols in use: leaves of a tree that are
// split at random, now and then the deepest again and again.
func (e *encoder) lengths(used []bool, most int) []uint8 {
	lens := make([]uint8, len(used))
	var syms []int
	for i, u := range used {
		if u {
			syms = append(syms, i)
		}
	}
	if len(syms) < 2 {
		for _, s := range syms {
			lens[s] = 1
		}
		return lens
	}
	leaves := []int{0}
	steep := e.rng.IntN(3) == 0
	for len(leaves) < len(syms) {
		i := e.rng.IntN(len(leaves))
		if steep && leaves[len(leaves)-1] < most {
			i = len(leaves) - 1
		} else if e.rng.IntN(4) > 0 { // the shallower of two
			if j := e.rng.IntN(len(leaves)); leaves[j] < leaves[i] {
				i = j
			}
		}
		if leaves[i] < most {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	for i, j := range e.rng.Perm(len(syms)) {
		lens[syms[j]] = uint8(leaves[i])
	}
	return lens
}

// trim cuts some or all of the lengths off the end that are zero.
func (e *encoder) trim(lens []uint8, least int) []uint8 {
	for len(lens) > least && lens[len(lens)-1] == 0 && e.rng.IntN(50) > 0 {
		lens = lens[:len(lens)-1]
	}
	return lens
}

// header writes the code lengths with runs wherever chance wants them.
func (e *encoder) header(lits, dists []uint8) {
	type item struct {
		sym, extra uint64
		n          uint
	}
	var items []item
	lens := append(append([]uint8{}, lits...), dists...)
	used := make([]bool, numLenSyms)
	for i := 0; i < len(lens); {
		run := 1
		for i+run < len(lens) && lens[i+run] == lens[i] {
			run++
		}
		it := item{sym: uint64(lens[i])}
		took := 1
		switch {
		case e.rng.IntN(8) == 0:
		case lens[i] == 0 && run >= 11:
			took = min(run, 11+e.rng.IntN(128))
			it = item{18, uint64(took - 11), 7}
		case lens[i] == 0 && run >= 3:
			took = min(run, 3+e.rng.IntN(8))
			it = item{17, uint64(took - 3), 3}
		case i > 0 && lens[i] == lens[i-1] && run >= 3:
			took = min(run, 3+e.rng.IntN(4))
			it = item{16, uint64(took - 3), 2}
		}
		items = append(items, it)
		used[it.sym] = true
		i += took
	}
	pre := e.lengths(used, lenBits)
	n := numLenSyms
	for n > 4 && pre[lenOrder[n-1]] == 0 {
		n--
	}
	e.put(uint64(len(lits)-257)|uint64(len(dists)-1)<<5|uint64(n-4)<<10, 14)
	for _, i := range lenOrder[:n] {
		e.put(uint64(pre[i]), 3)
	}
	codes := codesOf(pre)
	for _, it := range items {
		e.put(codes[it.sym], uint(pre[it.sym]))
		e.put(it.extra, it.n)
	}
}

// codesOf makes the codes of RFC 1951 section 3.2.2, first bit lowest.
func codesOf(lens []uint8) []uint64 {
	codes := make([]uint64, len(lens))
	next := uint16(0)
	for l := uint8(1); l <= maxCodeLen; l++ {
		next <<= 1
		for i, have := range lens {
			if have == l {
				codes[i] = uint64(bits.Reverse16(next) >> (16 - l))
				next++
			}
		}
	}
	return codes
}

func (e *encoder) body(tokens []token, lits, dists []uint8) {
	codes, distCodes := codesOf(lits), codesOf(dists)
	for _, t := range tokens {
		lit, extra, n, dist, distExtra, distN := t.symbols()
		e.put(codes[lit], uint(lits[lit]))
		e.put(extra, n)
		if dist >= 0 {
			e.put(distCodes[dist], uint(dists[dist]))
			e.put(distExtra, distN)
		}
	}
	e.put(codes[256], uint(lits[256]))
}

// bytes makes up n bytes, random ones or few different ones.
func (e *encoder) bytes(n int) []byte {
	b := make([]byte, n)
	few := 1 + e.rng.IntN(256)
	for i := range b {
		b[i] = byte(e.rng.IntN(few))
	}
	return b
}

// stream makes up a whole stream of blocks of about n symbols.
func stream(seed uint64, n int) *encoder {
	e := newEncoder(seed)
	count := 1 + e.rng.IntN(10)
	for i := range count {
		final := i == count-1
		switch size := e.rng.IntN(n + 1); e.rng.IntN(9) {
		case 0:
			e.stored(final, e.bytes(min(size, 0xffff)))
		case 1: // what a flush leaves
			e.stored(final, nil)
		case 2:
			e.fixed(final, 0)
		case 3, 4:
			e.fixed(final, size)
		case 5:
			e.dynamic(final, 0)
		default:
			e.dynamic(final, size)
		}
	}
	e.align()
	return e
}
