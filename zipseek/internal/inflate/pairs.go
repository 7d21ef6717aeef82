package inflate

// Entries of the table of pairs:
//
//	bits 0-7     bits to remove from the input: of the codes, and the extra bits behind them
//	bits 8-11    bits of the codes alone
//	bit 12       there is a literal
//	bit 13       neither literal nor length
//	bit 14       there is a length, behind the literal if there is one
//	bits 15-23   least length
//	bits 24-31   literal
//
// A match after a literal is what cannot be foreseen in arrays of counts: about every other symbol
// is one or the other, and each wrong guess of the processor costs as much as two symbols. Where
// the codes of both fit the index of the primary table, one entry has both, and there is nothing to
// guess.

const (
	withLiteral = 1 << 12
	withNeither = 1 << 13
	withLength  = 1 << 14
)

// pairShare is the share of symbols, in 1/32768, that must be found in such entries for them to be
// worth making. Blocks of camera counts have a fifth or more and decode a third faster; of rounded
// floats a seventh, which gains nothing.
const pairShare = 1 << 15 * 18 / 100

// pairsPay estimates from the lengths of the codes how often a literal and a length behind it are
// found together.
func pairsPay(lens []uint8) bool {
	if len(lens) <= 257 {
		return false
	}
	var literals, lengths [maxCodeLen + 1]uint32
	for _, l := range lens[:256] {
		literals[l&15]++
	}
	for _, l := range lens[257:] {
		lengths[l&15]++
	}
	share, fitting := uint32(0), uint32(0)
	for l := litBits - 1; l > 0; l-- {
		fitting += lengths[litBits-l] << (maxCodeLen - (litBits - l))
		share += literals[l] << (maxCodeLen - l) * (fitting >> 5) >> (maxCodeLen - 5)
	}
	return share > pairShare
}

// pair makes the table of pairs from lit.
func (t *tables) pair() {
	for i := range t.pairs {
		e := t.lit[i]
		switch {
		case e&isSpecial != 0:
			t.pairs[i] = withNeither
		case e&isLiteral == 0:
			t.pairs[i] = withLength | e>>16<<15 | e&0xfff
		default:
			code := e & 0xff
			next := t.lit[i>>code&litMask]
			t.pairs[i] = withLiteral | e>>16<<24 | code<<8 | code
			if both := code + next>>8&15; next&(isLiteral|isSpecial) == 0 && both <= litBits {
				t.pairs[i] = withLiteral | withLength | e>>16<<24 | next>>16<<15 | both<<8 | (code + next&0xff)
			}
		}
	}
}

// fastPairs is [run.fast] with pairs. What is neither literal nor length, which is rare, is left to
// [run.symbol].
func (r *run) fastPairs() {
	d := r.d
	t := &d.tables
	in, out := viewOf(r.src), viewOf(r.dst)
	inEnd, outEnd := len(r.src)-srcMargin, len(r.dst)-dstMargin
	n, pos := r.n, r.pos
	buf, held := d.buf, uint64(d.held)

	buf, pos, held = refilled(in, pos, buf, held)
	e := t.pairs[buf&litMask]
	for pos <= inEnd && n <= outEnd {
		saved := buf
		buf >>= e & 63
		held -= uint64(e)
		store8(out, n, byte(e>>24)) // or nothing, which is overwritten
		n += int(e / withLiteral & 1)
		if e&withLength == 0 {
			if e&withNeither != 0 {
				break
			}
			e = t.pairs[buf&litMask]
			saved = buf
			buf >>= e & 63
			held -= uint64(e)
			store8(out, n, byte(e>>24))
			n += int(e / withLiteral & 1)
			if e&withLength == 0 {
				if e&withNeither != 0 {
					break
				}
				e = t.pairs[buf&litMask]
				buf, pos, held = refilled(in, pos, buf, held)
				continue
			}
		}
		length := int(e>>15&511) + extra(e, saved)
		e = t.dist[buf&distMask]
		if held&63 < 15+13+litBits {
			buf, pos, held = refilled(in, pos, buf, held)
			e = t.dist[buf&distMask]
		}
		if e&isLink != 0 {
			buf >>= distBits
			held -= distBits
			e = t.dist[linked(e, buf)&(distSize-1)]
		}
		if e&isSpecial != 0 {
			r.n, r.pos, d.held = n, pos, uint(held&63)
			r.corrupt("undefined distance")
			return
		}
		saved = buf
		buf >>= e & 63
		held -= uint64(e)
		offset := int(e>>16) + extra(e, saved) + 1
		from := n - offset
		if from < 0 {
			d.length, d.offset = length, offset
			d.phase = match
			break
		}
		to := n
		n += length
		e = t.pairs[buf&litMask]
		buf, pos, held = refilled(in, pos, buf, held)
		if offset >= 16 {
			move16(out, to, from)
			move16(out, to+16, from+16)
			for length > 32 {
				to += 32
				from += 32
				length -= 32
				move16(out, to, from)
				move16(out, to+16, from+16)
			}
			continue
		}
		repeat(out, to, n, offset)
	}
	r.n, r.pos = n, pos
	d.held = uint(held & 63)
	d.buf = buf & (1<<d.held - 1)
}
