package inflate

// unitMargin is what one round of fastUnits may write: three literals, a match, and what copying in
// large pieces writes behind it.
const unitMargin = 2*(3+258) + 32

// fastUnits is [run.fast] with units of 16 bits. It decodes to units, where the window lies before
// the output, so that no match needs a special case.
func (s *Speculator) fastUnits(r *run) {
	d := r.d
	t := &d.tables
	in, out := viewOf(r.src), viewOf(s.units)
	inEnd, outEnd := len(r.src)-srcMargin, len(s.units)-unitMargin
	n, pos := s.n, r.pos
	buf, held := d.buf, uint64(d.held)
	bad := ""
	for pos <= inEnd && n <= outEnd {
		buf, pos, held = refilled(in, pos, buf, held)
		e := t.lit[buf&litMask]
		saved := buf
		buf >>= e & 63
		held -= uint64(e)
		if int32(e) < 0 {
			store16(out, n, uint16(e>>16&0xff))
			n += 2
			e = t.lit[buf&litMask]
			saved = buf
			buf >>= e & 63
			held -= uint64(e)
			if int32(e) < 0 {
				store16(out, n, uint16(e>>16&0xff))
				n += 2
				e = t.lit[buf&litMask]
				saved = buf
				buf >>= e & 63
				held -= uint64(e)
				if int32(e) < 0 {
					store16(out, n, uint16(e>>16&0xff))
					n += 2
					continue
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
					store16(out, n, uint16(e>>16&0xff))
					n += 2
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
		length := 2 * (int(e>>16) + extra(e, saved))
		e = t.dist[buf&distMask]
		if held&63 < 15+13 {
			buf, pos, held = refilled(in, pos, buf, held)
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
		offset := 2 * (int(e>>16) + extra(e, saved) + 1)
		to := n
		n += length
		from := to - offset
		if offset >= 16 {
			for ; to < n; to += 32 {
				move16(out, to, from)
				move16(out, to+16, from+16)
				from += 32
			}
			continue
		}
		repeat(out, to, n, offset)
	}
	s.n, r.pos = n, pos
	d.held = uint(held & 63)
	d.buf = buf & (1<<d.held - 1)
	if bad != "" {
		r.corrupt(bad)
	}
}
