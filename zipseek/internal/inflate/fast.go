package inflate

const (
	// srcMargin is what one round of fast may read of src behind where it began: two refills that
	// advance by up to 7 bytes, and load 8.
	srcMargin = 3 * 8

	// dstMargin is what one round of fast may write: three literals, a match, and what copying in
	// large units writes behind it.
	dstMargin = 3 + 258 + 32
)

// fast decodes symbols as long as there are margins. The bits are kept as in variant 4 of Fabian
// Giesen's "Reading bits in far too many ways": a refill is one load and no branch. It loads bits
// above those that it counts, and loads them once more the next time. Only the low byte of held
// is a count, so that whole entries can be subtracted.
//
// The time goes into waiting: for a table, to know how long a code is, to know where the next one
// begins. So the next entry is looked up before anything else is done, a refill happens while that
// is under way, and up to four literals are decoded from one.
func (r *run) fast() {
	d := r.d
	t := &d.tables
	in, out := viewOf(r.src), viewOf(r.dst)
	inEnd, outEnd := len(r.src)-srcMargin, len(r.dst)-dstMargin
	n, pos := r.n, r.pos
	buf, held := d.buf, uint64(d.held)
	bad := ""

	buf, pos, held = refilled(in, pos, buf, held)
	e := t.lit[buf&litMask]
	for pos <= inEnd && n <= outEnd {
		saved := buf
		buf >>= e & 63
		held -= uint64(e)
		if int32(e) < 0 {
			store8(out, n, byte(e>>16))
			n++
			e = t.lit[buf&litMask]
			saved = buf
			buf >>= e & 63
			held -= uint64(e)
			if int32(e) < 0 {
				store8(out, n, byte(e>>16))
				n++
				e = t.lit[buf&litMask]
				saved = buf
				buf >>= e & 63
				held -= uint64(e)
				if int32(e) < 0 {
					store8(out, n, byte(e>>16))
					n++
					e = t.lit[buf&litMask]
					saved = buf
					buf >>= e & 63
					held -= uint64(e)
					if int32(e) < 0 {
						store8(out, n, byte(e>>16))
						n++
						e = t.lit[buf&litMask]
						buf, pos, held = refilled(in, pos, buf, held)
						continue
					}
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				e = t.lit[linked(e, buf)&(litSize-1)]
				saved = buf
				buf >>= e & 63
				held -= uint64(e)
				if int32(e) < 0 {
					store8(out, n, byte(e>>16))
					n++
					buf, pos, held = refilled(in, pos, buf, held)
					e = t.lit[buf&litMask]
					continue
				}
			}
			if e&isEnd != 0 {
				r.endBlock()
				break
			}
			if e&isSpecial != 0 {
				bad = "undefined literal or length"
				break
			}
		}
		length := int(e>>16) + extra(e, saved)
		e = t.dist[buf&distMask]
		if held&63 < 15+13+litBits {
			buf, pos, held = refilled(in, pos, buf, held)
			e = t.dist[buf&distMask]
		}
		if e&isSpecial != 0 {
			if e&isLink == 0 {
				bad = "undefined distance"
				break
			}
			buf >>= distBits
			held -= distBits
			e = t.dist[linked(e, buf)&(distSize-1)]
			if e&isSpecial != 0 {
				bad = "undefined distance"
				break
			}
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
		e = t.lit[buf&litMask]
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
	if bad != "" {
		r.corrupt(bad)
	}
}

// refilled is the bits with at least 56 of them held, and the position behind them.
func refilled(in view, pos int, buf, held uint64) (uint64, int, uint64) {
	return buf | load64(in, pos)<<(held&63), pos + int(7-held>>3&7), held | 56
}

// repeat copies a match with an offset below 16 to out[to:n]: in words where they do not overlap,
// else as a word that is made of the bytes that are there.
func repeat(out view, to, n, offset int) {
	if offset > 8 {
		for ; to < n; to += 8 {
			store64(out, to, load64(out, to-offset))
		}
		return
	}
	v := load64(out, to-offset)
	if offset < 8 {
		s := uint(offset) * 8
		v &= 1<<s - 1
		v |= v << s
		v |= v << (2 * s)
		v |= v << (4 * s)
	}
	if offset&(offset-1) != 0 {
		for step := int(steps[offset&7]); to < n; to += step {
			store64(out, to, v)
		}
		return
	}
	for ; to < n; to += 16 {
		store64(out, to, v)
		store64(out, to+8, v)
	}
}

// steps is the largest multiple of an offset that is not more than 8.
var steps = [8]uint8{8, 8, 8, 6, 8, 5, 6, 7}
